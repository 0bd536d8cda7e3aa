/**
 * A draft: what a request wants written, before one commit holds it. Every interaction adds its changes to a
 * draft; the steps then resolve, validate, rule and address the draft as a whole. The draft also remembers everything it
 * relied on, so that the commit can be refused when that no longer holds.
 */
import { mapBody, type Body } from '../../fhir/body.ts';
import type { IssueDetail } from '../../fhir/issue.ts';
import { bodyOf, parseJson } from '../../fhir/json.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import type { Sight } from '../../ports/query.ts';
import type { RecordPrecondition, RecordWrite } from '../../ports/record.ts';
import type {
  AuditEntry,
  Expectation,
  VersionPrecondition,
  OutboxEntry,
  Snapshot,
  Version,
  Write,
} from '../../ports/store.ts';
import { typeOf } from '../../resources/element.ts';
import { RESOURCE_TYPES } from '../../resources/index.ts';
import { createMeter, nothingSpent, type Meter, type Spent } from '../../resources/patch/meter.ts';
import type { ResourceType } from '../../resources/resource.ts';
import type { Basis } from '../../policies/basis.ts';
import type { Purpose } from '../../policies/purpose.ts';
import type { Move } from '../../resources/rules.ts';
import type { Seen } from '../seen.ts';
import type { Caller, Interaction, Request } from '../request.ts';
import { sightFor } from '../scope.ts';
import type { OperationContext } from '../context.ts';

/** One resource of a draft, before and after. */
export interface Planned {
  readonly ref: Ref;
  readonly method: Write['method'];
  /** `seq` of the version it is planned on; 0 for none. */
  readonly base: number;
  readonly before: Resource | undefined;
  /** Undefined: deleted. */
  readonly after: Body | undefined;
  /** The custodian of the stored resource; '' for a new one whose custodian is still to be named. */
  readonly custodian: Ref | '';
  /** It was deleted and comes back, to the custodian it had: its id is known by what once referred to it. */
  readonly returns?: true;
  /** In which its client wrote it: narrower than the draft's where the entry's scopes are for one patient. */
  readonly sight?: Sight;
  /** Who wrote it. What the server writes meets no rule and no custody check again. */
  readonly origin: 'client' | 'server';
  /** Parties of the resource as a root of reach; named when the rules have run. */
  readonly parties: readonly Ref[];
  /** Where a bundle has it, for the places that refusals name: `Bundle.entry[2].resource`. */
  readonly place?: string;
}

/** Whom the policies were asked about. */
export interface ToldTo {
  readonly to: Ref;
  readonly purpose: Purpose;
  readonly basis: Basis | undefined;
}

export interface Draft {
  readonly context: OperationContext;
  readonly snapshot: Snapshot;
  readonly caller: Caller;
  /** It is what a message says. */
  readonly byMessage: boolean;
  /** What the caller sees. */
  readonly sight: Sight;
  readonly now: string;
  /** In the order of planning; one per resource. */
  readonly planned: Map<Ref, Planned>;
  readonly preconditions: Map<string, VersionPrecondition>;
  readonly expects: Expectation[];
  /** Audit rows beside those of its writes. */
  readonly rows: AuditEntry[];
  /** State that is not FHIR, written in the same commit. */
  readonly records: RecordWrite[];
  /** Records that were relied on, by kind and key. */
  readonly recordPreconditions: Map<string, RecordPrecondition>;
  readonly moves: Move[];
  /** Versions of Consents on which what is written is told, by what is written (compliance K5). */
  readonly deciding: Map<Ref, readonly string[]>;
  /** Organizations to which the policies let a Communication be told, by the Communication. */
  readonly told: Map<Ref, Set<Ref>>;
  readonly notes: IssueDetail[];
  /** What the policies were asked and said, in the order of asking; of who is told with several patients, of the first. */
  readonly policiesSaid: ToldTo[];
  /** Stored versions that the answer shows beside what is written. */
  readonly seen: Seen[];
  /** Entries of the outbox that are not written: their receivers require more. */
  readonly untold: Set<string>;
  /** Entries of the outbox beside those of the moves. */
  readonly tells: OutboxEntry[];
  readonly links: { readonly rel: string; readonly ref: Ref }[];
  /** Private Organizations by which the caller names itself as requester. */
  readonly aliases: Set<Ref>;
  /** Creates that became the next version of another resource. */
  readonly adopted: Map<Ref, Ref>;
  /** Writes that change nothing: the version that is told instead. */
  readonly unchanged: Map<Ref, number>;
  /** The interaction that is performed. */
  readonly interaction: Interaction;
  /** Referrals that ran elsewhere are brought in (rules 1.16); set when the draft is seen to do so. */
  importing: boolean;
  /** It came with a statement of 42 CFR 2.32: what it tells is content of Part 2; set when that is seen. */
  isNoticed: boolean;
  /** It is never committed: no step may change anything beside it, nor wait for anything. */
  isDry: boolean;
  /** What its patches have come to. */
  readonly patched: Spent;
}

