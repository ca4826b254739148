import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { createClient, EsozError } from "../src/index.js";
import { answer, refusal, serve } from "./server.js";

const busy = refusal(503, { type: "service_unavailable", message: "try again" });

test("who calls is told in headers, and a request may say it itself", async (t) => {
  const { api, sent } = await serve(t, [answer([])], { token: async () => "secret", apiKey: "key", psk: "psk" });
  await api.GET("/api/divisions", { params: { query: { name: "Бердичів", page: 2 } } });
  await api.GET("/api/divisions", { headers: { Authorization: "Bearer other", "API-key": null } });

  const [first, second] = sent;
  assert.equal(first?.path, `/base/api/divisions?name=${encodeURIComponent("Бердичів")}&page=2`);
  assert.equal(first?.headers["authorization"], "Bearer secret");
  assert.equal(first?.headers["api-key"], "key");
  assert.equal(first?.headers["x-custom-psk"], "psk");
  assert.equal(second?.headers["authorization"], "Bearer other");
  assert.equal(second?.headers["api-key"], undefined);
});

test("a client that may not say who it is sends no headers about it", async (t) => {
  const { api, sent } = await serve(t, [answer([])]);
  await api.GET("/api/divisions");
  for (const header of ["authorization", "api-key", "x-custom-psk"]) {
    assert.equal(sent[0]?.headers[header], undefined);
  }
});

test("an empty token is not sent", async (t) => {
  const { api, sent } = await serve(t, [answer([])], { token: "" });
  await assert.rejects(api.GET("/api/divisions"), /the access token is empty/);
  assert.equal(sent.length, 0);
});

test("a base address that cannot be one is refused at once", () => {
  for (const baseUrl of ["", "example.com", "ftp://example.com", "https://example.com/?a=b"]) {
    assert.throws(() => createClient({ baseUrl }), TypeError, baseUrl);
  }
});

test("a refusal is thrown with all that the answer tells", async (t) => {
  const invalid = [{ entry: "$.email", entry_type: "json_data_property", rules: [{ rule: "required", params: [] }] }];
  const { api } = await serve(t, [
    refusal(422, { type: "validation_failed", message: "Validation failed.", invalid }, { "X-Sandbox-Rule": "division.create.email, other" }),
  ]);
  await assert.rejects(api.GET("/api/divisions"), (error) => {
    assert(error instanceof EsozError);
    const { name, message, status, type, requestId, rules, retryAfter, jobId } = error;
    assert.deepEqual(
      { name, message, status, type, requestId, rules, retryAfter, jobId, invalid: error.invalid },
      {
        name: "EsozError", message: "Validation failed.", status: 422, type: "validation_failed", requestId: "request-1",
        rules: ["division.create.email", "other"], retryAfter: undefined, jobId: undefined, invalid,
      },
    );
    return true;
  });
});

test("an answer that is none of this API is an error as well", async (t) => {
  const { api, sent } = await serve(t, [
    { status: 502, body: "<h1>Bad Gateway</h1>", headers: { "X-Request-ID": "proxy-1" } },
    { status: 200, body: "<h1>Log in</h1>" },
    { status: 301, headers: { Location: "/elsewhere" } },
    { status: 400, body: { error: "no envelope" } },
  ]);
  for (const status of [502, 200, 301, 400]) {
    await assert.rejects(api.GET("/api/divisions"), (error) => {
      assert(error instanceof EsozError);
      assert.equal(error.status, status);
      assert.equal(error.type, "");
      assert.match(error.message, new RegExp(`^not an answer of this API: ${status}`));
      assert.equal(error.requestId, status === 502 ? "proxy-1" : undefined);
      return true;
    });
  }
  assert.equal(sent.length, 4); // the redirect was not followed
});

test("a request is sent again, with its body, until the server has time", async (t) => {
  const limit = { type: "too_many_requests", message: "API rate limit exceeded" };
  const { api, sent, waits } = await serve(t, [
    refusal(429, limit, { "Retry-After": "7" }), busy, busy, answer({ value: "done" }, 201),
  ]);
  const body = { token: { grant_type: "refresh_token", refresh_token: "кирилиця" } };
  const { data, response } = await api.POST("/oauth/tokens", { body });

  assert.equal(data.data.value, "done");
  assert.equal(response.status, 201);
  assert.deepEqual(sent.map((s) => JSON.parse(s.body)), [body, body, body, body]);
  const [told, second, third] = waits;
  assert.equal(told, 7000);
  assert(second! >= 250 && second! <= 500, `${second}`);
  assert(third! >= 500 && third! <= 1000, `${third}`);
});

