/**
 * The script of the live pages, in the browser. The server sends sections as HTML; what the reader has opened, chosen,
 * typed or scrolled stays, since only nodes that differ are changed. Forms are sent with the secret that comes with the
 * events, so a page of another site has none.
 */
export const liveScript = `
const state = document.querySelector('.state');
const nav = document.querySelector('nav');
const main = document.querySelector('main');
let token = '';
const kept = (name) => name === 'open' || name === 'data-tick';
function morph(old, now) {
  if (old.nodeType !== now.nodeType || old.nodeName !== now.nodeName || (old.id || '') !== (now.id || '')) return old.replaceWith(now);
  if (old.nodeType !== 1) { if (old.nodeValue !== now.nodeValue) old.nodeValue = now.nodeValue; return; }
  for (const { name, value } of [...now.attributes]) if (!kept(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of [...old.attributes]) if (!kept(name) && !now.hasAttribute(name)) old.removeAttribute(name);
  if (old.hasAttribute('data-keep')) return;
  const next = [...now.childNodes];
  const have = [...old.childNodes];
  next.forEach((child, at) => have[at] ? morph(have[at], child) : old.append(child));
  have.slice(next.length).forEach((child) => child.remove());
}
function parsed(html) {
  const holder = document.createElement('template');
  holder.innerHTML = html;
  return holder.content.firstElementChild;
}
function show({ title, heading, order, contents, sections }) {
  const isKnown = document.querySelector('input[name=by]');
  document.title = title;
  document.querySelector('h1').textContent = heading;
  morph(nav.firstElementChild, parsed(contents));
  for (const html of sections) {
    const now = parsed(html);
    const old = document.getElementById(now.id);
    if (old) morph(old, now); else main.append(now);
  }
  for (const section of [...main.children]) if (!order.includes(section.id)) section.remove();
  order.forEach((id, at) => {
    const section = document.getElementById(id);
    if (section && main.children[at] !== section) main.insertBefore(section, main.children[at] || null);
  });
  if (!isKnown) who();
  tick();
}
function say(text, away) { state.textContent = text; state.className = away ? 'state away' : 'state'; }
function connect() {
  const source = new EventSource(document.body.dataset.events || location.pathname.replace(/\\/$/, '') + '/events' + location.search);
  source.addEventListener('token', ({ data }) => { token = data; say('live'); });
  source.addEventListener('view', ({ data }) => show(JSON.parse(data)));
  source.addEventListener('end', () => { say('the run has ended'); source.close(); });
  source.addEventListener('error', () => {
    say('the connection is lost; it is tried again', true);
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  });
}
const clock = (seconds) => seconds < 60 ? Math.max(0, Math.floor(seconds)) + ' s' : seconds < 3600 ? Math.floor(seconds / 60) + ' min ' + Math.floor(seconds % 60) + ' s' : Math.floor(seconds / 3600) + ' h ' + Math.floor(seconds % 3600 / 60) + ' min';
function tick() {
  for (const one of document.querySelectorAll('[data-since]')) one.textContent = clock((Date.now() - Date.parse(one.dataset.since)) / 1000);
}
setInterval(tick, 1000);
const person = 'slimflow-by';
addEventListener('change', ({ target }) => { if (target.name === 'by') localStorage.setItem(person, target.value); });
function who() {
  const field = document.querySelector('input[name=by]');
  const before = localStorage.getItem(person);
  if (field && before) field.value = before;
}
addEventListener('submit', async (event) => {
  const form = event.target;
  if (!form.dataset.action) return;
  event.preventDefault();
  const fields = { by: document.querySelector('input[name=by]').value };
  for (const [name, value] of new FormData(form)) fields[name] = name === 'picks' ? [...(fields[name] || []), value] : value;
  if (form.querySelector('[name=picks]')) fields.picks ||= [];
  const output = form.querySelector('output');
  const button = form.querySelector('button');
  button.disabled = true;
  output.className = '';
  output.textContent = 'sending';
  try {
    const reply = await fetch(location.pathname.replace(/\\/$/, '') + '/actions/' + form.dataset.action, { method: 'POST', headers: { 'content-type': 'application/json', 'x-slimflow-page': token }, body: JSON.stringify(fields) });
    const { answers, error } = await reply.json();
    output.className = error ? 'refused' : 'done';
    output.textContent = error || answers.join('; ');
    if (!error) form.reset();
  } catch (error) {
    output.className = 'refused';
    output.textContent = 'the server does not answer: ' + error.message;
  }
  button.disabled = false;
});
who();
tick();
connect();
`;
