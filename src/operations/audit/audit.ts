/** The audit rows of what the FHIR engine does: one row per write, one per read, search and refusal (rules 4). */
import { hash } from 'node:crypto';
import { OperationOutcomeError, type IssueCode, type Untold } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { exceptionFor } from '../../policies/exception.ts';
import type { Role } from '../../identity/roles.ts';
import { SERVER_AGENT } from '../../ports/audit.ts';
import type { AuditEntry } from '../../ports/store.ts';
import { agreementMoveOf } from './agreement-events.ts';
import { consentEventOf } from './consent-events.ts';
import { messageMembers, messageRows } from './message-events.ts';
import type { Draft, Planned } from '../write/draft.ts';
import { actorOf, type Caller, type Interaction, type Request } from '../request.ts';
import { typeOf } from '../../resources/element.ts';
import { filesOfTree } from '../../resources/files-in.ts';
import { rolesPermitting, rolesWriting } from '../role.ts';
import type { Seen } from '../seen.ts';
import { patientsOfCompartments } from '../values.ts';

const ACTIONS: Readonly<Record<Interaction, AuditEntry['action']>> = {
  read: 'R',
  vread: 'R',
  update: 'U',
  patch: 'U',
  delete: 'D',
  'history-instance': 'R',
  'history-type': 'R',
  'history-system': 'R',
  create: 'C',
  'search-type': 'E',
  'search-system': 'E',
  transaction: 'E',
  batch: 'E',
  operation: 'E',
};

const METHOD_EVENTS = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' } as const;

/** @param roles by which it was permitted; absent: all that the person has */
export function agentOf(
  caller: Caller,
  roles: readonly Role[] | undefined = caller.roles,
): AuditEntry['agent'] {
  return {
    organization: actorOf(caller) ?? '',
    client: caller.client,
    subject: caller.subject,
    ...(caller.user !== undefined && { user: caller.user }),
    ...(caller.address !== undefined && { address: caller.address }),
    ...(caller.onBehalfOf !== undefined && { onBehalfOf: caller.onBehalfOf }),
    ...(caller.session !== undefined && sittingOf(caller, caller.session)),
    ...(roles !== undefined && roles.length > 0 && { roles }),
    ...(caller.reason !== undefined && { reason: caller.reason }),
  };
}

/** What is on record of the login (audit-compliance AU1, AU10, AU11). */
function sittingOf(
  { userName, tab, methods, authenticatedAt }: Caller,
  session: string,
): Partial<AuditEntry['agent']> {
  return {
    ...(userName !== undefined && { name: userName }),
    session,
    ...(tab !== undefined && { tab }),
    ...(methods.length > 0 && { amr: methods }),
    ...(authenticatedAt !== undefined && { authTime: authenticatedAt }),
  };
}

/** The purposes of a caller, where they say more than that it treats. */
const purposesOf = ({ purposes }: Caller): Pick<AuditEntry, 'purposes'> =>
  purposes.every((purpose) => purpose === 'TREAT') ? {} : { purposes };

/** The grant under which something of its patient was read (compliance E4). */
function grantOf({ emergency }: Caller, patients: readonly Ref[]): Pick<AuditEntry, 'purposes' | 'grant'> {
  const grant = emergency?.find(({ patient }) => patients.includes(patient));
  return grant === undefined ? {} : { purposes: ['BTG'], grant: grant.key };
}

/** A read, a search or a history page: its query and what it returned, one patient entity per patient. */
export function auditRead(request: Request, seen: readonly Seen[]): AuditEntry {
  const { caller, interaction, requestId, queryText, compartment } = request;
  const focus = compartment?.startsWith('Patient/') === true ? [compartment] : [];
  const [alone] = seen.length === 1 && focus.length === 0 ? seen : [];
  const patients = unique(alone?.patients ?? [...focus, ...seen.flatMap((one) => one.patients)]);
  return {
    event: interaction,
    action: ACTIONS[interaction],
    outcome: '0',
    agent: agentOf(caller, rolesPermitting(request)),
    ...purposesOf(caller),
    ...grantOf(caller, patients),
    requestId,
    entities: seen.map(({ ref, seq }) => `${ref}/_history/${seq}`),
    patients,
    ...(queryText !== '' && { query: queryText }),
    viewers: alone !== undefined && alone.custodian !== '' ? [alone.custodian] : custodiansOf(seen),
  };
}

