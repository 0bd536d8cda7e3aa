/**
 * Two organizations that refer to each other by Direct mail, without a socket: packages are written and mails composed as we
 * send them, read as we read them, and handed to the door as the rail does once it has judged who signed.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { composeMail, type MailFile } from '../../../src/direct/mime/compose.ts';
import { MAIL_LIMITS } from '../../../src/direct/mime/limits.ts';
import { readMail } from '../../../src/direct/mime/read.ts';
import { readXdm } from '../../../src/direct/xdm/read-package.ts';
import type { Submission, SubmissionDocument } from '../../../src/direct/xdm/submission.ts';
import { writeXdm } from '../../../src/direct/xdm/write-package.ts';
import {
  OWED_DISPOSITION,
  type DirectAddress,
  type DirectMail,
  type DirectReceived,
  type OwedDisposition,
} from '../../../src/ports/direct.ts';
import { allRecords } from '../../../src/ports/record.ts';
import { directEndpoint } from '../../../tools/direct/endpoint.ts';
import { administrator, type Stored, type World } from '../../world.ts';
import { LARKSPUR, openExchange, TIDEWATER, type Exchange, type ExchangeOptions } from '../hl7v2/exchange.ts';

export const ADDRESSES = {
  larkspur: 'intake@direct.larkspur.example.org',
  tidewater: 'referrals@direct.tidewater.example.org',
} as const satisfies Record<string, DirectAddress>;

export const TO_TIDEWATER = { from: ADDRESSES.larkspur, to: ADDRESSES.tidewater } as const;
export const TO_LARKSPUR = { from: ADDRESSES.tidewater, to: ADDRESSES.larkspur } as const;

const fixture = (name: string): Uint8Array =>
  readFileSync(new URL(`../../fixtures/direct/${name}`, import.meta.url));
export const REQUEST_ZIP = fixture('REQUEST.ZIP');
export const OUTCOME_ZIP = fixture('OUTCOME.ZIP');
export const ACCEPT_ZIP = fixture('ACCEPT.ZIP');

/** The clinical document of a package of the fixtures. */
async function clinicalIn(zip: Uint8Array): Promise<Uint8Array> {
  const reading = await readXdm(zip);
  if (reading.kind !== 'package') throw new Error('the fixture is a package');
  const found = reading.submission.documents.find(({ kind }) => kind === 'clinical-document');
  if (found === undefined) throw new Error('the fixture has a clinical document');
  return found.bytes;
}
export const REFERRAL_NOTE = await clinicalIn(REQUEST_ZIP);
export const CONSULTATION_NOTE = await clinicalIn(OUTCOME_ZIP);

export interface Mailing {
  readonly from: DirectAddress;
  readonly to: DirectAddress;
  /** Clinical documents beside the message. */
  readonly clinical?: readonly Uint8Array[];
  readonly change?: (submission: Submission) => Submission;
  readonly mail?: Partial<DirectMail>;
}

let mails = 0;

const OID_OF_PATIENTS = LARKSPUR.patients;
const CODES: Readonly<Record<string, string>> = {
  'OMG^O19': 'OMG:O19',
  'OSU^O51': 'OSU:O51',
  'SIU^S12': 'SIU:S12',
  'SIU^S13': 'SIU:S13',
  'SIU^S15': 'SIU:S15',
  'SIU^S26': 'SIU:S26',
};

const bytesOf = (message: string): Uint8Array =>
  new TextEncoder().encode(`${message.trim().replaceAll('\n', '\r')}\r`);

const field = (message: string, segment: string, at: number): string =>
  message
    .split('\n')
    .find((one) => one.startsWith(segment))
    ?.split('|')
    .at(segment === 'MSH' ? at - 1 : at) ?? '';

/** A whole DTM of these tests as milliseconds. */
const timeOf = (dtm: string): number =>
  Date.parse(
    dtm.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)([+-]\d\d)(\d\d)$/, '$1-$2-$3T$4:$5:$6$7:$8'),
  );

/** What 360X requires of the package of a message. */
export function submissionOf(message: string, { from, to, clinical = [] }: Mailing): Submission {
  const kind = field(message, 'MSH', 9).split('^').slice(0, 2).join('^');
  const [type = '', , structure = ''] = field(message, 'MSH', 9).split('^');
  const id = field(message, 'MSH', 10);
  const [referral = '', , assigner = ''] = (
    type === 'SIU' ? field(message, 'SCH', 26) : field(message, 'ORC', 2)
  ).split('^');
  const [patient = ''] = field(message, 'PID', 3).split('^');
  const creationTime = timeOf(field(message, 'MSH', 7));
  const isInitiators = kind === 'OMG^O19' || field(message, 'ORC', 1) === 'CA';
  const patientId = { value: patient, assigner: OID_OF_PATIENTS };
  const uuid = createHash('sha256').update(`${id} ${from}`).digest('hex').slice(0, 30);
  const common = { languageCode: 'en-US', creationTime, confidentiality: [] } as const;
  const entry: SubmissionDocument = {
    ...common,
    kind: 'message',
    bytes: bytesOf(message),
    uniqueId: `2.25.${BigInt(`0x${uuid}1`)}`,
    mimeType: 'x-application/hl7-v2+er7',
    classCode: { code: type, system: '2.16.840.1.113883.18.30' },
    typeCode: { code: structure, system: '2.16.840.1.113883.18.214' },
    formatCode: {
      code: `urn:ihe:pcc:360x:hl7:${CODES[kind] ?? 'OSU:O51'}:2017`,
      system: '1.3.6.1.4.1.19376.1.2.3',
    },
  };
  const documents = clinical.map((bytes, index): SubmissionDocument => {
    const code = /<code [^>]*code="([^"]+)"/.exec(Buffer.from(bytes).toString('latin1'))?.[1] ?? '';
    return {
      ...common,
      kind: 'clinical-document',
      bytes,
      uniqueId: `2.25.${BigInt(`0x${uuid}${index + 2}`)}`,
      mimeType: 'text/xml',
      classCode: { code, system: '2.16.840.1.113883.6.1' },
      typeCode: { code, system: '2.16.840.1.113883.6.1' },
      formatCode: { code: 'urn:hl7-org:sdwg:ccda-structuredBody:2.1', system: '1.3.6.1.4.1.19376.1.2.3' },
    };
  });
  return {
    uniqueId: `2.25.${BigInt(`0x${uuid}`)}`,
    sourceId: isInitiators ? LARKSPUR.facility : TIDEWATER.facility,
    submissionTime: creationTime,
    title: 'Referral',
    author: { telecom: from, institution: { name: isInitiators ? 'Larkspur Clinic' : 'Tidewater Clinic' } },
    intendedRecipient: { telecom: to },
    referralId: { value: referral, assigner },
    ...(!isInitiators && { patientId }),
    sourcePatientId: patientId,
    documents: [entry, ...documents],
  };
}

