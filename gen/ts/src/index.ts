export { createClient, type Client, type Options, type TokenSource } from "./client.js";
export { EsozError, type InvalidItem } from "./error.js";
export { waitJob, type Job, type WaitOptions } from "./job.js";
export { resources, type Resources } from "./resources.gen.js";
export type { Wait } from "./retry.js";
export type { components, operations, paths } from "./schema.gen.js";
export { tokenSource, type TokenGrant } from "./token.js";
