/** Which profile of IHE BALP an AuditEvent claims: one that it meets in full, or none. */
import type { AuditEventEntity } from '../fhir/types.ts';
import type { AuditEntry } from '../ports/store.ts';
import { SYSTEM_OBJECT } from './audit-entities.ts';
import { BALP, OBJECT_ROLE, type AuditPattern } from './audit-patterns.ts';
import type { AuditSeeing } from './audit-viewer.ts';

/** The BALP profile that the event meets in full; undefined when it meets none. */
export function auditProfile(
  entry: AuditEntry,
  pattern: AuditPattern,
  { own }: AuditSeeing,
  entities: readonly AuditEventEntity[],
): string | undefined {
  if (entry.outcome !== '0') return undefined;
  const name = own ? (restProfileOf(entry, pattern, entities) ?? receiptOf(entry, entities)) : undefined;
  const found = name ?? disclosureOf(entry, entities);
  return found && `${BALP}/StructureDefinition/IHE.BasicAudit.${found}`;
}

const peopleIn = (entities: readonly AuditEventEntity[]): number =>
  entities.filter(({ role }) => role?.system === OBJECT_ROLE && role.code === '1').length;

function restProfileOf(
  { action: asked, agent }: AuditEntry,
  { profile }: AuditPattern,
  entities: readonly AuditEventEntity[],
): string | undefined {
  if (profile === undefined || agent.client === '' || !agent.address) return undefined;
  const [name, action] = profile;
  const objects = entities.filter(({ type }) => type === SYSTEM_OBJECT).length;
  const people = peopleIn(entities);
  return asked === action && objects === 1 && people <= 1
    ? `${people === 1 ? 'Patient' : ''}${name}`
    : undefined;
}

/** A delivery of what is about one patient, with both parties known (compliance V3). */
const disclosureOf = ({ event, delivery, action }: AuditEntry, entities: readonly AuditEventEntity[]) =>
  event === 'deliver' && action === 'R' && delivery?.to !== undefined && isOfOnePatient(entities)
    ? 'PrivacyDisclosure.Source'
    : undefined;

/** A message about one patient, from a known address. */
const receiptOf = ({ event, action, agent }: AuditEntry, entities: readonly AuditEventEntity[]) =>
  event === 'receive' && action === 'C' && agent.address && agent.client !== '' && isOfOnePatient(entities)
    ? 'PrivacyDisclosure.Recipient'
    : undefined;

const isOfOnePatient = (entities: readonly AuditEventEntity[]): boolean =>
  peopleIn(entities) === 1 && entities.length > 1;
