import type { Client } from "./client.js";
import { EsozError } from "./error.js";
import { wait, type Wait } from "./retry.js";
import type { components } from "./schema.gen.js";

/** An asynchronous request and its outcome. */
export type Job = components["schemas"]["Job"];

export interface WaitOptions {
  /** Ends the waiting; AbortSignal.timeout(30_000) bounds it. */
  signal?: AbortSignal | undefined;
  /** How often to ask; unless told soon at first, and then every two seconds. */
  pollMs?: number | undefined;
  /** How to wait between questions; tests bring their own. */
  wait?: Wait | undefined;
}

const firstPoll = 250;
const lastPoll = 2_000;

/**
 * Follows an operation that was answered with 202 until its job has ended: takes
 * the answer or the link in it. The job then has `links` to what was changed, or
 * `response_data`. A job that has failed is thrown as an EsozError.
 */
export async function waitJob(api: Client, accepted: { data: object } | string, options: WaitOptions = {}): Promise<Job> {
  const id = jobId(typeof accepted === "string" ? accepted : linkOf(accepted.data));
  const pause = options.wait ?? wait;
  for (let poll = options.pollMs ?? firstPoll; ; poll = options.pollMs ?? Math.min(2 * poll, lastPoll)) {
    const { data: answer } = await api.GET("/api/jobs/{id}", { params: { path: { id } }, signal: options.signal ?? null });
    const job = answer.data;
    switch (job.status) {
      case "processed":
        return job;
      case "failed":
      case "failed_with_error":
        throw new EsozError({ status: job.status_code ?? 500, refusal: job.error, requestId: answer.meta.request_id, jobId: id });
      case "pending":
        await pause(poll, options.signal);
        break;
      default:
        throw new TypeError(`job ${id} has the status ${JSON.stringify(job.status)}`);
    }
  }
}

function linkOf(data: Partial<Job>): string {
  const link = data.links?.[0];
  if (link?.entity !== "job") {
    throw new TypeError("the answer has no link to a job: was it 202?");
  }
  return link.href;
}

function jobId(href: string): string {
  const id = /\/([^/?#]+)(?:[?#].*)?$/.exec(href)?.[1];
  if (id === undefined) {
    throw new TypeError(`not a link to a job: ${JSON.stringify(href)}`);
  }
  return decodeURIComponent(id);
}
