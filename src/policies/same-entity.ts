/**
 * Whether two organizations are one legal entity (compliance D2; harmony Z13). To tell something within an entity is to use
 * it, not to disclose it (45 CFR 160.103), so `partOf` alone never makes one: an administrator confirms each link.
 */
import type { Ref } from '../fhir/types.ts';

/** What an organization is part of. */
export interface EntityLink {
  readonly above: Ref;
  /** An administrator says that the two are the same legal entity. */
  readonly confirmed: boolean;
}

/** Links from an organization upwards that are followed (directory DR35). */
export const LINKS_MAX = 5;

/**
 * Whether the chains of two organizations meet, every link up to there being confirmed. A chain that leads back to itself,
 * or on beyond {@link LINKS_MAX} links, proves nothing.
 */
export function isSameEntity(one: Ref, other: Ref, links: ReadonlyMap<Ref, EntityLink>): boolean {
  const [ours, theirs] = [entityAbove(one, links), entityAbove(other, links)];
  return [...ours].some((organization) => theirs.has(organization));
}

/** An organization with those above it that are confirmed to be the same entity; empty where that cannot be said. */
function entityAbove(organization: Ref, links: ReadonlyMap<Ref, EntityLink>): ReadonlySet<Ref> {
  const entity = new Set([organization]);
  let link = links.get(organization);
  while (link?.confirmed === true) {
    if (entity.has(link.above) || entity.size > LINKS_MAX) return new Set();
    entity.add(link.above);
    link = links.get(link.above);
  }
  return entity;
}
