/** Doctor's check of the parties: the members, the claims that wait for a person, and who has no kind. */
import type { Config } from '../../src/server/config.ts';
import type { Finding } from '../../src/ports/store.ts';
import { parseStored } from '../../src/ports/stored-resource.ts';
import { namesKind } from '../../src/resources/parties/kinds.ts';
import { MEMBER_KIND, standingOf } from '../../src/resources/parties/standing.ts';
import { readCurrentTexts } from '../../src/stores/embedded/current-texts.ts';
import { countRecords } from '../../src/stores/embedded/record-reading.ts';

export function examineParties({ dataDir, partyKindDefault }: Config): readonly Finding[] {
  const members = countRecords(dataDir, MEMBER_KIND, 'all', '');
  const verified = countRecords(dataDir, 'register', 'state', 'verified');
  const asserted = countRecords(dataDir, 'register', 'state', 'asserted');
  const none = members === 0 ? ' → npm run admin -- member add Organization/ID: nobody has an account' : '';
  const waiting = `${asserted} identifiers are asserted and verified by nobody → npm run admin -- register list`;
  return [
    { ok: true, ...(members === 0 && { warning: true }), says: `${members} members${none}` },
    { ok: true, says: `${verified} identifiers are verified` },
    ...(asserted === 0 ? [] : [{ ok: true, warning: true, says: waiting } as const]),
    ...examineKinds(dataDir, partyKindDefault),
  ];
}

/** Organizations that are looked at, and that are named. */
const LOOKED_AT_MAX = 10_000;
const NAMED_MAX = 20;

/** For those without a kind a setting decides what they are in the eyes of the law (compliance D1). */
function examineKinds(folder: string, fallback: Config['partyKindDefault']): readonly Finding[] {
  const without = readCurrentTexts(folder, 'Organization', LOOKED_AT_MAX)
    .map((text) => parseStored(text))
    .filter((organization) => standingOf(organization) !== 'private' && !namesKind(organization))
    .map(({ id }) => `Organization/${id}`);
  if (without.length === 0) return [{ ok: true, says: 'each organization has a kind' }];
  const named = without.slice(0, NAMED_MAX).join(', ');
  const more = without.length > NAMED_MAX ? ` and ${without.length - NAMED_MAX} more` : '';
  const counted =
    fallback === 'provider' ? 'a provider' : 'nothing, so that nothing is told them as treatment';
  return [
    {
      ok: true,
      ...(fallback === 'none' && { warning: true }),
      says: `without a kind, and counted as ${counted} (partyKindDefault): ${named}${more} → an administrator writes Organization.type`,
    },
  ];
}
