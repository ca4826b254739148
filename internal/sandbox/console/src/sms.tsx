import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { send, type Sms } from './api';
import { Copy, Title } from './parts';
import { attempt, dials, go, loadDials, loadMessages, messages, now, place, setQuery, turn } from './state';
import { clockTime, minutes, t } from './text';

const states = (): Record<string, string> => ({
  new: t('waits to be entered', 'чекає на введення'), verified: t('verified', 'підтверджено'), unverified: t('wrong too often', 'вичерпано спроби'),
  completed: t('used', 'використано'), canceled: t('replaced by a newer code', 'замінено новішим кодом'), expired: t('expired', 'прострочено'),
});

/** Enters the code as a client would, with a token of the world. */
async function complete(m: Sms): Promise<void> {
  const sent = await attempt(() => send({
    method: 'PATCH', path: `/api/verifications/${encodeURIComponent(m.phone)}/actions/complete`, body: JSON.stringify({ code: Number(m.code) }),
    headers: [{ name: 'Authorization', value: 'Bearer sandbox-doctor' }, { name: 'Content-Type', value: 'application/json' }],
  }));
  void loadMessages();
  if (sent?.number) go(`requests/${sent.number}`);
}

function One({ of: m }: { of: Sms }) {
  const otp = m.otp, left = otp ? Date.parse(otp.expires_at) - now.value : 0;
  const live = otp?.status === 'new' && left > 0;
  return (
    <li class={live ? 'sms' : 'sms past'}>
      <div class="row">
        <span class="phone">{m.phone}</span>
        <span class="note">{clockTime(m.at)}{m.status ? ` · ${m.status}` : ` · ${t('on its way', 'надсилається')}`}</span>
      </div>
      {m.code && (
        <div class="row">
          <output class="code">{m.code}</output>
          <Copy text={() => m.code!} name={t(`Copy the code ${m.code}`, `Копіювати код ${m.code}`)} />
          {live && otp.of_phone && <button type="button" class="main" onClick={() => void complete(m)}>{t('Complete it', 'Підтвердити')}</button>}
        </div>
      )}
      {otp && (
        <p>
          {live
            ? <>{t('time left', 'лишилося часу')} <b>{minutes(left)}</b> · {t('tries left', 'спроб')} <b>{otp.tries_left}</b></>
            : otp.status === 'new' ? states().expired : states()[otp.status] ?? otp.status}
          {live && !otp.of_phone && <> · {t('enter it with the operation that sent it', 'введіть його операцією, яка його надіслала')}</>}
        </p>
      )}
      <p class="note">{m.text}</p>
    </li>
  );
}

function Dialed() {
  const d = dials.value, phone = useSignal(''), code = useSignal('');
  if (!d) return null;
  return (
    <section class="dials" aria-label={t('Dials', 'Перемикачі')}>
      <h2>{t('Dials', 'Перемикачі')}</h2>
      <div class="row">
        <label><input type="checkbox" checked={d.sms.provider === 'down'} onChange={(e) => void turn({ sms: { provider: e.currentTarget.checked ? 'down' : 'up' } })} /> {t('The provider is down', 'Оператор не працює')}</label>
      </div>
      <div class="row">
        <label for="sms-delay">{t('Delay of messages', 'Затримка повідомлень')}</label>
        <select id="sms-delay" value={d.sms.delay} onChange={(e) => void turn({ sms: { delay: e.currentTarget.value } })}>
          {[...new Set(['PT0S', 'PT5S', 'PT30S', 'PT5M', d.sms.delay])].map((v) => <option key={v} value={v}>{v === 'PT0S' ? t('none', 'немає') : v.slice(2).toLowerCase()}</option>)}
        </select>
        <button type="button" onClick={() => void turn({ sms: { lose_next: d.sms.lose_next + 1 } })}>{t('Lose the next one', 'Загубити наступне')} ({d.sms.lose_next})</button>
      </div>
      <form class="row" onSubmit={async (e) => {
        e.preventDefault();
        if (await turn({ codes: { [phone.value.trim()]: Number(code.value) } })) phone.value = code.value = ''; // what is refused can be put right
      }}>
        <input aria-label={t('Phone', 'Телефон')} placeholder="+380931234574" value={phone.value} onInput={(e) => { phone.value = e.currentTarget.value; }} />
        <input aria-label={t('Fixed code', 'Сталий код')} placeholder="1232" size={6} inputMode="numeric" value={code.value} onInput={(e) => { code.value = e.currentTarget.value; }} />
        <button type="submit">{t('Always this code', 'Завжди цей код')}</button>
      </form>
      <ul class="codes">
        {Object.entries(d.codes).map(([p, c]) => <li key={p}>{p} → <code>{c}</code> <button type="button" onClick={() => void turn({ codes: { [p]: null } })}>{t('Draw again', 'Знову випадковий код')}</button></li>)}
      </ul>
    </section>
  );
}

export function Messages() {
  useEffect(() => { void loadMessages(); void loadDials(); }, []);
  const phone = place.value.query.get('phone') ?? '', all = messages.value ?? [];
  const shown = phone ? all.filter((m) => m.phone.includes(phone.trim())) : all;
  return (
    <>
      <Title>SMS</Title>
      <div class="filters"><input type="search" aria-label={t('Phone', 'Телефон')} placeholder={t('Phone', 'Телефон')} value={phone} onInput={(e) => setQuery('phone', e.currentTarget.value)} /></div>
      {messages.value && shown.length === 0 && <p class="note">{t('No message has come.', 'Повідомлень немає.')}</p>}
      <ul class="messages">{shown.map((m) => <One key={m.id} of={m} />)}</ul>
      <Dialed />
    </>
  );
}
