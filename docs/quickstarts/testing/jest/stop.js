export default async function stop() {
  await globalThis.sandbox.close();
}
