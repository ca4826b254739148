import { expect, test } from "@jest/globals";
import { inWorld, openSandbox } from "esoz/sandbox";

const sandbox = await openSandbox();

// Both change the same division, each in its own world. Jest runs this file beside the other one.
test.concurrent.each(["first", "second"])("the division is deactivated by the %s test", async () => {
  await inWorld(sandbox, async (world) => {
    const api = await world.client("owner");
    const id = await world.id("division of the clinic");
    const { data } = await api.PATCH("/api/divisions/{id}/actions/deactivate", { params: { path: { id } } });
    expect(data.data.status).toBe("INACTIVE");
  });
});
