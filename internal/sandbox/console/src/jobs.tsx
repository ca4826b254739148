import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ask, send, type Event } from './api';
import { A, Copy, Title } from './parts';
import { JobState } from './requests';
import { attempt, dials, events, go, jobs, loadDials, loadEvents, loadJobs, turn } from './state';
import { dateTime, t } from './text';

/** What an attribute was before an event: what the event before it made of it. */
const before = (all: Event[], i: number, name: string): unknown =>
  all.slice(i + 1).find((e) => e.entity_id === all[i]!.entity_id && name in e.properties)?.properties[name]?.new_value;

function Dialed() {
  const d = dials.value, operation = useSignal('');
  const all = jobs.value;
  if (!d || !all) return null;
  const waiting = all.newest.filter((j) => j.status === 'pending');
  const release = (ids?: string[]) => attempt(async () => { await ask('POST', '_sandbox/jobs/release', ids ? { ids } : {}); await loadJobs(); await loadEvents(); });
  return (
    <section class="dials" aria-label={t('Dials', 'Перемикачі')}>
      <div class="row">
        <label><input type="checkbox" checked={d.jobs.held} onChange={(e) => void turn({ jobs: { held: e.currentTarget.checked } })} /> {t('Hold jobs', 'Притримати завдання')}</label>
        <button type="button" disabled={waiting.length === 0} onClick={() => void release()}>{t('Release all', 'Виконати всі')} ({waiting.length})</button>
        <label for="job-delay">{t('Delay', 'Затримка')}</label>
        <select id="job-delay" value={d.jobs.delay} onChange={(e) => void turn({ jobs: { delay: e.currentTarget.value } })}>
          {[...new Set(['PT0S', 'PT5S', 'PT30S', 'PT5M', d.jobs.delay])].map((v) => <option key={v} value={v}>{v === 'PT0S' ? t('none', 'немає') : v.slice(2).toLowerCase()}</option>)}
        </select>
      </div>
      <form class="row" onSubmit={(e) => {
        e.preventDefault();
        void attempt(async () => { await ask('POST', '_sandbox/jobs/fail', operation.value ? { operation_id: operation.value, times: 1 } : { times: 1 }); await loadJobs(); });
      }}>
        <input aria-label={t('Operation', 'Операція')} placeholder={t('any operation', 'будь-яка операція')} value={operation.value} onInput={(e) => { operation.value = e.currentTarget.value; }} />
        <button type="submit">{t('Fail the next one', 'Зламати наступне')}</button>
        {all.failing.map((f, i) => <span key={i} class="note">{f.operation_id ?? t('any', 'будь-яке')} × {f.times}</span>)}
      </form>
      {waiting.length > 1 && <p class="note">{t('Released one by one, jobs run in your order.', 'Виконуючи по одному, ви задаєте порядок завдань.')}</p>}
    </section>
  );
}

export function Jobs() {
  useEffect(() => { void loadJobs(); void loadEvents(); void loadDials(); }, []);
  const marked = decodeURIComponent(location.hash.slice(1));
  useEffect(() => { if (marked) document.getElementById(marked)?.scrollIntoView({ block: 'center' }); }, [marked, jobs.value !== null, events.value !== null]);
  const all = events.value ?? [];
  return (
    <>
      <Title>{t('Jobs and events', 'Завдання та події')}</Title>
      <Dialed />
      <div class="pair">
        <section>
          <h2>{t('Jobs', 'Завдання')}</h2>
          {jobs.value && jobs.value.newest.length === 0 && <p class="note">{t('No request has started a job.', 'Жоден запит не створив завдання.')}</p>}
          <ul class="cards">
            {jobs.value?.newest.map((j) => (
              <li key={j.id} id={j.id} class={j.id === marked ? 'marked' : ''}>
                <b>{j.operation_id}</b> <JobState of={j} />
                <p class="note"><code>{j.id}</code> {j.started_at && dateTime(j.started_at)}</p>
                <div class="row">
                  {j.request ? <A to={`requests/${j.request}`}>{t('Request', 'Запит')} {j.request}</A> : null}
                  <Copy text={() => j.id} name={t(`Copy the id ${j.id}`, `Копіювати id ${j.id}`)} />
                  {j.status === 'pending' && <button type="button" onClick={() => void attempt(async () => { await ask('POST', '_sandbox/jobs/release', { ids: [j.id] }); await loadJobs(); })}>{t('Release', 'Виконати')}</button>}
                  <button type="button" onClick={async () => {
                    const sent = await attempt(async () => {
                      
                      return send({ method: 'GET', path: `/api/jobs/${j.id}`, headers: [{ name: 'Authorization', value: 'Bearer sandbox-doctor' }], body: '' });
                    });
                    if (sent?.number) go(`requests/${sent.number}`);
                  }}>{t('Ask for its result', 'Запитати результат')}</button>
                </div>
              </li>
            ))}
          </ul>
        </section>
        <section>
          <h2>{t('Events', 'Події')}</h2>
          <ul class="cards">
            {all.map((e, i) => (
              <li key={e.id} id={e.id} class={e.id === marked ? 'marked' : ''}>
                <b>{e.entity_type}</b> <span class="note">{dateTime(e.event_time)}</span>
                {Object.entries(e.properties).map(([name, value]) => {
                  const was = before(all, i, name);
                  return <p key={name}><code>{name}</code>: {was !== undefined && <><s>{String(was)}</s> → </>}<b>{String(value.new_value)}</b></p>;
                })}
                <p class="note"><A to={`world/${e.entity_id}`}><code>{e.entity_id}</code></A></p>
              </li>
            ))}
          </ul>
        </section>
      </div>
    </>
  );
}
