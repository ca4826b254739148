import { expect, test } from "@jest/globals";
import { EsozError } from "esoz";
import { inWorld, openSandbox } from "esoz/sandbox";

const sandbox = await openSandbox(); // attaches to that of start.js
const here = (test) => () => inWorld(sandbox, test); // a world of its own; a failure shows what was refused, and why

const phone = "+380509998877";

async function sendCode(world) {
  const api = await world.client("doctor");
  await api.POST("/api/verifications", { body: { phone_number: phone } });
  const { code } = await world.waitForSms(phone);
  return () => api.PATCH("/api/verifications/{phone_number}/actions/complete", {
    params: { path: { phone_number: phone } }, body: { code: Number(code) },
  });
}

test.concurrent("a phone is verified by its code", here(async (world) => {
  const complete = await sendCode(world);
  const { data } = await complete();
  expect(data.data.status).toBe("VERIFIED");
}));

test.concurrent("a code is late after a quarter of an hour", here(async (world) => {
  const complete = await sendCode(world);
  await world.advance("PT16M"); // no other test notices
  await expect(complete()).rejects.toThrow(EsozError);
}));
