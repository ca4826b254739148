import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ask, at } from './api';
import { Title } from './parts';
import { attempt, dials, loadDials, loadSettings, settings, turn } from './state';
import { language, t } from './text';

const acts = ['unknown_fields', 'pages_of_one', 'accepted', 'tokens', 'errors'];

function Strict() {
  const d = dials.value, seed = useSignal('7'), rate = useSignal('0.05'), only = useSignal<string[]>([]);
  if (!d) return null;
  return (
    <section class="dials" aria-label={t('Strict server', 'Суворий сервер')}>
      <h2>{t('Strict server', 'Суворий сервер')}</h2>
      <p class="note">{t('Does what the contract allows and a careless client does not expect. The same seed does the same again.', 'Сервер робить те, що дозволяє контракт, але чого не очікує необачний клієнт. З тим самим seed усе повториться.')}</p>
      {d.strict
        ? <p class="row">{t('On', 'Увімкнено')}: seed {d.strict.seed}, rate {d.strict.rate}{d.strict.only?.length ? `, ${d.strict.only.join(', ')}` : ''} <button type="button" onClick={() => void turn({ strict: null })}>{t('Switch off', 'Вимкнути')}</button></p>
        : (
          <form onSubmit={(e) => { e.preventDefault(); void turn({ strict: { seed: Number(seed.value), rate: Number(rate.value), ...(only.value.length ? { only: only.value } : {}) } }); }}>
            <div class="row">
              <label for="seed">seed</label><input id="seed" size={6} inputMode="numeric" value={seed.value} onInput={(e) => { seed.value = e.currentTarget.value; }} />
              <label for="rate">rate</label><input id="rate" size={5} inputMode="decimal" value={rate.value} onInput={(e) => { rate.value = e.currentTarget.value; }} />
              <button type="submit">{t('Switch on', 'Увімкнути')}</button>
            </div>
            <div class="row">{acts.map((act) => (
              <label key={act}><input type="checkbox" checked={only.value.includes(act)} onChange={(e) => { only.value = e.currentTarget.checked ? [...only.value, act] : only.value.filter((one) => one !== act); }} /> <code>{act}</code></label>
            ))}</div>
            <p class="note">{t('None chosen: all of them.', 'Нічого не вибрано — усе.')}</p>
          </form>
        )}
    </section>
  );
}

export function Settings() {
  useEffect(() => { void loadSettings(); void loadDials(); }, []);
  const name = useSignal(''), value = useSignal(''), rule = useSignal('');
  const all = Object.entries(settings.value ?? {});
  const set = (vars: Record<string, string>) => attempt(async () => { settings.value = await ask('POST', '_sandbox/config', vars); return true; });
  const rules = (settings.value?.RULES ?? '').split(',').filter(Boolean);
  const turnRule = async (sign: string) => {
    const id = rule.value.trim();
    if (await set({ RULES: [...rules.filter((one) => one.slice(1) !== id), sign + id].join(',') })) rule.value = '';
  };
  return (
    <>
      <Title>{t('Settings', 'Налаштування')}</Title>
      <h2>{t('What differs from the start', 'Що відрізняється від початкового')}</h2>
      {all.length === 0 && <p class="note">{t('Nothing.', 'Нічого.')}</p>}
      <ul class="cards">{all.map(([key, v]) => <li key={key}><code>{key}</code> = <code>{v}</code></li>)}</ul>
      {all.length > 0 && <button type="button" onClick={() => void attempt(async () => { await ask('DELETE', '_sandbox/config'); await loadSettings(); })}>{t('As at the start', 'Як на початку')}</button>}
      <section class="dials" aria-label={t('Change', 'Змінити')}>
        <form class="row" onSubmit={async (e) => { e.preventDefault(); if (await set({ [name.value.trim()]: value.value })) name.value = value.value = ''; }}>
          <input aria-label={t('Setting', 'Налаштування')} placeholder="MAX_ATTEMPTS" value={name.value} onInput={(e) => { name.value = e.currentTarget.value; }} />
          <input aria-label={t('Value', 'Значення')} placeholder="3" value={value.value} onInput={(e) => { value.value = e.currentTarget.value; }} />
          <button type="submit">{t('Set', 'Встановити')}</button>
        </form>
        <form class="row" onSubmit={(e) => { e.preventDefault(); void turnRule('-'); }}>
          <input class="grow" aria-label={t('Rule', 'Правило')} placeholder="division.create.zip" value={rule.value} onInput={(e) => { rule.value = e.currentTarget.value; }} />
          <button type="submit">{t('Switch the rule off', 'Вимкнути правило')}</button>
          <button type="button" onClick={() => void turnRule('+')}>{t('Switch it on', 'Увімкнути')}</button>
        </form>
        <p class="note"><a href={at('docs/')}>{t('All rules', 'Усі правила')}</a>, <a href={at(`_sandbox/docs/${language.value}/rule-changes/`)}>{t('rules that changed since the last version', 'правила, що змінилися з попередньої версії')}</a></p>
      </section>
      <Strict />
    </>
  );
}
