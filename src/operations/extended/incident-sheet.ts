/**
 * `$incident-sheet` (audit-compliance AU36): what an assessment of a possible breach asks first (45 CFR 164.402, 164.404): which
 * patients and versions a session, a person or a delivery touched, who got them, and whether they were opened.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import { parseDateTime } from '../../fhir/datetime.ts';
import { spelledOnce } from '../../fhir/reference.ts';
import type { Ref } from '../../fhir/types.ts';
import { breachClocks } from '../../policies/breach-clocks.ts';
import { markOfTexts } from '../../policies/labels/high-water.ts';
import type { AuditEntry, AuditRow } from '../../ports/audit.ts';
import { EVERYTHING } from '../../ports/query.ts';
import type { Snapshot } from '../../ports/store.ts';
import { ownRefOf, typeOf } from '../../resources/element.ts';
import { scanAudit } from '../audit/scan.ts';
import { mostOfOneState } from '../incidents/affected.ts';
import { hasReached, promisedBy, stateAt } from '../vendors/told-vendor.ts';
import {
  lineParts,
  PERIOD_IN,
  periodIn,
  reportingOrganization,
  reportLine,
} from './information-blocking-report.ts';
import { invalidParameter, textIn, textsIn } from './input.ts';
import type { Input, Invocation, Operation, OperationReply } from './operation.ts';
import { parametersOf, type Out } from './output.ts';

const asked = (name: string, max: '1' | '*', documentation: string): Operation['parameters'][number] => ({
  name,
  use: 'in',
  min: 0,
  max,
  type: 'string',
  documentation,
});

export const incidentSheet: Operation = {
  name: 'incident-sheet',
  title: 'What an incident touched',
  description:
    'For the assessment of a possible breach: given a session, a user, deliveries or a vendor, the versions that were shown or sent, with their patients, confidentiality, recipients and notices, when a recipient opened them first, and by when who must be told. It needs the scope closeloop/compliance.',
  levels: ['system'],
  resource: [],
  affectsState: false,
  parameters: [
    ...PERIOD_IN,
    asked('session', '1', 'The session, as AuditEvents of the own organization show it.'),
    asked('user', '1', 'The fhirUser of a person of the own organization.'),
    asked('delivery', '*', 'The number of a delivery, as its AuditEvent has it (entry).'),
    asked('vendor', '1', 'An Organization: everything that reached it in the period.'),
    asked('discovered', '1', 'When it was discovered, a dateTime: the clocks run from there; default: now.'),
    {
      name: 'touched',
      use: 'out',
      min: 0,
      max: '*',
      documentation:
        'A line: version, patient*, recipient*, confidentiality, notice, first, last, count, opened, and the state of the agreement with the vendor at the last time.',
      part: lineParts(
        'version',
        'patient',
        'recipient',
        'confidentiality',
        'notice',
        'first',
        'last',
        'count',
        'opened',
        'agreement',
      ),
    },
    {
      name: 'affected',
      use: 'out',
      min: 0,
      max: '*',
      type: 'Reference',
      documentation: 'A patient whose records are touched.',
    },
    {
      name: 'clock',
      use: 'out',
      min: 0,
      max: '*',
      documentation: 'By when who must be told, if it is a breach: tells, by, law, says.',
      part: lineParts('tells', 'by', 'law', 'says'),
    },
    {
      name: 'patients',
      use: 'out',
      min: 1,
      max: '1',
      type: 'integer',
      documentation: 'How many patients are touched.',
    },
  ],
  perform,
};

interface Touched {
  readonly patients: Set<string>;
  readonly recipients: Set<string>;
  readonly first: string;
  last: string;
  count: number;
  confidentiality: string;
  notice: string;
  opened: string;
  /** The commit of the last event. */
  seq: number;
  agreement: string;
}

/** Lines for which the state of the agreement is looked up. */
const STATES_MAX = 500;

async function perform({ context, request, input }: Invocation): Promise<OperationReply> {
  const organization = reportingOrganization(request);
  const { publicBase } = context.settings;
  const vendor = vendorIn(input, publicBase);
  const isMeant = selectorIn(input, { organization, vendor, base: publicBase });
  const now = context.clock.now();
  const period = periodIn(input, now);
  const touched = new Map<string, Touched>();
  const patients = new Set<string>();
  const snapshot = context.store.snapshot();
  if (vendor !== undefined && (await snapshot.read(vendor, EVERYTHING)) === undefined)
    throw invalidParameter('vendor', 'it names no Organization of this server');
  for await (const row of scanAudit(snapshot, { viewer: organization, ...period }, request.signal)) {
    if (isMeant(row.entry)) {
      note(touched, row);
      for (const patient of row.entry.patients) patients.add(patient);
    } else noteOpened(touched, row, organization);
  }
  for (const [version, one] of touched)
    one.confidentiality = (await confidentialityOf(snapshot, version)) ?? one.confidentiality;
  if (vendor !== undefined)
    for (const one of [...touched.values()].slice(0, STATES_MAX))
      one.agreement = await stateAt(context.store, snapshot, [organization, vendor], {
        seq: one.seq,
        at: one.last,
      });
  const promised =
    vendor === undefined ? {} : { vendor: await promisedBy(snapshot, organization, vendor, now) };
  const clocks = breachClocks({
    discovered: discoveredIn(input, now),
    individuals: patients.size,
    inOneState: await mostOfOneState(snapshot, [...patients] as Ref[]), // as the audit has them
    ...promised,
  });
  return {
    status: 200,
    resource: parametersOf([
      ...[...touched].map(([version, one]) => lineFor(version, one)),
      { name: 'patients', valueInteger: patients.size },
      ...[...patients].map((reference) => ({ name: 'affected', valueReference: { reference } })),
      ...clocks.map(({ tells, by, law, says }) =>
        reportLine('clock', { tells, by: new Date(by).toISOString(), law, says }),
      ),
    ]),
  };
}

