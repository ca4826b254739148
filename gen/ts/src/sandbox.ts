/**
 * Worlds for tests, in a sandbox of esoz: each test has one of its own, so that
 * tests can run side by side.
 *
 *     const sandbox = await openSandbox();
 *     const world = await sandbox.world();
 *     const api = await world.client("owner");
 *     …
 *     await world.end();
 *     await sandbox.close();
 */
import { spawn, type ChildProcess } from "node:child_process";

import { createClient, type Client, type Options } from "./client.js";

/** The API-key that clients of a world send: that of the seeded medical information system. */
export const misKey = "sandbox-mis-key";

export interface StartOptions {
  /** The program; ESOZ_SANDBOX unless told, else esoz-sandbox, which npm finds in node_modules/.bin. */
  program?: string | undefined;
  /** Further arguments of the program. */
  arguments?: string[] | undefined;
  /** Ends the waiting for the start. PostgreSQL may have to be fetched first. */
  signal?: AbortSignal | undefined;
}

/** A running sandbox. */
export interface Sandbox {
  readonly baseUrl: string;
  /** Makes a world. */
  world(): Promise<World>;
  /** Stops a sandbox that was started here; another one goes on. */
  close(): Promise<void>;
}

/** An SMS that a world has sent. */
export interface Sms {
  id: string;
  phone: string;
  text: string;
  /** At the end of the text, if it ends with one. */
  code?: string;
  type: string;
  at: string;
}

/** Attaches to the sandbox at ESOZ_URL, or starts one when the variable is empty. */
export async function openSandbox(options: StartOptions = {}): Promise<Sandbox> {
  const address = process.env["ESOZ_URL"];
  return address ? attachSandbox(address, options.signal) : startSandbox(options);
}

