// What the traffic of this sandbox has met is marked at the rules. Without this file they are shown unmarked.
(async () => {
  const root = new URL(document.querySelector('.bar').dataset.root, location.href);
  let language;
  const t = (en, uk) => (language === 'uk' ? uk : en);
  // The language is that of the bar.
  const readLanguage = () => { try { language = localStorage.getItem('esoz.language') ?? (navigator.language.startsWith('uk') ? 'uk' : 'en'); } catch { language = 'en'; } };

  const make = (name, className, text) => {
    const element = document.createElement(name);
    element.className = `met ${className}`;
    element.lang = language;
    element.textContent = text;
    return element;
  };
  const canBeMet = (rules) => rules.filter((rule) => rule.state !== 'off');
  const ofMany = (rules) => {
    const all = canBeMet(rules), met = all.filter((rule) => rule.state === 'met').length;
    return [met === 0 ? 'none' : met === all.length ? 'all' : 'some', t(`met ${met} of ${all.length}`, `перевірено ${met} із ${all.length}`)];
  };
  const ofOne = (rule) => (rule.state === 'met'
    ? ['all', `✓ ${t(rule.count === 1 ? 'met once' : `met ${rule.count} times`, `спрацювало, разів: ${rule.count}`)}`]
    : ['none', t('not met yet', 'ще не спрацювало')]);

  const mark = (coverage) => {
    readLanguage();
    document.querySelectorAll('.met').forEach((old) => old.remove());
    const byID = new Map(coverage.operations.map((operation) => [operation.id, operation]));
    document.querySelectorAll('.operations > li').forEach((row) => {
      const operation = byID.get(row.querySelector('a').getAttribute('href').split('/')[1]);
      if (operation) row.querySelector('.counts').append(' ', make('span', ...ofMany(operation.rules)));
    });
    const about = document.querySelector('[data-operation]');
    if (!about) return;
    const id = about.dataset.operation;
    let rules = byID.get(id)?.rules;
    if (!rules) { // the gateway's checks, before whichever operation
      const sums = new Map();
      coverage.operations.flatMap((operation) => operation.rules).forEach((rule) => {
        const sum = sums.get(rule.id) ?? { ...rule, count: 0, state: 'off' };
        sum.count += rule.count;
        if (rule.state === 'met' || sum.state === 'off') sum.state = rule.state;
        sums.set(rule.id, sum);
      });
      rules = [...sums.values()].filter((rule) => document.getElementById(rule.id));
    }
    about.append(' ', make('span', ...ofMany(rules)));
    canBeMet(rules).forEach((rule) => {
      document.getElementById(rule.id)?.querySelector('h3').append(' ', make('span', ...ofOne(rule)));
      document.querySelector(`.order a[href="#${CSS.escape(rule.id)}"]`)?.parentElement.append(' ', make('span', ...(rule.state === 'met' ? ['all', '✓'] : ['none', '·'])));
    });
  };

  let latest;
  const load = async () => {
    const answer = await fetch(new URL('_sandbox/coverage', root), { headers: { Accept: 'application/json' } });
    if (!answer.ok) return;
    latest = await answer.json();
    mark(latest);
  };
  addEventListener('esoz:language', () => { if (latest) mark(latest); });
  document.addEventListener('visibilitychange', () => { if (!document.hidden) load().catch(() => {}); });
  await load().catch(() => {}); // a sandbox that is stopped leaves the page as it is
})();
