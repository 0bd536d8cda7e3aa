/**
 * What is to be written into the labels of a resource and of what is inside it. A Bundle that is signed keeps its entries
 * as they were signed; its own `meta` is no part of a signature (http://hl7.org/fhir/R4/bundle.html#Bundle.signature).
 */
import type { Coding, Resource } from '../../fhir/types.ts';
import { resourcesInside, sensitivitiesOf, type Sensitivities } from './derive.ts';
import { completeLabels } from './label-set.ts';

interface LabelPlan {
  /** The labels to write; undefined where they stay as they are. */
  readonly security: readonly Coding[] | undefined;
  /** By the place of their entry: what is to be written inside a Bundle. */
  readonly entries: ReadonlyMap<number, LabelPlan>;
}

const NOTHING: Sensitivities = new Map();
const NO_ENTRIES: LabelPlan['entries'] = new Map();

/** What to write into a resource; undefined when it has all its labels. `isKnowledge`: it is about nobody. */
export function planLabels(resource: Resource, isKnowledge = false): LabelPlan | undefined {
  const entries = planEntries(resource);
  const given = resource.meta?.security ?? [];
  const completed = completeLabels(given, isKnowledge ? NOTHING : sensitivitiesOf(resource));
  const security = completed === given ? undefined : completed;
  return security === undefined && entries.size === 0 ? undefined : { security, entries };
}

function planEntries(resource: Resource): LabelPlan['entries'] {
  if (resource.resourceType !== 'Bundle' || resource['signature'] !== undefined) return NO_ENTRIES;
  const entries = new Map<number, LabelPlan>();
  for (const [place, member] of resourcesInside(resource).entries()) {
    const planned = member === undefined ? undefined : planLabels(member);
    if (planned !== undefined) entries.set(place, planned);
  }
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
