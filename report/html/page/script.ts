/**
 * The script of a report, in the browser: it shows the text of a picture's item beside the pointer, and opens all tables
 * for printing. The page has everything without it.
 */
export const script = `
const tip = document.querySelector('.tip');
document.addEventListener('pointermove', (event) => {
  const item = event.target instanceof Element ? event.target.closest('[data-tip]') : null;
  tip.hidden = !item;
  if (!item) return;
  tip.textContent = item.dataset.tip;
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, Math.min(event.clientX + 14, innerWidth - width - 8)) + 'px';
  tip.style.top = Math.max(4, event.clientY - height - 12) + 'px';
});
const closed = new Set();
addEventListener('beforeprint', () => {
  for (const one of document.querySelectorAll('details:not([open])')) { closed.add(one); one.open = true; }
});
addEventListener('afterprint', () => {
  for (const one of closed) one.open = false;
  closed.clear();
});
`;
