<?php
// The first calls, with nothing but PHP 8 itself.
const HEADERS = ['Authorization: Bearer sandbox-owner', 'API-key: sandbox-mis-key', 'Content-Type: application/json'];

function call(string $method, string $path, ?array $body = null): array
{
    $http = ['method' => $method, 'header' => HEADERS, 'ignore_errors' => true, 'follow_location' => 0, 'timeout' => 30];
    if ($body !== null) {
        $http['content'] = json_encode($body, JSON_THROW_ON_ERROR);
    }
    $baseUrl = getenv('ESOZ_URL') ?: 'http://127.0.0.1:8080';
    $answer = file_get_contents($baseUrl . $path, false, stream_context_create(['http' => $http]));
    return json_decode($answer, true, flags: JSON_THROW_ON_ERROR);
}

$first = call('GET', '/api/divisions?type=CLINIC&page_size=1')['data'][0];
echo "{$first['status']} {$first['name']}\n";

$error = call('POST', '/api/divisions', ['name' => 'Амбулаторія', 'type' => 'CLINIC'])['error'];
echo "{$error['type']} {$error['message']}\n";
foreach ($error['invalid'] as $item) {
    foreach ($item['rules'] as $rule) {
        echo "{$item['entry']} {$rule['description']}\n";
    }
}
