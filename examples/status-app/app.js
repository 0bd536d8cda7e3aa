/** Lists the referrals that a person may see with status and age, and draws both sides of one: by the public API alone. */
import { read, signIn, signOut, start } from './smart.js';

const TYPES =
  'Task ServiceRequest Patient Organization PractitionerRole Practitioner Appointment DocumentReference';
const SCOPE = `openid fhirUser online_access ${TYPES.replaceAll(/\w+/g, 'user/$&.rs')}`;
const WITH = '_include=Task:focus&_include=Task:patient&_include=Task:requester&_include=Task:owner';
const REFERRALS = `Task?code=fulfill&${WITH}&_include:iterate=PractitionerRole:organization`;
const FILTERS = {
  All: '',
  Open: '&status=received,accepted,in-progress',
  Closed: '&status=rejected,cancelled,completed',
};
/** By business status, else the Task's: what it is called here, its colour, how far round it is, the step to it. */
const STATES = {
  received: ['Waiting for an answer', 'wait', 1, 'Referral sent'],
  accepted: ['Accepted', 'going', 2, 'Referral accepted'],
  'in-progress': ['Under way', 'going', 2, 'Under way'],
  '5.1.1': ['Visit booked', 'going', 3, 'Visit booked'],
  '5.1.2': ['Patient did not come', 'wait', 3, 'Patient did not come'],
  '5.1.3': ['Visit cancelled', 'wait', 2, 'Visit cancelled'],
  '5.1.4': ['Visit took place', 'going', 3, 'Visit took place'],
  5.2: ['To be cancelled', 'wait', 3, 'Asked to cancel'],
  rejected: ['Declined', 'bad', 4, 'Referral declined'],
  cancelled: ['Cancelled', 'bad', 4, 'Cancellation confirmed'],
  completed: ['Loop closed', 'good', 4, 'Outcome reported: loop closed'],
  document: ['', '', 0, 'Document filed'],
};
const RAILS = { 'hl7v2-mllp': 'HL7 v2', 'direct-project': 'Direct mail', 'rest-hook': 'FHIR' };
const FATES = {
  accepted: '✓ told by',
  waiting: '… being told by',
  refused: '✗ refused by',
  withheld: '– kept from',
};
const UNITS = { day: 86_400_000, hour: 3_600_000, minute: 60_000, second: 1000 };
const WHEN = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });
const known = new Map(); // resources by reference
let drawn = 0; // counts pages: an answer that comes late is not drawn over a newer page

/** An element: a function among its attributes listens, and text stays text. */
function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (typeof value === 'function') element.addEventListener(key, value);
    else element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function show(title, ...children) {
  const heading = el('h1', { tabindex: -1 }, title);
  document.title = `${title} · Referral status`;
  document.querySelector('main').replaceChildren(heading, ...children);
  heading.focus();
}

/** As in "9 days". */
function span(from, to = Date.now()) {
  const ms = Math.max(new Date(to) - new Date(from), 1000);
  const [unit, size] = Object.entries(UNITS).find(([, least]) => ms >= least);
  return new Intl.NumberFormat('en', { style: 'unit', unit, unitDisplay: 'long' }).format(
    Math.floor(ms / size),
  );
}

const nameIn = ({ name }) =>
  Array.isArray(name) ? (name[0].text ?? [...(name[0].given ?? []), name[0].family].join(' ')) : name;

/** The name of a person or an organization, or of the organization of a role. */
function nameOf(party) {
  const resource = known.get(party?.reference);
  return resource?.organization
    ? nameOf(resource.organization)
    : ((resource && nameIn(resource)) ?? party?.display ?? '?');
}

/** One page of a search: what matches, and where the next page is. Everything that comes is remembered. */
async function search(path) {
  const { entry = [], link = [] } = await read(path);
  for (const { resource } of entry) known.set(`${resource.resourceType}/${resource.id}`, resource);
  const found = entry.filter((one) => one.search?.mode !== 'include').map(({ resource }) => resource);
  return { found, next: link.find(({ relation }) => relation === 'next')?.url };
}

const badge = ([label, colour]) => el('span', { class: `badge ${colour}` }, label);

