import { retryAfter } from "./error.js";

/** Waits, and throws the signal's reason when it is aborted before the time is over. */
export type Wait = (ms: number, signal?: AbortSignal) => Promise<void>;

const timeout = 30_000; // of one try
const longestWait = 10; // seconds of a Retry-After that are waited for
const firstBackoff = 250;
const longestBackoff = 4_000;

export const wait: Wait = (ms, signal) =>
  new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });

/**
 * Sends a request again after 429 and 503, which say that nothing was done, and a
 * GET also when the connection broke. After 504, and when the connection broke, a
 * change may have been made: it is sent again only if it has an idempotency key
 * and the server answers a repeated key with the first answer (replay).
 */
export function retrying(send: typeof fetch, retries: number, replay: boolean, wait: Wait): (request: Request) => Promise<Response> {
  return async (request) => {
    for (let tried = 0; ; tried++) {
      const last = tried >= retries;
      const replayed = replay && hasKey(request);
      const signal = AbortSignal.any([request.signal, AbortSignal.timeout(timeout)]);
      let pause: number | undefined;
      try {
        // A body can be read once: each try gets a copy, the last one the request itself.
        const response = await send(last ? request : request.clone(), { signal });
        pause = last ? undefined : pauseAfter(response, tried, replayed);
        if (pause === undefined) {
          return response;
        }
        await response.body?.cancel();
      } catch (error) {
        if (last || (request.method !== "GET" && !replayed) || request.signal.aborted) {
          throw error;
        }
        pause = backoff(tried);
      }
      await wait(pause, request.signal);
    }
  };
}

/** Tells how long to wait before the next try, if there should be one. */
function pauseAfter(response: Response, tried: number, replayed: boolean): number | undefined {
  if (response.status === 504 && replayed) {
    return backoff(tried);
  }
  const seconds = retryAfter(response);
  // A 409 says how long to wait when the request before, of the same key, is under way.
  const underWay = response.status === 409 && replayed && seconds !== undefined;
  if (response.status !== 429 && response.status !== 503 && !underWay) {
    return undefined;
  }
  if (seconds === undefined) {
    return backoff(tried);
  }
  return seconds <= longestWait ? seconds * 1000 : undefined;
}

function hasKey(request: Request): boolean {
  return request.headers.has("X-Idempotency-Key") || request.headers.has("Idempotency-Key");
}

/** Doubles with every try; half of it is chance, so that clients do not come back all at once. */
function backoff(tried: number): number {
  const full = Math.min(firstBackoff * 2 ** tried, longestBackoff);
  return full / 2 + Math.random() * (full / 2);
}
