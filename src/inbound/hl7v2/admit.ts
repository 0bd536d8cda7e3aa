/** What a link does not take at all (rules 7.2): told so by the acknowledgment, kept nowhere, and nobody's work. */
import { turnAway } from '../../hl7v2/messages/supported.ts';
import type { MessageVerdict } from '../fate.ts';
import type { Incoming } from './incoming.ts';

/**
 * Undefined for a message that is taken. One that cannot be read, or that comes from a facility which does not speak on
 * this link, is not ignored: somebody is to know of it.
 */
export function admit({ link, header, barred }: Incoming): MessageVerdict | undefined {
  if (header === undefined) return undefined;
  const turned = turnAway(header, link);
  return turned?.fate === 'ignored' && barred !== undefined ? undefined : turned;
}
