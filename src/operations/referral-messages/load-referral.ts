/**
 * Reads what an outbox entry tells its receiver: the referral as of the entry's commit, and the resources that the
 * message names.
 */
import { isDeepStrictEqual } from 'node:util';
import type {
  Appointment,
  Patient,
  Ref,
  Reference,
  Resource,
  ServiceRequest,
  Task,
} from '../../fhir/types.ts';
import type { ReferralEvent } from '../../hl7v2/messages/build-messages.ts';
import { leadingOn } from '../../hl7v2/mapping/clinician.ts';
import { resourcesNamedBy } from '../../hl7v2/messages/named-resources.ts';
import { isVisitEvent } from '../../hl7v2/messages/siu.ts';
import { EVERYTHING, type Query } from '../../ports/query.ts';
import type { EntryPreview, CommitView as Source } from '../../ports/rail.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { readState, type State } from '../../referral/state.ts';
import { LATE_NOTE, needsNote } from '../../referral/transactions.ts';
import type { Event } from '../../referral/transitions.ts';
import { localRef, localRefOf, valuesAt } from '../../resources/element.ts';
import { addressedParty } from '../../resources/party.ts';
import { visitsOf, type VisitsAround } from '../../resources/referral-rules/visits.ts';
import { noteOf, noteOfOutput } from './find-note.ts';
import { partyWorldOfView } from './commit-view.ts';

/**
 * The number of references that are followed one after the other from the referral, such as order → role →
 * practitioner.
 */
const HOPS = 3;
/** The number of resources that are read for one message, whether they exist or not. */
const READS_MAX = 200;

/**
 * Reads the referral of an outbox entry with everything that its message needs. Returns undefined when this server does not
 * hold the Task, its order or its patient.
 */
export async function loadReferralEvent(
  entry: EntryPreview,
  asOf: Source,
): Promise<ReferralEvent | undefined> {
  const task = await asOf.resource(entry.orderingKey);
  const focus = localRef(task?.['focus']);
  const request = focus === undefined ? undefined : await asOf.resource(focus);
  const patientRef = localRef(task?.['for']) ?? localRef(request?.['subject']);
  const patient = patientRef === undefined ? undefined : await asOf.resource(patientRef);
  if (task === undefined || request === undefined || patient === undefined || focus === undefined)
    return undefined;
  const event = entry.event as ReferralEvent['event']; // the outbox entries of an Endpoint come only from moves and late notes
  const from = await stateBefore(event, entry, asOf);
  const appointment =
    event !== LATE_NOTE && isVisitEvent(event) ? await newestVisit(entry, task, focus, asOf) : undefined;
  // These are stored resources of these types.
  const about = {
    task: task as unknown as Task,
    request: request as unknown as ServiceRequest,
    appointment: appointment as unknown as Appointment | undefined,
  };
  const known = await gather(resourcesNamedBy(event, about), asOf);
  return {
    event,
    from,
    referral: {
      task: about.task,
      request: about.request,
      patient: patient as unknown as Patient, // as above
      resolve: ({ reference }: Reference) => {
        const ref = localRefOf(reference ?? '');
        return ref === undefined ? undefined : known.get(ref);
      },
    },
    appointment: about.appointment,
    note: await noteOfMove(event, { task, focus, from, patient }, entry, asOf),
  };
}

/** The state before the first event of a referral is draft. */
const REQUEST = 'send-referral-package' satisfies Event;

async function stateBefore(
  event: ReferralEvent['event'],
  { orderingKey: task }: EntryPreview,
  asOf: Source,
): Promise<State> {
  if (event === REQUEST) return 'draft';
  if (event === LATE_NOTE) return 'completed';
  const [type = '', id = ''] = task.split('/');
  const { versions } = await asOf.history({ type, id, count: 2, offset: 0, sight: EVERYTHING, total: false });
  const before = versions[1]?.text;
  const state = before === undefined ? undefined : readState(parseStored(before));
  return state ?? 'received';
}

interface Of {
  readonly task: Resource;
  readonly focus: Ref;
  readonly from: State;
  readonly patient: Resource;
}

/** The note of an event: the file that the entry names, else the note of the move where the event needs one. */
async function noteOfMove(event: ReferralEvent['event'], of: Of, entry: EntryPreview, asOf: Source) {
  if (entry.subject !== entry.orderingKey) {
    const file = await asOf.resource(entry.subject);
    return file && noteOf(file, { resource: asOf.resource, patient: of.patient });
  }
  return needsNote(event) ? newestNote(of, entry, asOf) : undefined;
}

