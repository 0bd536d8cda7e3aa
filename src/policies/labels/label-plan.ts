/**
 * What is to be written into the labels of a resource and of what is inside it. A Bundle that is signed keeps its entries
 * as they were signed; its own `meta` is no part of a signature (http://hl7.org/fhir/R4/bundle.html#Bundle.signature).
 */
import type { Coding, Resource } from '../../fhir/types.ts';
import { ACT_CODE, highestOf, isConfidentiality } from './confidentiality.ts';
import { resourcesInside, sensitivitiesOf, type Sensitivities } from './derive.ts';
import { loweredTo, wasLowered } from './label.ts';
import { completeLabels, keepLabels } from './label-set.ts';
import { isSameLabel, loweredLabels } from './lowered.ts';

export interface LabelPlan {
  /** The labels to write; undefined where they stay as they are. */
  readonly security: readonly Coding[] | undefined;
  /** By the place of their entry: what is to be written inside a Bundle. */
  readonly entries: ReadonlyMap<number, LabelPlan>;
}

/** The version before, and whether its labels may be lowered. */
interface Earlier {
  readonly before: Resource | undefined;
  readonly mayLower?: boolean;
  /** It is about nobody: nothing is derived for it. */
  readonly isKnowledge?: boolean;
}

const NOTHING: Sensitivities = new Map();
const NO_ENTRIES: LabelPlan['entries'] = new Map();

/** What to write into a resource; undefined when it has all its labels. */
export function planLabels(resource: Resource, earlier: Earlier): LabelPlan | undefined {
  const entries = planEntries(resource, earlier);
  const given = resource.meta?.security ?? [];
  const completed = labelsFor(resource, asTheyStood(given, earlier.before?.meta?.security ?? []), earlier);
  const security = completed === given ? undefined : completed;
  return security === undefined && entries.size === 0 ? undefined : { security, entries };
}

/** A label that a client wrote back without its extensions keeps them. The same list where none did. */
function asTheyStood(given: readonly Coding[], stood: readonly Coding[]): readonly Coding[] {
  const whole = given.map((label) =>
    label.extension === undefined ? (stood.find((one) => isSameLabel(one, label)) ?? label) : label,
  );
  return whole.some((label, place) => label.extension !== given[place]?.extension) ? whole : given;
}

function labelsFor(
  resource: Resource,
  given: readonly Coding[],
  { before, mayLower, isKnowledge }: Earlier,
): readonly Coding[] {
  const stood = before?.meta?.security ?? [];
  const lowered = loweredLabels(stood, given);
  const asked = isKnowledge === true ? NOTHING : sensitivitiesOf(resource);
  if (lowered.length === 0) return completeLabels(given, without(asked, takenOut(before, stood)));
  if (mayLower !== true)
    return completeLabels(keepLabels(given, lowered), without(asked, takenOut(before, stood)));
  const left = completeLabels(given, without(asked, [...takenOut(before, stood), ...lowered]));
  return [loweredTo(highestOf(left)?.code ?? 'N'), ...left.filter((label) => !isConfidentiality(label))];
}

/** What a person took out of an earlier version, although its content asks for it. */
const takenOut = (before: Resource | undefined, stood: readonly Coding[]): readonly Coding[] =>
  before === undefined || !wasLowered(stood)
    ? []
    : loweredLabels(
        [...sensitivitiesOf(before).keys()].map((code) => ({ system: ACT_CODE, code })),
        stood,
      );

function without(asked: Sensitivities, labels: readonly Coding[]): Sensitivities {
  if (labels.length === 0) return asked;
  const out = new Set(labels.map(({ code }) => code));
  return new Map([...asked].filter(([code]) => !out.has(code)));
}

function planEntries(resource: Resource, { before }: Earlier): LabelPlan['entries'] {
  if (resource.resourceType !== 'Bundle' || resource['signature'] !== undefined) return NO_ENTRIES;
  const stood = before === undefined ? undefined : byFullUrl(before);
  const urls = fullUrlsOf(resource);
  const entries = new Map<number, LabelPlan>();
  for (const [place, member] of resourcesInside(resource).entries()) {
    if (member === undefined) continue;
    const planned = planLabels(member, { before: stood?.get(urls[place] ?? '') });
    if (planned !== undefined) entries.set(place, planned);
  }
  return entries;
}

const fullUrlsOf = (bundle: Resource): readonly (string | undefined)[] =>
  ((bundle['entry'] ?? []) as readonly { readonly fullUrl?: string }[]).map(({ fullUrl }) => fullUrl);

function byFullUrl(bundle: Resource): ReadonlyMap<string, Resource> {
  const urls = fullUrlsOf(bundle);
  return new Map(
    resourcesInside(bundle).flatMap((member, place) => {
      const url = urls[place];
      return member === undefined || url === undefined ? [] : [[url, member] as const];
    }),
  );
}

/** A tree of the resource with these labels written into it. */
export function writeLabels(tree: Resource, { security, entries }: LabelPlan): Resource {
  const labelled =
    security === undefined ? tree : { ...tree, meta: { ...tree.meta, security: [...security] } };
  if (entries.size === 0) return labelled;
  const given = (tree['entry'] ?? []) as readonly { readonly resource?: Resource }[];
  const entry = given.map((one, place) => {
    const planned = entries.get(place);
    return planned === undefined || one.resource === undefined
      ? one
      : { ...one, resource: writeLabels(one.resource, planned) };
  });
  return { ...labelled, entry };
}
