/** What is said of times that this server's clock has not come to: they are kept as written, and order nothing. */
import { isAfter } from '../../fhir/datetime.ts';
import type { Resource } from '../../fhir/types.ts';
import { note, type Note } from '../../referral/ruling.ts';
import type { Surroundings } from '../rules.ts';

/** When it was authored and changed, as its writer's clock had it: a warning where that is ahead beyond the tolerance. */
export function notesOnClock(
  before: Resource | undefined,
  after: Resource,
  { now, settings: { aheadToleranceMs } }: Surroundings,
): readonly Note[] {
  const latest = Date.parse(now) + aheadToleranceMs;
  return ['authoredOn', 'lastModified']
    .filter((name) => after[name] !== before?.[name] && isAfter(after[name], latest))
    .map((name) => {
      const place = `${after.resourceType}.${name}`;
      const says = `${place} is ahead of this server's clock; it is kept as written, and orders nothing.`;
      return note('warning', says, [place]);
    });
}
