/** What the phrases of the scenarios do over HTTP: as single requests, and as one transaction. */
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import type { Response, TestServer, Who } from '../../server.ts';
import { buildPatch, patchOf, writing } from './referrals.ts';

export type Mode = 'single requests' | 'transactions';

/** A referral under way. */
export interface Play {
  readonly server: TestServer;
  readonly mode: Mode;
  readonly name: string;
  patient: Ref;
  request: Ref;
  task: Ref;
  readonly visits: Ref[];
  /** How many documents were written. */
  documents: number;
}

type Phrase = (play: Play, who: Who) => Promise<Response>;

/** What one entry of a step writes. `fullUrl`: other entries refer to it, and so what it becomes is remembered. */
type Entry = make.Entry & { readonly fullUrl?: string };

const PATIENT = 'urn:uuid:patient';
const COVERAGE = 'urn:uuid:coverage';
const ORDER = 'urn:uuid:order';
const TASK = 'urn:uuid:task';
const VISIT = 'urn:uuid:visit';
const DOCUMENT = 'urn:uuid:document';

// — what is written

const PARTIES = { requester: 'PractitionerRole/initiator', performer: 'PractitionerRole/recipient' };

const post = (fullUrl: string, resource: Resource): Entry => ({
  method: 'POST',
  url: resource.resourceType,
  fullUrl,
  resource,
});

function buildPackage({ name }: Play, status: 'active' | 'draft'): readonly Entry[] {
  const order = { subject: PATIENT, ...PARTIES, placer: name };
  return [
    post(PATIENT, make.patient({ identifier: [{ system: make.MRN_SYSTEM, value: name }] })),
    post(COVERAGE, make.coverage(PATIENT, 'Organization/initiator')),
    post(ORDER, make.serviceRequest(order, { status, insurance: [make.to(COVERAGE)] })),
  ];
}

const buildTask = (status: 'requested' | 'draft'): Entry =>
  post(
    TASK,
    make.task(
      { focus: ORDER, for: PATIENT, requester: PARTIES.requester, owner: PARTIES.performer },
      { status, insurance: [make.to(COVERAGE)] },
    ),
  );

const patch = (url: string, operations: readonly object[]): Entry => ({
  method: 'PATCH',
  url,
  resource: patchOf(operations),
});

const change = (path: string, value: unknown) => ({ op: 'add', path, value });

const toState = ({ task }: Play, state: string, ...more: readonly object[]): Entry =>
  patch(task, [...buildPatch(writing(state)), ...more]);

/** Visits are an hour long, a day apart. */
function buildVisit({ request, patient, visits }: Play): Resource {
  const day = String(visits.length + 1).padStart(2, '0');
  const slot = { start: `2026-12-${day}T10:00:00Z`, end: `2026-12-${day}T11:00:00Z` };
  return make.appointment(request, patient, slot);
}

const changeVisit = ({ visits }: Play, ...operations: readonly object[]): Entry =>
  patch(visits.at(-1) ?? 'Appointment/none', operations);

function buildDocument(play: Play): Entry {
  const attachment = { contentType: 'text/plain', data: btoa(`document ${(play.documents += 1)}`) };
  return post(DOCUMENT, {
    resourceType: 'DocumentReference',
    status: 'current',
    subject: make.to(play.patient),
    content: [{ attachment }],
  });
}

/** The Task has outputs already, or gets its first. */
async function addOutput({ server, task }: Play): Promise<object> {
  const { output } = await server.read('administrator', task);
  const added = make.parameter(DOCUMENT);
  return output === undefined ? change('/output', [added]) : change('/output/-', added);
}

// — how it is sent

/** In a transaction all at once; else one after the other, until one is refused. */
async function send(play: Play, who: Who, entries: readonly Entry[]): Promise<Response> {
  const { server, mode } = play;
  if (mode === 'transactions') {
    const response = await server.ask(who, 'POST', '', make.transaction(...entries));
    const told = (response.json['entry'] ?? []) as readonly { response: { location?: string } }[];
    for (const [i, { response: one }] of told.entries()) remember(play, entries[i], refOf(one.location));
    return response;
  }
  const made = new Map<string, Ref>();
  let last: Response | undefined;
  for (const { method, url, fullUrl, resource } of entries) {
    const text = JSON.stringify(method === 'PATCH' ? readPatch(resource) : (resource ?? {}));
    const local = JSON.parse(text.replaceAll(/urn:uuid:\w+/g, (urn) => made.get(urn) ?? urn)) as object; // as built
    last = await server.ask(who, method, url, method === 'DELETE' ? undefined : local);
    if (last.status >= 400) return last;
    if (fullUrl !== undefined && last.location !== undefined) made.set(fullUrl, last.location);
    remember(play, { method, url, ...(fullUrl !== undefined && { fullUrl }) }, last.location);
    if (last.link !== undefined) play.task = last.link;
  }
  if (last === undefined) throw new Error('a step writes something');
  return last;
}

