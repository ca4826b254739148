import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ask, get, send, sendableOf, type OpenedObject, type State, type Way } from './api';
import { Machine } from './machine';
import { A, Command, Copy, Status, Title } from './parts';
import { attempt, say, things } from './state';
import { dateTime, t } from './text';

const kinds: Record<string, string> = {
  activity: 'призначення', 'allergy intolerance': 'алергія', approval: 'дозвіл (approval)', 'authentication method': 'метод автентифікації',
  'authentication method request': 'запит на метод автентифікації', 'care plan': 'план лікування', client: 'клієнт', composition: 'медичний висновок',
  condition: 'стан', declaration: 'декларація', 'declaration request': 'запит на декларацію', 'device definition': 'тип медвиробу', 'device dispense': 'погашення рецепта на медвироби',
  'device request': 'рецепт на медвироби', 'diagnostic report': 'діагностичний звіт', division: 'підрозділ', employee: 'працівник', 'employee request': 'запит на працівника',
  'employee role': 'роль працівника', encounter: 'взаємодія', episode: 'епізод', equipment: 'обладнання', event: 'подія', 'forbidden group': 'заборонена група',
  'group of diagnoses': 'група діагнозів', 'healthcare service': 'послуга закладу', immunization: 'вакцинація', 'legal entity': 'юридична особа', license: 'ліцензія',
  'medical program': 'медична програма', 'medical program provision': 'медична програма закладу', observation: 'спостереження', person: 'особа', 'person request': 'запит на особу',
  preperson: 'неідентифікована особа', procedure: 'процедура', 'program device': 'медвиріб програми', 'risk assessment': 'оцінка ризику', service: 'послуга', 'service group': 'група послуг',
  'service request': 'направлення', settlement: 'населений пункт', specimen: 'зразок', user: 'користувач', verification: 'верифікація телефону', visit: 'візит',
};
export const kindName = (kind: string): string => t(kind, kinds[kind] ?? kind);

const confirms = (type: string): string => ({
  OTP: t('by a code in an SMS', 'код із SMS'), OFFLINE: t('by documents', 'документи'), THIRD_PERSON: t('another person', 'інша особа'), NA: t('no way', 'немає способу'),
})[type] ?? type;

/** The request that goes a way: as a command, and sent from here. */
function Going({ way, id }: { way: Way; id: string }) {
  const sent = useSignal<{ number: number; status: number } | null>(null), busy = useSignal(false);
  const request = sendableOf({ request: way.request! });
  return (
    <div class="going">
      {way.another && <p class="warning">⚠ {t('This request is for another object of the world: its body is signed. For yours, sign your own content.', 'Цей запит стосується іншого об’єкта світу, бо його тіло підписане. Для свого об’єкта підпишіть власний вміст.')}</p>}
      <Command of={request} id={id} />
      <div class="row">
        <button type="button" class="main" disabled={busy.value} onClick={async () => {
          busy.value = true;
          sent.value = await attempt(() => send(request)) ?? null;
          busy.value = false;
        }}>{t('Send it for me', 'Надіслати за мене')}</button>
        <span role="status">{sent.value && <><A to={`requests/${sent.value.number}`}>{`${t('Request', 'Запит')} ${sent.value.number}`}</A> <Status of={sent.value.status} /></>}</span>
      </div>
    </div>
  );
}

function Part({ of, put }: { of: State; put: (attribute: string, state: string) => void }) {
  const open = useSignal(-1);
  const others = of.states.filter((state) => state !== of.current);
  return (
    <section class="part">
      <h2><code>{of.attribute}</code> <span class="state">{of.current}</span></h2>
      <Machine of={of} />
      <ul class="cards ways">
        {others.map((state) => {
          const ways = of.ways.map((way, i) => ({ way, i })).filter(({ way }) => way.from === of.current && way.to === state);
          const words = ways.filter(({ way }) => !way.request).map(({ way }) => way.by), shown = ways.find(({ i }) => i === open.value)?.way;
          return (
            <li key={state}>
              <div class="row">
                <span class="to">→ <code>{state}</code></span>
                {ways.filter(({ way }) => way.request).map(({ way, i }) => (
                  <button key={i} type="button" aria-expanded={open.value === i} onClick={() => { open.value = open.value === i ? -1 : i; }}>{way.by}</button>
                ))}
                <button type="button" aria-label={`${t('Put into this state', 'Перевести у цей стан')}: ${state}`} onClick={() => put(of.attribute, state)}>{t('Put into this state', 'Перевести у цей стан')}</button>
              </div>
              {words.length > 0 && <p class="note">{t('Otherwise: ', 'Інакше: ')}{words.join('; ')}</p>}
              {shown && <Going key={open.value} way={shown} id={`way-${of.attribute}-${open.value}`} />}
            </li>
          );
        })}
      </ul>
      {of.note && <p class="note">{of.note}</p>}
    </section>
  );
}

