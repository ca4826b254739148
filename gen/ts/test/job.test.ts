import assert from "node:assert/strict";
import { test } from "node:test";

import { EsozError, waitJob } from "../src/index.js";
import { answer, serve } from "./server.js";

const eta = "2026-01-01T00:00:00.000Z";
const pending = answer({ status: "pending", eta, links: [{ entity: "job", href: "/api/jobs/j1" }] });
const accepted = { data: { links: [{ entity: "job", href: "/api/jobs/j1" }] } };

test("a job that has changed something is told by 303, which has a body", async (t) => {
  const links = [{ entity: "service_request", href: "/api/patients/p/service_requests/s" }];
  const { api, sent } = await serve(t, [pending, pending, answer({ status: "processed", status_code: 200, eta, links }, 303)]);
  const job = await waitJob(api, accepted, { wait: async () => undefined });
  assert.deepEqual(job.links, links);
  assert.deepEqual(sent.map((s) => s.path), Array(3).fill("/base/api/jobs/j1"));
});

test("a 303 is not followed, and keeps its status", async (t) => {
  const { api, sent } = await serve(t, [{ ...answer({ status: "processed", eta }, 303), headers: { Location: "/elsewhere" } }]);
  const { data, response } = await api.GET("/api/jobs/{id}", { params: { path: { id: "j1" } } });
  assert.equal(data.data.status, "processed");
  assert.equal(response.status, 303);
  assert.equal(sent.length, 1);
});

test("a job with a payload hands it out", async (t) => {
  const { api } = await serve(t, [answer({ status: "processed", status_code: 200, eta, response_data: { id: "a1" } })]);
  assert.deepEqual((await waitJob(api, accepted)).response_data, { id: "a1" });
});

test("questions become rarer, unless the caller says how often", async (t) => {
  const done = answer({ status: "processed", eta });
  const steps = [...Array(5).fill(pending), done];
  const waits: number[] = [];
  const wait = async (ms: number) => void waits.push(ms);
  await waitJob((await serve(t, steps)).api, accepted, { wait });
  assert.deepEqual(waits, [250, 500, 1000, 2000, 2000]);

  waits.length = 0;
  await waitJob((await serve(t, steps)).api, accepted, { wait, pollMs: 5 });
  assert.deepEqual(waits, [5, 5, 5, 5, 5]);
});

test("a job that has failed is a refusal", async (t) => {
  const error = { type: "request_conflict", message: "Invalid program processing status" };
  const { api } = await serve(t, [
    answer({ status: "failed", status_code: 409, eta, error }),
    answer({ status: "failed_with_error", eta }),
  ]);
  await assert.rejects(waitJob(api, accepted), (refusal) => {
    assert(refusal instanceof EsozError);
    const { status, type, message, requestId, jobId } = refusal;
    assert.deepEqual({ status, type, message, requestId, jobId }, { status: 409, ...error, requestId: "request-1", jobId: "j1" });
    return true;
  });
  await assert.rejects(waitJob(api, accepted), { name: "EsozError", status: 500 });
});

test("a link is taken wherever it points", async (t) => {
  for (const href of ["/api/jobs/j1", "https://example.com/api/jobs/j1?a=b", "/base/api/jobs/j1#x"]) {
    const { api, sent } = await serve(t, [answer({ status: "processed", eta })]);
    await waitJob(api, href);
    assert.equal(sent[0]?.path, "/base/api/jobs/j1");
  }
});

test("what is no job is said to be none", async (t) => {
  const { api, sent } = await serve(t, [answer({ status: "sleeping", eta })]);
  await assert.rejects(waitJob(api, { data: { id: "an approval" } }), /was it 202/);
  await assert.rejects(waitJob(api, { data: { links: [{ entity: "approval", href: "/api/x/1" }] } }), /was it 202/);
  await assert.rejects(waitJob(api, ""), /not a link to a job/);
  assert.equal(sent.length, 0);
  await assert.rejects(waitJob(api, accepted), /has the status "sleeping"/);
});

test("whoever aborts does not wait for the job", async (t) => {
  const { api } = await serve(t, [pending]);
  const controller = new AbortController();
  const waiting = waitJob(api, accepted, {
    signal: controller.signal,
    wait: async (_, signal) => {
      controller.abort(new Error("enough"));
      signal?.throwIfAborted();
    },
  });
  await assert.rejects(waiting, { message: "enough" });
});
