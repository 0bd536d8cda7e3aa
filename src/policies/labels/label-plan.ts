/**
 * What is to be written into the labels of a resource and of what is inside it. A Bundle that is signed keeps its entries
 * as they were signed; its own `meta` is no part of a signature (http://hl7.org/fhir/R4/bundle.html#Bundle.signature).
 */
import type { Coding, Resource } from '../../fhir/types.ts';
import { ACT_CODE, highestOf, isConfidentiality } from './confidentiality.ts';
import { resourcesInside, sensitivitiesOf, type Sensitivities } from './derive.ts';
import { highWaterMark, labelsSaid } from './high-water.ts';
import { loweredTo, wasLowered } from './label.ts';
import { COUNSELING_LABEL } from '../facts.ts';
import { membersByUrl, urlsOfEntries } from './entries.ts';
import { part2SourcesIn, recordsAmong, withPart2, type Part2Source } from './part2-label.ts';
import { addLabels, completeLabels, keepLabels } from './label-set.ts';
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
  /** What follows from the resources that it lists. */
  readonly listed?: readonly Coding[];
  /** It is a record of 42 CFR Part 2 by its source; of a Bundle, its members are. */
  readonly part2?: Part2Source;
}

const NOTHING: Sensitivities = new Map();
const NO_ENTRIES: LabelPlan['entries'] = new Map();

/** What to write into a resource; undefined when it has all its labels. */
export function planLabels(resource: Resource, earlier: Earlier): LabelPlan | undefined {
  const entries = planEntries(resource, earlier);
  const given = resource.meta?.security ?? [];
  const follows = [...labelsSaid(resource), ...marksInside(resource, entries), ...(earlier.listed ?? [])];
  const stood = asTheyStood(given, earlier.before?.meta?.security ?? []);
  const completed = withSource(resource, labelsFor(resource, stood, follows, earlier), earlier);
  const security = completed === given ? undefined : completed;
  return security === undefined && entries.size === 0 ? undefined : { security, entries };
}

/** The high-water mark of a Bundle: of what is inside it, as it will be. */
function marksInside(resource: Resource, entries: LabelPlan['entries']): readonly Coding[] {
  const inside = resourcesInside(resource).flatMap(
    (member, place) => entries.get(place)?.security ?? member?.meta?.security ?? [],
  );
  const mark = highWaterMark(inside);
  return mark === undefined ? [] : [mark];
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
  follows: readonly Coding[],
  { before, mayLower, isKnowledge }: Earlier,
): readonly Coding[] {
  const stood = before?.meta?.security ?? [];
  const lowered = loweredLabels(stood, given);
  const asked = without(isKnowledge === true ? NOTHING : sensitivitiesOf(resource), takenOut(before, stood));
  if (lowered.length === 0) return completeLabels(addLabels(given, follows), asked);
  if (mayLower !== true) return completeLabels(addLabels(keepLabels(given, lowered), follows), asked);
  const left = completeLabels(addLabels(given, follows), without(asked, lowered));
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

/** A Bundle says by its confidentiality alone what is inside it, unless it is signed: then its members stay as they are. */
function withSource(
  resource: Resource,
  labels: readonly Coding[],
  { before, part2 }: Earlier,
): readonly Coding[] {
  const isSaidInside = resource.resourceType === 'Bundle' && resource['signature'] === undefined;
  const sources = [
    ...part2SourcesIn(before?.meta?.security),
    ...(isSaidInside ? [] : (part2?.sources ?? [])),
  ];
  if (sources.length === 0 && !isCounselingNote(labels)) return labels;
  const said = withPart2(labels, { ...part2, sources: [...new Set(sources)] });
  return said === labels ? labels : completeLabels(said, NOTHING);
}

/** A counseling note is one of Part 2, whoever keeps it (compliance P9). */
const isCounselingNote = (labels: readonly Coding[]): boolean =>
  labels.some((label) => isSameLabel(label, COUNSELING_LABEL));

function planEntries(resource: Resource, { before, part2 }: Earlier): LabelPlan['entries'] {
  if (resource.resourceType !== 'Bundle' || resource['signature'] !== undefined) return NO_ENTRIES;
  const stood = before === undefined ? undefined : membersByUrl(before);
  const urls = urlsOfEntries(resource);
  const members = resourcesInside(resource);
  const entries = new Map<number, LabelPlan>();
  const isRecord = recordsAmong(members, part2);
  const planOne = (place: number, listed: readonly Coding[] = []): void => {
    const member = members[place];
    if (member === undefined) return;
    const said = part2 !== undefined && isRecord(member) && { part2 };
    const planned = planLabels(member, { before: stood?.get(urls[place] ?? ''), listed, ...said });
    if (planned !== undefined) entries.set(place, planned);
  };
  for (const place of members.keys()) planOne(place);
  // The Composition of a document speaks for the whole.
  if (members[0]?.resourceType === 'Composition') planOne(0, marksInside(resource, entries));
  return entries;
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
