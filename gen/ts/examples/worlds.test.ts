// Tests that run side by side, each in a world of its own.
//
// Set ESOZ_URL to use a sandbox that runs; else the tests start one.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { EsozError } from "esoz";
import { inWorld, openSandbox, type Sandbox, type World } from "esoz/sandbox";

let sandbox: Sandbox;
before(async () => {
  sandbox = await openSandbox();
});
after(() => sandbox.close());

const here = (test: (world: World) => Promise<void>) => () => inWorld(sandbox, test);

describe("in worlds", { concurrency: 4 }, () => {
  test("a phone is confirmed by the code of an SMS", here(async (world) => {
    const phone = "+380509998877";
    const api = await world.client("doctor");
    await api.POST("/api/verifications", { body: { phone_number: phone } });
    const { code } = await world.waitForSms(phone);
    await api.PATCH("/api/verifications/{phone_number}/actions/complete", {
      params: { path: { phone_number: phone } }, body: { code: Number(code) },
    });
  }));

  test("a code is late after its time", here(async (world) => {
    const phone = "+380509998877";
    const api = await world.client("doctor");
    await api.POST("/api/verifications", { body: { phone_number: phone } });
    const { code } = await world.waitForSms(phone);
    await world.advance("PT16M");
    await assert.rejects(
      api.PATCH("/api/verifications/{phone_number}/actions/complete", {
        params: { path: { phone_number: phone } }, body: { code: Number(code) },
      }),
      EsozError,
    );
  }));

  test("another test has deactivated this division, elsewhere", here(async (world) => {
    await deactivate(world);
  }));

  test("and so has this one", here(async (world) => {
    await deactivate(world);
    await assert.rejects(deactivate(world), EsozError);
    await world.reset();
    await deactivate(world);
  }));

  test("settings are of one world", here(async (world) => {
    await world.set({ GATEWAY_PSK: "key" });
    await assert.rejects((await world.client("owner")).GET("/api/divisions"), EsozError);
    await (await world.client("owner", { psk: "key" })).GET("/api/divisions");
  }));

  test("a test that fails says what was refused", async () => {
    const failing = inWorld(sandbox, async (world) => {
      await (await world.client("nobody_such")).GET("/api/divisions");
    });
    await assert.rejects(failing, /no token of the world/);
    const refused = inWorld(sandbox, async (world) => {
      await (await world.client()).GET("/api/divisions");
    });
    await assert.rejects(refused, /refused/);
  });
});

async function deactivate(world: World): Promise<void> {
  const id = await world.id("division of the clinic");
  await (await world.client("owner")).PATCH("/api/divisions/{id}/actions/deactivate", { params: { path: { id } } });
}
