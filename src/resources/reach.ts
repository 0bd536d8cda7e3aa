/** The edges of reach that one version of a resource declares (rules 2.2). */
import { referencesOf } from '../fhir/references-of.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import type { Reach } from '../ports/store.ts';
import { localRef, localRefOf, typeOf, valuesAt } from './element.ts';
import { PARTY_TYPES, standingOf } from './parties/standing.ts';
import type { ResourceType } from './resource.ts';

/**
 * Types that carry a referral to the resources that refer to them: a Communication about a Patient is not part of every
 * referral of that Patient, but one about the Task is part of that referral.
 */
const FOLLOWED: ReadonlySet<string> = new Set(['Task', 'ServiceRequest', 'Appointment', 'Communication']);

/** The edges of one version. `isDirectory` says whether a type needs no edge, because everyone sees it. */
export function reachOf(
  declared: ResourceType,
  resource: Resource | undefined,
  parties: readonly Ref[],
  isDirectory: (type: string) => boolean,
): Reach {
  const everyone = isOpenToAll(declared, resource);
  if (resource === undefined || declared.keptApart?.(resource) === true)
    return { parties: [], outward: [], inward: [], everyone };
  const { carries, follows } = declared.ownPaths?.(resource) ?? declared;
  return {
    parties,
    outward: targets(resource, carries).filter((ref) => !isDirectory(typeOf(ref))),
    inward: targets(resource, follows).filter((ref) => FOLLOWED.has(typeOf(ref))),
    named: everyone ? [] : partiesNamed(resource),
    everyone,
  };
}

/** Whether everybody sees a resource, whatever refers to it: the directory, without the parties that are somebody's own. */
export const isOpenToAll = (declared: ResourceType, resource: Resource | undefined): boolean =>
  declared.directory === true &&
  !(resource !== undefined && PARTY_TYPES.has(declared.type) && standingOf(resource) === 'private');

/**
 * Every party that the resource names, anywhere: a private party comes along with the resource that names it (directory
 * DR29).
 */
function partiesNamed(resource: Resource): readonly Ref[] {
  const named = new Set<Ref>();
  for (const { text } of referencesOf(resource)) {
    const ref = localRefOf(text);
    if (ref !== undefined && PARTY_TYPES.has(typeOf(ref))) named.add(ref);
  }
  return [...named];
}

function targets(resource: Resource, paths: readonly string[] = []): readonly Ref[] {
  const refs = paths
    .flatMap((path) => valuesAt(resource, path))
    .map((value) => (typeof value === 'string' ? binaryOf(value) : localRef(value)))
    .filter((ref) => ref !== undefined);
  return [...new Set(refs)];
}

/**
 * An address that leads to content of this server. The writer must have been able to read the content (rules 2.3); the
 * server checks no other address.
 */
function binaryOf(url: string): Ref | undefined {
  const ref = localRefOf(url);
  return ref !== undefined && typeOf(ref) === 'Binary' ? ref : undefined;
}
