/**
 * Who a person is, and where: each membership, each patient's record and the installation is a place of work of its own. A
 * token is for one place, with the rights there as of now.
 */
import { membershipsInForce, type KnownAccount } from '../../../accounts/accounts.ts';
import { readPartyName } from '../../../resources/parties/party-names.ts';
import type { Ref, Resource } from '../../../fhir/types.ts';
import { linksNow, type LinkNow } from '../../../accounts/links.ts';
import { mayBeOf, type Session } from '../../../identity/session.ts';
import { roleRow, type Role } from '../../../identity/roles.ts';
import { EVERYTHING } from '../../../ports/query.ts';
import { resourceOf } from '../../../ports/stored-resource.ts';
import type { Snapshot } from '../../../ports/store.ts';

/** Where a person may work, or whose record it is. */
export interface Place {
  /** Stable, for a form. */
  readonly key: string;
  /** Absent: the installation. */
  readonly organization?: Ref;
  /** Of a patient, or of somebody close to one. */
  readonly patient?: Ref;
  readonly name: string;
  readonly roles: readonly Role[];
  /** `Practitioner/1`, `Patient/1`, `RelatedPerson/1`. */
  readonly user?: Ref;
}

const INSTALLATION = 'installation';

/** @returns what a person may choose from now, in this session */
export async function workplacesOf(
  snapshot: Snapshot,
  account: KnownAccount,
  session: Pick<Session, 'organizations'>,
  now: number,
): Promise<readonly Place[]> {
  const places = await allPlacesOf(snapshot, account, now);
  return places.filter(({ organization }) => mayBeOf(session, organization));
}

async function allPlacesOf(
  snapshot: Snapshot,
  account: KnownAccount,
  now: number,
): Promise<readonly Place[]> {
  const memberships = await membershipsInForce(snapshot, account.id, now);
  const staff = memberships.map(async ({ organization, roles }): Promise<Place> => {
    const user = practitionerOf(account, organization);
    return {
      key: organization,
      organization,
      name: await organizationName(snapshot, organization),
      roles,
      ...(user !== undefined && { user }),
    };
  });
  const own = (await linksNow(account, snapshot, now)).map((link) => patientPlace(snapshot, link));
  const places = (await Promise.all([...staff, ...own])).filter((place) => place !== undefined);
  if (!account.administrator) return places;
  const user = practitionerOf(account, '');
  const installation: Place = {
    key: INSTALLATION,
    name: 'This installation',
    roles: ['sys-admin'],
    ...(user !== undefined && { user }),
  };
  return [...places, installation];
}

/** The Practitioner that the organization keeps, or else the installation. */
const practitionerOf = ({ links }: KnownAccount, organization: Ref | ''): Ref | undefined =>
  [organization, ''].flatMap((custodian) =>
    links.filter((link) => link.custodian === custodian && link.ref.startsWith('Practitioner/')),
  )[0]?.ref;

/** Whose record somebody may open by a link that holds now. */
async function patientPlace(
  snapshot: Snapshot,
  { ref, custodian, role, patient }: LinkNow,
): Promise<Place | undefined> {
  if (custodian === '' || role === undefined || patient === undefined) return undefined;
  return {
    key: ref,
    organization: custodian,
    patient,
    name: `${await patientName(snapshot, patient)}, ${await organizationName(snapshot, custodian)}`,
    roles: [role],
    user: ref,
  };
}

const stored = async (snapshot: Pick<Snapshot, 'read'>, ref: Ref): Promise<Resource | undefined> =>
  resourceOf(await snapshot.read(ref, EVERYTHING));

/** The name of an organization as its resource has it; else the reference. */
export const organizationName = (snapshot: Pick<Snapshot, 'read'>, ref: Ref): Promise<string> =>
  readPartyName(ref, (one) => stored(snapshot, one));

/** The first name of a patient, or words for one without. */
export async function patientName(snapshot: Pick<Snapshot, 'read'>, ref: Ref): Promise<string> {
  const patient = await stored(snapshot, ref);
  return (patient && nameOf(patient)) ?? 'a patient without a name';
}

/** The first name of a Patient, as people read it. */
export function nameOf(patient: Resource): string | undefined {
  const names = (patient['name'] ?? []) as readonly { text?: string; given?: string[]; family?: string }[]; // HumanNames
  const [{ text, given = [], family } = {}] = names;
  const said = text ?? [...given, family ?? ''].join(' ').trim();
  return said === '' ? undefined : said;
}

/** Roles for reading. */
export const roleWords = (roles: readonly Role[]): readonly string[] =>
  roles.map((role) => roleRow(role).display);
