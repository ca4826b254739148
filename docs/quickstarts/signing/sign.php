<?php
// Signs a person request with the sandbox's keys, with nothing but PHP 8 itself.
const REQUEST = '/api/v2/person_requests/4a272596-2839-5c54-b774-61020fdb64c3';

function call(string $token, string $method, string $path, ?array $body = null): array
{
    $http = ['method' => $method, 'ignore_errors' => true, 'follow_location' => 0, 'timeout' => 30,
        'header' => ["Authorization: Bearer $token", 'API-key: sandbox-mis-key', 'Content-Type: application/json']];
    if ($body !== null) {
        $http['content'] = json_encode($body, JSON_THROW_ON_ERROR);
    }
    $baseUrl = getenv('ESOZ_URL') ?: 'http://127.0.0.1:8080';
    $answer = file_get_contents($baseUrl . $path, false, stream_context_create(['http' => $http]));
    return json_decode($answer, true, flags: JSON_THROW_ON_ERROR);
}

// With a real key your own program makes the container, of the same content.
function sign(string $token, array $content): string
{
    return call($token, 'POST', '/_sandbox/sign', ['content' => $content])['signed_content'];
}

$content = call('sandbox-doctor', 'GET', REQUEST)['data'];
echo "{$content['status']} {$content['person']['first_name']} {$content['person']['last_name']}\n";
$content['patient_signed'] = true; // on the printed form

foreach (['sandbox-other-doctor', 'sandbox-doctor'] as $signer) {
    $answer = call('sandbox-doctor', 'PATCH', REQUEST . '/actions/sign', ['signed_content' => sign($signer, $content)]);
    echo "{$answer['meta']['code']} ", $answer['data']['status'] ?? $answer['error']['message'], "\n";
}
