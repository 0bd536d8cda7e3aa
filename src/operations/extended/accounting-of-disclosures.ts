/**
 * `Patient/[id]/$accounting-of-disclosures` (45 CFR 164.528; 42 CFR 2.25; audit-compliance AU20 to AU27): to whom the
 * organization that keeps a patient disclosed the patient's records. The answer is the events with a table; as CSV, and as a
 * letter, for a client that asks for it.
 */
import { parseDateTime } from '../../fhir/datetime.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { EVERYTHING } from '../../ports/query.ts';
import type { Snapshot } from '../../ports/store.ts';
import { resourceOf } from '../../ports/stored-resource.ts';
import { renderAuditEvent } from '../../resources/audit-event-render.ts';
import { ownRefOf } from '../../resources/element.ts';
import { CSV } from '../csv-lines.ts';
import { disclosedBy, isListed, type AccountingScope, type Disclosed } from '../accounting/disclosures.ts';
import { accountingCsv, accountingLetter, LETTER_POLICY } from '../accounting/letter.ts';
import { accountingLines, type AccountingLine } from '../accounting/lines.ts';
import { rowsAbout } from '../accounting/rows.ts';
import { findSuspended, readReferralBases } from '../accounting/facts.ts';
import type { OperationContext } from '../context.ts';
import type { Caller, ReplyContent } from '../request.ts';
import { hasServerScope } from '../scope.ts';
import { invalidParameter, textIn } from './input.ts';
import type { Invocation, Operation, OperationParameter, OperationReply } from './operation.ts';
import { parametersOf, type Out } from './output.ts';
import { readPresent } from '../read-present.ts';

const HTML = 'text/html';

const linePart = (name: string, type: string, documentation: string, min: 0 | 1 = 1): OperationParameter => ({
  name,
  use: 'out',
  min,
  max: '1',
  type,
  documentation,
});

const LINE_PARTS: readonly OperationParameter[] = [
  linePart('on', 'string', 'The day of the first disclosure.'),
  linePart('recipient', 'string', 'The name of the recipient as it was then.'),
  linePart('address', 'string', 'Its address as it was then, if known.', 0),
  linePart('what', 'string', 'A brief description of what was disclosed.', 0),
  linePart('why', 'string', 'What it rested on, in words.'),
  linePart('times', 'integer', 'How many disclosures to this recipient on this basis.'),
  linePart('last', 'string', 'The day of the last one.'),
  linePart('owed', 'string', 'Why it is, or is not, in the accounting that the law owes.'),
];

export const accountingOfDisclosures: Operation = {
  name: 'accounting-of-disclosures',
  title: 'Accounting of disclosures',
  description:
    'To whom the organization that keeps a patient disclosed the patient’s records (45 CFR 164.528), also where a person entered it by $record-disclosure. For that organization with the scope closeloop/privacy, and for the patient’s own launch.',
  levels: ['instance'],
  resource: ['Patient'],
  affectsState: false,
  needs: 'read',
  content: { gives: [CSV, HTML] },
  parameters: [
    {
      name: 'from',
      use: 'in',
      min: 0,
      max: '1',
      type: 'date',
      documentation: 'The first day; default and earliest: six years ago.',
    },
    { name: 'to', use: 'in', min: 0, max: '1', type: 'date', documentation: 'The last day; default: today.' },
    {
      name: 'scope',
      use: 'in',
      min: 0,
      max: '1',
      type: 'code',
      documentation:
        '`hipaa` (default): what 45 CFR 164.528 owes. `part2`: what went with a statement of 42 CFR 2.32, at most three years back. `all`: every disclosure, each with the reason why it is owed or not.',
    },
    {
      name: 'as',
      use: 'in',
      min: 0,
      max: '1',
      type: 'code',
      documentation: '`csv` or `letter`: answers with the table or the letter alone.',
    },
    {
      name: 'disclosure',
      use: 'out',
      min: 0,
      max: '*',
      documentation: 'A line of the accounting.',
      part: LINE_PARTS,
    },
    {
      name: 'events',
      use: 'out',
      min: 1,
      max: '1',
      type: 'Bundle',
      documentation: 'The AuditEvents of the disclosures.',
    },
  ],
  perform,
};

const SCOPES: readonly AccountingScope[] = ['hipaa', 'part2', 'all'];
/** Years that the law asks for (45 CFR 164.528(a)(1), 42 CFR 2.25(a)). */
const YEARS: Readonly<Record<AccountingScope, number>> = { hipaa: 6, part2: 3, all: 6 };

interface AccountingRequest {
  readonly patient: Ref;
  readonly keeper: Ref;
  readonly scope: AccountingScope;
  readonly from: number;
  readonly to: number;
  /** The patient asks, and sees no users. */
  readonly inPerson: boolean;
}

async function perform(invocation: Invocation): Promise<OperationReply> {
  const { context, input } = invocation;
  const snapshot = context.store.snapshot();
  const asked = await readRequest(invocation, snapshot);
  const disclosed = await gather(invocation, snapshot, asked);
  const lines = await accountingLines(disclosed, async (ref, seq) =>
    resourceOf(await context.store.snapshot(seq).read(ref, EVERYTHING)),
  );
  const as = textIn(input, 'as');
  return {
    status: 200,
    resource: parametersOf([
      ...lines.map(lineOut),
      { name: 'events', resource: eventsOf(context, disclosed, asked) },
    ]),
    content: await contentOf(as, lines, asked, { context, snapshot, isOnly: as !== undefined }),
    about: [{ ref: asked.patient, custodian: asked.keeper }],
  };
}

