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

/** A person as a record of her says: whether the directory has her, and who keeps the record. */
export interface Person {
  readonly listed: boolean;
  readonly keeper: string | undefined;
}

/**
 * Whether a role says where a person works: it has not ended, and whoever keeps the record of her keeps it as well, or it
 * is one of the directory about a person of the directory. Who reads another's private record of a person, because a
 * referral brought it, gives her no place of work by that.
 */
export const isCounted = (role: Resource, custodian: string | undefined, person: Person): boolean =>
  role['active'] !== false &&
  (custodian === person.keeper || (person.listed && standingOf(role) !== 'private'));

export function partyWorldOf(snapshot: Pick<Snapshot, 'read' | 'search' | 'record' | 'records'>): PartyWorld {
  const read = async (ref: Ref): Promise<Resource | undefined> => {
    const version = await snapshot.read(ref, EVERYTHING);
    return version?.text === undefined ? undefined : (JSON.parse(version.text) as Resource); // validated when stored
  };
  return {
    read,
    async rolesOf(practitioner) {
      const version = await snapshot.read(practitioner, EVERYTHING);
      const record = version?.text === undefined ? undefined : (JSON.parse(version.text) as Resource); // as above
      const person = {
        listed: record !== undefined && standingOf(record) !== 'private',
        keeper: version?.custodian,
      };
      const { matches } = await snapshot.search(rolesQuery(practitioner));
      return matches.flatMap(({ text, custodian }) => {
        const role = JSON.parse(text) as Resource; // validated when stored
        return isCounted(role, custodian, person) ? [role] : [];
      });
    },
    row: (kind, identity) => findRow(snapshot, kind, identity),
  };
}
