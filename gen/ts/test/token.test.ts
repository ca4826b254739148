import assert from "node:assert/strict";
import { test } from "node:test";

import { tokenSource } from "../src/index.js";
import { answer, refusal, serve } from "./server.js";

const grant = { grant_type: "authorization_code", code: "c", client_id: "clinic", client_secret: "s", redirect_uri: "https://example.com" };
const inAnHour = Math.floor(Date.now() / 1000) + 3600;

function token(value: string, expires_at: number) {
  return answer({ value, expires_at, details: { refresh_token: "again" } }, 201);
}

test("a token is asked for once, however many want it", async (t) => {
  const { api, sent } = await serve(t, [token("one", inAnHour)]);
  const source = tokenSource(api, grant);
  assert.deepEqual(await Promise.all([source(), source(), source()]), ["one", "one", "one"]);
  assert.equal(await source(), "one");
  assert.deepEqual(sent.map((s) => JSON.parse(s.body)), [{ token: grant }]);
});

test("a token that is about to expire is refreshed", async (t) => {
  const { api, sent } = await serve(t, [token("one", Math.floor(Date.now() / 1000) + 20), token("two", inAnHour)]);
  const source = tokenSource(api, grant);
  assert.equal(await source(), "one");
  assert.deepEqual(await Promise.all([source(), source()]), ["two", "two"]);
  assert.equal(sent.length, 2);
  assert.deepEqual(JSON.parse(sent[1]!.body), {
    token: { grant_type: "refresh_token", refresh_token: "again", client_id: "clinic", client_secret: "s" },
  });
});

test("a refused grant is tried anew by the next request", async (t) => {
  const { api } = await serve(t, [refusal(401, { type: "token_expired", message: "Token expired." }), token("one", inAnHour)]);
  const source = tokenSource(api, grant);
  await assert.rejects(source(), { name: "EsozError", status: 401, message: "Token expired." });
  assert.equal(await source(), "one");
});
