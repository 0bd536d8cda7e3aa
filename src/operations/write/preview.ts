/** Reads and searches resources for a draft: as they are stored, and as they will be after the commit. */
import type { Coding, Ref, Resource } from '../../fhir/types.ts';
import { labelsInText } from '../../policies/labels/stored-labels.ts';
import { EVERYTHING, narrowedTo, type Clause, type Query, type Sight } from '../../ports/query.ts';
import type { Snapshot, Version } from '../../ports/store.ts';
import { resourceOf } from '../../ports/stored-resource.ts';
import { asksOthers } from '../../resources/audit-search.ts';
import { typeOf } from '../../resources/element.ts';
import { matches, type Candidate } from '../../resources/match.ts';
import { isWithinNarrowing } from './scoped.ts';
import { keepVersion, type Draft, type Planned } from './draft.ts';
import { searchRefusal } from '../search/search-refusal.ts';
import { valuesOf, valuesOfParameter } from '../values.ts';

/** A version as an interaction that changes it needs it. */
interface Current {
  readonly version: Version;
  readonly resource: Resource;
}

/** The current version within the caller's sight; undefined when there is none, it is deleted, or it is invisible. */
export async function readCurrent(draft: Draft, ref: Ref): Promise<Current | undefined> {
  const version = await draft.snapshot.read(ref, draft.sight);
  const resource = resourceOf(version);
  return version === undefined || resource === undefined ? undefined : { version, resource };
}

/** A resource as it will be, in the server's own sight; undefined when there is none. */
export async function readPreview(draft: Draft, ref: Ref): Promise<Resource | undefined> {
  const planned = draft.planned.get(ref);
  if (planned !== undefined) return planned.after?.plain;
  const stored = await readStored(draft.snapshot, ref);
  if (stored === undefined) return undefined;
  keepVersion(draft, ref, stored.seq);
  return stored.resource;
}

/** Who keeps a resource; undefined for what an administrator wrote in its own name. */
export async function keeperOf({ planned, snapshot }: Draft, ref: Ref): Promise<Ref | undefined> {
  const keeper = (planned.get(ref) ?? (await snapshot.read(ref, EVERYTHING)))?.custodian;
  return keeper === '' ? undefined : keeper; // it never changes: nothing has to hold at the commit
}

/** The security labels of a resource as they will be, if the writer may read it. A stored text is not read for them. */
export async function readLabels(draft: Draft, ref: Ref): Promise<readonly Coding[]> {
  const planned = draft.planned.get(ref);
  if (planned !== undefined) return planned.after?.plain.meta?.security ?? [];
  const version = await draft.snapshot.read(ref, draft.sight);
  if (version?.text === undefined) return [];
  keepVersion(draft, ref, version.seq);
  return labelsInText(version.text);
}

interface Stored {
  readonly seq: number;
  readonly resource: Resource;
}

/** What was read of a snapshot: the steps of a draft ask for the same parties and orders again and again. */
const readOf = new WeakMap<Snapshot, Map<Ref, Stored>>();
/** Resources of one snapshot that are remembered. */
const READ_MAX = 500;

/** A resource as it is stored, and its version; what comes of it is not asked again at the commit. */
export async function readStored(snapshot: Snapshot, ref: Ref): Promise<Stored | undefined> {
  let known = readOf.get(snapshot);
  if (known === undefined) readOf.set(snapshot, (known = new Map()));
  const remembered = known.get(ref);
  if (remembered !== undefined) return remembered;
  const version = await snapshot.read(ref, EVERYTHING);
  const resource = resourceOf(version);
  if (version === undefined || resource === undefined) return undefined;
  const stored = { seq: version.seq, resource };
  if (known.size < READ_MAX) known.set(ref, stored);
  return stored;
}

/** As it will be, if the writer may read it: nothing is taken from what is not to be seen. */
export async function readInSight(draft: Draft, ref: Ref): Promise<Resource | undefined> {
  const planned = draft.planned.get(ref);
  if (planned?.before === undefined && planned !== undefined) return planned.after?.plain;
  const version = await draft.snapshot.read(ref, draft.sight);
  if (version?.text === undefined) return undefined;
  if (planned !== undefined) return planned.after?.plain;
  keepVersion(draft, ref, version.seq);
  return resourceOf(version);
}

