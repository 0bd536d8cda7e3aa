/** Who stands for whom, asked of a snapshot: what delivery and the timeline look at. */
import type { Ref, Resource } from '../fhir/types.ts';
import type { Query } from '../ports/query.ts';
import type { Snapshot } from '../ports/store.ts';
import type { PartyWorld } from './party.ts';
import { standingOf } from './parties/standing.ts';
import { findRow } from './parties/register.ts';

const EVERYTHING = { everything: true } as const;

/** Roles of one person that are looked at. */
const ROLES_MAX = 20;

/** The search for the active roles of a person. */
export const rolesQuery = (practitioner: Ref): Query => ({
  type: 'PractitionerRole',
  where: { kind: 'reference', param: 'practitioner', to: [practitioner] },
  sort: [],
  sight: EVERYTHING,
  count: ROLES_MAX,
  offset: 0,
  total: false,
});

/**
 * Whether a role says where a person works: it has not ended, and the directory has it, or whoever keeps the private record
 * of the person keeps it as well. Nobody else's role makes another place of work.
 */
export const isCounted = (
  role: Resource,
  custodian: string | undefined,
  keeper: string | undefined,
): boolean => role['active'] !== false && (standingOf(role) !== 'private' || custodian === keeper);

export function partyWorldOf(snapshot: Pick<Snapshot, 'read' | 'search' | 'record' | 'records'>): PartyWorld {
  const read = async (ref: Ref): Promise<Resource | undefined> => {
    const version = await snapshot.read(ref, EVERYTHING);
    return version?.text === undefined ? undefined : (JSON.parse(version.text) as Resource); // validated when stored
  };
  return {
    read,
    async rolesOf(practitioner) {
      const person = await snapshot.read(practitioner, EVERYTHING);
      const { matches } = await snapshot.search(rolesQuery(practitioner));
      return matches.flatMap(({ text, custodian }) => {
        const role = JSON.parse(text) as Resource; // validated when stored
        return isCounted(role, custodian, person?.custodian) ? [role] : [];
      });
    },
    row: (kind, identity) => findRow(snapshot, kind, identity),
  };
}