/** A mail as the rail hands it to the door. */
export async function mailWith(files: readonly MailFile[], mailing: Mailing): Promise<DirectMail> {
  mails += 1;
  const { from, to, mail } = mailing;
  const messageId = mail?.messageId ?? `m${mails}@direct.example.org`;
  const isPackage = files.some(({ contentType }) => contentType === 'application/zip');
  const bytes = await composeMail({
    from,
    to,
    subject: mail?.subject ?? (isPackage ? 'XDM/1.0/DDM' : 'A letter'),
    messageId,
    date: Date.parse('2025-03-14T14:05:12Z'),
    text: 'A mail about a patient.',
    files,
    asks: 'dispatched',
  });
  const reading = readMail(bytes, MAIL_LIMITS);
  if (reading.kind !== 'mail') throw new Error(`the mail is ${reading.fault}`);
  const { references, subject, sentAt, asksDispatched, isAutomatic, parts, context } = reading;
  return {
    from,
    to,
    messageId,
    references,
    subject,
    sentAt,
    receivedAt: Date.parse('2025-04-22T12:00:00Z'),
    asksDispatched,
    isAutomatic,
    parts,
    context,
    bytes,
    distrust: undefined,
    through: 'sta',
    ...mail,
  };
}

export const zipFile = (bytes: Uint8Array): MailFile => ({
  fileName: 'REFERRAL.ZIP',
  contentType: 'application/zip',
  bytes,
});

/** A message in its package in its mail. */
export async function mailOf(message: string, mailing: Mailing): Promise<DirectMail> {
  const submission = submissionOf(message, mailing);
  const zip = await writeXdm(mailing.change?.(submission) ?? submission, {
    institution: 'A clinic',
    application: 'test',
  });
  return mailWith([zipFile(zip)], mailing);
}

export interface Mailed extends Exchange {
  readonly post: (mail: DirectMail) => Promise<DirectReceived>;
  /** The notifications that are owed, as `disposition messageId`. */
  readonly owed: () => Promise<readonly OwedDisposition[]>;
}

/** Whether an organization is a member, listed without an account, or nobody's but by its mails. */
export type Standing = 'member' | 'listed' | 'stranger';

export interface MailedOptions extends ExchangeOptions {
  readonly larkspur?: Standing;
  readonly tidewater?: Standing;
}

export async function openMailed({
  larkspur = 'member',
  tidewater = 'member',
  ...options
}: MailedOptions = {}): Promise<Mailed> {
  const exchange = await openExchange(options);
  for (const [id, standing] of [
    ['larkspur', larkspur],
    ['tidewater', tidewater],
  ] as const) {
    if (standing === 'member') await admit(exchange, id);
    if (standing !== 'stranger') await reachAt(exchange, id, ADDRESSES[id]);
  }
  return {
    ...exchange,
    post: (mail) => {
      exchange.clock.now += 1000;
      return exchange.engine.direct.receive({ ...mail, receivedAt: exchange.clock.now });
    },
    async owed() {
      const snapshot = exchange.store.snapshot();
      const found: OwedDisposition[] = [];
      for (const domain of ['direct.larkspur.example.org', 'direct.tidewater.example.org'])
        for (const { body } of await allRecords(snapshot, OWED_DISPOSITION, 'by', domain))
          found.push(body as OwedDisposition);
      return found;
    },
  };
}

async function admit(world: World, id: string): Promise<void> {
  const { status, text } = await world.ask(administrator, 'POST', `Organization/${id}/$admit`, {
    resourceType: 'Parameters',
  });
  if (status >= 300) throw new Error(`admit ${id}: ${text}`);
}

/** A verified Endpoint of Direct. */
export async function reachAt(world: World, id: string, address: DirectAddress): Promise<void> {
  const endpoint = { ...directEndpoint(`Organization/${id}`, address), id: `direct-${id}` };
  for (const [method, url, body] of [
    ['PUT', `Endpoint/direct-${id}`, endpoint],
    ['POST', `Endpoint/direct-${id}/$verify`, { resourceType: 'Parameters' }],
  ] as const) {
    const { status, text } = await world.ask(administrator, method, url, body);
    if (status >= 300) throw new Error(`${url}: ${text}`);
  }
}

/** The DocumentReferences of one content type. */
export const ofContent = (documents: readonly Stored[], contentType: string): readonly Stored[] =>
  documents.filter(({ content }) =>
    (content as { attachment: { contentType: string } }[]).some(
      ({ attachment }) => attachment.contentType === contentType,
    ),
  );
