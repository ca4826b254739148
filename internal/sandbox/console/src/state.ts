// What the page knows, kept up to date by the stream of the sandbox.
import { batch, computed, signal } from '@preact/signals';
import { ask, at, get, here, type Dials, type Event, type Jobs, type Line, type Sms, type Summary, type Thing, type World } from './api';

/** Where the reader is: requests, 42, ?status=4xx. */
export interface Place { view: string; id: string; query: URLSearchParams }

const placeNow = (): Place => {
  const [view = '', id = ''] = location.pathname.slice(here.pathname.length).split('/');
  return { view: view || 'start', id: decodeURIComponent(id), query: new URLSearchParams(location.search) };
};
export const place = signal(placeNow());
addEventListener('popstate', () => { place.value = placeNow(); });

export const address = (path: string): string => new URL(path, here).href;

/** Goes to a view without loading the page again. */
export function go(path: string, replace = false): void {
  history[replace ? 'replaceState' : 'pushState'](null, '', address(path));
  place.value = placeNow();
}

/** Sets what is asked for in the address of a view. */
export function setQuery(name: string, value: string): void {
  const query = new URLSearchParams(location.search);
  if (value) query.set(name, value); else query.delete(name);
  const text = query.toString();
  go(location.pathname.slice(here.pathname.length) + (text ? `?${text}` : ''), true);
}

export const connected = signal<'no' | 'yes' | 'lost'>('no');
export const requests = signal<Summary[]>([]); // newest first
export const lines = signal<Line[]>([]);
export const recording = signal(true);
export const loaded = signal(false);
export const messages = signal<Sms[] | null>(null);
export const jobs = signal<Jobs | null>(null);
export const events = signal<Event[] | null>(null);
export const dials = signal<Dials | null>(null);
export const world = signal<World | null>(null);
export const things = signal<Thing[] | null>(null);
export const settings = signal<Record<string, string> | null>(null); // that differ from the start
export const trouble = signal('');
export const said = signal(''); // for screen readers and a moment on the page

/** The clock of the world: how far it is from the browser's. */
export const ahead = signal(0);
export const tick = signal(Date.now());
setInterval(() => { tick.value = Date.now(); }, 1000);
export const now = computed(() => tick.value + ahead.value);

let quiet: ReturnType<typeof setTimeout> | undefined;
export function say(text: string): void {
  said.value = text;
  clearTimeout(quiet);
  quiet = setTimeout(() => { said.value = ''; }, 3000);
}

/** Loads something. What the reader was told of an act of theirs stays. */
async function load(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    trouble.value ||= told(error);
  }
}

const told = (error: unknown): string => (error instanceof TypeError ? 'no answer' : String((error as Error).message));

/** Does what the reader wants, and says so if it fails. */
export async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  trouble.value = '';
  try {
    return await work();
  } catch (error) {
    trouble.value = told(error);
    return undefined;
  }
}

/** Names that requests have had, for the filters. */
export const operations = signal<string[]>([]);
export const tests = signal<string[]>([]);
function name(fresh: Summary[]): void {
  const add = (names: typeof operations, of: (r: Summary) => string | undefined) => {
    const known = new Set(names.value), before = known.size;
    for (const r of fresh) { const one = of(r); if (one) known.add(one); }
    if (known.size > before) names.value = [...known].sort();
  };
  add(operations, (r) => r.operation_id);
  add(tests, (r) => r.test);
}

const loadRequests = () => load(async () => {
  const a = await get<{ requests: Summary[]; lines: Line[]; record: boolean }>('_sandbox/requests?limit=10000');
  batch(() => { requests.value = a.requests; lines.value = a.lines; recording.value = a.record; loaded.value = true; name(a.requests); });
});
export const loadMessages = () => load(async () => { messages.value = await get<Sms[]>('_sandbox/sms'); });
export const loadJobs = () => load(async () => { jobs.value = await get('_sandbox/jobs'); });
export const loadEvents = () => load(async () => { events.value = await get<Event[]>('_sandbox/events'); });
export const loadDials = () => load(async () => { dials.value = await get<Dials>('_sandbox/dials'); });
export const loadThings = () => load(async () => { things.value = await get<Thing[]>('_sandbox/objects'); });
export const loadSettings = () => load(async () => { settings.value = await get<Record<string, string>>('_sandbox/config'); });
/** Operations that the first page offers. */
export const firstOperations = [
  'createDivision', 'initializeVerification', 'resendApprovalSms', 'resendDeclarationRequestOtp', 'releaseServiceRequest', 'stopDeviceDispense',
];
let asked: Promise<unknown> | undefined;
export const loadWorld = () => (asked ??= load(async () => { world.value = await get<World>(`_sandbox/world?operations=${firstOperations.join(',')}`); }).then(() => { if (!world.value) asked = undefined; }));

export const turn = (sent: unknown) => attempt(async () => { dials.value = await ask<Dials>('POST', '_sandbox/dials', sent); return true; });

/** Loads what is shown somewhere, again. */
function loadShown(): void {
  if (messages.value) void loadMessages();
  if (jobs.value) void loadJobs();
  if (events.value) void loadEvents();
  if (dials.value) void loadDials();
  if (settings.value) void loadSettings();
  if (place.value.view === 'world') void loadThings();
}

const most = 10000;
let waiting: Summary[] = [];
function flush(): void {
  const fresh = waiting;
  waiting = [];
  if (fresh.length === 0) return;
  const known = new Set(requests.value.slice(0, fresh.length + 200).map((r) => r.number));
  const all = [...fresh.filter((r) => !known.has(r.number)).reverse(), ...requests.value];
  if (fresh.some((r) => r.number < (requests.value[0]?.number ?? 0))) all.sort((a, b) => b.number - a.number);
  batch(() => { requests.value = all.slice(0, most); name(fresh); });
}

const later: Record<string, boolean> = {};
/** Does something once, however often it is wanted in a moment. */
function soon(name: string, work: () => void): void {
  if (later[name]) return;
  later[name] = true;
  setTimeout(() => { later[name] = false; work(); }, 150);
}

function setClock(data: { now?: string }): void {
  if (data.now) ahead.value = Date.parse(data.now) - Date.now();
}

export function listen(): void {
  const stream = new EventSource(at('_sandbox/live'));
  const on = (name: string, heard: (data: never) => void) =>
    stream.addEventListener(name, (e) => heard(JSON.parse((e as MessageEvent<string>).data) as never));
  on('hello', (data: { now: string }) => {
    connected.value = 'yes';
    trouble.value = '';
    setClock(data);
    dispatchEvent(new CustomEvent('esoz:clock', { detail: data.now }));
    void loadRequests();
    loadShown();
    if (place.value.view === 'start') void loadWorld();
  });
  on('request', (r: Summary) => {
    if (waiting.push(r) === 1) setTimeout(flush, 50);
  });
  on('sms', () => soon('sms', () => void loadMessages()));
  on('job', () => soon('jobs', () => void loadJobs()));
  on('event', () => soon('events', () => {
    void loadEvents();
    if (place.value.view === 'world') void loadThings();
  }));
  on('changed', () => soon('changed', loadShown));
  on('clock', (data: { now: string }) => {
    setClock(data);
    dispatchEvent(new CustomEvent('esoz:clock', { detail: data.now }));
    loadShown();
  });
  on('reset', (data: { now: string }) => {
    setClock(data);
    dispatchEvent(new CustomEvent('esoz:clock', { detail: data.now }));
    void loadRequests();
    loadShown();
  });
  on('cleared', () => void loadRequests());
  stream.onerror = () => {
    connected.value = 'lost';
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 1000);
  };
}
