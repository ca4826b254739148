// What the sandbox answers. Everything is asked of the world whose console this is.
export interface Header { name: string; value: string }
export interface Message { headers: Header[]; body: string; base64?: boolean; size: number; cut?: boolean }
export interface Summary {
  number: number; at: string; took_ms: number; method: string; path: string; operation_id?: string; status: number;
  rules: string[]; warnings: string[]; request_id?: string; test?: string;
}
export interface Fact { what: string; expected: string; found?: string; hint?: string }
export interface Check {
  id: string; state: 'passed' | 'refused' | 'not_reached' | 'off' | 'unknown'; check: string; check_uk: string; status: number; source: string;
  page?: string; facts?: Fact[];
}
export interface Explanation {
  summary: string; refusals: Check[]; checks: Check[]; try: { text: string; curl?: string }[]; warnings?: string[]; path?: string;
  operation?: { id: string; summary: string; line?: string };
}
export interface Job {
  id: string; operation_id: string; status: 'pending' | 'processed' | 'failed' | 'failed_with_error'; status_code?: number; held?: boolean;
  request?: number; request_id?: string; queued_at?: string; starts_at?: string; started_at?: string; ended_at?: string;
}
export interface Sms {
  id: string; phone: string; text: string; code?: string; type: string; status?: string; at: string;
  otp?: { status: string; expires_at: string; tries: number; tries_left: number; of_phone: boolean };
}
export interface Event {
  id: string; event_type: string; entity_type: string; entity_id: string; properties: Record<string, { new_value: unknown }>;
  event_time: string; changed_by: string; written_at: string;
}
export interface Opened extends Summary {
  request: Message; answer: Message; arrived_at: string; explanation?: Explanation; caused: { jobs: Job[]; sms: Sms[]; events: Event[] };
}
export interface Line { after: number; at: string }
export interface Dials {
  jobs: { held: boolean; delay: string }; sms: { delay: string; lose_next: number; provider: 'up' | 'down' }; codes: Record<string, number>;
  strict: { seed: number; rate: number; only?: string[] } | null;
}
export interface Token { name: string; value: string; scopes: string[]; note: string; legal_entity_id: string; user_id: string }
export interface Case {
  id: string; operation_id: string; rules: string[]; title: string; config?: Record<string, string>;
  request: { method: string; path: string; headers: Record<string, string>; body?: unknown; raw?: string }; expect: { status: number };
}
export interface Thing { name: string; kind: string; id: string; note: string; status?: string }
export interface World { tokens: Token[]; keys: { name: string; value: string; note: string }[]; objects: Thing[]; cases: Case[] }

/** The root of the world: where /api and /_sandbox stand. */
export const root = new URL(document.querySelector<HTMLElement>('.bar')!.dataset.root!, location.href);
/** Where the console stands. */
export const here = new URL('console/', root);

export const at = (path: string): string => new URL(path.replace(/^\//, ''), root).href;

export class Refused extends Error {}

/** Asks one of the sandbox's own methods. */
export async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(at(path), {
    method, body: body === undefined ? undefined : JSON.stringify(body), headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
  });
  const text = await answer.text();
  if (!answer.ok) {
    let why = `${answer.status} ${answer.statusText}`;
    try { why = JSON.parse(text).error ?? why; } catch { /* the status says it */ }
    throw new Refused(why);
  }
  return (text ? JSON.parse(text) : undefined) as T;
}

export const get = <T>(path: string): Promise<T> => ask<T>('GET', path);

/** A request to the API that can be sent or shown as a command. */
export interface Sendable { method: string; path: string; headers: Header[]; body: string }

/** Sends a request to the API and returns the number under which it is kept. */
export async function send(r: Sendable): Promise<{ number: number; status: number }> {
  const answer = await fetch(at(r.path), {
    method: r.method, headers: r.headers.map((h): [string, string] => [h.name, h.value]),
    body: r.body && r.method !== 'GET' && r.method !== 'HEAD' ? r.body : undefined,
  });
  await answer.arrayBuffer();
  return { number: Number(/(\d+)$/.exec(answer.headers.get('X-Sandbox-Explain') ?? '')?.[1] ?? 0), status: answer.status };
}

export const sendableOf = (c: Case): Sendable => ({
  method: c.request.method, path: c.request.path, headers: Object.entries(c.request.headers).map(([name, value]) => ({ name, value })),
  body: c.request.raw ?? (c.request.body === undefined ? '' : JSON.stringify(c.request.body, null, 2)),
});

/** Headers that a client means; the others come from how it is built. */
const meant = /^(authorization|api-key|content-type|x-.*|idempotency-key|accept)$/i;

export const sendableFrom = (o: Opened): Sendable => ({
  method: o.method, path: o.path, headers: o.request.headers.filter((h) => meant.test(h.name) && h.name !== 'X-Forwarded-For'),
  body: o.request.base64 ? '' : o.request.body,
});
