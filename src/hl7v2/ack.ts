/**
 * Acknowledgments (HL7 v2.5.1, 2.9 and 2.14): `MSH MSA [{ERR}]`, and the acknowledgments that a message asks for by
 * MSH-15 and MSH-16. The server can answer any bytes: it reads as much of a broken message as there is.
 */
import { buildMessage } from './build.ts';
import { asLatin1, type Charset } from './charset.ts';
import { readDelimiters, STANDARD, type Delimiters } from './delimiters.ts';
import type { Cwe, Erl, Hd } from './datatypes.ts';
import { conditionNamed, Hl7Fault, type Location } from './fault.ts';
import { decodeMessage, parseSegment, type Message } from './message.ts';
import { buildErr } from './segments/err.ts';
import { buildMsa } from './segments/msa.ts';
import { buildMsh, readMsh, type Msh } from './segments/msh.ts';

/**
 * HL7 table 0008: accept, error or reject, by the application (A) or by the system that committed the message to safe
 * storage (C).
 */
export type AcknowledgmentCode = 'AA' | 'AE' | 'AR' | 'CA' | 'CE' | 'CR';

/** The codes of the first answer in enhanced mode. */
export const COMMIT_CODES = { AA: 'CA', AE: 'CE', AR: 'CR' } as const;

/** An ERR segment. */
export interface AckError {
  /** ERR-2; absent when the ERR is about the whole message. */
  readonly location?: Location | undefined;
  /** ERR-3, HL7 table 0357. */
  readonly code: string;
  /** ERR-4: error, warning, information. */
  readonly severity: 'E' | 'W' | 'I';
  /** ERR-5: the refusal's code. */
  readonly userCode?: string | undefined;
  /** ERR-8, without anything that a patient could be known by. */
  readonly says?: string | undefined;
}

export interface AckInput {
  /** The bytes as received, whether they are a message or not. */
  readonly received: Uint8Array;
  /** The header of the message, when the caller has read it before. */
  readonly header?: RecoveredHeader | undefined;
  readonly code: AcknowledgmentCode;
  /** MSH-10 of the answer; its sender must not have used it before. */
  readonly controlId: string;
  /** MSH-7, milliseconds since 1970. */
  readonly at: number;
  /** MSH-3 and MSH-4; default: the receiver that the message named. */
  readonly sendingApplication?: Hd | undefined;
  readonly sendingFacility?: Hd | undefined;
  readonly errors?: readonly AckError[] | undefined;
}

/**
 * The acknowledgment, in the sender's delimiters and version. MSA-2 is the sender's MSH-10, and the parties change
 * sides.
 */
export function buildAck(input: AckInput): Message {
  const { delimiters, msh } = input.header ?? recoverHeader(input.received);
  const version = msh?.versionId?.versionId ?? '2.5.1';
  const errors = input.errors ?? [];
  const header = buildMsh({
    sendingApplication: input.sendingApplication ?? msh?.receivingApplication,
    sendingFacility: input.sendingFacility ?? msh?.receivingFacility,
    receivingApplication: msh?.sendingApplication,
    receivingFacility: msh?.sendingFacility,
    dateTimeOfMessage: new Date(input.at).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '') + '+0000',
    messageType: {
      messageCode: 'ACK',
      triggerEvent: msh?.messageType?.triggerEvent,
      messageStructure: 'ACK',
    },
    messageControlId: input.controlId,
    processingId: msh?.processingId ?? { processingId: 'P' },
    versionId: { versionId: version },
  });
  const msa = buildMsa({
    acknowledgmentCode: input.code,
    messageControlId: msh?.messageControlId,
    textMessage: version < FIRST_WITH_ERR ? asAscii(errors[0]?.says) : undefined,
  });
  return buildMessage([header, msa, ...errors.map(buildError)], delimiters);
}

/** Before v2.5, ERR could not say much, and people looked at MSA-3. */
const FIRST_WITH_ERR = '2.5';

const buildError = ({ location, code, severity, userCode, says }: AckError) =>
  buildErr({
    errorLocation: location === undefined ? [] : [erlOf(location)],
    hl7ErrorCode: { identifier: code, text: conditionNamed(code), nameOfCodingSystem: 'HL70357' },
    severity,
    applicationErrorCode: userCode === undefined ? undefined : localCode(userCode),
    userMessage: asAscii(says),
  });

/** A text in ASCII, whatever the sender reads, so that an acknowledgment needs no MSH-18. */
const asAscii = (text: string | undefined): string | undefined =>
  text?.normalize('NFKD').replaceAll(/[^\x20-\x7e]/g, (character) => ASCII[character] ?? '');

const ASCII: Readonly<Record<string, string>> = {
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
  '–': '-',
  '—': '-',
  '→': '->',
  '\n': ' ',
  '\t': ' ',
};

const localCode = (identifier: string): Cwe => ({ identifier, nameOfCodingSystem: 'L' });

