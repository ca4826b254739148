import assert from "node:assert/strict";
import { test } from "node:test";

import { EsozError, resources, type components } from "../src/index.js";
import { answer, refusal, serve, type Reply } from "./server.js";

/** A page of a list of three. */
function page(...ids: string[]): Reply {
  return { body: { meta: {}, data: ids.map((id) => ({ id })), paging: { total_pages: 3 } } };
}

const pages = [page("d-1", "d-2"), page("d-3"), page("d-4")];

test("all pages of a list are read", async (t) => {
  const { api, sent } = await serve(t, pages);
  const query = { status: "ACTIVE", page_size: 2 } as const;
  const asked: { status?: "ACTIVE"; page_size: number } = { ...query };
  const all = resources(api).divisions.all(asked);
  delete asked.status; // is too late
  const ids: string[] = [];
  for await (const division of all) {
    ids.push(division.id);
  }
  assert.deepEqual(ids, ["d-1", "d-2", "d-3", "d-4"]);
  assert.deepEqual(
    sent.map(({ path }) => path),
    [1, 2, 3].map((n) => `/base/api/divisions?status=ACTIVE&page_size=2&page=${n}`),
  );
  assert.deepEqual(asked, { page_size: 2 });
});

test("pages are read while the caller wants, from the page that is wanted", async (t) => {
  const { api, sent } = await serve(t, [page("d-3"), page("d-4")]);
  for await (const { id } of resources(api).divisions.all({ page: 2 })) {
    assert.equal(id, "d-3");
    break;
  }
  assert.deepEqual(sent.map(({ path }) => path), ["/base/api/divisions?page=2"]);
});

test("a page below the first is the first", async (t) => {
  const { api, sent } = await serve(t, pages);
  const ids: string[] = [];
  for await (const { id } of resources(api).divisions.all({ page: 0 })) {
    ids.push(id);
  }
  assert.deepEqual(ids, ["d-1", "d-2", "d-3", "d-4"]);
  assert.equal(sent[0]?.path, "/base/api/divisions?page=1");
});

test("a refused page ends the list", async (t) => {
  const { api, sent } = await serve(t, [page("d-1"), refusal(403, { type: "forbidden", message: "no" })]);
  const ids: string[] = [];
  await assert.rejects(
    async () => {
      for await (const { id } of resources(api).divisions.all()) {
        ids.push(id);
      }
    },
    (error) => error instanceof EsozError && error.status === 403 && error.type === "forbidden",
  );
  assert.deepEqual(ids, ["d-1"]);
  assert.equal(sent.length, 2);
});

test("resources send what they are given", async (t) => {
  const { api, sent } = await serve(t, [answer({ id: "d-1" }), answer({ status: "pending" }, 202)]);
  const { divisions, serviceRequests } = resources(api);
  const division = { name: "Відділення" } as components["schemas"]["DivisionRequest"];
  const created = await divisions.create(division, { headers: { "X-Idempotency-Key": "key-1" } });
  assert.equal(created.data.id, "d-1");
  assert.deepEqual(JSON.parse(sent[0]!.body), division);
  assert.equal(sent[0]?.headers["x-idempotency-key"], "key-1");

  const path = { patient_id: "patient", service_request_id: "request" };
  const recalled = await serviceRequests.recall(path, { signed_data: "c2lnbmVk" });
  assert.equal(recalled.data.status, "pending");
  assert.equal(sent[1]?.method, "PATCH");
  assert.equal(sent[1]?.path, "/base/api/patients/patient/service_requests/request/actions/recall");
  assert.deepEqual(JSON.parse(sent[1]!.body), { signed_data: "c2lnbmVk" });
});

test("a refusal of a resource is thrown", async (t) => {
  const { api } = await serve(t, [refusal(422, { type: "validation_failed", message: "Validation failed." })]);
  await assert.rejects(
    resources(api).divisions.create({} as components["schemas"]["DivisionRequest"]),
    (error) => error instanceof EsozError && error.type === "validation_failed",
  );
});

test("a signal ends the walk through pages", async (t) => {
  const { api, sent } = await serve(t, pages);
  const stop = new AbortController();
  await assert.rejects(
    async () => {
      for await (const { id } of resources(api).divisions.all({}, { signal: stop.signal })) {
        if (id === "d-2") {
          stop.abort();
        }
      }
    },
    { name: "AbortError" },
  );
  assert.equal(sent.length, 1);
});
