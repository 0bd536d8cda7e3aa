/** `events.csv` of a package: one line for each event and each of its entities (audit-compliance AU17). */
import { standingOfAgreement } from '../../../agreements/state.ts';
import type { Ref, Resource } from '../../../fhir/types.ts';
import { isWrite } from '../../../resources/audit-writes.ts';
import { localRefOf, typeOf } from '../../../resources/element.ts';
import { patientsOfCompartments } from '../../values.ts';
import { basisOfRow, knownTo, partyNameAt, type PackageRow, type PackageWorld } from './package-row.ts';

/** The columns, in an order that does not change. */
// prettier-ignore
export const EVENT_COLUMNS = [
  'seq', 'position', 'recorded', 'event', 'action', 'outcome', 'issue', 'exception', 'organization', 'user', 'user_name',
  'client', 'session', 'tab', 'address', 'purpose', 'basis', 'deciding', 'patient', 'entity', 'version', 'referral',
  'transition', 'rail', 'recipient', 'recipient_name', 'content_category', 'labels', 'notice', 'agreement',
  'agreement_state', 'masked', 'hash', 'request_id', 'row_digest',
] as const;

export type EventColumn = (typeof EVENT_COLUMNS)[number];
export type EventLine = Readonly<Record<EventColumn, string>>;

const REFERRALS: ReadonlySet<string> = new Set(['ServiceRequest', 'Task']);

/** Of one package, and for as long as the row is looked at: several tables have the same lines. */
const known = new WeakMap<PackageRow, readonly EventLine[]>();

/** The lines of a row as the organization may have them; one without an entity where the row has none. */
export function eventLines(row: PackageRow, organization: Ref, world: PackageWorld): readonly EventLine[] {
  const lines = known.get(row) ?? linesOf(row, organization, world);
  known.set(row, lines);
  return lines;
}

function linesOf(row: PackageRow, organization: Ref, world: PackageWorld): readonly EventLine[] {
  const { entry } = row;
  const mayName = knownTo(entry, organization, world);
  const entities = entry.entities.filter((entity) => row.whole || mayName(refOf(entity)));
  const patients = patientsOfLines(
    entities.map(refOf),
    entry.patients.filter((patient) => row.whole || mayName(patient)),
    (ref) => world.resourceAt(ref, row.seq),
  );
  const referral = entities.map(refOf).find((ref) => REFERRALS.has(typeOf(ref))) ?? '';
  const common = {
    ...placeOf(row),
    ...actorOf(row),
    ...groundOf(row),
    ...toldOf(row, world),
    agreement_state: stateOf(row, world),
  };
  return (entities.length === 0 ? [''] : entities).map((entity, at) => ({
    ...common,
    patient: (patients[at] ?? []).join(' '),
    entity: entity === '' ? '' : refOf(entity),
    version: /\/_history\/(\d+)$/.exec(entity)?.[1] ?? '',
    referral,
  }));
}

/**
 * Which patients each line names: those of its record, and the first line those whom no record shows. If each line named
 * them all, a search that found a thousand patients would be a million names.
 */
function patientsOfLines(
  entities: readonly Ref[],
  patients: readonly Ref[],
  resourceAt: (ref: Ref) => Resource | undefined,
): readonly (readonly Ref[])[] {
  if (entities.length === 0 || patients.length < 2)
    return (entities.length === 0 ? [''] : entities).map(() => patients);
  const about = new Set(patients);
  const named = entities.map((ref) => {
    if (about.has(ref)) return [ref];
    const resource = resourceAt(ref);
    return resource === undefined
      ? []
      : [...new Set(patientsOfCompartments(resource))].filter((one) => about.has(one));
  });
  for (const patient of named.flat()) about.delete(patient);
  return named.map((own, at) => (at === 0 ? [...own, ...about] : own));
}

const refOf = (entity: string): Ref => localRefOf(entity) ?? 'None/0';

const placeOf = ({ seq, position, at, entry, digest }: PackageRow) => ({
  seq: String(seq),
  position: String(position),
  recorded: at,
  event: entry.event,
  action: entry.action,
  outcome: entry.outcome,
  issue: entry.issue ?? '',
  transition: entry.transition?.tid ?? '',
  masked: entry.masked === undefined ? '' : String(entry.masked),
  request_id: entry.requestId,
  row_digest: digest,
});

/** Who acted: of others, the organization alone (rules 2.8). */
function actorOf({ entry: { agent }, whole }: PackageRow) {
  const { organization, onBehalfOf, user, subject, name, client, session, tab, address } = agent;
  const own = (text: string | undefined): string => (whole ? (text ?? '') : '');
  return {
    organization: onBehalfOf ?? organization,
    user: own(user ?? subject),
    user_name: own(name),
    client: own(client),
    session: own(session),
    tab: own(tab),
    address: own(address),
  };
}

/** On what it was decided. */
function groundOf({ entry, whole }: PackageRow) {
  const { deciding = [], exception = '', purposes = [], notice, labels = '' } = entry;
  const decided = whole ? deciding : [];
  return {
    purpose: (purposes.length === 0 && entry.patients.length > 0 ? ['TREAT'] : purposes).join(' '),
    basis: basisOfRow(entry) ?? '',
    exception: whole ? exception : '',
    deciding: decided.join(' '),
    agreement: decided.filter((reference) => reference.startsWith('Contract/')).join(' '),
    labels,
    notice: notice === undefined ? '' : String(notice),
  };
}

/** Who was told, and what left. */
function toldOf({ seq, entry, whole }: PackageRow, world: PackageWorld) {
  const { event, delivery, elsewhere, bytesHash, fileHashes = [], patients, message } = entry;
  const recipient = delivery?.to ?? '';
  const hashes = [...(bytesHash === undefined ? [] : [bytesHash]), ...fileHashes];
  return {
    rail: delivery?.rail ?? '',
    recipient,
    recipient_name: elsewhere?.recipient ?? (recipient === '' ? '' : partyNameAt(world, recipient, seq)),
    content_category: message?.content ?? (patients.length > 0 ? 'phi' : ''),
    hash: whole || !isWrite(event) ? hashes.join(' ') : '',
  };
}

/** The states that the agreements which decided had at the time of the event (baa-messaging BA15). */
function stateOf({ seq, at, entry: { deciding = [] }, whole }: PackageRow, world: PackageWorld): string {
  if (!whole) return '';
  const states = deciding.flatMap((reference) => {
    const ref = refOf(reference);
    const contract = typeOf(ref) === 'Contract' ? world.resourceAt(ref, seq) : undefined;
    return contract === undefined ? [] : [standingOfAgreement(contract, Date.parse(at)).state];
  });
  return [...new Set(states)].join(' ');
}