/**
 * What a search finds as things will be: the snapshot's matches that the draft does not change, and the draft's own. The
 * snapshot's part is expected to hold at the moment of commit.
 */
export async function findPreview(
  draft: Draft,
  query: Query,
  among?: Iterable<Planned>,
): Promise<readonly Ref[]> {
  return withPlanned(draft, query, await findStored(draft, query), among);
}

/** What a search finds of the snapshot, which is expected to hold at the moment of commit. */
export async function findStored({ snapshot, expects }: Draft, query: Query): Promise<readonly Ref[]> {
  const { matches: found } = await snapshot.search(query).catch(searchRefusal);
  const refs = found.map(({ ref }) => ref);
  expects.push({ query, refs });
  return refs;
}

/** What a search found of the snapshot, as things will be. */
export async function withPlanned(
  draft: Draft,
  query: Query,
  found: readonly Ref[],
  among?: Iterable<Planned>,
): Promise<readonly Ref[]> {
  const stored = found.filter((ref) => !draft.planned.has(ref));
  return [...stored, ...(await findPlanned(draft, query, among))];
}

/** What a draft is about to write, of what a search would find. */
export async function findPlanned(
  draft: Draft,
  { type, where, sight }: Query,
  among: Iterable<Planned> = draft.planned.values(),
): Promise<readonly Ref[]> {
  const found: Ref[] = [];
  // Of thousands of entries each may have a condition: what can be told at once is not awaited.
  const isOwn = !asksOthers(where);
  for (const { ref, after, custodian } of among) {
    if (after === undefined || typeOf(ref) !== type) continue;
    if (!isWithinNarrowing(narrowedTo(sight, type), ref, after.plain, custodian)) continue;
    const candidate = candidateOf(ref, after.plain, custodian, where);
    if (isOwn ? matches(where, candidate) : await satisfies(draft, candidate, where, sight)) found.push(ref);
  }
  return found;
}

/** With the values that a clause asks for: of a tree that is still to change, a single reference asks for few. */
const candidateOf = (ref: Ref, resource: Resource, keeper: Ref | '', asked?: Clause): Candidate => ({
  ref,
  type: typeOf(ref),
  values: asked?.kind === 'reference' ? valuesOfParameter(resource, asked.param) : valuesOf(resource),
  keeper,
});

/** Whether a planned resource satisfies a clause; every hop goes to what the sight reaches, or the draft writes. */
async function satisfies(draft: Draft, candidate: Candidate, clause: Clause, sight: Sight): Promise<boolean> {
  switch (clause.kind) {
    case 'all':
    case 'any': {
      for (const part of clause.of) {
        const holds = await satisfies(draft, candidate, part, sight);
        if (holds !== (clause.kind === 'all')) return holds;
      }
      return clause.kind === 'all';
    }
    case 'not':
      return !(await satisfies(draft, candidate, clause.clause, sight));
    case 'chain': {
      const { param, types, where } = clause;
      for (const { low } of candidate.values.filter((value) => value.param === param)) {
        if (typeof low !== 'string' || !types.includes(typeOf(low))) continue;
        const target = await readSighted(draft, low as Ref, sight); // a local reference of a served type
        if (target !== undefined && (await satisfies(draft, target, where, sight))) return true;
      }
      return false;
    }
    case 'has': {
      const { type, param, where } = clause;
      const refers: Clause = { kind: 'reference', param, to: [candidate.ref] };
      const query: Query = {
        type,
        where: { kind: 'all', of: [refers, where] },
        sort: [],
        sight,
        count: 1,
        offset: 0,
        total: false,
      };
      return (await findPreview(draft, query)).length > 0;
    }
    default:
      return matches(clause, candidate);
  }
}

/** A resource as it will be, where the sight reaches it. */
async function readSighted(draft: Draft, ref: Ref, sight: Sight): Promise<Candidate | undefined> {
  const isSighted = draft.planned.has(ref) || (await draft.snapshot.read(ref, sight)) !== undefined;
  const found = isSighted ? await readPreview(draft, ref) : undefined;
  if (found === undefined) return undefined;
  const keeper = (await keeperOf(draft, ref)) ?? '';
  const isLeft = isWithinNarrowing(narrowedTo(sight, typeOf(ref)), ref, found, keeper);
  return isLeft ? candidateOf(ref, found, keeper) : undefined;
}
