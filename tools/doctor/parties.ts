/** Doctor's check of the register: the members, and the claims that wait for a person. */
import type { Config } from '../../src/server/config.ts';
import type { Finding } from '../../src/ports/store.ts';
import { MEMBER_KIND } from '../../src/resources/parties/standing.ts';
import { countRecords } from '../../src/stores/embedded/record-reading.ts';

export function examineParties({ dataDir }: Config): readonly Finding[] {
  const members = countRecords(dataDir, MEMBER_KIND, 'all', '');
  const verified = countRecords(dataDir, 'register', 'state', 'verified');
  const asserted = countRecords(dataDir, 'register', 'state', 'asserted');
  const none = members === 0 ? ' → npm run admin -- member add Organization/ID: nobody has an account' : '';
  const waiting = `${asserted} identifiers are asserted and verified by nobody → npm run admin -- register list`;
  return [
    { ok: true, ...(members === 0 && { warning: true }), says: `${members} members${none}` },
    { ok: true, says: `${verified} identifiers are verified` },
    ...(asserted === 0 ? [] : [{ ok: true, warning: true, says: waiting } as const]),
  ];
}
