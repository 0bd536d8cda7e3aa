/**
 * The tables of a package beside its events (audit-compliance AU15): each says by its rows what an auditor asks.
 */
import { associateOf, kindsOfAgreement, principalOf } from '../../../agreements/contract.ts';
import { standingOfAgreement } from '../../../agreements/state.ts';
import type { Ref } from '../../../fhir/types.ts';
import { typeOf } from '../../../resources/element.ts';
import { eventLines, type EventColumn, type EventLine } from './event-lines.ts';
import type { PackageRow, PackageWorld } from './package-row.ts';

export interface PackageTable {
  readonly name: string;
  /** What the README says of it. */
  readonly says: string;
  readonly columns: readonly string[];
  /** The lines of a row, each with a cell per column. */
  readonly lines: (row: PackageRow, organization: Ref, world: PackageWorld) => readonly (readonly string[])[];
}

const WHEN = ['seq', 'position', 'recorded', 'event', 'outcome'] as const;
const WHO = ['organization', 'user', 'user_name', 'client', 'session', 'address'] as const;

/** Columns of `events.csv`, for the rows that a table is about. */
const pick = (
  name: string,
  says: string,
  columns: readonly EventColumn[],
  isAbout: (row: PackageRow, line: EventLine, organization: Ref) => boolean,
): PackageTable => ({
  name,
  says,
  columns,
  lines: (row, organization, world) =>
    eventLines(row, organization, world)
      .filter((line) => isAbout(row, line, organization))
      .map((line) => columns.map((column) => line[column])),
});

const DISCLOSING: ReadonlySet<string> = new Set(['deliver', 'message-sent', 'disclose-elsewhere']);
const EMERGENCY: ReadonlySet<string> = new Set(['break-glass', 'break-glass-review', 'admin-read']);
const PERMITTING: ReadonlySet<string> = new Set(['permission-changed', 'setting-changed', 'admin']);
const REVIEWING: ReadonlySet<string> = new Set([
  'review',
  'break-glass-review',
  'incident-reported',
  'incident-assessed',
]);
const CONSENTING: ReadonlySet<string> = new Set(['consent-captured', 'consent-revoked', 'consent-expired']);
const REFUSED_DISCLOSURES: ReadonlySet<string> = new Set([
  'disclosure-denied',
  'access-denied',
  'consent-needed',
  'consent-incomplete',
  'basis-missing',
  'basis-evidence-missing',
  'minimum-necessary',
  'rail-cannot-carry',
  'purpose-not-allowed',
  'agreement-not-active',
]);

const isDisclosure = ({ entry: { event, outcome, delivery } }: PackageRow, organization: Ref): boolean =>
  outcome === '0' &&
  DISCLOSING.has(event) &&
  (delivery === undefined || delivery.from === undefined || delivery.from === organization);

const AGREEMENT_COLUMNS = [...WHEN, 'agreement', 'version', 'principal', 'associate', 'transition', 'state', 'recipient', 'issue', 'row_digest'] as const; // prettier-ignore

/** What became of agreements, and every disclosure that one decided, with the state that it had then. */
const agreementsTable: PackageTable = {
  name: 'agreements.csv',
  says: 'Every change of a business associate agreement, and every disclosure and refusal that one decided, with its state then.',
  columns: AGREEMENT_COLUMNS,
  lines: (row, organization, world) =>
    agreementsIn(row).flatMap((reference) => {
      const [type = '', id = '', , version = ''] = reference.split('/');
      const ref: Ref = `${type}/${id}`;
      const contract = world.resourceAt(ref, row.seq);
      const [line] = eventLines(row, organization, world);
      if (line === undefined || contract === undefined || kindsOfAgreement(contract).length === 0) return [];
      const own: Readonly<Record<string, string>> = {
        ...line,
        agreement: ref,
        version,
        principal: principalOf(contract) ?? '',
        associate: associateOf(contract) ?? '',
        state: standingOfAgreement(contract, Date.parse(row.at)).state,
      };
      return [AGREEMENT_COLUMNS.map((column) => own[column] ?? '')];
    }),
};

/** The agreement that a move is of; of what was told or refused, those that decided, for the organization whose row it is. */
function agreementsIn({ entry: { event, entities, deciding = [] }, whole }: PackageRow): readonly string[] {
  if (event === 'agreement-move') return entities.filter((entity) => entity.startsWith('Contract/'));
  return whole ? deciding.filter((reference) => reference.startsWith('Contract/')) : [];
}

