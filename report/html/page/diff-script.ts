/**
 * The script of a comparison of graphs, in the browser: zoom by buttons, keys and the wheel with Ctrl, moving by dragging, and
 * both graphs at the layer that was chosen. The page has all figures without it.
 */
export const diffScript = `
const panes = [...document.querySelectorAll('.pane')];
const zoomOf = new Map();
const zoom = (pane, factor, x = pane.clientWidth / 2, y = pane.clientHeight / 2) => {
  const svg = pane.querySelector('svg');
  const before = zoomOf.get(pane) ?? 1;
  const after = Math.min(4, Math.max(0.05, factor === 0 ? Math.min(1, (pane.clientWidth - 4) / svg.viewBox.baseVal.width) : before * factor));
  zoomOf.set(pane, after);
  svg.setAttribute('width', svg.viewBox.baseVal.width * after);
  svg.setAttribute('height', svg.viewBox.baseVal.height * after);
  pane.scrollLeft = (pane.scrollLeft + x) * after / before - x;
  pane.scrollTop = (pane.scrollTop + y) * after / before - y;
};
const choose = (layer) => {
  for (const one of document.querySelectorAll('.chosen')) one.classList.remove('chosen');
  for (const pane of panes) {
    const nodes = [...pane.querySelectorAll('[data-layer]')].filter((one) => one.dataset.layer === layer);
    for (const one of nodes) one.classList.add('chosen');
    if (!nodes.length) continue;
    const [box, room] = [nodes[0].getBoundingClientRect(), pane.getBoundingClientRect()];
    pane.scrollLeft += box.left - room.left - (room.width - box.width) / 2;
    pane.scrollTop += box.top - room.top - room.height / 3;
  }
};
const select = document.querySelector('#layer');
select.addEventListener('change', () => choose(select.value));
for (const button of document.querySelectorAll('[data-zoom]'))
  button.addEventListener('click', () => panes.forEach((pane) => zoom(pane, Number(button.dataset.zoom))));
for (const pane of panes) {
  pane.addEventListener('keydown', ({ key }) => {
    const factor = { '+': 1.25, '=': 1.25, '-': 0.8, 0: 0 }[key];
    if (factor !== undefined) zoom(pane, factor);
  });
  pane.addEventListener('wheel', (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const { left, top } = pane.getBoundingClientRect();
    zoom(pane, Math.exp(-event.deltaY / 300), event.clientX - left, event.clientY - top);
  }, { passive: false });
  let held;
  pane.addEventListener('pointerdown', ({ clientX, clientY, pointerType }) => {
    if (pointerType === 'mouse') held = { x: clientX, y: clientY, left: pane.scrollLeft, top: pane.scrollTop, moved: false };
  });
  addEventListener('pointermove', ({ clientX, clientY }) => {
    if (!held) return;
    held.moved ||= Math.abs(clientX - held.x) + Math.abs(clientY - held.y) > 4;
    pane.scrollLeft = held.left - (clientX - held.x);
    pane.scrollTop = held.top - (clientY - held.y);
  });
  addEventListener('pointerup', (event) => {
    const moved = held?.moved;
    held = undefined;
    const node = !moved && event.target instanceof Element && pane.contains(event.target) && event.target.closest('[data-layer]');
    if (!node) return;
    select.value = node.dataset.layer;
    choose(node.dataset.layer);
  });
  zoom(pane, 0);
}
for (const link of document.querySelectorAll('[data-show]'))
  link.addEventListener('click', () => { select.value = link.dataset.show; choose(link.dataset.show); });
`;