/** What is said of a referral wherever it is shown: its title, and elements. */
function summaryOf(task) {
  const order = known.get(task.focus.reference);
  const [reason] = order?.reasonCode ?? [order?.code];
  const state = STATES[task.businessStatus?.coding?.[0].code] ??
    STATES[task.status] ?? [task.status, 'wait', 1];
  const isClosed = FILTERS.Closed.includes(task.status);
  const age = span(task.authoredOn, isClosed ? task.lastModified : Date.now());
  return [
    reason?.text ?? reason?.coding?.[0].display ?? 'Referral',
    el('p', {}, `${nameOf(task.for)} · ${nameOf(task.requester)} → ${nameOf(task.owner)}`),
    el('p', { class: 'state' }, badge(state), isClosed ? `closed after ${age}` : `open for ${age}`),
    el('progress', { max: 4, value: state[2], class: state[1], 'aria-label': 'Way round the loop' }),
  ];
}

async function drawList(filter = 'All') {
  const mine = ++drawn;
  const list = el('ul', {});
  const more = el('button', {}, 'Show more');
  const add = async (path) => {
    const { found, next } = await search(path);
    const rows = found.map((task) => [task.id, ...summaryOf(task)]);
    const links = rows.map(([id, title, ...rest]) =>
      el('a', { href: `#${id}` }, el('h2', {}, title), ...rest),
    );
    list.append(...links.map((link) => el('li', {}, link)));
    Object.assign(more, { hidden: !next, onclick: async () => (await add(next))?.focus() });
    return links[0];
  };
  const any = await add(`${REFERRALS}&_sort=-authored-on&_count=20${FILTERS[filter]}`);
  const choice = (name) =>
    el('button', { 'aria-pressed': name === filter, click: () => drawList(name) }, name);
  const choices = el('p', { class: 'choices' }, ...Object.keys(FILTERS).map(choice));
  if (mine === drawn) show('Referrals', choices, any ? list : el('p', {}, 'There are none here.'), more);
}

async function drawReferral(id) {
  const mine = ++drawn;
  const [task] = (await search(`${REFERRALS}&_id=${encodeURIComponent(id)}`)).found;
  if (!task) throw new Error('There is no such referral, or it is not for you to see.');
  const steps = [];
  for (let path = `${task.focus.reference}/$timeline`; path;) {
    const { found, next } = await search(path);
    steps.push(...found);
    path = next;
  }
  const [title, ...rest] = summaryOf(task);
  const sides = [task.requester, task.owner].map((side) => el('strong', {}, nameOf(side)));
  const line = el('ol', {}, ...steps.map((step, at) => stepOf(step, steps[at - 1])));
  const back = el('a', { href: '#' }, '← All referrals');
  if (mine !== drawn) return;
  show(title, ...rest, el('p', { class: 'sides' }, ...sides), line);
  document.querySelector('h1').before(back);
}

/** One step of the timeline, on the side of who took it. */
function stepOf({ recorded, activity, agent: [{ who, role }], extension: [{ extension: parts }] }, before) {
  const value = (name, among = parts) => among.find(({ url }) => url === name)?.valueCode;
  const [, , , title = activity.text] = STATES[value('to')?.split('/').at(-1) ?? value('kind')] ?? [];
  const told = parts
    .filter(({ url }) => url === 'delivery')
    .map(({ extension: of }) =>
      el('small', {}, `${FATES[value('fate', of)]} ${RAILS[value('rail', of)] ?? ''}`),
    );
  const time = el('time', { datetime: recorded }, WHEN.format(new Date(recorded)));
  const card = el('article', {}, time, el('h2', {}, title), el('p', {}, nameOf(who)), ...told);
  const isLater = new Date(recorded) - new Date(before?.recorded ?? recorded) >= UNITS.minute;
  const later = isLater ? [el('p', { class: 'later' }, `${span(before.recorded, recorded)} later`)] : [];
  return el('li', { class: role[0].coding[0].code }, ...later, card);
}

// — the whole

const draw = () => (location.hash.length > 1 ? drawReferral(location.hash.slice(1)) : drawList());

async function main() {
  const user = await start('status-app', SCOPE);
  if (user === undefined) {
    const what = 'See every referral that you sent or were sent, and what either side has done about it.';
    return show(
      'Where is my referral?',
      el('p', {}, what),
      el('button', { click: () => signIn() }, 'Sign in'),
    );
  }
  const name = user.fhirUser ? nameIn(await read(user.fhirUser)) : user.sub;
  document.querySelector('header').append(name, el('button', { click: signOut }, 'Sign out'));
  addEventListener('hashchange', () => void draw());
  return draw();
}

addEventListener('unhandledrejection', ({ reason }) => {
  const again = el('button', { click: () => signIn() }, 'Sign in again');
  show('That did not work', el('p', { role: 'alert' }, reason.message), again);
});
void main();
