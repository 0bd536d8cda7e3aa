/** Keeps the codes of the page fresh, and copies what a person wants to paste. */
async function renew() {
  const { until, codes } = await (await fetch('/start/codes.json')).json();
  for (const shown of document.querySelectorAll('code[data-code]'))
    if (shown.dataset.code !== '') shown.textContent = codes[shown.dataset.code];
  setTimeout(() => void renew(), Math.max(until - Date.now(), 0) + 100);
}

for (const shown of document.querySelectorAll('dd > code')) {
  const button = document.createElement('button');
  const what = shown.closest('div').querySelector('dt').textContent;
  button.textContent = 'Copy';
  button.setAttribute('aria-label', `Copy: ${what}`);
  button.addEventListener('click', () => {
    void navigator.clipboard.writeText(shown.textContent);
    button.textContent = 'Copied';
    setTimeout(() => (button.textContent = 'Copy'), 1500);
  });
  shown.after(button);
}

void renew();
