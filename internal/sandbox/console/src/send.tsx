import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ask, at, get, send, sendableOf, type Answer, type Case, type Sendable, type World } from './api';
import { Copy, pretty, Status, Title } from './parts';
import { attempt, go, loadWorld, place, world } from './state';
import { t } from './text';

/** A request to be changed and sent. What came of one that is recorded is shown under Requests. */
export function Editor({ first, cut, sent, close }: { first: Sendable; cut?: boolean; sent?: (a: Answer) => void; close?: () => void }) {
  useEffect(() => { void loadWorld(); }, []);
  const method = useSignal(first.method), path = useSignal(first.path), body = useSignal(pretty(first.body));
  const headers = useSignal(first.headers.map((h) => `${h.name}: ${h.value}`).join('\n'));
  const busy = useSignal(false);
  const masked = headers.value.includes('***');
  const sendable = (): Sendable => ({
    method: method.value, path: path.value, body: body.value,
    headers: headers.value.split('\n').filter((line) => line.includes(':')).map((line) => {
      const colon = line.indexOf(':');
      return { name: line.slice(0, colon).trim(), value: line.slice(colon + 1).trim() };
    }),
  });
  return (
    <form class="editor" aria-label={t('The request', 'Запит')} onSubmit={async (e) => {
      e.preventDefault();
      busy.value = true;
      const answer = await attempt(() => {
        const r = sendable();
        if (!r.path.startsWith('/')) throw new Error(t('The path begins with /', 'Шлях починається з /'));
        return send(r);
      });
      busy.value = false;
      if (answer?.number) { close?.(); go(`requests/${answer.number}`); } else if (answer) sent?.(answer);
    }}>
      <div class="row">
        <select aria-label={t('Method', 'Метод')} value={method.value} onChange={(e) => { method.value = e.currentTarget.value; }}>
          {[...new Set(['GET', 'POST', 'PATCH', 'PUT', 'DELETE', first.method])].map((m) => <option key={m}>{m}</option>)}
        </select>
        <input class="grow" aria-label={t('Path', 'Шлях')} value={path.value} onInput={(e) => { path.value = e.currentTarget.value; }} />
      </div>
      <div class="row">
        <label for="token">{t('Token', 'Токен')}</label>
        <select id="token" value="" onChange={(e) => {
          const line = `Authorization: Bearer ${e.currentTarget.value}`;
          headers.value = [line, ...headers.value.split('\n').filter((l) => l && !/^authorization:/i.test(l))].join('\n');
          e.currentTarget.value = '';
        }}>
          <option value="">{t('as it was', 'як було')}</option>
          {world.value?.tokens.map((token) => <option key={token.value} value={token.value}>{token.name} — {token.note}</option>)}
        </select>
      </div>
      {masked && <p class="note" role="alert">{t('A secret of your own was not kept (***). Write it anew, or choose a token of this world.', 'Ваш власний секрет не збережено (***). Впишіть його знову або виберіть токен цього світу.')}</p>}
      <label for="headers">{t('Headers', 'Заголовки')}</label>
      <textarea id="headers" rows={4} spellcheck={false} value={headers.value} onInput={(e) => { headers.value = e.currentTarget.value; }} />
      <label for="body">{t('Body', 'Тіло')}</label>
      <textarea id="body" rows={10} spellcheck={false} value={body.value} onInput={(e) => { body.value = e.currentTarget.value; }} />
      {cut && <p class="note" role="alert">{t('The body was cut.', 'Тіло обрізано.')}</p>}
      <div class="row">
        <button type="submit" class="main" disabled={busy.value}>{t('Send', 'Надіслати')}</button>
        {close && <button type="button" onClick={close}>{t('Cancel', 'Скасувати')}</button>}
      </div>
    </form>
  );
}

