import { render } from 'preact';
import { Jobs } from './jobs';
import { A, Title } from './parts';
import { Requests } from './requests';
import { Send } from './send';
import { Settings } from './settings';
import { Messages } from './sms';
import { Start } from './start';
import { connected, listen, place, said, trouble } from './state';
import { language, t } from './text';
import { World } from './world';

function Missing() {
  return <><Title>{t('No such view', 'Немає такого розділу')}</Title><p><A to="">{t('Start', 'Початок')}</A></p></>;
}

const views: Record<string, () => preact.JSX.Element> = { start: Start, requests: Requests, send: Send, sms: Messages, jobs: Jobs, world: World, settings: Settings };

function App() {
  const view = place.value.view, View = views[view] ?? Missing;
  const tabs: [string, string, string][] = [
    ['start', '', t('Start', 'Початок')], ['requests', 'requests', t('Requests', 'Запити')], ['send', 'send', t('Send', 'Надіслати')], ['sms', 'sms', 'SMS'],
    ['jobs', 'jobs', t('Jobs and events', 'Завдання та події')], ['world', 'world', t('World', 'Світ')],
    ['settings', 'settings', t('Settings', 'Налаштування')],
  ];
  return (
    <>
      <nav class="views" aria-label={t('Views', 'Розділи')}>
        {tabs.map(([name, to, label]) => <A key={name} to={to} aria-current={view === name ? 'page' : undefined}>{label}</A>)}
      </nav>
      {connected.value === 'lost' && <p class="lost" role="alert">{t('The sandbox does not answer. This page comes back by itself when it does.', 'Пісочниця не відповідає. Сторінка оновиться сама, щойно вона відповість.')}</p>}
      {trouble.value && connected.value !== 'lost' && <p class="lost" role="alert">{trouble.value === 'no answer' ? t('The sandbox did not answer.', 'Пісочниця не відповіла.') : trouble.value} <button type="button" onClick={() => { trouble.value = ''; }}>{t('Close', 'Закрити')}</button></p>}
      <p class="said" role="status">{said.value}</p>
      <main id="main" lang={language.value} class={`view-${view}`}><View key={view} /></main>
    </>
  );
}

listen();
render(<App />, document.getElementById('console')!);
