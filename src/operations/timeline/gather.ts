/** The steps of a referral, gathered from versions, audit and outbox, in the caller's sight. */
import { parseDateTime } from '../../fhir/datetime.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { readDelivery, recordOfRow } from '../../delivery/delivered/record.ts';
import { DELIVERY_RECORD, type DeliveryState } from '../../ports/delivered.ts';
import { EVERYTHING, type Sight } from '../../ports/query.ts';
import type { AuditEntry, OutboxRow, Snapshot, Version } from '../../ports/store.ts';
import { resourceOf } from '../../ports/stored-resource.ts';
import { LATE_NOTE, needsNote } from '../../referral/transactions.ts';
import { idOf, localRef, typeOf, valuesAt } from '../../resources/element.ts';
import { addressedParty } from '../../resources/party.ts';
import { partyWorldOf } from '../../resources/party-world.ts';
import { isPastStep } from '../../resources/past-step.ts';
import { FATE_SYSTEM } from '../../resources/message-codes.ts';
import type { Caller } from '../request.ts';
import type { OperationContext } from '../context.ts';
import { sightForType } from '../scope.ts';
import { searchRefusal } from '../search/search-refusal.ts';
import { heldBy } from '../work-item.ts';
import {
  SAID,
  TIMELINE_SUBJECTS,
  type TimelineCommit,
  type Delivery,
  type StepKind,
  type TimelineParties,
  type TimelineStep,
  type Written,
} from './step.ts';

/** The largest number of resources of one kind, and of versions of one resource. */
const SUBJECTS_MAX = 200;
const VERSIONS_MAX = 500;
/** The largest number of versions of a referral; the timeline of one with more is refused. */
const WRITTEN_MAX = 5000;
/** The number of deliveries of one Task that are looked at. */
const DELIVERIES_MAX = 1000;