/** @throws OperationOutcomeError `parameter-invalid` for what names no Organization of this server */
function vendorIn(input: Input, base: string): Ref | undefined {
  const named = textIn(input, 'vendor');
  const vendor = named === undefined ? undefined : ownRefOf(base, named);
  if (named === undefined || (vendor !== undefined && typeOf(vendor) === 'Organization')) return vendor;
  throw invalidParameter('vendor', 'it names no Organization of this server');
}

/** The moment from which the clocks run. */
function discoveredIn(input: Input, now: number): number {
  const text = textIn(input, 'discovered');
  if (text === undefined) return now;
  const discovered = parseDateTime(text)?.low;
  if (discovered !== undefined && discovered <= now) return discovered;
  throw invalidParameter('discovered', 'it is a dateTime that has come');
}

interface Selecting {
  readonly organization: Ref;
  readonly vendor: Ref | undefined;
  readonly base: string;
}

/** @throws OperationOutcomeError `field-missing` where nothing says what the incident is about */
function selectorIn(input: Input, { organization, vendor, base }: Selecting): (entry: AuditEntry) => boolean {
  const session = textIn(input, 'session');
  const named = textIn(input, 'user');
  const user = named === undefined ? undefined : spelledOnce(base, named);
  const deliveries = new Set(textsIn(input, 'delivery'));
  if (session === undefined && user === undefined && vendor === undefined && deliveries.size === 0)
    throw new OperationOutcomeError('field-missing', {
      diagnostics: 'session, user, delivery or vendor says what it is about',
    });
  return (entry) => {
    const { agent, delivery, outcome, origin } = entry;
    if (vendor !== undefined && hasReached(vendor, organization, entry)) return true;
    if (outcome !== '0' || origin === 'server') return false;
    if (delivery !== undefined) return deliveries.has(delivery.entry);
    if (agent.organization !== organization) return false;
    return (
      (session !== undefined && agent.session === session) ||
      // A system, and a person who is not on record here, are known by their subject, as other reports name them.
      (user !== undefined && (agent.user === user || agent.subject === user))
    );
  };
}

const versionsIn = ({ entities }: AuditEntry): readonly string[] =>
  entities.filter((entity) => entity.includes('/_history/'));

/** Where an event names no version, as a report does, the patients themselves are what it touched. */
function touchedIn(entry: AuditEntry): readonly string[] {
  const versions = versionsIn(entry);
  return versions.length > 0 ? versions : entry.patients;
}

function note(touched: Map<string, Touched>, { seq, at, entry }: AuditRow): void {
  for (const version of touchedIn(entry)) {
    const one = touched.get(version) ?? {
      patients: new Set(),
      recipients: new Set(),
      first: at,
      last: at,
      count: 0,
      confidentiality: 'N',
      notice: '',
      opened: '',
      seq,
      agreement: '',
    };
    one.last = at;
    one.seq = seq;
    one.count += 1;
    const itself = entry.patients.find((patient) => version === patient || version.startsWith(`${patient}/`));
    for (const patient of itself === undefined ? entry.patients : [itself]) one.patients.add(patient);
    const recipient = entry.delivery?.to ?? entry.agent.organization;
    if (recipient !== '') one.recipients.add(recipient);
    if (entry.labels !== undefined) one.confidentiality = entry.labels;
    if (entry.notice !== undefined) one.notice = String(entry.notice);
    touched.set(version, one);
  }
}

/** By the labels of the version itself: a read has none in its event. Whose eyes saw it is settled by then. */
async function confidentialityOf(snapshot: Snapshot, touched: string): Promise<string | undefined> {
  const [type, id, , seq] = touched.split('/');
  const ref = `${type}/${id}` as const;
  const version =
    seq === undefined
      ? await snapshot.read(ref, EVERYTHING)
      : await snapshot.vread(ref, Number(seq), EVERYTHING);
  return version === undefined ? undefined : markOfTexts([version])?.code;
}

/** Another organization looked at what was touched before. */
function noteOpened(touched: Map<string, Touched>, { at, entry }: AuditRow, organization: Ref): void {
  if (entry.outcome !== '0' || entry.agent.organization === '' || entry.agent.organization === organization)
    return;
  for (const version of versionsIn(entry)) {
    const one = touched.get(version);
    if (one !== undefined && one.opened === '') one.opened = at;
  }
}

const lineFor = (version: string, one: Touched): Out =>
  reportLine(
    'touched',
    {
      version,
      confidentiality: one.confidentiality,
      ...(one.notice !== '' && { notice: one.notice }),
      first: one.first,
      last: one.last,
      ...(one.opened !== '' && { opened: one.opened }),
      ...(one.agreement !== '' && { agreement: one.agreement }),
    },
    { count: one.count },
    [
      ...[...one.patients].map((valueString) => ({ name: 'patient', valueString })),
      ...[...one.recipients].map((valueString) => ({ name: 'recipient', valueString })),
    ],
  );
