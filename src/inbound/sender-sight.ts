/** What a message may find of what is kept already: persons and clinicians, never by their numbers alone (rules 7.6). */
import type { Match, Sight } from '../ports/query.ts';
import { parseStored } from '../ports/stored-resource.ts';
import { PARTY_TYPES, standingOf } from '../resources/parties/standing.ts';
import { typeOf } from '../resources/element.ts';
import type { Draft } from '../operations/write/draft.ts';

/**
 * Where a sender's persons are looked for. A member's are among its own. For somebody outside they are among what the
 * referrals of that party reach, so that no mail draws a person of the receiver's by a number that it knows.
 */
export const sightOfSender = ({ caller, sight }: Pick<Draft, 'caller' | 'sight'>): Sight =>
  caller.speaker === undefined ? sight : { everything: false, organization: caller.speaker };

/** Of what was found, what the sender may mean: of parties outside, private records alone (directory DR19). */
export function ownMatches({ caller }: Pick<Draft, 'caller'>, matches: readonly Match[]): readonly Match[] {
  const own = matches.filter(({ custodian }) => custodian === caller.organization);
  if (caller.speaker === undefined) return own;
  return own.filter(
    ({ ref, text }) => !PARTY_TYPES.has(typeOf(ref)) || standingOf(parseStored(text)) === 'private',
  );
}