test("tries end, and the last refusal is thrown", async (t) => {
  const { api, sent } = await serve(t, [busy], { retries: 2 });
  await assert.rejects(api.GET("/api/divisions"), { name: "EsozError", status: 503, message: "try again" });
  assert.equal(sent.length, 3);
});

test("a server that wants a long wait is not waited for", async (t) => {
  for (const after of ["3600", new Date(Date.now() + 3_600_000).toUTCString()]) {
    const { api, sent, waits } = await serve(t, [refusal(429, { type: "too_many_requests" }, { "Retry-After": after })]);
    await assert.rejects(api.GET("/api/divisions"), (error) => {
      assert(error instanceof EsozError);
      assert.equal(error.message, "too_many_requests"); // the real system may send no words
      assert(error.retryAfter! > 3500 && error.retryAfter! <= 3600, `${error.retryAfter}`);
      return true;
    });
    assert.equal(sent.length, 1);
    assert.deepEqual(waits, []);
  }
});

test("other refusals are not sent again", async (t) => {
  const { api, sent } = await serve(t, [refusal(500, { type: "internal_error" })]);
  await assert.rejects(api.GET("/api/divisions"), { status: 500 });
  assert.equal(sent.length, 1);
});

test("what changes nothing is sent again when the connection breaks, nothing else is", async (t) => {
  const reading = await serve(t, [null, answer([])]);
  await reading.api.GET("/api/divisions");
  assert.equal(reading.sent.length, 2);

  const writing = await serve(t, [null, answer({})]);
  await assert.rejects(writing.api.POST("/oauth/tokens", { body: { token: {} } }), TypeError);
  assert.equal(writing.sent.length, 1);
});

test("what may have been done is sent again under its idempotency key, to a server that replays", async (t) => {
  const unknown = refusal(504, { type: "internal_error", message: "It is not known whether the request was carried out" });
  const keyless = await serve(t, [unknown, answer({})], { replay: true });
  await assert.rejects(keyless.api.POST("/oauth/tokens", { body: { token: {} } }), { status: 504 });
  assert.equal(keyless.sent.length, 1);

  const headers = { "X-Idempotency-Key": "key-1" };
  const echoed = await serve(t, [unknown, answer({})]);
  await assert.rejects(echoed.api.POST("/oauth/tokens", { body: { token: {} }, headers }), { status: 504 });
  assert.equal(echoed.sent.length, 1);
  const lost = await serve(t, [null, answer({})]);
  await assert.rejects(lost.api.POST("/oauth/tokens", { body: { token: {} }, headers }), TypeError);
  assert.equal(lost.sent.length, 1);

  for (const header of ["X-Idempotency-Key", "Idempotency-Key"]) {
    const keyed = await serve(t, [unknown, null, answer({ value: "done" }, 201)], { replay: true });
    const { data } = await keyed.api.POST("/oauth/tokens", { body: { token: {} }, headers: { [header]: "key-1" } });
    assert.equal(data.data.value, "done");
    assert.deepEqual(keyed.sent.map((s) => s.headers[header.toLowerCase()]), ["key-1", "key-1", "key-1"]);
  }
});

test("a request of the same key that is under way is waited for", async (t) => {
  const underWay = refusal(409, { type: "request_conflict" }, { "Retry-After": "8" });
  const keyed = await serve(t, [underWay, answer({ value: "done" }, 201)], { replay: true });
  const headers = { "X-Idempotency-Key": "key-1" };
  const { data } = await keyed.api.POST("/oauth/tokens", { body: { token: {} }, headers });
  assert.equal(data.data.value, "done");
  assert.deepEqual(keyed.waits, [8000]);

  const conflict = await serve(t, [refusal(409, { type: "request_conflict" })], { replay: true });
  await assert.rejects(conflict.api.POST("/oauth/tokens", { body: { token: {} }, headers }), { status: 409 });
  assert.equal(conflict.sent.length, 1);
});

test("whoever aborts does not wait for the next try", async (t) => {
  const controller = new AbortController();
  const { api, sent } = await serve(t, [refusal(503, { type: "service_unavailable" }, { "Retry-After": "10" })], {
    wait: undefined, // the real one
    fetch: async (request, init) => {
      const response = await fetch(request, init);
      setImmediate(() => controller.abort(new Error("enough")));
      return response;
    },
  });
  await assert.rejects(api.GET("/api/divisions", { signal: controller.signal }), { message: "enough" });
  assert.equal(sent.length, 1);
});

test("the package and its README have the version of the contract", async () => {
  const { version } = JSON.parse(await readFile("package.json", "utf8"));
  const contract = await readFile("../../openapi/openapi.yaml", "utf8");
  assert.equal(version, /^ {2}version: (\S+)$/m.exec(contract)?.[1]);
  assert((await readFile("README.md", "utf8")).includes(`/esoz-${version}.tgz`));
});