const custodiansOf = (seen: readonly Pick<Seen, 'custodian'>[]): readonly Ref[] =>
  unique(seen.flatMap(({ custodian }) => (custodian === '' ? [] : [custodian])));

/** An operation that changes nothing: its name with its query, and what it showed. */
export function auditOperation(
  request: Request,
  seen: readonly Seen[],
  about: readonly Pick<Seen, 'ref' | 'custodian'>[] = [],
): AuditEntry {
  const row = auditRead(request, seen);
  const entities = seen.length === 0 ? namedIn(request) : row.entities;
  return {
    ...row,
    entities,
    patients: unique([...about.map(({ ref }) => ref), ...row.patients]),
    viewers: unique([...custodiansOf(about), ...row.viewers]),
    query: askedOf(request),
  };
}

/** The query as sent, after the name of the operation if there is one: `$everything?start=2026`. */
function askedOf({ operation, queryText }: Pick<Request, 'operation' | 'queryText'>): string {
  if (operation === undefined) return queryText;
  return `$${operation}${queryText === '' ? '' : `?${queryText}`}`;
}

/**
 * One row for each write, and one for each version shown beside; a write that moved a referral names the row of the
 * table. A write that changed nothing leaves a row, too.
 */
export function auditWrite(draft: Draft, request: Request): readonly AuditEntry[] {
  const planned = [...draft.planned.values()];
  const written = planned.map((one) => auditPlanned(draft, request, one));
  const shown = draft.context.settings.auditReads ? draft.seen : [];
  const read = shown.map((seen) => auditRead({ ...request, interaction: 'read', queryText: '' }, [seen]));
  const events = planned.flatMap((one, at) => eventsOf(draft, one, written[at]));
  const rows = [...draft.rows, ...written, ...events, ...read];
  return rows.length > 0 ? rows : [{ ...auditRead(request, []), entities: namedIn(request) }];
}

/** What a write comes to beside itself, from its own row. */
const eventsOf = (draft: Draft, planned: Planned, row: AuditEntry | undefined): readonly AuditEntry[] =>
  row === undefined
    ? []
    : [
        ...auditConsent(planned, row),
        ...auditAgreement(planned, row),
        ...messageRows(planned, row, draft.told.get(planned.ref)),
      ];

function auditConsent(planned: Planned, row: AuditEntry): readonly AuditEntry[] {
  const event = consentEventOf(planned);
  return event === undefined ? [] : [{ ...row, event, action: 'E' }];
}

function auditAgreement(planned: Planned, row: AuditEntry): readonly AuditEntry[] {
  const transition = agreementMoveOf(planned);
  return transition === undefined ? [] : [{ ...row, event: 'agreement-move', action: 'E', transition }];
}

function auditPlanned(draft: Draft, request: Request, planned: Planned): AuditEntry {
  const { ref, method, custodian, parties, origin } = planned;
  const move = draft.moves.find(({ task }) => task === ref);
  const event = METHOD_EVENTS[method];
  const query = askedOf({ ...request, queryText: '' });
  return {
    event,
    action: ACTIONS[event],
    outcome: '0',
    agent: agentOf(draft.caller, rolesWriting(draft.caller, method, typeOf(ref))),
    ...purposesOf(draft.caller),
    requestId: request.requestId,
    entities: [`${ref}/_history/0`],
    patients: patientsOfPlanned(planned),
    ...(query !== '' && { query }),
    ...(move !== undefined && {
      transition: { tid: move.tid, event: move.event, from: move.from, to: move.to },
    }),
    ...(draft.deciding.has(ref) && { deciding: draft.deciding.get(ref) ?? [] }),
    ...(origin === 'server' && { origin }),
    ...filesWritten(planned),
    ...messageMembers(planned, actorOf(draft.caller)),
    viewers: unique([...(custodian === '' ? [] : [custodian]), ...parties]),
  };
}

