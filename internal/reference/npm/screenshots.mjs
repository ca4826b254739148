// Takes the pictures of docs/reference.md, docs/console.md, docs/conformance.md and docs/ci.md from
// the sandbox at ESOZ_URL and the report of `make conformance`, and fails when a
// page asks another host for anything, is wider than its window, or complains. Run it
// in the root of the repository.
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const base = process.env.ESOZ_URL || 'http://127.0.0.1:8080';
const folder = 'docs/img';
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const faults = [];

async function open(size, path, colorScheme = 'light') {
  const page = await browser.newPage({ viewport: size, colorScheme });
  page.on('request', (request) => {
    const ours = [base, 'data:', 'blob:', 'file:'].some((start) => request.url().startsWith(start));
    if (!ours) faults.push(`${path} asks for ${request.url()}`);
  });
  page.on('console', (message) => {
    // What is refused in the console is what its pictures show.
    if (message.type() === 'error' && !(path.startsWith('/console') && /status of 4/.test(message.text()))) faults.push(`${path} says: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`${path} breaks: ${error.message}`));
  await page.goto(path.startsWith('file:') ? path : base + path, { waitUntil: path.startsWith('/console') ? 'load' : 'networkidle' }); // the console's stream does not end
  return page;
}

async function take(page, name) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  if (content > window) faults.push(`${name} is ${content} pixels wide in a window of ${window}`);
  await page.screenshot({ path: `${folder}/${name}.png` });
  await page.close();
}

// The newcomer's path through the console.
async function consolePictures() {
  const call = (method, path, body) => fetch(base + path, {
    method, body: body && JSON.stringify(body), headers: { 'Content-Type': 'application/json', Authorization: 'Bearer sandbox-doctor', 'API-key': 'sandbox-mis-key' },
  });
  await call('POST', '/_sandbox/reset');
  await call('DELETE', '/_sandbox/requests');
  const size = { width: 1280, height: 900 }, phone = { width: 390, height: 844 };
  const start = await open(size, '/console/');
  await start.getByRole('button', { name: 'Provoke a refusal' }).waitFor();
  await start.screenshot({ path: `${folder}/console-start.png` });
  await start.getByRole('button', { name: 'Send it for me' }).click();
  await start.locator('.call .s2').waitFor();
  await start.goBack();
  await start.getByRole('button', { name: 'Provoke a refusal' }).click();
  await start.locator('.refusal').first().waitFor();
  await call('POST', '/api/verifications', { phone_number: '+380509998877' });
  await start.locator('.list li').nth(2).waitFor();
  await start.waitForTimeout(3200); // nothing is said any more
  await take(start, 'console-refusal');
  const sms = await open(phone, '/console/sms', 'dark');
  await sms.getByRole('button', { name: 'Complete it' }).waitFor();
  await take(sms, 'console-sms');
  const world = await (await call('GET', '/_sandbox/world?operations=releaseServiceRequest')).json();
  const { request } = world.cases.find((c) => c.rules.length === 0);
  const accepted = await fetch(base + request.path, { method: request.method, headers: request.headers, body: JSON.stringify(request.body) });
  const jobs = await open(size, '/console/jobs');
  await jobs.locator('.state.processed').waitFor();
  await jobs.waitForTimeout(500); // its event comes, too
  await take(jobs, 'console-jobs');
  const caused = await open(phone, `/console/requests/${/\d+$/.exec(accepted.headers.get('X-Sandbox-Explain'))[0]}`);
  await caused.locator('.caused').waitFor();
  await take(caused, 'console-caused');
  const dispense = (await (await call('GET', '/_sandbox/objects?kind=device%20dispense')).json()).find((o) => o.status === 'in_progress');
  const object = await open(size, `/console/world/${dispense.id}`);
  await object.locator('.machine .current').waitFor();
  await take(object, 'console-object');
}

for (const [kind, size] of Object.entries({ desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } })) {
  await take(await open(size, '/docs/'), `reference-${kind}`);
  const sending = await open(size, '/console/send?operation=createDivision');
  await sending.getByLabel('Case').waitFor();
  await take(sending, `send-${kind}`);
  await take(await open(size, '/docs/rules/createDivision/#division.create.settlement'), `operation-${kind}`);
  await take(await open(size, pathToFileURL('bin/conformance.html').href), `conformance-${kind}`);
  await take(await open(size, '/_sandbox/coverage?format=html'), `coverage-${kind}`);
}
await take(await open({ width: 1280, height: 900 }, '/docs/rules/errors/', 'dark'), 'errors-dark');
await consolePictures();
await browser.close();
if (faults.length > 0) {
  console.error(faults.join('\n'));
  process.exit(1);
}
