// One sandbox for all workers: it is started here, unless ESOZ_URL names one that runs.
import { openSandbox } from "esoz/sandbox";

export default async function start() {
  globalThis.sandbox = await openSandbox();
  process.env.ESOZ_URL = globalThis.sandbox.baseUrl;
}