const erlOf = ({ segment, segmentIndex, field, repetition, component, subcomponent }: Location): Erl => ({
  segmentId: segment,
  segmentSequence: String(segmentIndex),
  fieldPosition: field?.toString(),
  fieldRepetition: field === undefined ? undefined : String(repetition ?? 1),
  componentNumber: component?.toString(),
  subComponentNumber: subcomponent?.toString(),
});

/** The part of a message's header that can be read. */
export interface RecoveredHeader {
  /** The sender's delimiters when they are complete, else the standard's. */
  readonly delimiters: Delimiters;
  readonly msh: Msh | undefined;
  /** The character set in which the server read the line; undefined when it could not, or not to its end. */
  readonly charset: Charset | undefined;
}

/** Reads the first line that begins with MSH, even when the rest of the message is wrong. */
export function recoverHeader(bytes: Uint8Array): RecoveredHeader {
  const head = asLatin1(bytes.subarray(0, HEAD_BYTES));
  const found = FIRST_MSH.exec(head);
  if (found === null) return { delimiters: STANDARD, msh: undefined, charset: undefined };
  const start = found.index + found[0].indexOf('MSH');
  const end = found.index + found[0].length;
  const decoded = attempt(() => decodeMessage(bytes.subarray(start, end)));
  const line = decoded?.text ?? head.slice(start, end);
  const theirs = attempt(() => readDelimiters(line));
  const read = theirs ?? { ...STANDARD, field: line.charAt(3) };
  const msh = readMsh(parseSegment(line, { ...read, charset: decoded?.charset ?? 'UNICODE UTF-8' }));
  const isWhole = theirs !== undefined && end < HEAD_BYTES;
  return {
    delimiters: theirs !== undefined && isComplete(theirs) ? theirs : STANDARD,
    msh,
    charset: isWhole ? decoded?.charset : undefined,
  };
}

/**
 * Whether a message is itself an acknowledgment: its type says so, or MSA is its first segment after the header. The
 * server does not answer acknowledgments, because two engines would then answer each other for ever (HL7 v2.5.1,
 * 2.9.2).
 *
 * @param header of the message, when the caller has read it before
 */
export function isAcknowledgment(
  bytes: Uint8Array,
  { msh }: RecoveredHeader = recoverHeader(bytes),
): boolean {
  if (ANSWERS.has(msh?.messageType?.messageCode ?? '')) return true;
  return BEGINS_WITH_MSA.test(asLatin1(bytes.subarray(0, HEAD_BYTES)));
}

/** Table 0076: acknowledgments, of all versions. */
const ANSWERS: ReadonlySet<string> = new Set(['ACK', 'MCF', 'NAK']);
/** Segments that may stand between MSH and MSA: software segments, and user authentication. */
const BEGINS_WITH_MSA =
  /(?:^|[^A-Za-z0-9])MSH[^A-Za-z0-9\s][^\r\n]*[\r\n]+(?:(?:SFT|UAC)[^\r\n]*[\r\n]+)*MSA[^A-Za-z0-9\s]/;

const isComplete = ({ escape, subcomponent }: Delimiters): boolean => escape !== '' && subcomponent !== '';

const HEAD_BYTES = 16_384;
// oxlint-disable-next-line no-control-regex -- FS ends an MLLP block
const FIRST_MSH = /(?:^|[^A-Za-z0-9])MSH[^A-Za-z0-9\s\x1c][^\r\n\x1c]*/;

function attempt<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Hl7Fault) return undefined;
    throw error;
  }
}

/** The conditions for an acknowledgment (HL7 table 0155). */
type When = 'always' | 'never' | 'error' | 'success';

/**
 * The acknowledgments that a message asks for: `accept` is the commit acknowledgment (CA, CE, CR), `application` the
 * other (AA, AE, AR).
 */
export interface AcknowledgmentAsked {
  readonly mode: 'original' | 'enhanced';
  readonly accept: When;
  readonly application: When;
}

/**
 * Reads MSH-15 and MSH-16. When both are empty (original mode), the message asks for one application acknowledgment;
 * else each says when (2.9.2, 2.9.3).
 */
export function acknowledgmentAsked(
  msh: Pick<Msh, 'acceptAcknowledgmentType' | 'applicationAcknowledgmentType'>,
): AcknowledgmentAsked {
  const { acceptAcknowledgmentType: accept, applicationAcknowledgmentType: application } = msh;
  if (accept === undefined && application === undefined)
    return { mode: 'original', accept: 'never', application: 'always' };
  return { mode: 'enhanced', accept: whenOf(accept), application: whenOf(application) };
}

/** Whether the sender wants this acknowledgment for the fate of its message. */
export const isAsked = (when: When, outcome: 'error' | 'success'): boolean =>
  when === 'always' || when === outcome;

const WHEN: Readonly<Record<string, When>> = { AL: 'always', NE: 'never', ER: 'error', SU: 'success' };

/** A code that is not in the table counts as AL: a needless answer is better than a sender that waits. */
const whenOf = (code: string | undefined): When => (code === undefined ? 'never' : (WHEN[code] ?? 'always'));