/** One object: its state with the ways on, and how a person confirms. */
export function OneObject({ id }: { id: string }) {
  const opened = useSignal<OpenedObject | null>(null), missing = useSignal('');
  useEffect(() => {
    let here = true; // a slow answer about another object comes too late
    get<OpenedObject>(`_sandbox/objects/${encodeURIComponent(id)}`).then(
      (o) => { if (here) { opened.value = o; missing.value = ''; } }, (e: Error) => { if (here) { opened.value = null; missing.value = e.message; } });
    return () => { here = false; };
  }, [id, things.value]);
  const put = async (attribute: string, state: string) => {
    const now = await attempt(() => ask<OpenedObject>('POST', `_sandbox/objects/${encodeURIComponent(id)}/state`, { attribute, state }));
    if (!now) return;
    opened.value = now;
    say(`${attribute}: ${state}`);
  };
  const o = opened.value;
  return (
    <>
      <p><A to={`world${location.search}`}>← {t('World', 'Світ')}</A></p>
      {missing.value && <><Title focus={id}>{id}</Title><p role="alert">{missing.value}</p></>}
      {!o && !missing.value && <p class="note">{t('Loading…', 'Завантаження…')}</p>}
      {o && (
        <>
          <Title focus={id}>{o.name ? `${kindName(o.kind)}: ${o.name}` : kindName(o.kind)}</Title>
          <div class="row"><code>{o.id}</code> <Copy text={() => o.id} name={t('Copy the id', 'Копіювати id')} /> {o.states.length === 0 && o.status && <span class="state">{o.status}</span>}</div>
          {o.note && <p>{o.note}</p>}
          {!o.name && <p class="note">{t('Made since the world was seeded.', 'Створено вже після початкового наповнення світу.')}</p>}
          {o.confirming && (
            <section>
              <h2>{t('How this person confirms', 'Як ця особа підтверджує дії')}</h2>
              {o.confirming.length === 0 && <p class="note">{t('There is no way.', 'Способів немає.')}</p>}
              <ul class="cards">
                {o.confirming.map((m) => (
                  <li key={m.id} class={m.is_active && !m.ended_at ? '' : 'over'}>
                    <b>{m.type}</b> {confirms(m.type)} {m.phone_number && <A to={`sms?phone=${encodeURIComponent(m.phone_number)}`}>{m.phone_number}</A>} {m.value && <A to={`world/${m.value}`}>{m.value}</A>} {m.alias}
                    {m.ended_at && <span class="note"> · {t('until', 'до')} {dateTime(m.ended_at)}</span>}{!m.is_active && <span class="note"> · {t('not active', 'неактивний')}</span>}
                    <p class="note"><code>{m.id}</code></p>
                  </li>
                ))}
              </ul>
            </section>
          )}
          {o.states.map((s) => <Part key={s.attribute} of={s} put={(attribute, state) => void put(attribute, state)} />)}
          {o.states.length > 0 && <p class="note">{t('Put into a state, an object changes nothing else: no event, no job, no history.', 'Переведення у стан змінює лише його: без події, завдання та історії.')}</p>}
          {o.states.length === 0 && !o.confirming && <p class="note">{t('There is no state to change: its kind has no documented status machine, or the object is not there yet.', 'Стану, який можна змінити, немає: для цього виду не описано діаграми станів або об’єкта ще не існує.')}</p>}
        </>
      )}
    </>
  );
}
