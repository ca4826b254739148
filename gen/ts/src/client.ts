import createFetchClient, { type Client as FetchClient, type MaybeOptionalInit, type ParseAsResponse } from "openapi-fetch";
import type { HttpMethod, PathsWithMethod, RequiredKeysOf, SuccessResponse } from "openapi-typescript-helpers";

import { refusalOf } from "./error.js";
import { retrying, wait, type Wait } from "./retry.js";
import type { paths } from "./schema.gen.js";

/** Gives the access token; it is asked before every request. */
export type TokenSource = () => string | Promise<string>;

export interface Options {
  /** Where the API is, such as https://api.example.com. */
  baseUrl: string;
  /** The access token, or what gives it: see tokenSource. */
  token?: string | TokenSource | undefined;
  /** The secret of the medical information system. */
  apiKey?: string | undefined;
  /** The key of the hosting provider. */
  psk?: string | undefined;
  /** What sends requests; the platform's fetch unless told. */
  fetch?: typeof fetch | undefined;
  /** How often a request is sent again after 429 and 503; 3 times unless told, 0 is never. */
  retries?: number | undefined;
  /**
   * For servers with IDEMPOTENCY=replay only: a change that has an X-Idempotency-Key is also sent again after 504,
   * and when the connection broke. The national system carries out a repetition once more.
   */
  replay?: boolean | undefined;
  /** How to wait before a request is sent again; tests bring their own. */
  wait?: Wait | undefined;
}

/** openapi-fetch's answer without `error`: refusals are thrown, so that there is always `data`. */
export interface Answer<Operation, Init> {
  data: Operation extends { responses: infer Responses extends Record<number, unknown> }
    ? ParseAsResponse<SuccessResponse<Responses>, Init>
    : never;
  response: Response;
}

/** openapi-fetch's method, but for the answer. */
type Call<Method extends HttpMethod> = <
  Path extends PathsWithMethod<paths, Method>,
  Init extends MaybeOptionalInit<paths[Path], Method>,
>(
  path: Path,
  ...init: RequiredKeysOf<Init> extends never ? [init?: Init] : [init: Init]
) => Promise<Answer<paths[Path][Method], Init>>;

/** The operations of the API, by method and path. */
export interface Client extends Pick<FetchClient<paths>, "use" | "eject"> {
  GET: Call<"get">;
  POST: Call<"post">;
  PATCH: Call<"patch">;
}

/** Makes a client of the API. Every refusal is thrown as an EsozError. */
export function createClient(options: Options): Client {
  const { baseUrl, token, apiKey, psk } = options;
  const { protocol, search, hash } = new URL(baseUrl);
  if (!/^https?:$/.test(protocol) || search || hash) {
    throw new TypeError("baseUrl must be an http or https address without a query");
  }
  const client = createFetchClient<paths>({
    baseUrl,
    headers: { "API-key": apiKey, "X-Custom-PSK": psk, "User-Agent": "esoz-ts-client" },
    redirect: "manual", // a job that has ended answers 303 with a body
    fetch: retrying(options.fetch ?? fetch, options.retries ?? 3, options.replay ?? false, options.wait ?? wait),
  });
  client.use({
    async onRequest({ request }) {
      if (token === undefined || request.headers.has("Authorization")) {
        return;
      }
      const value = typeof token === "string" ? token : await token();
      if (value === "") {
        throw new TypeError("the access token is empty");
      }
      request.headers.set("Authorization", `Bearer ${value}`);
    },
    async onResponse({ response }) {
      const accepted = response.ok || response.status === 303;
      if (!accepted || !response.headers.get("Content-Type")?.includes("json")) {
        throw await refusalOf(response);
      }
      // openapi-fetch would take a 303 for an error.
      return Object.defineProperty(response, "ok", { value: true });
    },
  });
  return client as Client;
}
