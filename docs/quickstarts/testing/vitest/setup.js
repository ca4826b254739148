// One sandbox for all workers: it is started here, unless ESOZ_URL names one that runs.
import { openSandbox } from "esoz/sandbox";

let sandbox;

export async function setup() {
  sandbox = await openSandbox();
  process.env.ESOZ_URL = sandbox.baseUrl;
}

export async function teardown() {
  await sandbox.close();
}
