/** Sources of content of 42 CFR Part 2 that a client names on labels, and no version before does. */
import type { Coding, Resource } from '../../fhir/types.ts';
import { LABEL_SOURCE } from '../guards/marks.ts';
import { resourcesInside } from './derive.ts';
import { membersByUrl, urlsOfEntries } from './entries.ts';
import { isSameLabel } from './lowered.ts';

const sourcesOn = ({ extension = [] }: Coding) => extension.filter(({ url }) => url === LABEL_SOURCE);

/** Whether some label of a resource, or of one inside it, names a source. */
export const namesSource = (resource: Resource): boolean =>
  (resource.meta?.security ?? []).some((label) => sourcesOn(label).length > 0) ||
  resourcesInside(resource).some((member) => member !== undefined && namesSource(member));

/**
 * The resource with the sources alone that the version before names on the same label. What a signed Bundle holds stays as
 * it was signed, and its sources are not read. The same resource where it names no other.
 */
export function withoutClaimedSources(resource: Resource, before: Resource | undefined): Resource {
  const labelled = inLabels(resource, before?.meta?.security ?? []);
  if (resource.resourceType !== 'Bundle' || resource['signature'] !== undefined) return labelled;
  const stood = before === undefined ? undefined : membersByUrl(before);
  const urls = urlsOfEntries(resource);
  const members = resourcesInside(resource).map((member, place) =>
    member === undefined ? member : withoutClaimedSources(member, stood?.get(urls[place] ?? '')),
  );
  if (members.every((member, place) => member === resourcesInside(resource)[place])) return labelled;
  const entries = (resource['entry'] ?? []) as readonly object[]; // it has members
  const entry = entries.map((one, place) =>
    members[place] === undefined ? one : { ...one, resource: members[place] },
  );
  return { ...labelled, entry };
}

function inLabels(resource: Resource, stood: readonly Coding[]): Resource {
  const labels = resource.meta?.security ?? [];
  const security = labels.map((label) => withKnown(label, stood));
  return security.every((label, place) => label === labels[place])
    ? resource
    : { ...resource, meta: { ...resource.meta, security } };
}

function withKnown(label: Coding, stood: readonly Coding[]): Coding {
  const before = stood.find((one) => isSameLabel(one, label));
  const known = new Set(
    (before === undefined ? [] : sourcesOn(before)).map(({ valueReference }) => valueReference?.reference),
  );
  const { extension = [], ...rest } = label;
  const kept = extension.filter(
    ({ url, valueReference }) => url !== LABEL_SOURCE || known.has(valueReference?.reference),
  );
  if (kept.length === extension.length) return label;
  return kept.length === 0 ? rest : { ...rest, extension: kept };
}
