/**
 * Whether a package and the message in it say the same (direct-xdm 8, checks 1 to 6). A package that contradicts its message
 * in the number of the referral or of the patient is kept apart; other contradictions are remarked, and some of them are
 * shown to a person. Check 3 is made where the clinical document is read.
 */
import { Buffer } from 'node:buffer';
import { systemOfOid } from '../../fhir/identifier.ts';
import { parseInstant } from '../../fhir/datetime.ts';
import type { Identifier } from '../../fhir/types.ts';
import type { AssignedId, ReceivedDocument, ReceivedSubmission } from '../../direct/xdm/submission.ts';
import { definitionNamed } from '../../hl7v2/messages/registry.ts';
import type { MessageReading } from '../../hl7v2/messages/reading.ts';
import type { DirectMail } from '../../ports/direct.ts';
import type { Remark } from '../../ports/inbound.ts';
import { remark } from '../fate.ts';

/** What is compared. */
interface Compared {
  readonly mail: Pick<DirectMail, 'from' | 'to' | 'writtenTo'>;
  readonly submission: ReceivedSubmission;
  readonly message: ReceivedDocument;
  readonly reading: MessageReading;
}

/** `apart`: quarantined. `asks`: taken, and a person is asked. `told`: taken, with a remark. */
type Weight = 'apart' | 'asks' | 'told';

type Check = readonly [check: number, weight: Weight, says: string, agrees: (compared: Compared) => boolean];

// prettier-ignore
const CHECKS: readonly Check[] = [
  [1, 'apart', 'the package does not name the referral of its message',                  agreesOnReferral],
  [2, 'apart', 'the package does not name the patient of its message',                   agreesOnPatient],
  [4, 'asks',  'the codes of the message’s entry are not those of the message',          agreesOnMessage],
  [4, 'asks',  'the code of a clinical document’s entry is not that of the document',    agreesOnDocuments],
  [5, 'asks',  'the package is meant for another address than the mail',                 isMeantForUs],
  [5, 'told',  'the package names another address of its author than the mail',          isByItsSender],
  [6, 'told',  'the entry of the message has another time than the message',             agreesOnTime],
];

/** What the checks come to. */
export interface Consistency {
  readonly remarks: readonly Remark[];
  readonly isApart: boolean;
  readonly isFlagged: boolean;
}

export function checkConsistency(compared: Compared): Consistency {
  const failed = CHECKS.filter(([, , , agrees]) => !agrees(compared));
  const has = (weight: Weight): boolean => failed.some(([, one]) => one === weight);
  return {
    remarks: failed.map(([check, weight, says]) =>
      remark('structure-invalid', weight === 'apart' ? 'E' : 'W', '', `check ${check}: ${says}`),
    ),
    isApart: has('apart'),
    isFlagged: has('asks'),
  };
}

const isNumber = ({ value, assigner }: AssignedId, number: Identifier | undefined): boolean =>
  number?.value === value && number.system === (systemOfOid(assigner) ?? assigner);

function agreesOnReferral({ submission: { referralId }, reading }: Compared): boolean {
  return referralId !== undefined && isNumber(referralId, reading.referralId);
}

/** The numbers that the package gives for the patient stand in PID-3; an answer must give one as patientId (360x 4). */
function agreesOnPatient({ submission: { sourcePatientId, patientId }, reading }: Compared): boolean {
  const numbers = reading.patient?.identifiers ?? [];
  const isOne = (id: AssignedId): boolean => numbers.some((number) => isNumber(id, number));
  if (sourcePatientId !== undefined && !isOne(sourcePatientId)) return false;
  if (!isAnswer(reading)) return sourcePatientId !== undefined || patientId === undefined || isOne(patientId);
  return patientId !== undefined && isOne(patientId);
}

/** Whether it comes from the recipient of the referral: the initiator sends requests and cancellations alone. */
const isAnswer = ({ event }: MessageReading): boolean =>
  event !== 'send-referral-package' && event !== 'send-cancellation-request';

/** MSH-9.1 and MSH-9.3, which some write as SIU_S13 (A7), and IHE's format of the message. */
function agreesOnMessage({ message: { classCode, typeCode, formatCode }, reading }: Compared): boolean {
  const [type = '', event = ''] = reading.message.split('^');
  const structures = [type === 'SIU' ? 'SIU_S12' : '', `${type}_${event}`];
  const format = definitionNamed(reading.message)?.formatCode;
  return (
    (classCode === undefined || classCode.code === type) &&
    (typeCode === undefined || structures.includes(typeCode.code)) &&
    (formatCode === undefined || format === undefined || formatCode.code === format)
  );
}

/** The first `code` of a clinical document is the document's own. */
const DOCUMENT_CODE = /<(?:[\w.-]+:)?code\b[^>]*?\bcode\s*=\s*["']([^"']+)["']/;
const HEAD_BYTES = 16 * 1024;

function agreesOnDocuments({ submission: { documents } }: Compared): boolean {
  return documents
    .filter(({ kind }) => kind === 'clinical-document')
    .every(({ bytes, classCode }) => {
      const head = Buffer.from(bytes.subarray(0, HEAD_BYTES)).toString('latin1').replaceAll('\0', '');
      const code = DOCUMENT_CODE.exec(head)?.[1];
      return classCode === undefined || code === undefined || classCode.code === code;
    });
}

/** A mail that somebody has encrypted again for us still says, in package and signed header, for whom it was signed. */
function isMeantForUs({ submission: { intendedRecipient }, mail: { to, writtenTo } }: Compared): boolean {
  const { telecom } = intendedRecipient ?? {};
  return (telecom === undefined || telecom === to) && (writtenTo === undefined || writtenTo.includes(to));
}

/** A party may write from another address than the one in its package (A5). */
function isByItsSender({ submission: { author }, mail }: Compared): boolean {
  const { telecom } = author ?? {};
  return telecom === undefined || telecom === mail.from;
}

const DAY_MS = 86_400_000;

/** To the second; an entry may give the day alone. */
function agreesOnTime({ message: { creationTime }, reading: { sentAt } }: Compared): boolean {
  const sent = sentAt === undefined ? undefined : parseInstant(sentAt);
  if (creationTime === undefined || sent === undefined) return true;
  const isDay = creationTime % DAY_MS === 0;
  return isDay
    ? Math.abs(sent.low - creationTime) <= 2 * DAY_MS
    : creationTime >= sent.low - 999 && creationTime <= sent.high;
}