/** The visit that the entry's commit wrote, else the newest; visits of the order's other recipients do not count. */
async function newestVisit(
  { seq }: EntryPreview,
  task: Resource,
  focus: Ref,
  asOf: Source,
): Promise<Resource | undefined> {
  const around = visitsAround(asOf);
  const visits = await visitsOf(focus, await around.partyOf(task['owner']), around);
  return visits.find(({ meta }) => meta?.versionId === String(seq)) ?? visits[0];
}

/** The reads by which {@link visitsOf} tells one recipient's visits from another's, in the entry's snapshot. */
function visitsAround(asOf: Source): VisitsAround {
  return {
    async find(type, param, to) {
      const { matches } = await asOf.search(queryOf(type, param, to));
      return matches.map(({ text }) => parseStored<Resource & { id: string }>(text));
    },
    keeperOf: async (ref) => (await asOf.read(ref, EVERYTHING))?.custodian || undefined,
    partyOf: (reference) => addressedParty(reference, partyWorldOfView(asOf)),
  };
}

/**
 * The note of a move: the newest output of the Task that holds one, whatever its shape; else the newest file of the
 * referral that the recipient keeps and wrote with the move, even if the server reports the move later.
 */
async function newestNote({ task, focus, patient }: Of, { orderingKey }: EntryPreview, asOf: Source) {
  const library = { resource: asOf.resource, patient };
  const outputs = valuesAt(task, 'output') as readonly Resource[]; // validated structure
  for (const output of outputs.toReversed()) {
    const note = await noteOfOutput(output, task, library);
    if (note !== undefined) return note;
  }
  const { matches } = await asOf.search(queryOf('DocumentReference', 'related', focus));
  const files = matches.filter(({ text }) => !isKeptMessage(text));
  if (files.length === 0) return undefined;
  const moved = await seqOfMove(orderingKey, asOf);
  const recipient = await addressedParty(task['owner'], partyWorldOfView(asOf));
  const written = files.filter(({ seq, custodian }) => seq === moved && custodian === recipient);
  for (const { text } of written) {
    const note = await noteOf(parseStored(text), library);
    if (note !== undefined) return note;
  }
  return undefined;
}

/**
 * The seq of the commit that last moved a Task: the oldest of its newest versions with the same state and output. Versions
 * after it are edits, whose commits may bring files that are no note of the move.
 */
async function seqOfMove(task: Ref, asOf: Source): Promise<number | undefined> {
  const [type = '', id = ''] = task.split('/');
  const query = { type, id, count: EDITS_MAX, offset: 0, sight: EVERYTHING, total: false } as const;
  const { versions } = await asOf.history(query);
  const tasks = versions.map(({ seq, text = '{}' }) => ({ seq, task: parseStored(text) }));
  const [newest] = tasks;
  const isSame = ({ task }: { readonly task: Resource }): boolean =>
    newest !== undefined &&
    readState(task) === readState(newest.task) &&
    isDeepStrictEqual(task['output'], newest.task['output']);
  const before = tasks.findIndex((one) => !isSame(one));
  return tasks.at(before < 0 ? -1 : before - 1)?.seq;
}

/** The number of versions of a Task that are looked at for its last move. */
const EDITS_MAX = 50;

/** Whether a stored DocumentReference holds an HL7 v2 message that the server received and kept; such a document is no note. */
const isKeptMessage = (text: string): boolean => text.includes('"x-application/hl7-v2+er7"');

const queryOf = (type: string, param: string, to: Ref): Query => ({
  type,
  where: { kind: 'reference', param, to: [to] },
  sort: [],
  sight: EVERYTHING,
  count: 20,
  offset: 0,
  total: false,
});

/**
 * The resources that a message names, and those to which they lead. The references of the first are followed to the end
 * before those of the next, in the order of `named`, so that the first is complete however many follow. After {@link
 * READS_MAX} resources nothing more is read.
 */
async function gather(named: readonly Reference[], asOf: Source): Promise<ReadonlyMap<Ref, Resource>> {
  const tried = new Set<Ref>();
  const known = new Map<Ref, Resource>();
  for (const one of named) {
    let edge: readonly Reference[] = [one];
    for (let hop = 0; hop < HOPS && edge.length > 0 && tried.size < READS_MAX; hop += 1) {
      const next: Reference[] = [];
      for (const ref of newIn(edge, tried)) {
        const resource = await asOf.resource(ref);
        if (resource === undefined) continue;
        known.set(ref, resource);
        next.push(...leadingOn(resource));
      }
      edge = next;
    }
  }
  return known;
}

/** The references that were not read before, as many as the bound allows; they count as read from now on. */
function newIn(edge: readonly Reference[], tried: Set<Ref>): readonly Ref[] {
  const refs = new Set(edge.flatMap((one) => localRef(one) ?? []).filter((ref) => !tried.has(ref)));
  const taken = [...refs].slice(0, READS_MAX - tried.size);
  for (const ref of taken) tried.add(ref);
  return taken;
}
