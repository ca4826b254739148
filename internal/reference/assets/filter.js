// Lists can be searched; without this file they are whole.
document.querySelectorAll('[data-filter]').forEach((form) => {
  const text = form.querySelector('input'), status = form.querySelector('select'), count = form.querySelector('output');
  const nothing = document.querySelector('[data-nothing]');
  const lower = (element, more) => `${element.textContent} ${more}`.toLowerCase();
  // What a row is found by, and the rules in it, which are shown when they are looked for.
  const rows = [...document.querySelectorAll('[data-text]')].map((row) => ({
    row, text: (row.dataset.text || row.textContent).toLowerCase(), pattern: row.dataset.pattern && new RegExp(`^(?:${row.dataset.pattern})$`, 'i'), statuses: row.dataset.statuses?.split(' '),
    rules: [...row.querySelectorAll('[data-rule]')].map((rule) => ({ row: rule, text: lower(rule, rule.dataset.rule), status: rule.dataset.statuses })),
  }));
  // A message as JSON has it, or in quotes, is the message.
  const message = (sent) => {
    const json = sent.match(/"(?:message|description)"\s*:\s*"((?:[^"\\]|\\.)*)"/);
    return (json ? json[1].replace(/\\(.)/g, '$1') : sent).trim().replace(/^["'«“]|["'»”],?$/g, '').replace(/\s+/g, ' ');
  };
  const apply = () => {
    const sent = message(text.value), words = sent.toLowerCase().split(' ').filter(Boolean), wanted = status?.value;
    const has = (all) => words.every((word) => all.includes(word));
    let shown = 0;
    rows.forEach(({ row, text: all, pattern, statuses, rules }) => {
      let found = 0;
      rules.forEach((rule) => {
        const fits = (sent.length > 2 || wanted) && has(rule.text) && (!wanted || rule.status === wanted);
        rule.row.hidden = !fits;
        if (fits) found++;
      });
      row.hidden = !(found > 0 || (has(all) || pattern?.test(sent)) && (!wanted || statuses?.includes(wanted)));
      if (!row.hidden) shown++;
    });
    document.querySelectorAll('main section').forEach((section) => {
      section.hidden = section.querySelector('[data-text]') && !section.querySelector('[data-text]:not([hidden])');
    });
    if (nothing) nothing.hidden = shown > 0;
    const uk = document.documentElement.lang === 'uk';
    count.value = words.length || wanted ? (uk ? `знайдено: ${shown}` : `${shown} found`) : '';
  };
  // The words in the fields, in the language of the bar.
  const translate = () => {
    const uk = document.documentElement.lang === 'uk';
    text.dataset.en ??= text.placeholder;
    text.placeholder = uk ? text.dataset.uk : text.dataset.en;
    text.setAttribute('aria-label', uk ? 'Пошук' : 'Search');
    status?.setAttribute('aria-label', uk ? 'Статус' : 'Status');
    const any = status?.options[0];
    if (any) {
      any.dataset.en ??= any.textContent;
      any.textContent = uk ? any.dataset.uk : any.dataset.en;
    }
    apply();
  };
  addEventListener('esoz:language', translate);
  form.hidden = false;
  form.addEventListener('input', apply);
  form.addEventListener('submit', (event) => event.preventDefault());
  translate();
});
