/** The party world over a snapshot: the reads by which delivery and the timeline find out who stands for whom. */
import type { Ref, Resource } from '../fhir/types.ts';
import { EVERYTHING, type Query } from '../ports/query.ts';
import type { RecordWrite } from '../ports/record.ts';
import type { Snapshot } from '../ports/store.ts';
import { parseStored, resourceOf } from '../ports/stored-resource.ts';
import type { PartyWorld } from './party.ts';
import { standingOf } from './parties/standing.ts';
import { decidingRow, findRow, type RowSource } from './parties/register.ts';
import { referencesTo } from './references-to.ts';

/** The number of roles of one person that are looked at. */
const ROLES_MAX = 20;

/** The search for the active roles of a person. */
export const rolesQuery = (practitioner: Ref): Query =>
  referencesTo('PractitionerRole', 'practitioner', practitioner, ROLES_MAX);

/** A person's record: whether the directory has it, and who keeps it. */
export interface Person {
  readonly listed: boolean;
  readonly keeper: string | undefined;
}

/**
 * A record, by role: a role at an organization for another organization's person, which only that organization has
 * written (DR19).
 */
export const ROLE_CLAIM = 'role-claim';

interface RoleClaim {
  readonly practitioner: Ref;
  readonly organization: Ref | '';
  /** Instant. */
  readonly at: string;
}

export const writeRoleClaim = (role: Ref, body: RoleClaim): RecordWrite => ({
  kind: ROLE_CLAIM,
  key: role,
  expect: 'any',
  body,
  index: [['all', '']],
});

/**
 * Whether a role says where a person works. The role has not ended. Either the keeper of the person's record keeps it
 * as well, or both are in the directory and an administrator has written the role. So no organization gives another's
 * person a place of work by its own word alone.
 */
export async function isCounted(
  role: Resource,
  custodian: string | undefined,
  person: Person,
  isClaimed: () => Promise<boolean>,
): Promise<boolean> {
  if (role['active'] === false) return false;
  if (custodian === person.keeper) return true;
  return person.listed && standingOf(role) !== 'private' && !(await isClaimed());
}

export function partyWorldOf(snapshot: Pick<Snapshot, 'read' | 'search' | 'record' | 'records'>): PartyWorld {
  const read = async (ref: Ref): Promise<Resource | undefined> => {
    const version = await snapshot.read(ref, EVERYTHING);
    return resourceOf(version);
  };
  const rows: RowSource = {
    row: (kind, identity) => findRow(snapshot, kind, identity),
    exists: async (kind, key) => (await snapshot.record(kind, key)) !== undefined,
  };
  return {
    read,
    async rolesOf(practitioner) {
      const version = await snapshot.read(practitioner, EVERYTHING);
      const record = resourceOf(version);
      const person = {
        listed: record !== undefined && standingOf(record) !== 'private',
        keeper: version?.custodian,
      };
      const { matches } = await snapshot.search(rolesQuery(practitioner));
      const roles: Resource[] = [];
      for (const { ref, text, custodian } of matches) {
        const role = parseStored(text);
        const isClaimed = async () => (await snapshot.record(ROLE_CLAIM, ref)) !== undefined;
        if (await isCounted(role, custodian, person, isClaimed)) roles.push(role);
      }
      return roles;
    },
    row: (kind, identity) => decidingRow(rows, kind, identity),
  };
}
