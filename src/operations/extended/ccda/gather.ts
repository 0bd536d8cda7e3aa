/** The resources that a document tells: what a referral reaches, or what is kept of a patient, in the caller's sight. */
import { walkReferences } from '../../../fhir/reference.ts';
import type { Ref, Reference, Resource } from '../../../fhir/types.ts';
import type { Match, Sight } from '../../../ports/query.ts';
import type { Snapshot, Version } from '../../../ports/store.ts';
import { parseStored } from '../../../ports/stored-resource.ts';
import { PATIENT_PARAM } from '../../../resources/compartment.ts';
import { ownRefOf, typeOf } from '../../../resources/element.ts';
import { RESOURCE_TYPES } from '../../../resources/index.ts';
import type { OperationContext } from '../../context.ts';
import type { Request } from '../../request.ts';
import { sightForType } from '../../scope.ts';
import { searchRefusal } from '../../search/search-refusal.ts';
import { showText } from '../../show.ts';

/** Resources of one document at most, and of one type of a patient's record. */
const RESOURCES_MAX = 2000;
const OF_TYPE_MAX = 500;
/** From the order to what it rests on, to what that rests on in turn. */
const ROUNDS_MAX = 5;

/** What was gathered, by reference, and the versions that were read. */
export interface Gathered {
  readonly resources: ReadonlyMap<Ref, Resource>;
  readonly versions: readonly Version[];
  /** The newest commit of any of them, and when it was. */
  readonly seq: number;
  readonly at: string;
  /** More was there than one document holds. */
  readonly cut: boolean;
  readonly lookUp: (reference: Reference | undefined) => Resource | undefined;
  readonly custodianOf: (ref: Ref) => Ref | '';
}

/** Where it is gathered, and as whom. */
interface Gathering {
  /** Absolute base of the server. */
  readonly base: string;
  readonly snapshot: Pick<Snapshot, 'read' | 'search'>;
  /** The sight in which a type is read; undefined: none of it is. */
  readonly sightFor: (type: string) => Sight | undefined;
  /** The text of a version as it may be told. */
  readonly show: (version: Version) => string;
  readonly signal: AbortSignal;
}

/** For a caller, in the sight of its scopes. */
export const gatheringFor = (
  { settings }: OperationContext,
  { caller, signal }: Request,
  snapshot: Snapshot,
): Gathering => ({
  base: settings.publicBase,
  snapshot,
  sightFor: (type) => sightForType(caller, type),
  // The document says it itself where its content is of 42 CFR Part 2.
  show: (version) => showText({ ...version, notice: 'none' }, caller),
  signal,
});

/** Types that are followed from an order but never lead on to somebody's whole record. */
const ENDS: ReadonlySet<string> = new Set(['Patient', 'Organization', 'Practitioner', 'Location', 'Device']);

/** Follows references from some resources, as far as one document reaches. */
export async function follow(
  { base, snapshot, sightFor, show }: Gathering,
  roots: readonly Ref[],
  known: readonly Version[] = [],
  isNeeded: (version: Match) => boolean = () => true,
): Promise<Gathered> {
  const versions = new Map<Ref, Version>(known.map((version) => [version.ref, version]));
  const resources = new Map<Ref, Resource>();
  const read = (version: Version): Resource => parseStored(show(version));
  for (const version of known) resources.set(version.ref, read(version));
  let cut = false;
  let next: readonly Ref[] = [...roots, ...[...resources.values()].flatMap((one) => refsOf(base, one))];
  for (let round = 0; round < ROUNDS_MAX && next.length > 0; round += 1) {
    const found: Ref[] = [];
    for (const ref of new Set(next)) {
      if (resources.has(ref)) continue;
      if (resources.size >= RESOURCES_MAX) {
        cut = true;
        break;
      }
      const sight = sightFor(typeOf(ref));
      const version = sight === undefined ? undefined : await snapshot.read(ref, sight);
      if (version?.text === undefined || !isNeeded({ ...version, text: version.text })) continue;
      versions.set(ref, version);
      const resource = read(version);
      resources.set(ref, resource);
      if (!ENDS.has(resource.resourceType)) found.push(...refsOf(base, resource));
    }
    next = found;
  }
  return gathered(base, versions, resources, cut);
}

/** What is kept of a patient, of some types, and others that the document names. */
export async function ofPatient(
  gathering: Gathering,
  patient: Ref,
  types: readonly string[],
  others: readonly Ref[],
  neededOf: (found: readonly Match[]) => readonly Match[],
): Promise<Gathered> {
  const { signal, sightFor, snapshot } = gathering;
  const known: Version[] = [];
  let cut = false;
  for (const type of new Set(types)) {
    const sight = sightFor(type);
    if (sight === undefined) continue;
    const query = {
      type,
      where: { kind: 'reference', param: PATIENT_PARAM, to: [patient] } as const,
      sort: [],
      sight,
      // One more than is told says that there is more.
      count: OF_TYPE_MAX + 1,
      offset: 0,
      total: false,
    };
    const { matches } = await snapshot.search(query, signal).catch(searchRefusal);
    cut ||= matches.length > OF_TYPE_MAX;
    for (const { ref } of neededOf(matches.slice(0, OF_TYPE_MAX))) {
      const version = await snapshot.read(ref, sight);
      if (version !== undefined) known.push(version);
    }
  }
  const isNeeded = (version: Match): boolean => neededOf([version]).length > 0;
  const gathered = await follow(gathering, [patient, ...others], known, isNeeded);
  return { ...gathered, cut: cut || gathered.cut };
}

/** Local references of a resource to types that are stored. */
function refsOf(base: string, resource: Resource): readonly Ref[] {
  const refs: Ref[] = [];
  walkReferences(resource, ({ text }) => {
    const ref = ownRefOf(base, text);
    const declared = ref === undefined ? undefined : RESOURCE_TYPES.get(typeOf(ref));
    if (ref !== undefined && declared !== undefined && declared.renderedFromAudit !== true) refs.push(ref);
  });
  return refs;
}

function gathered(
  base: string,
  versions: ReadonlyMap<Ref, Version>,
  resources: ReadonlyMap<Ref, Resource>,
  cut: boolean,
): Gathered {
  const all = [...versions.values()];
  const newest = all.toSorted((a, b) => b.seq - a.seq)[0];
  return {
    resources,
    versions: all,
    seq: newest?.seq ?? 0,
    at: newest?.at ?? '',
    cut,
    lookUp(reference) {
      const ref = reference?.reference === undefined ? undefined : ownRefOf(base, reference.reference);
      return ref === undefined ? undefined : resources.get(ref);
    },
    custodianOf: (ref) => versions.get(ref)?.custodian ?? '',
  };
}
