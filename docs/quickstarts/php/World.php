<?php
/** A world of the sandbox at ESOZ_URL for one test: databases, a clock and an inbox that no other test sees. */
final class World
{
    private function __construct(public readonly string $baseUrl)
    {
    }

    public static function create(): self
    {
        $sandbox = rtrim(getenv('ESOZ_URL') ?: 'http://127.0.0.1:8080', '/');
        return new self(self::json('POST', "$sandbox/_sandbox/worlds")['base_url']);
    }

    public function end(): void
    {
        self::send('DELETE', $this->baseUrl);
    }

    /** The newest SMS to a phone. Waits up to 30 seconds for one. */
    public function waitForSms(string $phone): array
    {
        $query = http_build_query(['phone' => $phone, 'wait' => '30s']);
        return self::json('GET', "$this->baseUrl/_sandbox/sms?$query")[0] ?? throw new RuntimeException("no SMS to $phone came");
    }

    /** Moves the clock by a duration such as PT16M or P1D. */
    public function advance(string $duration): void
    {
        self::json('POST', "$this->baseUrl/_sandbox/clock", ['advance' => $duration]);
    }

    /** The id of a seeded object by its name. */
    public function id(string $name): string
    {
        $objects = self::json('GET', "$this->baseUrl/_sandbox/world")['objects'];
        return array_column($objects, 'id', 'name')[$name] ?? throw new RuntimeException("no object has the name $name");
    }

    /** What each check of the last request expected and found, or that there was no request. */
    public function explain(): string
    {
        $http = ['header' => 'Accept: text/plain', 'ignore_errors' => true, 'timeout' => 60];
        return (string) file_get_contents("$this->baseUrl/_sandbox/explain/last", false, stream_context_create(['http' => $http]));
    }

    private static function json(string $method, string $url, ?array $body = null): array
    {
        return json_decode(self::send($method, $url, $body), true, flags: JSON_THROW_ON_ERROR);
    }

    private static function send(string $method, string $url, ?array $body = null): string
    {
        $http = ['method' => $method, 'header' => 'Content-Type: application/json', 'timeout' => 60, 'ignore_errors' => true];
        if ($body !== null) {
            $http['content'] = json_encode($body, JSON_THROW_ON_ERROR);
        }
        $answer = file_get_contents($url, false, stream_context_create(['http' => $http]));
        if ($answer === false || !preg_match('/ 2\d\d/', $http_response_header[0])) {
            throw new RuntimeException("$method $url: " . ($answer === false ? 'no answer' : "$http_response_header[0] $answer"));
        }
        return $answer;
    }
}