/** What a case needs before it is sent. */
function Settings({ of }: { of: Record<string, string> }) {
  const set = useSignal(false);
  return (
    <section>
      <p>{t('This case needs settings:', 'Цей випадок потребує налаштувань:')} {Object.entries(of).map(([name, value]) => <code key={name}>{name}={value}</code>)}</p>
      <button type="button" onClick={() => void attempt(async () => { await ask('POST', '_sandbox/config', of); set.value = true; })}>{t('Set them', 'Встановити')}</button>
      {' '}<span role="status">{set.value && t('Set.', 'Встановлено.')}</span>
    </section>
  );
}

/** A request of one's own, or a case of the world: ?operation=createDivision&case=…, or ?method=GET&path=/…&body=…. */
export function Send() {
  const query = place.value.query, operation = query.get('operation') ?? '', wanted = query.get('case') ?? '';
  const operations = useSignal<string[]>([]), cases = useSignal<Case[]>([]), answer = useSignal<Answer | null>(null);
  useEffect(() => {
    void attempt(async () => {
      operations.value = (await get<{ operations: { id: string }[] }>('_sandbox/coverage')).operations.map((o) => o.id).sort();
    });
  }, []);
  useEffect(() => {
    answer.value = null;
    if (!operation) { cases.value = []; return; }
    void attempt(async () => { cases.value = (await get<World>(`_sandbox/world?operations=${encodeURIComponent(operation)}`)).cases; });
  }, [operation]);
  const chosen = cases.value.find((c) => c.id === wanted) ?? (wanted ? undefined : cases.value[0]);
  const own: Sendable = {
    method: query.get('method') ?? 'GET', path: query.get('path') ?? '/api/', body: query.get('body') ?? '',
    headers: query.has('body') ? [{ name: 'Content-Type', value: 'application/json' }] : [],
  };
  const choose = (of: string, one: string) => go(`send?${new URLSearchParams({ operation: of, ...(one && { case: one }) }).toString()}`);
  return (
    <>
      <Title>{t('Send', 'Надіслати')}</Title>
      <div class="row">
        <label for="operation">{t('Operation', 'Операція')}</label>
        <select id="operation" class="grow" value={operation} onChange={(e) => choose(e.currentTarget.value, '')}>
          <option value="">{t('a request of your own', 'власний запит')}</option>
          {[...new Set([...operations.value, operation].filter(Boolean))].map((id) => <option key={id}>{id}</option>)}
        </select>
        {operation && <a href={at(`docs/rules/${operation}/`)}>{t('In the reference', 'У довіднику')}</a>}
      </div>
      {cases.value.length > 0 && (
        <div class="row">
          <label for="case">{t('Case', 'Випадок')}</label>
          <select id="case" class="grow" value={chosen?.id ?? ''} onChange={(e) => choose(operation, e.currentTarget.value)}>
            {!chosen && <option value="">{t('unknown', 'невідомий')}</option>}
            {cases.value.map((c) => <option key={c.id} value={c.id}>{c.rules.length === 0 ? '✓' : '✗'} {c.title}{c.rules.length > 0 ? ` — ${c.rules.join(', ')}` : ''}</option>)}
          </select>
        </div>
      )}
      {operation && wanted && cases.value.length > 0 && !chosen && <p role="alert">{t('This world has no such case.', 'У цьому світі немає такого випадку.')}</p>}
      {chosen?.config && <Settings key={chosen.id} of={chosen.config} />}
      {operation
        ? chosen && <Editor key={chosen.id} first={sendableOf(chosen)} sent={(a) => { answer.value = a; }} />
        : <Editor key={location.search} first={own} sent={(a) => { answer.value = a; }} />}
      {answer.value && (
        <section>
          <h2>{t('Answer', 'Відповідь')} <Status of={answer.value.status} /></h2>
          <div class="command"><Copy text={() => answer.value?.body ?? ''} /><pre tabIndex={0} aria-label={t('Body', 'Тіло')}>{pretty(answer.value.body) || t('No body', 'Без тіла')}</pre></div>
        </section>
      )}
    </>
  );
}
