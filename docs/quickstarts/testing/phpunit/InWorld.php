<?php
require_once __DIR__ . '/../../php/World.php';

/** Gives each test of a class a world, and says why the last request was refused when the test fails. */
trait InWorld
{
    private World $world;

    /** @before */
    protected function makeWorld(): void
    {
        $this->world = World::create();
    }

    /** @after */
    protected function endWorld(): void
    {
        if ($this->hasFailed()) {
            fwrite(STDERR, "\n{$this->getName()}:\n{$this->world->explain()}\n");
        }
        $this->world->end();
    }

    /** Returns the status and the body of an answer. */
    private function call(string $token, string $method, string $path, ?array $body = null): array
    {
        $http = [
            'method' => $method,
            'header' => ["Authorization: Bearer sandbox-$token", 'API-key: sandbox-mis-key', 'Content-Type: application/json'],
            'content' => $body === null ? '' : json_encode($body, JSON_THROW_ON_ERROR),
            'ignore_errors' => true,
            'follow_location' => 0,
        ];
        $answer = file_get_contents($this->world->baseUrl . $path, false, stream_context_create(['http' => $http]));
        return [(int) explode(' ', $http_response_header[0])[1], json_decode($answer, true, flags: JSON_THROW_ON_ERROR)];
    }
}
