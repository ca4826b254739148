// The bar of all pages: language and theme, and on a sandbox the worlds, the clock and the reset. It stands in the head, so
// that a page is not shown in another theme first.
(() => {
  const page = document.documentElement;
  const stored = (name) => { try { return localStorage.getItem(`esoz.${name}`); } catch { return null; } };
  const store = (name, value) => { try { localStorage.setItem(`esoz.${name}`, value); } catch { /* it is forgotten */ } };
  let language = stored('language') ?? (navigator.language.startsWith('uk') ? 'uk' : 'en');
  let theme = stored('theme') ?? 'auto';
  // A document has an address in each language; the one that was opened is meant.
  const translated = (to) => document.querySelector(`link[rel=alternate][hreflang=${to}]`);
  if (translated(page.lang)) language = page.lang;
  const t = (en, uk) => (language === 'uk' ? uk : en);
  const wear = () => { if (theme === 'auto') delete page.dataset.theme; else page.dataset.theme = theme; };
  wear();
  // Only the console is in both languages; other pages say in which they are.
  if (page.hasAttribute('data-bilingual')) page.lang = language;

  const make = (name, attributes, ...children) => {
    const element = document.createElement(name);
    Object.entries(attributes).forEach(([key, value]) => {
      if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
      else if (value !== null) element.setAttribute(key, value);
    });
    element.append(...children);
    return element;
  };

  document.addEventListener('DOMContentLoaded', () => {
    const bar = document.querySelector('.bar');
    if (!bar) return;
    const links = bar.querySelectorAll('[data-uk]');
    links.forEach((link) => { link.dataset.en = link.textContent; });
    bar.querySelectorAll('a').forEach((link) => { link.href = new URL(link.href).href; }); // the console changes its address
    bar.querySelectorAll('[data-uk-href]').forEach((link) => { link.dataset.enHref = link.href; link.dataset.ukHref = new URL(link.dataset.ukHref, location.href).href; });
    const tools = make('div', { class: 'tools' });
    bar.append(tools);
    const live = bar.dataset.root !== undefined;
    const root = live && new URL(bar.dataset.root, location.href);
    const beside = live && /^(.*\/)_sandbox\/worlds\/([^/]+)\/$/.exec(root.pathname);
    const own = live && new URL(beside ? beside[1] : root.pathname, root);
    const ask = async (path, method = 'GET', body, from = root) => {
      const answer = await fetch(new URL(path, from), { method, body: body && JSON.stringify(body), headers: body ? { 'Content-Type': 'application/json' } : {} });
      if (!answer.ok) throw new Error(`${answer.status}`);
      return answer.status === 204 ? undefined : answer.json();
    };

    let ahead = null, worlds = [];
    const clock = make('button', { type: 'button', class: 'clock', 'aria-expanded': 'false' });
    const show = () => {
      const at = new Date(Date.now() + (ahead ?? 0));
      const text = `${String(at.getHours()).padStart(2, '0')}:${String(at.getMinutes()).padStart(2, '0')}`;
      const moved = Math.abs(ahead ?? 0) > 5000;
      clock.textContent = `${moved ? '⏩ ' : ''}${text}`;
      clock.setAttribute('aria-label', t(`Clock of the sandbox: ${text}`, `Годинник пісочниці: ${text}`));
      clock.classList.toggle('moved', moved);
      const whole = panel.querySelector('output');
      if (whole) whole.textContent = at.toLocaleString(language === 'uk' ? 'uk-UA' : 'en-GB');
    };
    const setNow = (now) => { ahead = Date.parse(now) - Date.now(); show(); };
    const failed = (error) => { const says = panel.querySelector('[role=alert]'); if (says) says.textContent = t(`It failed: ${error.message}`, `Не вдалося: ${error.message}`); };
    const move = (body) => ask('_sandbox/clock', 'POST', body).then((answer) => setNow(answer.now)).catch(failed);
    const panel = make('div', { class: 'panel', hidden: '' });
    const fillPanel = () => {
      const moment = make('input', { type: 'datetime-local', step: '1', 'aria-label': t('A moment', 'Момент') });
      panel.replaceChildren(
        make('p', {}, make('output', {})),
        make('div', { class: 'row' },
          make('button', { type: 'button', onclick: () => move({ advance: 'PT5M' }) }, t('+5 min', '+5 хв')),
          make('button', { type: 'button', onclick: () => move({ advance: 'PT16M' }) }, t('+16 min', '+16 хв')),
          make('button', {
            type: 'button', onclick: () => ask('_sandbox/sms').then((messages) => {
              const now = Date.now() + (ahead ?? 0);
              const ends = messages.map((m) => m.otp && m.otp.status === 'new' ? Date.parse(m.otp.expires_at) : 0).filter((end) => end > now).sort((a, b) => a - b);
              if (ends.length === 0) throw new Error(t('no code is waiting to expire', 'немає коду, що має закінчитися'));
              return move({ set: new Date(ends[0] + 1000).toISOString() });
            }).catch(failed),
          }, t('past the next code', 'після кінця коду')),
          make('button', { type: 'button', onclick: () => move({ set: new Date().toISOString() }) }, t('real time', 'справжній час'))),
        make('form', { class: 'row', onsubmit: (event) => { event.preventDefault(); if (moment.value) move({ set: new Date(moment.value).toISOString() }); } },
          moment, make('button', { type: 'submit' }, t('set', 'встановити'))),
        make('p', { role: 'alert' }));
    };
    const open = (yes) => { panel.hidden = !yes; clock.setAttribute('aria-expanded', String(yes)); };
    clock.addEventListener('click', () => open(panel.hidden));
    document.addEventListener('keydown', (event) => { if (event.key === 'Escape' && !panel.hidden) { open(false); clock.focus(); } });
    document.addEventListener('click', (event) => { if (!panel.contains(event.target) && event.target !== clock) open(false); });
    addEventListener('esoz:clock', (event) => setNow(event.detail));

    const fill = () => {
      links.forEach((link) => {
        link.textContent = link.dataset[language];
        if (link.dataset.ukHref) link.href = link.dataset[`${language}Href`];
      });
      tools.replaceChildren();
      if (live) {
        if (worlds.length > 0 || beside) {
          const name = beside ? decodeURIComponent(beside[2]) : '';
          const choice = make('select', {
            'aria-label': t('World', 'Світ'),
            onchange: (event) => {
              const rest = location.pathname.slice(root.pathname.length) + location.search;
              location.href = new URL((event.target.value ? `_sandbox/worlds/${event.target.value}/` : '') + rest.replace(/^(console\/requests)\/.*/, '$1'), own).href;
            },
          }, make('option', { value: '' }, t('own world', 'власний світ')));
          [...new Set([...worlds.map((world) => world.name), name].filter(Boolean))].forEach((one) => choice.append(make('option', { value: one }, one)));
          choice.value = name;
          tools.append(choice);
        }
        tools.append(clock, make('button', {
          type: 'button', onclick: (event) => {
            const button = event.target;
            if (!button.dataset.sure) {
              button.dataset.sure = 'yes';
              button.textContent = t('Reset: sure?', 'Скинути: точно?');
              setTimeout(() => { delete button.dataset.sure; button.textContent = t('Reset', 'Скинути'); }, 4000);
              return;
            }
            button.disabled = true;
            ask('_sandbox/reset', 'POST').then(() => ask('_sandbox/clock')).then((answer) => setNow(answer.now), failed).finally(() => { button.disabled = false; button.textContent = t('Reset', 'Скинути'); });
          },
        }, t('Reset', 'Скинути')));
      }
      tools.append(
        make('button', {
          type: 'button', lang: language === 'uk' ? 'en' : 'uk', onclick: () => {
            language = language === 'uk' ? 'en' : 'uk';
            store('language', language);
            const there = translated(language);
            if (there) { location.href = there.href; return; }
            if (page.hasAttribute('data-bilingual')) page.lang = language;
            dispatchEvent(new CustomEvent('esoz:language'));
            fill();
            tools.querySelector('button[lang]').focus();
          },
        }, language === 'uk' ? 'EN' : 'УКР'),
        make('button', {
          type: 'button', class: 'theme', 'aria-label': { auto: t('Theme: as the system', 'Тема: як у системі'), light: t('Theme: light', 'Тема: світла'), dark: t('Theme: dark', 'Тема: темна') }[theme], onclick: () => {
            theme = { auto: 'light', light: 'dark', dark: 'auto' }[theme];
            store('theme', theme);
            wear();
            fill();
            tools.querySelector('.theme').focus();
          },
        }, { auto: '◐', light: '☀', dark: '☾' }[theme]));
      if (live) { fillPanel(); show(); }
    };
    if (live) bar.append(panel);
    fill();
    if (!live) return;
    ask('_sandbox/clock').then((answer) => setNow(answer.now)).catch(() => {});
    ask('_sandbox/worlds', 'GET', undefined, own).then((list) => { worlds = list; if (list.length > 0) fill(); }).catch(() => {});
    setInterval(show, 1000);
  });
})();
