import { useEffect } from 'preact/hooks';
import { kindName, OneObject } from './object';
import { A, Copy, Title } from './parts';
import { loadThings, loadWorld, place, setQuery, things, world } from './state';
import { t } from './text';

const most = 200;
const anId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function World() {
  return place.value.id ? <><Loaded /><OneObject id={place.value.id} /></> : <All />;
}

/** Has the objects kept up to date: an opened one is asked for again with them. */
function Loaded() {
  useEffect(() => { void loadThings(); }, []);
  return null;
}

function All() {
  useEffect(() => { void loadWorld(); void loadThings(); }, []);
  const w = world.value, all = things.value ?? w?.objects ?? [], query = place.value.query, text = (query.get('q') ?? '').trim().toLowerCase(), kind = query.get('kind') ?? '';
  const kinds = [...new Set(all.map((o) => o.kind))].sort();
  const objects = all.filter((o) => (!kind || o.kind === kind) && `${o.id} ${o.name} ${o.kind} ${kindName(o.kind)} ${o.note} ${o.status ?? ''}`.toLowerCase().includes(text));
  const tokens = kind ? [] : w?.tokens.filter((token) => `${token.value} ${token.note} ${token.user_id} ${token.legal_entity_id} ${token.scopes.join(' ')}`.toLowerCase().includes(text)) ?? [];
  const held = tokens.length > 0 && (
    <section>
      <h2>{t('Tokens', 'Токени')} ({tokens.length})</h2>
      <ul class="tokens">
        {tokens.map((token) => (
          <li key={token.value}>
            <code>{token.value}</code>
            <span>{token.note}<details><summary>scopes ({token.scopes.length})</summary><p class="note">{token.scopes.join(' ')}</p></details></span>
            <Copy text={() => token.value} name={t(`Copy the token ${token.value}`, `Копіювати токен ${token.value}`)} />
          </li>
        ))}
      </ul>
    </section>
  );
  const seeded = objects.length > 0 && (
    <section>
      <h2>{t('Objects', 'Об’єкти')} ({objects.length})</h2>
      <ul class="tokens">
        {objects.slice(0, most).map((o) => (
          <li key={`${o.name} ${o.id}`}>
            <A to={`world/${o.id}${location.search}`}><code>{o.id}</code></A> <span><b>{kindName(o.kind)}</b> {o.status && <span class="state">{o.status}</span>} {o.name}: {o.note}</span>
            <Copy text={() => o.id} name={t(`Copy the id of ${o.name}`, `Копіювати id: ${o.name}`)} />
          </li>
        ))}
      </ul>
      {objects.length > most && <p class="note">{t(`The first ${most}. Search for less.`, `Перші ${most}. Уточніть пошук.`)}</p>}
    </section>
  );
  return (
    <>
      <Title>{t('World', 'Світ')}</Title>
      <div class="filters" role="search">
        <input type="search" aria-label={t('Search', 'Пошук')} placeholder={t('Paste any id, scope or word', 'Вставте будь-який id, scope чи слово')} value={query.get('q') ?? ''} onInput={(e) => setQuery('q', e.currentTarget.value)} />
        <select aria-label={t('Kind', 'Вид')} value={kind} onChange={(e) => setQuery('kind', e.currentTarget.value)}>
          <option value="">{t('any kind', 'будь-який вид')}</option>
          {kinds.map((k) => <option key={k} value={k}>{kindName(k)}</option>)}
        </select>
      </div>
      {!w && <p class="note">{t('Loading…', 'Завантаження…')}</p>}
      {anId.test(text) && objects.length === 0 && <p><A to={`world/${text}`}>{t('Look for an object that was made since', 'Шукати серед створених пізніше об’єктів')}</A></p>}
      {w && objects.length + tokens.length === 0 && <p class="note">{t('Nothing that the world was seeded with has this.', 'У цьому світі від початку такого немає.')}</p>}
      {text || kind ? <>{seeded}{held}</> : <>{held}{seeded}</>}
    </>
  );
}
