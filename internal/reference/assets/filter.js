// Lists can be searched; without this file they are whole.
document.querySelectorAll('[data-filter]').forEach((form) => {
  const text = form.querySelector('input'), status = form.querySelector('select'), count = form.querySelector('output');
  const rows = document.querySelectorAll('[data-text]'), nothing = document.querySelector('[data-nothing]');
  // A message as JSON has it, or in quotes, is the message.
  const message = (sent) => {
    const json = sent.match(/"(?:message|description)"\s*:\s*"((?:[^"\\]|\\.)*)"/);
    return (json ? json[1].replace(/\\(.)/g, '$1') : sent).trim().replace(/^["'«“]|["'»”],?$/g, '').replace(/\s+/g, ' ');
  };
  const apply = () => {
    const sent = message(text.value), words = sent.toLowerCase().split(' ').filter(Boolean);
    let shown = 0;
    rows.forEach((row) => {
      const fits = (words.every((word) => row.dataset.text.toLowerCase().includes(word)) ||
        row.dataset.pattern && new RegExp(`^(?:${row.dataset.pattern})$`, 'i').test(sent)) &&
        (!status.value || row.dataset.statuses.split(' ').includes(status.value));
      row.hidden = !fits;
      if (fits) shown++;
    });
    document.querySelectorAll('main section').forEach((section) => {
      section.hidden = !section.querySelector('[data-text]:not([hidden])');
    });
    if (nothing) nothing.hidden = shown > 0;
    count.value = words.length || status.value ? `${shown} found` : '';
  };
  form.hidden = false;
  form.addEventListener('input', apply);
  form.addEventListener('submit', (event) => event.preventDefault());
  apply();
});
