import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

import { createClient, type Client, type Options } from "../src/index.js";

export interface Sent {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  body: string;
}

export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown; // JSON, but for a text
}

export interface Fake {
  api: Client;
  sent: Sent[]; // what has arrived
  waits: number[]; // what the client wanted to wait
}

/** Serves answers one after the other, the last one again and again; null breaks the connection. */
export async function serve(t: TestContext, replies: (Reply | null)[], options: Partial<Options> = {}): Promise<Fake> {
  const sent: Sent[] = [];
  const waits: number[] = [];
  const server = createServer(async (req: IncomingMessage, res: ServerResponse) => {
    const reply = replies[Math.min(sent.length, replies.length - 1)]!;
    const chunks: Buffer[] = [];
    for await (const chunk of req) {
      chunks.push(chunk);
    }
    sent.push({ method: req.method!, path: req.url!, headers: req.headers, body: Buffer.concat(chunks).toString() });
    if (reply === null) {
      req.socket.destroy();
      return;
    }
    const text = typeof reply.body === "string";
    res.writeHead(reply.status ?? 200, { "Content-Type": text ? "text/html" : "application/json", ...reply.headers });
    res.end(text ? reply.body : JSON.stringify(reply.body ?? {}));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const api = createClient({
    baseUrl: `http://127.0.0.1:${port}/base/`,
    wait: async (ms) => void waits.push(ms),
    ...options,
  });
  return { api, sent, waits };
}

/** An answer as the API gives it. */
export function answer(data: unknown, status = 200): Reply {
  return { status, body: { meta: meta(status), data } };
}

/** A refusal as the API gives it. */
export function refusal(status: number, error: object, headers: Record<string, string> = {}): Reply {
  return { status, headers, body: { meta: meta(status), error } };
}

function meta(code: number): object {
  return { code, url: "http://example.com", type: "object", request_id: "request-1" };
}
