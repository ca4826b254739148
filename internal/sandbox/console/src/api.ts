// What the sandbox answers. Everything is asked of the world whose console this is.
import type { components } from './schema.gen';

type Schemas = components['schemas'];
export type Message = Schemas['Message'];
export type Header = Message['headers'][number];
export type Summary = Schemas['Recorded'];
export type Check = Schemas['Check'];
export type Job = Schemas['PendingJob'];
export type Jobs = Schemas['Jobs'];
export type Sms = Schemas['SMS'];
export type Event = Schemas['Happened'];
export type Opened = Schemas['Opened'];
export type Line = Schemas['Line'];
export type Dials = Schemas['Dials'];
export type Case = Schemas['Case'];
export type Thing = Schemas['Object'];
export type OpenedObject = Schemas['OpenedObject'];
export type State = Schemas['State'];
export type Way = State['ways'][number];
export type World = Schemas['World'];

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

/** What came of a request: the number under which it is kept (0: it is not), and what was answered. */
export interface Answer { number: number; status: number; body: string }

export async function send(r: Sendable): Promise<Answer> {
  const answer = await fetch(at(r.path), {
    method: r.method, headers: r.headers.map((h): [string, string] => [h.name, h.value]),
    body: r.body && r.method !== 'GET' && r.method !== 'HEAD' ? r.body : undefined,
  });
  const body = await answer.text();
  return { number: Number(/(\d+)$/.exec(answer.headers.get('X-Sandbox-Explain') ?? '')?.[1] ?? 0), status: answer.status, body };
}

export const sendableOf = (c: Pick<Case, 'request'>): Sendable => ({
  method: c.request.method, path: c.request.path, headers: Object.entries(c.request.headers).map(([name, value]) => ({ name, value })),
  body: c.request.raw ?? (c.request.body === undefined ? '' : JSON.stringify(c.request.body, null, 2)),
});

/** Headers that a client means; the others come from how it is built. */
const meant = /^(authorization|api-key|content-type|x-.*|idempotency-key|accept)$/i;

export const sendableFrom = (o: Opened): Sendable => ({
  method: o.method, path: o.path, headers: o.request.headers.filter((h) => meant.test(h.name) && h.name !== 'X-Forwarded-For'),
  body: o.request.base64 ? '' : o.request.body,
});
