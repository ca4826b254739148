<?php
use PHPUnit\Framework\TestCase;

require_once __DIR__ . '/InWorld.php';

final class CodesTest extends TestCase
{
    use InWorld;

    private const PHONE = '+380509998877';

    public function testPhoneIsVerifiedByItsCode(): void
    {
        [$status, $answer] = $this->complete($this->sendCode());
        self::assertSame([200, 'VERIFIED'], [$status, $answer['data']['status']]);
    }

    public function testCodeIsLateAfterAQuarterOfAnHour(): void
    {
        $code = $this->sendCode();
        $this->world->advance('PT16M'); // no other test notices
        [$status] = $this->complete($code);
        self::assertSame(403, $status);
    }

    private function sendCode(): int
    {
        [$status] = $this->call('doctor', 'POST', '/api/verifications', ['phone_number' => self::PHONE]);
        self::assertSame(200, $status);
        return (int) $this->world->waitForSms(self::PHONE)['code'];
    }

    private function complete(int $code): array
    {
        return $this->call('doctor', 'PATCH', '/api/verifications/' . self::PHONE . '/actions/complete', ['code' => $code]);
    }
}
