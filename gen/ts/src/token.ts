import type { Client } from "./client.js";
import type { components } from "./schema.gen.js";

/** What POST /oauth/tokens makes an access token of. */
export type TokenGrant = components["schemas"]["TokenGrant"];

const early = 30_000; // before a token expires a new one is asked for, as requests take time

/**
 * Gives an access token for a grant: the code that the user's consent gave, or a
 * refresh token. The token is kept while it is good, and then refreshed. A refresh
 * token ends one day, too: then an EsozError with status 401 says that the user has
 * to log in again.
 *
 * `api` asks for the tokens, and needs none itself.
 */
export function tokenSource(api: Client, grant: TokenGrant): () => Promise<string> {
  let next = grant;
  let held: { value: string; expires: number } | undefined;
  let asking: Promise<string> | undefined;

  async function ask(): Promise<string> {
    const { data: answer } = await api.POST("/oauth/tokens", { body: { token: next } });
    const { value, expires_at, details } = answer.data;
    const { client_id, client_secret } = grant;
    next = { grant_type: "refresh_token", refresh_token: details.refresh_token, client_id, client_secret };
    held = { value, expires: expires_at * 1000 - early };
    return value;
  }

  return async () => {
    if (held !== undefined && Date.now() < held.expires) {
      return held.value;
    }
    // Whoever comes while a token is on its way gets that one.
    asking ??= ask().finally(() => (asking = undefined));
    return asking;
  };
}
