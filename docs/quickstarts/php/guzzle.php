<?php
// The first calls and an SMS, in a world of its own, with Guzzle 7.
use GuzzleHttp\Client;
use GuzzleHttp\Exception\ClientException;

require_once __DIR__ . '/vendor/autoload.php';
require_once __DIR__ . '/World.php';

function api(World $world, string $token): Client
{
    return new Client([
        'base_uri' => "$world->baseUrl/", // with a slash at the end
        'headers' => ['Authorization' => "Bearer sandbox-$token", 'API-key' => 'sandbox-mis-key'],
        'allow_redirects' => false, // a job that has ended answers 303
        'timeout' => 30,
    ]);
}

/** Paths have no slash before them: '/api/divisions' would leave the world. */
function call(Client $api, string $method, string $path, array $options = []): array
{
    return json_decode((string) $api->request($method, $path, $options)->getBody(), true, flags: JSON_THROW_ON_ERROR);
}

$world = World::create();
try {
    $owner = api($world, 'owner');
    $first = call($owner, 'GET', 'api/divisions', ['query' => ['type' => 'CLINIC', 'page_size' => 1]])['data'][0];
    echo "{$first['status']} {$first['name']}\n";

    try {
        call($owner, 'POST', 'api/divisions', ['json' => ['name' => 'Амбулаторія', 'type' => 'CLINIC']]);
    } catch (ClientException $refusal) { // 4xx; its message is cut, the answer is not
        $error = json_decode((string) $refusal->getResponse()->getBody(), true, flags: JSON_THROW_ON_ERROR)['error'];
        echo "{$error['type']} {$error['message']}\n";
        foreach ($error['invalid'] as $item) {
            foreach ($item['rules'] as $rule) {
                echo "{$item['entry']} {$rule['description']}\n";
            }
        }
        echo explode("\n", $world->explain())[0], "\n";
    }

    $doctor = api($world, 'doctor');
    $phone = '+380509998877';
    call($doctor, 'POST', 'api/verifications', ['json' => ['phone_number' => $phone]]);
    $code = (int) $world->waitForSms($phone)['code'];
    $world->advance('PT16M');
    try {
        call($doctor, 'PATCH', "api/verifications/$phone/actions/complete", ['json' => ['code' => $code]]);
    } catch (ClientException $refusal) {
        echo json_decode((string) $refusal->getResponse()->getBody(), true)['error']['message'], "\n";
    }
} catch (Throwable $failure) {
    fwrite(STDERR, $world->explain() . "\n");
    throw $failure;
} finally {
    $world->end();
}