/** Waits until the sandbox at an address answers. */
export async function attachSandbox(baseUrl: string, signal?: AbortSignal): Promise<Sandbox> {
  const address = baseUrl.replace(/\/$/, "");
  for (;;) {
    try {
      await call(address, "GET", "/_sandbox/clock", undefined, signal);
      return running(address, async () => {});
    } catch (error) {
      if (signal?.aborted || !isUnreachable(error)) {
        throw error;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** fetch throws a TypeError when there is no connection. */
const isUnreachable = (error: unknown): boolean => error instanceof TypeError;

/** Starts a sandbox with an empty world that is forgotten, on a free port. */
export async function startSandbox(options: StartOptions = {}): Promise<Sandbox> {
  const program = options.program ?? (process.env["ESOZ_SANDBOX"] || "esoz-sandbox");
  const child = spawn(program, ["--ephemeral", "--listen", "127.0.0.1:0", "--json", ...(options.arguments ?? [])], {
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32", // npm makes .cmd files there
  });
  let told = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (told = (told + text).slice(-2000)));
  const baseUrl = await new Promise<string>((resolve, reject) => {
    let out = "";
    const fail = (why: unknown) => reject(new Error(`${program} did not start: ${String(why)}: ${told.trim()}`, { cause: why }));
    child.once("error", fail);
    child.once("exit", (code, signal) => fail(`it ended with ${code ?? signal}`));
    options.signal?.addEventListener("abort", () => {
      child.kill();
      fail(options.signal?.reason);
    });
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
      if (out.trimEnd().endsWith("}")) {
        resolve((JSON.parse(out) as { base_url: string }).base_url);
      }
    });
  });
  child.removeAllListeners("exit");
  const stopWithUs = () => child.kill();
  process.once("exit", stopWithUs);
  return running(baseUrl, async () => {
    process.off("exit", stopWithUs);
    await stop(child);
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}

interface Seeds {
  tokens: { name: string; value: string }[];
  objects: { name: string; id: string }[];
}

function running(baseUrl: string, close: () => Promise<void>): Sandbox {
  let seeds: Promise<Seeds> | undefined; // the same in every world
  const seeded = () => (seeds ??= call<Seeds>(baseUrl, "GET", "/_sandbox/world"));
  return {
    baseUrl,
    close,
    async world() {
      const made = await call<{ base_url: string }>(baseUrl, "POST", "/_sandbox/worlds");
      return new World(made.base_url, seeded);
    },
  };
}

const explained = 3; // refusals of a world, the last ones

/** A world of one test: databases, a clock, an inbox and settings that no other test sees. */
export class World {
  readonly #refused: string[] = [];

  constructor(
    readonly baseUrl: string,
    private readonly seeds: () => Promise<Seeds>,
  ) {}

  /**
   * Calls the API with a seeded token, such as doctor, owner or pharmacist, and the
   * API-key of the seeded medical information system. Without a name it sends no token.
   */
  async client(token?: string, options: Partial<Options> = {}): Promise<Client> {
    const api = createClient({
      baseUrl: this.baseUrl, apiKey: misKey, token: token === undefined ? undefined : await this.token(token), ...options, fetch: this.fetch,
    });
    return api;
  }

  /** A fetch that remembers refusals for explain, for code under test that brings its own client. */
  readonly fetch: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const explain = response.status >= 400 ? response.headers.get("X-Sandbox-Explain") : null;
    if (explain !== null) {
      this.#refused.push(new URL(explain, this.baseUrl).href);
      this.#refused.splice(0, this.#refused.length - explained);
    }
    return response;
  };

  /** A seeded access token by its name. */
  async token(name: string): Promise<string> {
    return named((await this.seeds()).tokens, "token", name).value;
  }

  /** The id of a seeded object by its name. */
  async id(name: string): Promise<string> {
    return named((await this.seeds()).objects, "object", name).id;
  }

  /**
   * The newest SMS to a phone such as +380501234567, younger than `after` if that is
   * given: a moment of the world's clock. Waits up to 30 seconds for one.
   */
  async waitForSms(phone: string, after?: Date): Promise<Sms> {
    const query = new URLSearchParams({ phone, wait: "30s", ...(after && { after: after.toISOString() }) });
    const [message] = await this.call<Sms[]>("GET", `/_sandbox/sms?${query}`);
    if (message === undefined) {
      throw new Error(`no SMS to ${phone} came within 30 seconds`);
    }
    return message;
  }

  /** What time the world has. */
  async now(): Promise<Date> {
    return new Date((await this.call<{ now: string }>("GET", "/_sandbox/clock")).now);
  }

  /** Moves the world's clock by a duration such as PT5M or P1D, and returns what time it is then. */
  async advance(duration: string): Promise<Date> {
    return new Date((await this.call<{ now: string }>("POST", "/_sandbox/clock", { advance: duration })).now);
  }

  /** Changes settings, by their names in docs/configuration.md. */
  async set(settings: Record<string, string>): Promise<void> {
    await this.call("POST", "/_sandbox/config", settings);
  }

  /** Turns dials: held jobs, late SMS and the like. They are merged into what was set before. */
  async dial(dials: object): Promise<void> {
    await this.call("POST", "/_sandbox/dials", dials);
  }

  /** Makes the world as it was at first. Its address stays. */
  async reset(): Promise<void> {
    await this.call("POST", "/_sandbox/reset");
  }

  /** Ends the world. */
  async end(): Promise<void> {
    await call(this.baseUrl, "DELETE", "");
  }

  /** Asks a method of the world's own, such as POST /_sandbox/sign. */
  async call<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    return call<T>(this.baseUrl, method, path, body);
  }

  /** What each check of the last refusals expected and found. A test prints it when it has failed. */
  async explain(): Promise<string> {
    const texts = this.#refused.map(async (address) => (await fetch(address, { headers: { Accept: "text/plain" } })).text());
    return (await Promise.all(texts)).join("\n\n");
  }
}

/**
 * Runs a test in a world of its own, and ends that. When the test throws, the error
 * says what the sandbox tells of the last refusals.
 */
export async function inWorld<T>(sandbox: Sandbox, test: (world: World) => Promise<T>): Promise<T> {
  const world = await sandbox.world();
  try {
    return await test(world);
  } catch (error) {
    const why = await world.explain();
    if (why !== "" && error instanceof Error) {
      error.message += `\n\n${why}`;
      error.stack += `\n\n${why}`;
    }
    throw error;
  } finally {
    await world.end();
  }
}

function named<T extends { name: string }>(all: T[], kind: string, name: string): T {
  const found = all.find((one) => one.name === name);
  if (found === undefined) {
    throw new TypeError(`no ${kind} of the world has the name ${JSON.stringify(name)}`);
  }
  return found;
}

async function call<T>(baseUrl: string, method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const response = await fetch(baseUrl + path, {
    method,
    signal: signal ?? null,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
  });
  const text = await response.text();
  if (!response.ok) {
    throw new Error(`${method} ${baseUrl}${path} answered ${response.status}: ${text.trim()}`);
  }
  return (text === "" ? undefined : JSON.parse(text)) as T;
}
