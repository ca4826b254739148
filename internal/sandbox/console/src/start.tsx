import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { sendableOf, send, type Case } from './api';
import { A, Command, Copy, Status, Title } from './parts';
import { attempt, firstOperations, go, loaded, loadWorld, requests, world } from './state';
import { t } from './text';

const roles = ['doctor', 'owner', 'pharmacist', 'mis'];
/** Sends a request and opens what became of it. */
export async function sendAndOpen(c: Case): Promise<void> {
  const sent = await attempt(() => send(sendableOf(c)));
  if (sent?.number) go(`requests/${sent.number}`);
}

export function Start() {
  useEffect(() => { void loadWorld(); }, []);
  const operation = useSignal('createDivision');
  const w = world.value;
  const operations = firstOperations.filter((id) => w?.cases.some((c) => c.operation_id === id));
  const cases = w?.cases.filter((c) => c.operation_id === operation.value && !c.config) ?? [];
  const passing = cases.find((c) => c.rules.length === 0);
  const refused = cases.find((c) => c.rules.length === 1 && !c.rules[0]!.startsWith('gateway.') && !c.rules[0]!.startsWith('request.'))
    ?? cases.find((c) => c.rules.length > 0);
  const last = requests.value[0];
  return (
    <>
      <Title>{t('Start', 'Початок')}</Title>
      <p class={last ? 'first come' : 'first'} role="status">
        {last
          ? <>{t('The last request: ', 'Останній запит: ')}<A to={`requests/${last.number}`}>{`№ ${last.number} ${last.method} ${last.path}`}</A> <Status of={last.status} /></>
          : loaded.value ? t('Waiting for the first request…', 'Чекаємо на перший запит…') : t('Loading…', 'Завантаження…')}
      </p>
      <h2>{t('1. Send a request', '1. Надішліть запит')}</h2>
      {w ? (
        <>
          <div class="row">
            <label for="operation">{t('Method', 'Метод')}</label>
            <select id="operation" value={operation.value} onChange={(e) => { operation.value = e.currentTarget.value; }}>
              {operations.map((id) => <option key={id}>{id}</option>)}
            </select>
          </div>
          {passing && <Command key={operation.value} id="first" of={sendableOf(passing)} />}
          <div class="row">
            {passing && <button type="button" class="main" onClick={() => void sendAndOpen(passing)}>{t('Send it for me', 'Надіслати за мене')}</button>}
            {refused && <button type="button" onClick={() => void sendAndOpen(refused)}>{t('Provoke a refusal', 'Викликати відмову')}</button>}
          </div>
          {refused && <p class="note">{t('The refusal breaks', 'Відмову спричинить правило')} <code>{refused.rules[0]}</code>. {t('Opened, it says what was expected and what was found.', 'У відкритому запиті видно, чого очікували і що отримали.')}</p>}
          <h2>{t('2. Tokens of this world', '2. Токени цього світу')}</h2>
          <ul class="tokens">
            {roles.map((role) => w.tokens.find((token) => token.name === role)).filter((token) => token !== undefined).map((token) => (
              <li key={token.name}>
                <code>{token.value}</code> <span>{token.note}</span>
                <Copy text={() => token.value} name={t(`Copy the token ${token.value}`, `Копіювати токен ${token.value}`)} />
              </li>
            ))}
            {w.keys.slice(0, 1).map((key) => (
              <li key={key.value}>
                <code>{key.value}</code> <span>API-key · {key.note}</span>
                <Copy text={() => key.value} name={t('Copy the API-key', 'Копіювати API-key')} />
              </li>
            ))}
          </ul>
          <p class="note"><A to="world">{t('All tokens and objects', 'Усі токени та об’єкти')}</A></p>
        </>
      ) : <p class="note">{t('Loading…', 'Завантаження…')}</p>}
      <h2>{t('3. Look at what happened', '3. Подивіться, що сталося')}</h2>
      <ul class="next">
        <li><A to="requests">{t('Requests', 'Запити')}</A> — {t('what your client sent, and why it was refused', 'що надіслав ваш клієнт і чому йому відмовлено')}</li>
        <li><A to="sms">SMS</A> — {t('codes that patients get', 'коди, які отримують пацієнти')}</li>
        <li><A to="jobs">{t('Jobs and events', 'Завдання та події')}</A> — {t('what goes on in the background', 'що відбувається у фоні')}</li>
      </ul>
    </>
  );
}
