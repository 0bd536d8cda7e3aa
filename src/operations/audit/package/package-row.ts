/**
 * A row of the audit as one organization may have it in a package (audit-compliance AU15, AU18): its own rows whole, of a
 * row of others only what is about its own records (rules 2.8).
 */
import type { Ref, Resource } from '../../../fhir/types.ts';
import type { PackageQuery } from '../../../ports/audit-packages.ts';
import type { AuditEntry, AuditRow } from '../../../ports/store.ts';
import { localRefOf } from '../../../resources/element.ts';

/** What a package asks of the store beside the log. */
export interface PackageWorld {
  /** A resource as it was at a commit. */
  readonly resourceAt: (ref: Ref, seq: number) => Resource | undefined;
  /** Who keeps it; undefined for what is not here. */
  readonly keeperOf: (ref: Ref) => Ref | '' | undefined;
}

export interface PackageRow extends AuditRow {
  /** The whole row is the organization's own. */
  readonly whole: boolean;
  /** The digest that the chain has of the row. */
  readonly digest: string;
}

/** Whether a row goes into the package. */
export function isPackaged(entry: AuditEntry, { organization, patient, referral }: PackageQuery): boolean {
  const { agent, viewers, patients, entities } = entry;
  if (agent.organization !== organization && !viewers.includes(organization)) return false;
  const names = (ref: Ref): boolean =>
    patients.includes(ref) || entities.some((entity) => localRefOf(entity) === ref);
  return (patient === undefined || names(patient)) && (referral === undefined || names(referral));
}

/** Whether the organization may have the whole row: it acted itself, or the server of itself for it; an administrator is neither. */
export function isWhole({ agent, viewers, delivery }: AuditEntry, organization: Ref): boolean {
  if (agent.organization === organization) return true;
  if (agent.organization !== '' || agent.subject !== '') return false;
  return delivery?.from === organization || viewers.every((viewer) => viewer === organization);
}

/** The resources of a row that may be named to the organization. */
export function knownTo(
  { delivery }: AuditEntry,
  organization: Ref,
  { keeperOf }: PackageWorld,
): (ref: Ref) => boolean {
  return (ref) => delivery?.to === organization || keeperOf(ref) === organization;
}

export const basisOfRow = ({ basis, elsewhere }: AuditEntry): string | undefined => basis ?? elsewhere?.basis;

/** The name that a party had at a commit. */
export function partyNameAt({ resourceAt }: PackageWorld, party: Ref, seq: number): string {
  const name = resourceAt(party, seq)?.['name'];
  return typeof name === 'string' ? name : '';
}
