// Signs in on the sandbox's page at ESOZ_URL with the keyboard alone, in real Chromium, and fails when the browser does
// not get to the client with a code and the state, or when the page complains.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const base = process.env.ESOZ_URL || 'http://127.0.0.1:8080';
const clinic = 'b03be10e-8c9c-5935-a736-0d94bee86521';
const callback = 'https://example.com/callback';
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
try {
  const page = await browser.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
  // 401 of a wrong password is what the first try is for.
  page.on('console', (message) => message.type() === 'error' && !message.text().includes('401') && faults.push(message.text()));
  const query = new URLSearchParams({ client_id: clinic, redirect_uri: callback, response_type: 'code', scope: 'division:read division:write', state: 'a b&c' });
  const answer = await page.goto(`${base}/sign-in?${query}`);
  assert.equal(answer.headers()['x-frame-options'], 'deny');
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);

  assert.equal(await focused(), 'email');
  await page.keyboard.type('login_user@example.com');
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'password');
  await page.keyboard.type('wrong');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[role=alert]');
  assert.equal(await page.textContent('[role=alert]'), 'Електронна адреса або пароль неправильні.');

  assert.equal(await focused(), 'password', 'the e-mail is kept');
  await page.keyboard.type('sandbox-password-1');
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'увійти');
  await page.keyboard.press('Enter');
  await page.waitForSelector('ul');
  assert.deepEqual(await page.locator('li').allTextContents(), ['division:read', 'division:write']);
  assert.equal(await focused(), 'прийняти та продовжити');
  const client = page.waitForRequest(`${callback}**`); // nobody is there
  await page.keyboard.press('Enter');
  const arrived = new URL((await client).url());

  assert.equal(arrived.searchParams.get('state'), 'a b&c');
  assert.ok(arrived.searchParams.get('code'));
  assert.deepEqual(faults, []);
  console.log('signed in with the keyboard alone');
} finally {
  await browser.close();
}
