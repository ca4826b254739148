<?php
use PHPUnit\Framework\TestCase;

require_once __DIR__ . '/InWorld.php';

final class DivisionsTest extends TestCase
{
    use InWorld;

    /**
     * Both deactivate the same division, each in its own world.
     * @testWith ["first"]
     *           ["second"]
     */
    public function testDivisionIsDeactivated(string $test): void
    {
        $id = $this->world->id('division of the clinic');
        [$status, $answer] = $this->call('owner', 'PATCH', "/api/divisions/$id/actions/deactivate");
        self::assertSame([200, 'INACTIVE'], [$status, $answer['data']['status']]);
    }
}
