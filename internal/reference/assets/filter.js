// Lists can be searched; without this file they are whole.
document.querySelectorAll('[data-filter]').forEach((form) => {
  const text = form.querySelector('input'), status = form.querySelector('select'), count = form.querySelector('output');
  const rows = document.querySelectorAll('[data-text]');
  const apply = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row) => {
      const fits = words.every((word) => row.dataset.text.toLowerCase().includes(word)) &&
        (!status.value || row.dataset.statuses.split(' ').includes(status.value));
      row.hidden = !fits;
      if (fits) shown++;
    });
    document.querySelectorAll('main section').forEach((section) => {
      section.hidden = !section.querySelector('[data-text]:not([hidden])');
    });
    count.value = words.length || status.value ? `${shown} found` : '';
  };
  form.hidden = false;
  form.addEventListener('input', apply);
  form.addEventListener('submit', (event) => event.preventDefault());
  apply();
});