/** @throws OperationOutcomeError `not-found`, `scope-insufficient`, `parameter-invalid` */
async function readRequest(
  { context, request, input, sight }: Invocation,
  snapshot: Snapshot,
): Promise<AccountingRequest> {
  const { caller, id = '' } = request;
  const patient: Ref = `Patient/${id}`;
  const version = await readPresent(snapshot, patient, sight);
  const keeper = version.custodian;
  const inPerson = caller.patient === patient && isPatients(caller, patient, context.settings.publicBase);
  const isOfficer = hasServerScope(caller, 'closeloop/privacy') && caller.organization === keeper;
  if (keeper === '' || !(inPerson || isOfficer))
    throw new OperationOutcomeError('scope-insufficient', {
      diagnostics:
        'needed: closeloop/privacy of the organization that keeps the patient, or the patient’s own launch',
    });
  const scope = SCOPES.find((one) => one === (textIn(input, 'scope') ?? 'hipaa'));
  if (scope === undefined) throw invalidParameter('scope', `scope is one of ${SCOPES.join(', ')}`);
  const now = context.clock.now();
  const earliest = yearsBefore(now, YEARS[scope]);
  const from = dayIn(textIn(input, 'from'))?.low ?? earliest;
  const to = dayIn(textIn(input, 'to'))?.high ?? now;
  if (from < earliest) throw invalidParameter('from', `from is at most ${YEARS[scope]} years ago`);
  if (to < from) throw invalidParameter('to', 'to is not before from');
  return { patient, keeper, scope, from, to, inPerson };
}

/** Whether the launch is the patient's own: the token's user is the patient, or it has none and scopes of the patient alone. */
function isPatients({ user, scopes }: Caller, patient: Ref, base: string): boolean {
  if (user !== undefined) return ownRefOf(base, user) === patient;
  return scopes.length > 0 && scopes.every(({ level }) => level === 'patient');
}

const dayIn = (text: string | undefined) => (text === undefined ? undefined : parseDateTime(text));

/** The beginning of that day, years ago. */
function yearsBefore(now: number, years: number): number {
  const day = new Date(now);
  return Date.UTC(day.getUTCFullYear() - years, day.getUTCMonth(), day.getUTCDate());
}

/** The disclosures of this scope, oldest first; what an agency has suspended is as if it were not there. */
async function gather(
  { context, request }: Invocation,
  snapshot: Snapshot,
  asked: AccountingRequest,
): Promise<readonly Disclosed[]> {
  const { patient, keeper, scope, from } = asked;
  const basisOf = await readReferralBases(snapshot, patient);
  const isSuspended = await findSuspended(snapshot, asked, context.clock.now());
  const found: Disclosed[] = [];
  const entries = new Set<string>();
  // A disclosure that a person entered is dated by its own day, which may lie before the day of its entry.
  const rows = rowsAbout(snapshot, { patient, keeper, from, to: context.clock.now() }, request.signal);
  for await (const row of rows) {
    const disclosed = disclosedBy(row, keeper, basisOf);
    if (disclosed === undefined || !isWithin(disclosed, asked) || !isListed(disclosed, scope)) continue;
    const entry = row.entry.delivery?.entry;
    if (entry !== undefined && entries.has(entry)) continue;
    if (await isSuspended(disclosed)) continue;
    if (entry !== undefined) entries.add(entry);
    found.push(disclosed);
  }
  return found;
}

function isWithin({ on }: Disclosed, { from, to }: AccountingRequest): boolean {
  const interval = parseDateTime(on);
  return interval !== undefined && interval.high >= from && interval.low <= to;
}

const lineOut = (line: AccountingLine): Out => ({
  name: 'disclosure',
  part: Object.entries(line)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => ({
      name,
      ...(typeof value === 'number' ? { valueInteger: value } : { valueString: String(value) }),
    })),
});

/** The events as the keeper sees them; in a patient's own launch without users. */
function eventsOf(
  { settings }: OperationContext,
  disclosed: readonly Disclosed[],
  asked: AccountingRequest,
): Resource {
  const viewer = {
    organization: asked.inPerson ? undefined : asked.keeper,
    everything: false,
    knows: () => true,
    keeps: () => !asked.inPerson,
  };
  const source = { name: settings.sourceName, base: settings.publicBase };
  return {
    resourceType: 'Bundle',
    type: 'collection',
    ...(disclosed.length > 0 && {
      entry: disclosed.map(({ row }) => ({ resource: renderAuditEvent(row, viewer, source) })),
    }),
  };
}

interface Making {
  readonly context: OperationContext;
  readonly snapshot: Snapshot;
  /** The client asks for this form alone. */
  readonly isOnly: boolean;
}

/** The table for `csv`, else the letter. @throws OperationOutcomeError `parameter-invalid` */
async function contentOf(
  as: string | undefined,
  lines: readonly AccountingLine[],
  { keeper, scope, from, to }: AccountingRequest,
  { context, snapshot, isOnly }: Making,
): Promise<ReplyContent> {
  const usual = isOnly && { usual: true as const };
  if (as === 'csv')
    return { bytes: Buffer.from(accountingCsv(lines)), contentType: `${CSV}; charset=utf-8`, ...usual };
  if (as !== undefined && as !== 'letter') throw invalidParameter('as', 'as is csv or letter');
  const organization = resourceOf(await snapshot.read(keeper, EVERYTHING));
  const name = typeof organization?.['name'] === 'string' ? organization['name'] : keeper;
  const facts = {
    keeper: name,
    from: dayOf(from),
    to: dayOf(to),
    today: dayOf(context.clock.now()),
    showsAll: scope === 'all',
  };
  const page = Buffer.from(accountingLetter(lines, facts));
  return { bytes: page, contentType: `${HTML}; charset=utf-8`, policy: LETTER_POLICY, ...usual };
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
