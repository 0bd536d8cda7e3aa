/** Reduces resources to what rows of the payload table name. */
import type { Ref, Resource } from '../../fhir/types.ts';
import type { CodeRange, PayloadElement, PayloadRow, PayloadType } from './row.ts';

/** Why something stays: codes of https://closeloop.dev/fhir/CodeSystem/list-code. */
type LeftReason = 'not-needed' | 'consent' | 'label' | 'restriction' | 'agreement';

export interface LeftResource {
  readonly ref: Ref;
  readonly reason: LeftReason;
}

interface TrimmedResources {
  /** Whole, or as reduced copies, in their order. */
  readonly kept: readonly Resource[];
  readonly left: readonly LeftResource[];
}

/** Each resource is either kept or left. What several rows name goes as far as the row that lets most of it go. */
export function trim(resources: readonly Resource[], rows: readonly PayloadRow[]): TrimmedResources {
  const kept: Resource[] = [];
  const left: LeftResource[] = [];
  for (const resource of resources) {
    const shown = reduceBy(resource, rows);
    if (shown !== undefined) kept.push(shown);
    else left.push({ ref: `${resource.resourceType}/${resource.id ?? ''}`, reason: 'not-needed' });
  }
  return { kept, left };
}

/** What rows let go of a resource; undefined: nothing. */
function reduceBy(resource: Resource, rows: readonly PayloadRow[]): Resource | undefined {
  const copies = rows.flatMap((row) => {
    const rule = row.types[resource.resourceType];
    const isPart = rule !== undefined && rule.addressed === undefined && isNamed(resource, rule);
    return isPart ? [reduceTo(resource, rule)] : [];
  });
  return copies.find((copy) => copy === resource) ?? copies[0];
}

/** Whether a row names a resource by its codes; without codes it names every one of the type. */
const isNamed = (resource: Resource, { codes }: PayloadType): boolean =>
  codes === undefined || codingsIn(resource['code']).some((coding) => isIn(coding, codes));

/** A copy with what a rule lets go; the resource itself where that is all of it. */
export function reduceTo(resource: Resource, { elements, reduced }: PayloadType): Resource {
  if (elements !== undefined) return copyOf(resource, elements);
  const changed = Object.entries(reduced ?? {}).flatMap(([key, rule]) => {
    const value = resource[key];
    const left = value === undefined ? value : reduceValue(value, rule);
    return left === value || sameText(left, value) ? [] : [[key, left] as const];
  });
  return changed.length === 0 ? resource : { ...resource, ...Object.fromEntries(changed) };
}

function copyOf(resource: Resource, elements: Readonly<Record<string, PayloadElement>>): Resource {
  const { resourceType, id, meta } = resource;
  const contained = containedParties(resource['contained']);
  const copy = {
    resourceType,
    ...(id !== undefined && { id }),
    // It may claim profiles that a part of it does not meet.
    ...(meta !== undefined && { meta: { ...meta, profile: undefined } }),
    ...(contained.length > 0 && { contained }),
    ...Object.fromEntries(
      Object.entries(resource).flatMap(([key, value]) => {
        const rule = ruleFor(key, elements);
        const left = rule === undefined ? undefined : reduceValue(value, rule);
        return left === undefined ? [] : [[key, left] as const];
      }),
    ),
  };
  return withoutLoose(copy, new Set(contained.map((one) => `#${one.id ?? ''}`))) as Resource;
}

/** The extensions of a primitive go with its whole value only: they may say the hour of a birth. */
function ruleFor(
  key: string,
  elements: Readonly<Record<string, PayloadElement>>,
): PayloadElement | undefined {
  if (!key.startsWith('_')) return elements[key];
  return elements[key.slice(1)] === 'whole' ? 'whole' : undefined;
}

const sameText = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

function reduceValue(value: unknown, rule: PayloadElement): unknown {
  if (rule === 'whole') return value;
  if (rule === 'year') return typeof value === 'string' ? value.slice(0, 4) : undefined;
  if (rule === 'reference') return Array.isArray(value) ? value.map(withoutNumber) : withoutNumber(value);
  if (rule === 'words') return Array.isArray(value) ? value.flatMap(wordsIn) : undefined;
  const concepts = (Array.isArray(value) ? value : [value]).flatMap((one) => reduceConcept(one, rule.codes));
  if (concepts.length === 0) return undefined;
  return Array.isArray(value) ? concepts : concepts[0];
}

function withoutNumber(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  const { reference, type, display } = value;
  return Object.fromEntries(
    Object.entries({ reference, type, display }).filter(([, one]) => one !== undefined),
  );
}

/** A part of a message, where it is a text. */
export const wordsIn = (part: unknown): readonly unknown[] => {
  const words = isObject(part) ? part['contentString'] : undefined;
  return typeof words === 'string' ? [{ contentString: words }] : [];
};

function reduceConcept(concept: unknown, codes: readonly CodeRange[]): readonly unknown[] {
  if (!isObject(concept)) return [];
  const { text } = concept;
  const all = codingsIn(concept);
  if (all.length === 0) return typeof text === 'string' ? [{ text }] : [];
  const coding = all.filter((one) => isIn(one, codes));
  return coding.length === 0 ? [] : [{ coding, ...(typeof text === 'string' && { text }) }];
}

interface GivenCoding {
  readonly system?: unknown;
  readonly code?: unknown;
}

const codingsIn = (concept: unknown): readonly GivenCoding[] =>
  isObject(concept) && Array.isArray(concept['coding']) ? concept['coding'].filter(isObject) : [];

function isIn({ system, code }: GivenCoding, ranges: readonly CodeRange[]): boolean {
  if (typeof code !== 'string') return false;
  return ranges.some((range) => range.system === system && holdsCode(range, code));
}

function holdsCode({ codes = [], between }: CodeRange, code: string): boolean {
  if (codes.includes(code)) return true;
  if (between === undefined) return false;
  const [first, last] = between;
  const start = code.slice(0, first.length).toUpperCase();
  return start >= first && start <= last;
}

/** Parties that the order names inside itself; whatever else is contained may be anything. */
const CONTAINED_PARTIES: ReadonlySet<unknown> = new Set([
  'HealthcareService',
  'Location',
  'Organization',
  'Practitioner',
  'PractitionerRole',
]);

const containedParties = (contained: unknown): readonly Resource[] =>
  Array.isArray(contained)
    ? contained.filter((one): one is Resource => isObject(one) && CONTAINED_PARTIES.has(one['resourceType']))
    : [];

/** Drops what is undefined, and references to contained resources that stayed behind. */
function withoutLoose(value: unknown, held: ReadonlySet<string>): unknown {
  if (Array.isArray(value))
    return value.map((one) => withoutLoose(one, held)).filter((one) => one !== undefined);
  if (!isObject(value)) return value;
  const pairs = Object.entries(value).flatMap(([key, one]) => {
    const left = key === 'reference' && isLoose(one, held) ? undefined : withoutLoose(one, held);
    return left === undefined ? [] : [[key, left] as const];
  });
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs);
}

const isLoose = (reference: unknown, held: ReadonlySet<string>): boolean =>
  typeof reference === 'string' && reference.startsWith('#') && !held.has(reference);

/** A number whose literal is kept is an object, too (`JSON.rawJSON`), and none of these. */
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
