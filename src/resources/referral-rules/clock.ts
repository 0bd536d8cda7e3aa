/** Warnings about times ahead of this server's clock. The server stores them as written, and orders nothing by them. */
import { isAfter } from '../../fhir/datetime.ts';
import type { Resource } from '../../fhir/types.ts';
import { note, type Note } from '../../referral/ruling.ts';
import type { RuleContext } from '../rules.ts';

/** Warns when `authoredOn` or `lastModified` is ahead of the server's clock by more than the tolerance. */
export function notesOnClock(
  before: Resource | undefined,
  after: Resource,
  { now, settings: { aheadToleranceMs } }: RuleContext,
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