/** An empty draft of a request, on a snapshot. */
export function openDraft(context: OperationContext, request: Request, snapshot: Snapshot): Draft {
  return {
    context,
    snapshot,
    caller: request.caller,
    byMessage: request.byMessage === true,
    sight: sightFor(request),
    now: new Date(context.clock.now()).toISOString(),
    planned: new Map(),
    preconditions: new Map(),
    expects: [],
    rows: [],
    records: [],
    recordPreconditions: new Map(),
    moves: [],
    deciding: new Map(),
    told: new Map(),
    notes: [],
    policiesSaid: [],
    seen: [],
    isDry: false,
    links: [],
    aliases: new Set(),
    untold: new Set(),
    tells: [],
    adopted: new Map(),
    unchanged: new Map(),
    interaction: request.interaction,
    importing: request.importing === true,
    isNoticed: false,
    patched: nothingSpent(),
  };
}

/** Counts what becomes of a stored text that is patched. */
export const meterFor = ({ context: { settings }, patched }: Draft, text: string): Meter =>
  createMeter({ size: settings.bodyBytesMax, depth: settings.jsonDepthMax }, patched, text.length);

/** A stored version as the server is about to change it: it meets no rule and no custody check. */
export function planStored(
  { ref, seq, custodian, text = '' }: Pick<Version, 'ref' | 'seq' | 'custodian' | 'text'>,
  change: (tree: Resource) => Resource = (tree) => tree,
): Planned {
  const body = parseJson(text);
  return {
    ref,
    method: 'PUT',
    base: seq,
    before: body.plain,
    after: mapBody(body, change),
    custodian,
    origin: 'server',
    parties: [],
  };
}

/** The declaration of a stored type. Stored types are registered types. */
export function declarationOf(ref: string): ResourceType {
  const declared = RESOURCE_TYPES.get(typeOf(ref));
  if (declared === undefined) throw new Error(`no declaration for ${typeOf(ref)}`);
  return declared;
}

/** Adds a change, or replaces what was planned for the resource. */
export function plan(draft: Draft, planned: Planned): void {
  draft.planned.set(planned.ref, { ...planned, sight: draft.sight });
}

/** Adds a resource that is made here for the caller: it meets every check that the caller's own would. */
export function planNew(draft: Draft, ref: Ref, resource: Resource): void {
  plan(draft, {
    ref,
    method: 'POST',
    base: 0,
    before: undefined,
    after: bodyOf({ ...resource, id: ref.slice(ref.indexOf('/') + 1) }),
    custodian: '',
    origin: 'client',
    parties: [],
  });
}

/** The draft in the sight in which one of its changes was written. */
export const sighted = (draft: Draft, { sight = draft.sight }: Planned): Draft =>
  sight === draft.sight ? draft : { ...draft, sight };

/** Says where in a bundle a planned change stands; the first entry that asks for it counts. */
export function markPlace(draft: Draft, ref: Ref, place: string): void {
  const planned = draft.planned.get(ref);
  if (planned !== undefined && planned.place === undefined) draft.planned.set(ref, { ...planned, place });
}

/** Places of a refusal, led by the entry that is meant. */
export const placesIn = (planned: Planned, places: readonly string[] = []): readonly string[] =>
  planned.place === undefined ? places : [planned.place, ...places];

/** A planned change with another body. */
export function replan(draft: Draft, ref: Ref, change: (tree: Resource) => Resource): void {
  const planned = draft.planned.get(ref);
  if (planned?.after === undefined) throw new Error(`nothing planned for ${ref}`);
  draft.planned.set(ref, { ...planned, after: mapBody(planned.after, change) });
}

/** The draft relies on this version: the commit is refused if it is no longer the current one. */
export function keepVersion(draft: Draft, ref: Ref, version: number): void {
  if (!draft.planned.has(ref)) draft.preconditions.set(`${ref} version`, { ref, version });
}

/** The draft relies on this resource being within the caller's sight. */
export function keepSight(draft: Draft, ref: Ref): void {
  draft.preconditions.set(`${ref} sight`, { ref, sight: draft.sight });
}

/** By which an entry of the outbox is known before it has a number. */
export const keyOfEntry = ({ receiver, orderingKey, subject, event }: OutboxEntry): string =>
  `${receiver} ${orderingKey} ${subject} ${event}`;
