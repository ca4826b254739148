import type { components } from "./schema.gen.js";

type Refusal = components["schemas"]["Error"];

/** One place of the request that broke rules. */
export type InvalidItem = components["schemas"]["InvalidItem"];

interface Details {
  status: number;
  refusal?: Refusal | undefined;
  message?: string | undefined;
  requestId?: string | undefined;
  retryAfter?: number | undefined;
  rules?: string[] | undefined;
  jobId?: string | undefined;
}

/**
 * A refusal: an answer of 400 and above, a job that has failed, or an answer that
 * is none of this API. `message` is the refusal in words.
 */
export class EsozError extends Error {
  override readonly name = "EsozError";
  /** The HTTP status; of a job the one that it would have been. */
  readonly status: number;
  /** The kind of the refusal, for programs; empty when the answer is none of this API. */
  readonly type: string;
  /** The places of the request that broke a rule. */
  readonly invalid: InvalidItem[];
  /** What to tell the operators of the server. */
  readonly requestId: string | undefined;
  /** Seconds that the server wants its caller to wait. */
  readonly retryAfter: number | undefined;
  /** Ids of the rules that answered. Only the sandbox tells them. */
  readonly rules: string[];
  /** The job that has failed, when one has. */
  readonly jobId: string | undefined;

  constructor(details: Details) {
    const { status, refusal } = details;
    super(refusal?.message ?? refusal?.type ?? details.message ?? `HTTP ${status}`);
    this.status = status;
    this.type = refusal?.type ?? "";
    this.invalid = refusal?.invalid ?? [];
    this.requestId = details.requestId;
    this.retryAfter = details.retryAfter;
    this.rules = details.rules ?? [];
    this.jobId = details.jobId;
  }
}

/** Makes an error of an answer. */
export async function refusalOf(response: Response): Promise<EsozError> {
  const { status, headers } = response;
  const answer = envelope(await response.text().catch(() => ""));
  return new EsozError({
    status,
    refusal: answer?.error,
    message: `not an answer of this API: ${status} ${response.statusText}`.trimEnd(),
    requestId: answer?.meta?.request_id ?? headers.get("X-Request-ID") ?? undefined,
    retryAfter: retryAfter(response),
    rules: headers.get("X-Sandbox-Rule")?.split(",").map((id) => id.trim()).filter(Boolean),
  });
}

/** Reads an answer as far as it is one of this API. */
function envelope(text: string): Partial<components["schemas"]["ErrorResponse"]> | undefined {
  try {
    const answer = JSON.parse(text);
    return typeof answer?.error?.type === "string" ? answer : undefined;
  } catch {
    return undefined;
  }
}

/** Reads how many seconds the server wants its caller to wait. */
export function retryAfter(response: Response): number | undefined {
  const value = response.headers.get("Retry-After");
  if (value === null) {
    return undefined;
  }
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}
