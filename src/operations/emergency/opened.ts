/**
 * What a grant opened, marked in the answer (compliance E4): each resource that the caller would not see without the grant
 * bears NORDSCLCD, and the answer says that it was told for the emergency alone.
 */
import { buildOutcome, type IssueDetail } from '../../fhir/issue.ts';
import { encodeJson, parseJson } from '../../fhir/json.ts';
import type { Coding, Ref, Resource } from '../../fhir/types.ts';
import { EMERGENCY_ONLY, EMERGENCY_PART2 } from '../../policies/emergency.ts';
import type { Snapshot } from '../../ports/store.ts';
import type { OperationContext } from '../context.ts';
import { findOperation } from '../extended/index.ts';
import { warningOf } from '../reply.ts';
import { READS, sightOf, type Reply, type Request } from '../request.ts';
import { runningGrants } from './grants.ts';
import { mayConcern } from './opened-about.ts';

const ACT_CODE = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const NO_REDISCLOSURE: Coding = { system: ACT_CODE, code: 'NORDSCLCD' };
const PART2 = '42CFRPart2';

/** Nothing is written in a widened sight: a grant lifts what is read (E3). */
const reads = (request: Request): boolean =>
  READS.has(request.interaction) ||
  (request.interaction === 'operation' && findOperation(request)?.affectsState === false);

/** The request under the grants that run for its caller; itself where none does. */
export async function underGrants({ store, clock }: OperationContext, request: Request): Promise<Request> {
  if (!reads(request)) return request;
  const emergency = await runningGrants(store.snapshot(), request.caller, clock.now());
  return emergency.length === 0 ? request : { ...request, caller: { ...request.caller, emergency } };
}

/** The answer with its marks. */
export async function markOpened(
  { store }: OperationContext,
  { caller }: Request,
  reply: Reply,
): Promise<Reply> {
  const { emergency, ...ordinary } = caller;
  if (emergency === undefined || (reply.text === undefined && reply.resource === undefined)) return reply;
  const patients = new Set(emergency.map(({ patient }) => patient));
  const tree = reply.text === undefined ? reply.resource! : parseJson(reply.text, OWN).storing; // one of the two is there
  const marking: Marking = {
    snapshot: store.snapshot(),
    ordinary: sightOf(ordinary),
    widened: sightOf(caller),
    patients,
  };
  const opened: Opened = { some: false, part2: false };
  const marked = await markIn(tree, marking, opened);
  if (!opened.some) return reply;
  const notes: readonly IssueDetail[] = [
    { code: 'emergency-only', severity: 'information', diagnostics: EMERGENCY_ONLY },
    ...(opened.part2
      ? [{ code: 'emergency-only', severity: 'information', diagnostics: EMERGENCY_PART2 } as const]
      : []),
  ];
  const { text: _text, resource: _resource, ...rest } = reply;
  return {
    ...rest,
    text: encodeJson(withOutcome(marked, notes)),
    headers: { ...reply.headers, Warning: warningOf(notes) },
    notes: [...(reply.notes ?? []), ...notes],
  };
}

/** Nesting of what we stored ourselves is no longer in question. */
const OWN = { depth: Number.POSITIVE_INFINITY };

interface Marking {
  readonly snapshot: Snapshot;
  readonly ordinary: ReturnType<typeof sightOf>;
  /** With what the grants lift. */
  readonly widened: ReturnType<typeof sightOf>;
  readonly patients: ReadonlySet<Ref>;
}

interface Opened {
  some: boolean;
  part2: boolean;
}

type Entries = readonly { readonly resource?: Resource }[];

async function markIn(resource: Resource, marking: Marking, opened: Opened): Promise<Resource> {
  if (resource.resourceType !== 'Bundle') return markOne(resource, marking, opened);
  const entry = await Promise.all(
    ((resource['entry'] ?? []) as Entries).map(async (one) =>
      one.resource === undefined ? one : { ...one, resource: await markOne(one.resource, marking, opened) },
    ),
  );
  return { ...resource, ...(entry.length > 0 && { entry }) };
}

async function markOne(resource: Resource, marking: Marking, opened: Opened): Promise<Resource> {
  const { resourceType, id, meta } = resource;
  if (id === undefined || resourceType === 'OperationOutcome' || !mayConcern(resource, marking.patients))
    return resource;
  const ref: Ref = `${resourceType}/${id}`;
  const seq = Number(meta?.versionId);
  const { snapshot, ordinary, widened } = marking;
  const isSeen = async (sight: typeof ordinary): Promise<boolean> =>
    (Number.isSafeInteger(seq) ? await snapshot.vread(ref, seq, sight) : await snapshot.read(ref, sight)) !==
    undefined;
  // What is seen in neither is not stored: a step of a timeline, a definition that comes with the server.
  if ((await isSeen(ordinary)) || !(await isSeen(widened))) return resource;
  opened.some = true;
  const { security = [] } = meta ?? {};
  if (security.some(({ code }) => code === PART2)) opened.part2 = true;
  if (security.some(({ code }) => code === NO_REDISCLOSURE.code)) return resource;
  return { ...resource, meta: { ...meta, security: [...security, NO_REDISCLOSURE] } };
}

function withOutcome(resource: Resource, notes: readonly IssueDetail[]): Resource {
  if (resource.resourceType !== 'Bundle' || resource['type'] !== 'searchset') return resource;
  const outcome = { resource: buildOutcome(notes), search: { mode: 'outcome' } };
  return { ...resource, entry: [...((resource['entry'] ?? []) as Entries), outcome] };
}
