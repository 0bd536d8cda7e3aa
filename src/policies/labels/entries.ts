/** The members of a Bundle by the addresses of their entries: by these the members of two versions are the same. */
import type { Resource } from '../../fhir/types.ts';
import { resourcesInside } from './derive.ts';

export const urlsOfEntries = (bundle: Resource): readonly (string | undefined)[] =>
  ((bundle['entry'] ?? []) as readonly { readonly fullUrl?: string }[]).map(({ fullUrl }) => fullUrl);

export function membersByUrl(bundle: Resource): ReadonlyMap<string, Resource> {
  const urls = urlsOfEntries(bundle);
  return new Map(
    resourcesInside(bundle).flatMap((member, place) => {
      const url = urls[place];
      return member === undefined || url === undefined ? [] : [[url, member] as const];
    }),
  );
}
