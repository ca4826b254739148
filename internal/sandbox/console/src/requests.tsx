import { computed, signal, useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { ask, at, get, sendableFrom, type Check, type Message, type Opened, type Summary } from './api';
import { command, formats, har, type Format } from './commands';
import { A, Copy, pretty, Status, Title } from './parts';
import { Editor } from './send';
import { attempt, go, jobs, lines, loaded, messages, operations, place, recording, requests, setQuery, tests } from './state';
import { clockTime, dateTime, language, plural, t } from './text';

const paused = signal<Summary[] | null>(null); // what was there when the reader stopped the list

/** A row of the list: a request, or a line that a reset has drawn. */
type Row = Summary | { line: string };

const drawnLines = computed(() => { // of those that are shown
  let n = 0;
  for (const r of shown.value) if ('line' in r) n++;
  return n;
});

const shown = computed<Row[]>(() => {
  const query = place.value.query, text = (query.get('q') ?? '').toLowerCase(), cls = query.get('status') ?? '', operation = query.get('operation') ?? '';
  const test = query.get('test') ?? '', rule = (query.get('rule') ?? '').toLowerCase();
  const rows: Row[] = [];
  const drawn = [...lines.value].reverse();
  for (const r of paused.value ?? requests.value) {
    while (drawn.length > 0 && r.number <= drawn[0]!.after) rows.push({ line: drawn.shift()!.at });
    if (cls && String(r.status)[0] !== cls[0]) continue;
    if (operation && r.operation_id !== operation) continue;
    if (test && r.test !== test) continue;
    if (rule && !r.rules.some((id) => id.toLowerCase().includes(rule))) continue;
    if (text && !`${r.number} ${r.method} ${r.path} ${r.operation_id ?? ''} ${r.status} ${r.request_id ?? ''} ${r.rules.join(' ')}`.toLowerCase().includes(text)) continue;
    rows.push(r);
  }
  return rows;
});

const height = 52; // of a row, as the style sheet says
const spare = 12; // rows above and below what is seen

/** The list. Only rows that are seen are drawn. */
function List({ open }: { open: string }) {
  const box = useRef<HTMLDivElement>(null);
  const top = useSignal(0), seen = useSignal(800);
  useLayoutEffect(() => {
    const element = box.current!;
    const measure = () => { seen.value = element.clientHeight; };
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  const rows = shown.value;
  const from = Math.max(0, Math.floor(top.value / height) - spare), to = Math.min(rows.length, Math.ceil((top.value + seen.value) / height) + spare);
  const move = (e: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (!step) return;
    e.preventDefault();
    const numbers = rows.flatMap((r, i) => ('number' in r ? [{ number: r.number, i }] : []));
    const focused = Number((document.activeElement as HTMLElement | null)?.dataset.number ?? 0);
    const next = numbers[numbers.findIndex((n) => n.number === focused) + step];
    if (!next) return;
    const element = box.current!;
    if (next.i * height < element.scrollTop) element.scrollTop = next.i * height;
    if ((next.i + 1) * height > element.scrollTop + element.clientHeight) element.scrollTop = (next.i + 1) * height - element.clientHeight;
    requestAnimationFrame(() => element.querySelector<HTMLElement>(`[data-number="${next.number}"]`)?.focus({ preventScroll: true }));
  };
  return (
    <div class="list" ref={box} onScroll={(e) => { top.value = e.currentTarget.scrollTop; }} onKeyDown={move} role="region" tabIndex={0} aria-label={t('Requests', 'Запити')}>
      <ul style={{ height: `${rows.length * height}px` }}>
        {rows.slice(from, to).map((r, i) => {
          const style = { transform: `translateY(${(from + i) * height}px)` };
          if ('line' in r) return <li key={r.line} class="line" style={style}><span>{t('The world was made new', 'Світ створено заново')}, {clockTime(r.line)}</span></li>;
          return (
            <li key={r.number} style={style}>
              <a href={at(`console/requests/${r.number}`)} data-number={r.number} class={String(r.number) === open ? 'open' : ''} aria-current={String(r.number) === open ? 'true' : undefined}
                onClick={(e) => { if (!e.ctrlKey && !e.metaKey && !e.shiftKey) { e.preventDefault(); go(`requests/${r.number}${location.search}`); } }}>
                <Status of={r.status} />
                <span class="what"><b>{r.method}</b> {r.path}</span>
                <span class="under">№ {r.number} · {clockTime(r.at)}{r.test ? ` · ${r.test}` : ''}{r.rules.length > 0 ? ` · ${r.rules.join(', ')}` : ''}{r.warnings.length > 0 ? ' · ⚠' : ''}</span>
              </a>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function Filters() {
  const query = place.value.query;
  const select = (name: string, label: string, any: string, options: string[]) => (
    <select aria-label={label} value={query.get(name) ?? ''} onChange={(e) => setQuery(name, e.currentTarget.value)}>
      <option value="">{any}</option>
      {options.map((o) => <option key={o}>{o}</option>)}
    </select>
  );
  const found = shown.value.length - drawnLines.value;
  return (
    <div class="filters" role="search">
      <input type="search" aria-label={t('Search', 'Пошук')} placeholder={t('Path, id, rule…', 'Шлях, id, правило…')} value={query.get('q') ?? ''} onInput={(e) => setQuery('q', e.currentTarget.value)} />
      {select('status', t('Status', 'Статус'), t('any status', 'будь-який статус'), ['2xx', '3xx', '4xx', '5xx'])}
      {select('operation', t('Operation', 'Операція'), t('any operation', 'будь-яка операція'), operations.value)}
      <input type="search" class="rule" aria-label={t('Rule', 'Правило')} placeholder={t('Rule', 'Правило')} value={query.get('rule') ?? ''} onInput={(e) => setQuery('rule', e.currentTarget.value)} />
      {tests.value.length > 0 && select('test', t('Test', 'Тест'), t('any test', 'будь-який тест'), tests.value)}
      <button type="button" aria-pressed={paused.value !== null} onClick={() => { paused.value = paused.value ? null : requests.value; }}>{paused.value ? t('Go on', 'Продовжити') : t('Pause', 'Пауза')}</button>
      <button type="button" onClick={() => void attempt(async () => { await ask('DELETE', '_sandbox/requests'); paused.value = null; go('requests'); })}>{t('Clear', 'Очистити')}</button>
      <span class="count" role="status">{t(`${found} of ${requests.value.length}`, `${found} з ${requests.value.length}`)}</span>
    </div>
  );
}

const marks: Record<Check['state'], string> = { passed: '✓', refused: '✗', not_reached: '·', off: '–', unknown: '?' };
const states = (): Record<Check['state'], string> => ({
  passed: t('passed', 'пройдено'), refused: t('refused', 'відмовлено'), not_reached: t('not reached', 'не дійшла черга'), off: t('off', 'вимкнено'), unknown: t('not known', 'невідомо'),
});

/** The check in the reader's language. */
const wording = (c: Check): string => (language.value === 'uk' ? c.check_uk || c.check : c.check);

function Rule({ of }: { of: Check }) {
  return of.page ? <a href={at(of.page)}><code>{of.id}</code></a> : <code>{of.id}</code>;
}

function Refusal({ of }: { of: Check }) {
  return (
    <article class="refusal">
      <h3><span class="bad" aria-hidden="true">✗</span> {wording(of)}</h3>
      <p class="note"><Rule of={of} /> <Status of={of.status} /> {of.source}</p>
      {of.facts && (
        <div class="facts">
          {of.facts.map((f, i) => (
            <dl key={i}>
              <dt>{t('Looked at', 'Перевіряли')}</dt><dd><code>{f.what}</code></dd>
              <dt>{t('Expected', 'Очікували')}</dt><dd class="expected">{f.expected}</dd>
              {f.found !== undefined && <><dt>{t('Found', 'Отримали')}</dt><dd class="found">{f.found}</dd></>}
              {f.hint && <><dt>{t('What to do', 'Що робити')}</dt><dd>{f.hint}</dd></>}
            </dl>
          ))}
        </div>
      )}
    </article>
  );
}

function Body({ of }: { of: Message }) {
  if (of.size === 0) return <p class="note">{t('No body', 'Без тіла')}</p>;
  return (
    <>
      {of.cut && <p class="note">{t(`Only the first 64 kB of ${of.size} bytes were kept.`, `Збережено лише перші 64 кБ із ${of.size} байтів.`)}</p>}
      {of.base64 && <p class="note">{t('The body is no text; this is base64.', 'Тіло не є текстом; це base64.')}</p>}
      <pre tabIndex={0} aria-label={t('Body', 'Тіло')}>{of.base64 ? of.body : pretty(of.body)}</pre>
    </>
  );
}

function Headers({ of }: { of: Message }) {
  return (
    <details>
      <summary>{t('Headers', 'Заголовки')} ({of.headers.length})</summary>
      <table><tbody>{of.headers.map((h, i) => <tr key={i}><th scope="row">{h.name}</th><td>{h.value}</td></tr>)}</tbody></table>
    </details>
  );
}

function CopyAs({ of }: { of: Opened }) {
  const format = useSignal<Format | 'har'>('curl');
  return (
    <span class="row">
      <label for="copy-as">{t('Copy as', 'Копіювати як')}</label>
      <select id="copy-as" value={format.value} onChange={(e) => { format.value = e.currentTarget.value as Format; }}>
        {Object.entries(formats).map(([key, name]) => <option key={key} value={key}>{key === 'curl' ? 'curl (bash)' : name}</option>)}
        <option value="har">HAR</option>
      </select>
      <Copy text={() => (format.value === 'har' ? har(of) : command(format.value, sendableFrom(of)))} />
    </span>
  );
}

function Caused({ of }: { of: Opened }) {
  const { jobs: started, sms, events } = of.caused;
  if (started.length + sms.length + events.length === 0) return null;
  return (
    <section>
      <h2>{t('What it has caused', 'Що спричинив запит')}</h2>
      <ul class="caused">
        {sms.map((m) => <li key={m.id}><A to={`sms?phone=${encodeURIComponent(m.phone)}`}>SMS {m.phone}</A> {m.code && <code>{m.code}</code>} <span class="note">{m.text}</span></li>)}
        {started.map((j) => <li key={j.id}><A to={`jobs#${j.id}`}>{t('Job', 'Завдання')} {j.operation_id}</A> <JobState of={j} /></li>)}
        {events.map((e) => <li key={e.id}><A to={`jobs#${e.id}`}>{t('Event', 'Подія')} {e.entity_type}</A> {Object.entries(e.properties).map(([name, value]) => <code key={name}>{name} → {String(value.new_value)}</code>)}</li>)}
      </ul>
    </section>
  );
}

export function JobState({ of }: { of: { status: string; status_code?: number } }) {
  const names: Record<string, string> = {
    pending: t('waits', 'очікує'), processed: t('done', 'виконано'), failed: t('refused', 'відмовлено'), failed_with_error: t('failed', 'помилка'),
  };
  return <span class={`state ${of.status}`}>{names[of.status] ?? of.status}{of.status_code ? ` · ${of.status_code}` : ''}</span>;
}

function Detail({ number }: { number: string }) {
  const opened = useSignal<Opened | null>(null), missing = useSignal(''), editing = useSignal(false);
  const key = `${number} ${requests.value.length > 0}`;
  useEffect(() => { opened.value = null; missing.value = ''; editing.value = false; }, [number]);
  const load = () => {
    get<Opened>(`_sandbox/requests/${encodeURIComponent(number)}`).then((o) => { opened.value = o; missing.value = ''; }, (e: Error) => { missing.value = e.message; });
  };
  // What it has caused comes later than its answer.
  useEffect(load, [key, jobs.value, messages.value]);
  useEffect(() => {
    const timers = [300, 1000, 3000].map((ms) => setTimeout(load, ms));
    return () => timers.forEach(clearTimeout);
  }, [number]);
  const o = opened.value;
  if (missing.value) return <div class="detail"><Title focus={number}>{`${t('Request', 'Запит')} ${number}`}</Title><p role="alert">{missing.value}</p></div>;
  if (!o) return <div class="detail"><p class="note">{t('Loading…', 'Завантаження…')}</p></div>;
  const x = o.explanation;
  return (
    <div class="detail">
      <p class="back"><A to={`requests${location.search}`}>← {t('All requests', 'Усі запити')}</A></p>
      <Title focus={number}>{`${t('Request', 'Запит')} ${o.number}`}</Title>
      <p class="call"><b>{o.method}</b> <code>{o.path}</code> <Status of={o.status} /></p>
      <p class="note">{dateTime(o.at)} · {o.took_ms} ms{o.test ? ` · ${t('test', 'тест')} ${o.test}` : ''}{x?.operation && <> · <a href={at(`docs/rules/${x.operation.id}/`)}>{x.operation.id}</a> {x.operation.summary}</>}</p>
      <div class="row actions">
        <CopyAs of={o} />
        <button type="button" aria-expanded={editing.value} onClick={() => { editing.value = !editing.value; }}>{t('Edit and send again', 'Змінити й надіслати знову')}</button>
      </div>
      {editing.value && <Editor first={sendableFrom(o)} cut={o.request.cut} close={() => { editing.value = false; }} />}
      {o.warnings.map((w, i) => <p key={i} class="warning">⚠ {w}</p>)}
      {x && x.refusals.length > 0 && <section><h2>{t('Why it was refused', 'Чому відмовлено')}</h2>{x.refusals.map((c) => <Refusal key={c.id} of={c} />)}</section>}
      {x && x.refusals.length === 0 && o.status >= 400 && <p><strong>{x.summary}</strong></p>}
      <Caused of={o} />
      <div class="pair">
        <section><h2>{t('Request', 'Запит')}</h2><Headers of={o.request} /><Body of={o.request} /></section>
        <section><h2>{t('Answer', 'Відповідь')}</h2><Headers of={o.answer} /><Body of={o.answer} /></section>
      </div>
      {x && x.try.length > 0 && (
        <details><summary>{t('What passes', 'Що спрацює')} ({x.try.length})</summary>
          {x.try.map((a, i) => <div key={i}><p>{a.text}</p>{a.curl && <div class="command"><Copy text={() => a.curl!} /><pre tabIndex={0} aria-label="curl">{a.curl}</pre></div>}</div>)}
        </details>
      )}
      {x && (
        <details open={x.refusals.length > 0}><summary>{t('The checks in order', 'Перевірки по порядку')} ({x.checks.length})</summary>
          <ol class="checks">
            {x.checks.map((c, i) => <li key={i} class={c.state}><span class="mark" aria-hidden="true">{marks[c.state]}</span><span class="hidden">{states()[c.state]}: </span><span>{wording(c)} <Rule of={c} /></span></li>)}
          </ol>
          <p class="note">{Object.entries(marks).map(([state, mark]) => `${mark} ${states()[state as Check['state']]}`).join('  ')}</p>
        </details>
      )}
    </div>
  );
}

export function Requests() {
  const open = place.value.id;
  const empty = loaded.value && requests.value.length === 0;
  return (
    <div class={open ? 'split opened' : 'split'}>
      <div class="left">
        {!open && <Title>{t('Requests', 'Запити')}</Title>}
        {!recording.value && <p role="alert">{t('Requests are not kept: the sandbox was started with --record=off.', 'Запити не зберігаються: пісочницю запущено з --record=off.')}</p>}
        <Filters />
        {empty
          ? <p class="note">{t('No request has come yet. ', 'Запитів ще не було. ')}<A to="">{t('Send a first one', 'Надішліть перший')}</A></p>
          : <List open={open} />}
      </div>
      {open ? <Detail number={open} /> : <p class="choose note">{requests.value.length > 0 && t('Choose a request to see its checks.', `Виберіть запит, щоб побачити перевірки. Усього ${plural(requests.value.length, 'запит', 'запити', 'запитів')}.`)}</p>}
    </div>
  );
}