function remember(play: Play, entry: Entry | undefined, ref: Ref | undefined): void {
  if (ref === undefined) return;
  if (entry?.fullUrl === PATIENT) play.patient = ref;
  if (entry?.fullUrl === ORDER) play.request = ref;
  if (entry?.fullUrl === TASK) play.task = ref;
  if (entry?.fullUrl === VISIT) play.visits.push(ref);
}

const refOf = (location = ''): Ref | undefined => /^[A-Z]\w+\/[^/]+/.exec(location)?.[0] as Ref | undefined; // the pattern is a reference's

const readPatch = (binary: object | undefined): unknown => {
  const { data } = binary as { data: string }; // patchOf made it
  return JSON.parse(Buffer.from(data, 'base64').toString());
};

/** By itself an Appointment moves the referral; in a transaction the Task says so beside it. */
const withVisit = (play: Play, who: Who, visit: Entry, state: string): Promise<Response> =>
  send(play, who, play.mode === 'transactions' ? [visit, toState(play, state)] : [visit]);

async function withDocument(play: Play, who: Who, state: string): Promise<Response> {
  const output = await addOutput(play);
  return send(play, who, [buildDocument(play), toState(play, state, output)]);
}

// prettier-ignore
export const PHRASES: Readonly<Record<string, Phrase>> = {
  'drafts the referral':       (play, who) => send(play, who, [...buildPackage(play, 'draft'), buildTask('draft')]),
  'sends the draft':           (play, who) => send(play, who, [patch(play.task, [change('/status', 'requested')])]),
  'sends the referral':        (play, who) => send(play, who, [...buildPackage(play, 'active'), buildTask('requested')]),
  'places the order':          (play, who) => placeOrder(play, who),
  'adds a note':               (play, who) => send(play, who, [patch(play.task, [change('/note', [{ text: `by ${who}` }])])]),
  accepts:                     (play, who) => send(play, who, [patch(play.task, [change('/status', 'accepted')])]),
  declines:                    (play, who) => send(play, who, [toState(play, '4.0', change('/statusReason', { text: 'no capacity' }))]),
  'books a visit':             (play, who) => withVisit(play, who, post(VISIT, buildVisit(play)), '511'),
  'moves the visit':           (play, who) => withVisit(play, who, changeVisit(play, change('/start', '2026-12-20T10:00:00Z'), change('/end', '2026-12-20T11:00:00Z')), '511'),
  'reports a no-show':         (play, who) => withVisit(play, who, changeVisit(play, change('/status', 'noshow')), '512'),
  'cancels the visit':         (play, who) => withVisit(play, who, changeVisit(play, change('/status', 'cancelled')), '513'),
  'replaces the visit':        (play, who) => send({ ...play, mode: 'transactions' }, who, [changeVisit(play, change('/status', 'cancelled')), post(VISIT, buildVisit(play))]),
  'sends an interim note':     (play, who) => withDocument(play, who, '514'),
  'sends the outcome':         (play, who) => withDocument(play, who, '7.0'),
  'reports completion':        (play, who) => send(play, who, [toState(play, '7.0')]),
  'asks to cancel':            (play, who) => send(play, who, [patch(play.task, [change('/status', 'cancelled')])]),
  'revokes the order':         (play, who) => send(play, who, [patch(play.request, [change('/status', 'revoked')])]),
  'confirms the cancellation': (play, who) => send(play, who, [patch(play.task, [change('/status', 'cancelled')])]),
  'marks an error':            (play, who) => send(play, who, [toState(play, 'err')]),
  'deletes the referral':      (play, who) => send(play, who, [{ method: 'DELETE', url: play.task }]),
};

/** In a transaction's response no Link names the Task that opened. */
async function placeOrder(play: Play, who: Who): Promise<Response> {
  const response = await send(play, who, buildPackage(play, 'active'));
  const [task] = await play.server.search(who, `Task?focus=${play.request}`);
  if (task !== undefined) play.task = `Task/${task.id}`;
  return response;
}