/** The hashes of the files that a write brings, so that whether they were ever here has an answer, too (baa-messaging MS51). */
function filesWritten({ after }: Planned): Pick<AuditEntry, 'fileHashes'> {
  if (after === undefined) return {};
  const { plain, data, file } = after;
  const files =
    data === undefined ? filesOfTree(plain) : [Buffer.from(Buffer.from(data).toString('latin1'), 'base64')];
  const hashes = files.slice(0, WRITTEN_HASHES_MAX).map((bytes) => hash('sha256', bytes, 'hex'));
  const fileHashes = unique([...(file === undefined ? [] : [file.sha256]), ...hashes]);
  return fileHashes.length > 0 ? { fileHashes } : {};
}

/** In one row. */
const WRITTEN_HASHES_MAX = 256;

const patientsOfPlanned = ({ before, after }: Planned): readonly Ref[] => {
  const resource: Resource | undefined = after?.plain ?? before;
  return resource === undefined ? [] : patientsOfCompartments(resource);
};

/** The parts of a refused request that the audit keeps. */
export type Refused = Pick<
  Request,
  'compartment' | 'caller' | 'interaction' | 'requestId' | 'queryText' | 'type' | 'id' | 'operation'
>;

/**
 * A refusal: the caller, the request, the row of the refusals, and the exception of 45 CFR 171 where it keeps something back
 * (compliance I1).
 *
 * @param keeper of what was kept back: it sees who asked for it, and that it was (audit-compliance AU4)
 * @param untold what it would have told whom (baa-messaging MS52)
 */
export function auditRefusal(request: Refused, issue: IssueCode, keeper?: Ref, untold?: Untold): AuditEntry {
  const { caller, interaction, requestId } = request;
  const query = askedOf(request);
  const exception = keeper === undefined ? undefined : exceptionFor(issue);
  return {
    event: interaction,
    action: ACTIONS[interaction],
    outcome: '4',
    issue,
    agent: agentOf(caller),
    ...purposesOf(caller),
    requestId,
    entities: unique([...namedIn(request), ...(untold?.what ?? [])]),
    patients: [],
    ...(query !== '' && { query }),
    ...(exception !== undefined && { exception }),
    ...untoldMembers(untold),
    viewers: keeper === undefined ? [] : [keeper],
  };
}

function untoldMembers(untold: Untold | undefined): Partial<AuditEntry> {
  if (untold === undefined) return {};
  const { to, fileHashes, deciding, message, bytes } = untold;
  return {
    refusedTo: to,
    ...(fileHashes.length > 0 && { fileHashes }),
    ...(deciding.length > 0 && { deciding }),
    ...(message !== undefined && { message }),
    ...(bytes !== undefined && { bytes }),
  };
}

/** What a refusal says of what it would have told. */
export const untoldIn = (error: unknown): Untold | undefined =>
  error instanceof OperationOutcomeError
    ? error.issues.find(({ untold }) => untold !== undefined)?.untold
    : undefined;

/**
 * A request that was answered as if there were nothing, because that there is something must not be told (compliance L6):
 * for the keeper alone, beside the refusal that the asker finds in its own audit.
 */
export function auditUntold(request: Refused, keeper: Ref, patients: readonly Ref[]): AuditEntry {
  const { caller, requestId } = request;
  const asker = caller.organization === undefined ? [] : [caller.organization];
  return {
    event: 'gate-denied',
    action: 'E',
    outcome: '4',
    issue: 'disclosure-denied',
    agent: SERVER_AGENT,
    ...purposesOf(caller),
    requestId,
    entities: [...namedIn(request), ...asker],
    patients,
    exception: 'privacy-precondition',
    viewers: [keeper],
  };
}

const namedIn = ({ type, id, compartment }: Pick<Request, 'type' | 'id' | 'compartment'>): readonly Ref[] => {
  if (compartment !== undefined) return [compartment];
  return type === undefined || id === undefined ? [] : [`${type}/${id}`];
};

const unique = <T>(values: readonly T[]): readonly T[] => (values.length < 2 ? values : [...new Set(values)]);