/** Every table, in the order in which the README names them. */
export const PACKAGE_TABLES: readonly PackageTable[] = [
  pick(
    'disclosures.csv',
    'What the organization told others, by this server or entered by hand, with its basis.',
    // prettier-ignore
    [...WHEN, 'patient', 'entity', 'version', 'referral', 'recipient', 'recipient_name', 'rail', 'purpose', 'basis',
      'deciding', 'labels', 'notice', 'agreement', 'agreement_state', 'content_category', 'hash', 'row_digest'],
    (row, { entity }, organization) => isDisclosure(row, organization) && !entity.startsWith('Endpoint/'),
  ),
  agreementsTable,
  pick(
    'consents.csv',
    'Every Consent that was written, captured, revoked or that expired.',
    [...WHEN, ...WHO, 'patient', 'entity', 'version', 'row_digest'],
    ({ entry: { event, action, outcome } }, { entity }) =>
      CONSENTING.has(event) ||
      (outcome === '0' && 'CUD'.includes(action) && entity !== '' && typeOf(entity) === 'Consent'),
  ),
  pick(
    'part2.csv',
    'Disclosures that a statement of 42 CFR 2.32 went with, and the Consent that permitted each.',
    [
      ...WHEN,
      'patient',
      'entity',
      'version',
      'recipient',
      'recipient_name',
      'rail',
      'basis',
      'deciding',
      'notice',
      'hash',
      'row_digest',
    ],
    (row, { entity }, organization) =>
      isDisclosure(row, organization) && row.entry.notice !== undefined && !entity.startsWith('Endpoint/'),
  ),
  pick(
    'break-glass.csv',
    'Emergency access, what was read under it, and its reviews; looks of administrators with their reasons.',
    [...WHEN, ...WHO, 'patient', 'entity', 'version', 'purpose', 'row_digest'],
    ({ entry: { event, grant } }) => EMERGENCY.has(event) || grant !== undefined,
  ),
  pick(
    'denials.csv',
    'What was refused or withheld, and under which exception of 45 CFR 171.',
    [
      ...WHEN,
      ...WHO,
      'issue',
      'exception',
      'deciding',
      'patient',
      'entity',
      'recipient',
      'recipient_name',
      'row_digest',
    ],
    ({ entry: { event, outcome, issue = '' } }, { entity }) =>
      event === 'gate-denied' ||
      (outcome !== '0' && REFUSED_DISCLOSURES.has(issue) && !entity.startsWith('Endpoint/')),
  ),
  pick(
    'permissions.csv',
    'Changes of rights and settings.',
    [...WHEN, ...WHO, 'entity', 'version', 'row_digest'],
    ({ entry: { event } }) => PERMITTING.has(event),
  ),
  pick(
    'reviews.csv',
    'Reviews of activity and of emergency access; incidents that were reported and assessed.',
    [...WHEN, ...WHO, 'entity', 'version', 'row_digest'],
    ({ entry: { event } }) => REVIEWING.has(event),
  ),
];

/** Sittings that are remembered: one that comes back later has a line once more. */
const SITTINGS_KNOWN = 10_000;

/** `logins.csv`: a line where a sitting of the organization first shows. Of a failed login nobody knows whose it was. */
export function createLoginTable(): PackageTable {
  const known = new Set<string>();
  return {
    name: 'logins.csv',
    says: 'Each sitting of the organization’s users and systems when it first shows, with how and when it logged in. Failed logins are no organization’s: the operator has them (event login).',
    columns: ['recorded', 'session', 'user', 'user_name', 'client', 'address', 'login_methods', 'login_time'],
    lines: ({ at, entry: { agent } }, organization) => {
      const { session } = agent;
      if (agent.organization !== organization || session === undefined || known.has(session)) return [];
      if (known.size >= SITTINGS_KNOWN) known.clear();
      known.add(session);
      const { user, subject, name = '', client, address = '', amr = [], authTime } = agent;
      const loggedIn = authTime === undefined ? '' : new Date(authTime).toISOString();
      return [[at, session, user ?? subject, name, client, address, amr.join(' '), loggedIn]];
    },
  };
}