export interface TimelineGathering {
  readonly context: OperationContext;
  readonly snapshot: Snapshot;
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

interface Subject {
  readonly ref: Ref;
  readonly kind: StepKind;
  readonly sight: Sight;
}

/** Every commit that wrote a resource of the referral, oldest first. */
export async function gatherCommits(
  gathering: TimelineGathering,
  order: Ref,
  sight: Sight,
): Promise<readonly TimelineCommit[]> {
  const subjects: Subject[] = [{ ref: order, kind: 'order', sight }];
  for (const one of TIMELINE_SUBJECTS) subjects.push(...(await findSubjects(gathering, [order], one)));
  const threads = subjects.filter(({ kind }) => kind === 'communication').map(({ ref }) => ref);
  const known = new Set(threads);
  if (threads.length > 0)
    subjects.push(...(await findSubjects(gathering, threads, SAID)).filter(({ ref }) => !known.has(ref)));
  const written: Written[] = [];
  for (const subject of subjects) {
    written.push(...(await readVersions(gathering, subject)));
    if (written.length > WRITTEN_MAX) throw tooMany('versions');
  }
  const here = written.filter(({ kind }) => kind !== 'past');
  const [held, others] = [here.filter(isHeld), here.filter((one) => !isHeld(one))];
  const commits = [...commitsOf(others), ...commitsOf(held)].toSorted((a, b) => a.seq - b.seq);
  return [...pastSteps(written), ...commits];
}

const commitsOf = (written: readonly Written[]): readonly TimelineCommit[] =>
  [...Map.groupBy(written, ({ version }) => version.seq)].map(([seq, own]) => ({
    seq,
    at: own[0]?.version.at ?? '',
    written: own,
  }));

/** The wait for an unknown recipient is an entry of its own, after the step that it came with. */
const isHeld = ({ kind }: Written): boolean => kind === 'held';

/**
 * Steps that happened before an import brought the referral here, each by itself, in the order in which they happened.
 */
const pastSteps = (written: readonly Written[]): readonly TimelineCommit[] =>
  written
    .filter(({ kind, resource }) => kind === 'past' && isPastStep(resource))
    .map((one) => ({ seq: one.version.seq, at: String(one.resource?.['occurredDateTime']), written: [one] }))
    .toSorted((a, b) => earliest(a.at) - earliest(b.at));

const earliest = (at: string): number => parseDateTime(at)?.low ?? 0;

/** Types that the caller's scopes do not let it search are left out. */
async function findSubjects(
  { snapshot, caller, signal }: TimelineGathering,
  to: readonly Ref[],
  { type, param, kind }: (typeof TIMELINE_SUBJECTS)[number] | typeof SAID,
): Promise<readonly Subject[]> {
  const sight = sightForType(caller, type);
  if (sight === undefined) return [];
  const where = { kind: 'reference', param, to } as const;
  const query = { type, where, sort: [], sight, count: SUBJECTS_MAX, offset: 0, total: false };
  const { matches, more } = await snapshot.search(query, signal).catch(searchRefusal);
  if (more) throw tooMany(`resources of type ${type}`);
  return matches.map(({ ref }) => ({ ref, kind, sight }));
}

async function readVersions(
  { snapshot, signal }: TimelineGathering,
  { ref, kind, sight }: Subject,
): Promise<readonly Written[]> {
  const query = { type: typeOf(ref), id: idOf(ref), count: VERSIONS_MAX, offset: 0, sight, total: false };
  const { versions, more } = await snapshot.history(query, signal).catch(searchRefusal);
  if (more) throw tooMany(`versions of one ${typeOf(ref)}`);
  return versions
    .filter(({ seq }) => seq <= snapshot.seq)
    .map((version) => {
      const resource = resourceOf(version);
      return { kind: kindOf(kind, version, resource), version, resource };
    });
}

function kindOf(kind: StepKind, { method }: Version, resource: Resource | undefined): StepKind {
  if (kind === 'document' && isMessage(resource)) return 'message';
  return kind === 'work' && method === 'POST' && heldBy(resource) !== undefined ? 'held' : kind;
}

const tooMany = (what: string): OperationOutcomeError =>
  new OperationOutcomeError('search-too-costly', {
    diagnostics: `the referral has too many ${what} to be drawn`,
  });

/** A kept message, by its fate. */
const isMessage = (resource: Resource | undefined): boolean =>
  valuesAt(resource, 'category.coding.system').includes(FATE_SYSTEM);

// — additions from the audit and the outbox

export async function tellSteps(
  gathering: TimelineGathering,
  commits: readonly TimelineCommit[],
  parties: TimelineParties,
): Promise<readonly TimelineStep[]> {
  const refsOf = (wanted: StepKind): ReadonlySet<Ref> =>
    new Set(
      commits.flatMap(({ written }) =>
        written.filter(({ kind }) => kind === wanted).map(({ version }) => version.ref),
      ),
    );
  // For a file, only its delivery as a note: who else reads it is no step of the referral.
  const deliveries = [
    ...(await readDeliveries(gathering, refsOf('edit'), parties)),
    ...(await readDeliveries(gathering, refsOf('document'), parties)).filter(
      ({ row }) => row.event === LATE_NOTE || needsNote(row.event),
    ),
  ];
  const steps: TimelineStep[] = [];
  for (const commit of commits) {
    const rows = await readRows(gathering, commit);
    const told = commit.written.some(isHeld) ? [] : deliveries.filter(({ row }) => row.seq === commit.seq);
    steps.push({ ...commit, rows, deliveries: told });
  }
  return steps;
}

/**
 * Read in the server's own sight. Of the row, a peer sees the organization and the move, never the user (rules 2.8).
 */
export async function readRows(
  { snapshot, signal }: TimelineGathering,
  { seq, written }: TimelineCommit,
): Promise<readonly AuditEntry[]> {
  const rows: AuditEntry[] = [];
  for (const { version } of written) {
    const behind = { seq: seq + 1, position: 0 };
    const query = { viewer: undefined, names: [version.ref], behind, count: ROWS_OF_COMMIT };
    const found = await snapshot.audit(query, signal).catch(searchRefusal);
    rows.push(
      ...found
        .filter((row) => row.seq === seq && row.entry.outcome === '0' && WRITES.has(row.entry.event))
        .map(({ entry }) => entry)
        .filter(({ entities }) => entities.some((entity) => entity.startsWith(`${version.ref}/_history/`))),
    );
  }
  return [...new Set(rows)];
}

const WRITES: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete']);
const ROWS_OF_COMMIT = 20;

/** The deliveries to the parties, and to the caller's own subscribers. */
async function readDeliveries(
  { context, snapshot, caller }: TimelineGathering,
  subjects: ReadonlySet<Ref>,
  { initiator, recipient }: TimelineParties,
): Promise<readonly Delivery[]> {
  const shown = new Set([initiator, recipient, caller.organization]);
  const told: Delivery[] = [];
  for (const subject of subjects) {
    const rows: readonly OutboxRow[] = await context.store.outbox({ subject, count: DELIVERIES_MAX });
    for (const row of rows) {
      const receiver = row.seq > snapshot.seq ? undefined : await receiverOf(snapshot, row);
      if (receiver !== undefined && (caller.administrator || shown.has(receiver.to)))
        told.push({ row, to: receiver.to, state: await stateOfRow(snapshot, row, receiver.hasContent) });
    }
  }
  return told;
}

interface Receiver {
  readonly to: Ref;
  /** Whether it is sent content; a Subscription without a payload is told that there is something. */
  readonly hasContent: boolean;
}

/**
 * Whom a delivery tells: at an Endpoint the party, of which the Endpoint may name a private record; else the organization that
 * keeps the Subscription.
 */
async function receiverOf(snapshot: Snapshot, { receiver, sight }: OutboxRow): Promise<Receiver | undefined> {
  if (typeOf(receiver) === 'Endpoint' && !sight.everything)
    return { to: sight.organization, hasContent: true };
  const version = await snapshot.read(receiver, EVERYTHING);
  if (version === undefined) return undefined;
  const resource = resourceOf(version);
  const to =
    localRef(resource?.['managingOrganization']) ??
    (version.custodian === '' ? undefined : version.custodian);
  const hasContent = typeOf(receiver) !== 'Subscription' || valuesAt(resource, 'channel.payload').length > 0;
  return to && { to, hasContent };
}

/** By the record of a delivery to a party; none is kept of one to a Subscription. */
async function stateOfRow(snapshot: Snapshot, row: OutboxRow, hasContent: boolean): Promise<DeliveryState> {
  const known =
    typeOf(row.receiver) === 'Subscription' ? undefined : await snapshot.record(DELIVERY_RECORD, row.id);
  return (known === undefined ? recordOfRow(row, hasContent) : readDelivery(known)).state;
}

/** The state of the last referral Task that the caller sees. */
export async function partiesShown(
  snapshot: Snapshot,
  commits: readonly TimelineCommit[],
): Promise<TimelineParties> {
  const task = commits
    .flatMap(({ written }) => written)
    .findLast(({ kind, resource }) => kind === 'edit' && resource !== undefined)?.resource;
  const world = partyWorldOf(snapshot);
  return {
    initiator: await addressedParty(task?.['requester'], world),
    recipient: await addressedParty(task?.['owner'], world),
  };
}
