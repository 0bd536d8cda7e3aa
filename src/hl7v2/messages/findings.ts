/**
 * The findings that a message can have, and their severity by kind of message (rules 7.7): only 360X messages must have
 * 360X's required fields. `E` keeps the message out of the chart, `W` warns the sender, `I` is only kept, `-` is not
 * checked.
 */
import type { IssueCode } from '../../fhir/issue.ts';
import type { Remark } from '../../ports/inbound.ts';
import { FINDING_COLUMNS, type MessageFamily } from './message-family.ts';

type Severity = Remark['severity'];
/** One letter for each of {@link FINDING_COLUMNS}. */
type Severities = `${Mark} ${Mark} ${Mark} ${Mark} ${Mark} ${Mark} ${Mark}`;
type Mark = Severity | '-';

type Row = readonly [
  location: string,
  /** Table 0357. */
  code: '100' | '101' | '102' | '103' | '104' | '204' | '207',
  severities: Severities,
  says: string,
  issue?: IssueCode,
];

// prettier-ignore
const FINDINGS = {
  //                         location  0357    OMG OSU SIU MDM ORM REF ADT
  'control-id':             ['MSH-10', '101', 'E E E E E E E', 'there is no message control id'],
  'sent-at':                ['MSH-7',  '101', 'W W W W W W W', 'there is no time of day of the message, so its order is that of arrival'],
  'sent-ahead':             ['MSH-7',  '102', 'W W W W W W W', 'the time is ahead of the receipt, so it orders nothing: the order is that of arrival'],
  ahead:                    ['',       '102', 'W W W W W W W', 'the time of what happened is ahead of the receipt, and was left out'],
  structure:                ['MSH-9.3','103', 'W W W I I I I', 'this is not the message structure of the event'],
  profile:                  ['MSH-21', '101', 'W W W - - - -', 'the message profile 360X is not named, so the message is judged as plain v2.5.1'],
  zone:                     ['',       '102', 'W W W W W W W', 'the time has no offset; it was read in the zone of the link'],
  time:                     ['',       '102', 'W W W W W W W', 'this is not a time; the server left it out'],
  'code-unknown':           ['',       '103', 'W W W W W W W', 'the code is in no table, and was left out'],
  'code-system':            ['',       '103', 'W W W W W W W', 'the name of the coding system is unknown here, so the code is kept as text'],
  'code-without-system':    ['',       '103', 'W W W W W W W', 'the code names no coding system, so nobody can tell what it means; it is kept without one'],
  null:                     ['',       '102', 'W W W W W W W', 'the server did not carry out this deletion'],
  'control-characters':     ['',       '102', 'W W W W W W W', 'control characters are left out of what is taken'],
  formatting:               ['',       '102', 'W W W W W W W', 'highlighting and layout are left out of what is taken'],
  cut:                      ['',       '104', 'W W W W W W W', 'the sender says that it cut this value'],
  required:                 ['',       '101', 'W W W W W W W', 'v2.5.1 requires this field, and it is empty'],
  'another-patient':        ['PID[2]', '100', 'E E E E E E W', 'there is another patient in the message; each patient is a message of its own'],
  'slot-backwards':         ['TQ1-8',  '102', '- - E - - - -', 'the visit ends before it begins'],
  'document-parts':         ['OBX',    '102', '- - - W - - -', 'the document came in parts, which were joined in the order of OBX-4, else of the message'],
  'document-lines':         ['OBX',    '102', '- - - W - - -', 'the text came in parts, which were joined in the order of OBX-4, else of the message, each on a line of its own'],
  'several-texts':          ['OBX-3',  '102', '- - - W - - -', 'the texts of several observations were joined in the order of the message, under the name of the first'],
  patient:                  ['PID-3',  '101', 'E E E E E E E', 'there is no patient identifier'],
  'patient-authority':      ['PID-3.4','101', 'W W W W W W W', 'the assigning authority is missing or unknown, so this identifier matches nobody'],
  'patient-identifier-type':['PID-3.5','103', 'W W W W W W W', 'the identifier type is not of table 0203'],
  'referral-id':            ['ORC-2',  '101', 'E E E E E E -', 'there is no referral id'],
  'referral-authority':     ['ORC-2.3','101', 'E E E W W W -', 'the referral id has no assigning authority that is an OID or known for this link'],
  'referral-namespace':     ['ORC-2.2','102', 'W W W I - - -', 'the namespace of the referral id should be empty'],
  'order-numbers-differ':   ['OBR-2',  '102', 'W - - W W - -', 'this is not the referral id that counts, which stands in a better place'],
  'another-order':          ['ORC',    '100', 'E E - - E - -', 'there is more than one order; each referral is a message of its own'],
  'ordering-provider':      ['ORC-12', '101', 'E - - - W W -', 'there is no ordering provider'],
  service:                  ['OBR-4',  '101', 'E - - - W - -', 'there is no service'],
  'reason-for-referral':    ['OBR-31', '101', 'E - - - W W -', 'there is no reason for the referral'],
  'perform-by':             ['TQ1-8',  '101', 'W - - - - - -', 'there is no time until which the referral is to be performed'],
  'too-many-questions':     ['OBX',    '102', 'W - - - W W -', 'only the first hundred questions were taken; all are in the kept message'],
  'reason-of-decline':      ['ORC-16', '101', '- W - - - - -', 'a decline needs a reason; it was applied as "not stated"'],
  'provider-in-status':     ['ORC-12', '102', '- W - - - - -', 'a status update names no ordering provider'],
  'no-note':                ['ORC-5',  '103', '- W - - - - -', 'no note came with this status', 'referral-rule'],
  direction:                ['ORC-1',  '103', 'E E E E E E -', 'only the other party may say this', 'not-your-move'],
  'no-event':               ['ORC-1',  '103', 'W W W W W W -', 'this order control and order status stand for no event of a referral', 'referral-rule'],
  'appointment-id':         ['SCH-2',  '101', '- - E - - - -', 'there is no appointment id'],
  slot:                     ['TQ1-7',  '101', '- - E - - - -', 'there is no slot, and the server invents none'],
  'slot-of-the-past':       ['TQ1-7',  '101', '- - W - - - -', 'the message names no slot'],
  withdrawn:                ['OBX-11', '103', 'W - - W W W -', 'this is withdrawn, so it is evidence of nothing', 'referral-rule'],
  unavailable:              ['TXA-19', '103', '- - - W - - -', 'the document is not available any more, so it is evidence of nothing', 'referral-rule'],
  availability:             ['TXA-19', '103', '- - - W - - -', 'this says neither that the document is available nor that it is taken back; it was taken'],
  document:                 ['OBX-5',  '101', '- - - E - - -', 'there is no document'],
  encoding:                 ['OBX-5.4','102', '- - - E - - -', 'the document is not what its encoding says'],
  'content-type':           ['OBX-5.2','103', '- - - W - - -', 'the type of the document is unknown; it is kept as bytes'],
  'more-documents':         ['OBX',    '102', '- - - W - - -', 'only the first document was taken; all are in the kept message'],
  merged:                   ['MRG-1',  '101', '- - - - - - W', 'the message names no identifier to merge away'],
} as const satisfies Record<string, Row>;

export type FindingCode = keyof typeof FINDINGS;

/**
 * Severities for a message that does not name the profile 360X (MSH-21). An order is judged like an ORM; for the other
 * kinds only these findings are milder.
 */
const PLAIN: Readonly<Partial<Record<FindingCode, Mark>>> = {
  profile: 'W',
  'referral-authority': 'W',
  'referral-namespace': '-',
};

/** The family of a message, as far as it decides the severities, and whether the message claims to follow 360X. */
interface JudgedMessage {
  readonly family: Pick<MessageFamily, 'findings' | 'plainFindings' | 'isProfiled'>;
  readonly claims360X: boolean;
}

/** The findings of one reading so far. */
export interface Findings {
  /** Adds a finding, unless this kind of message is not checked for it. `at` replaces the place of the row. */
  readonly add: (finding: FindingCode, at?: string) => void;
  /** Adds a warning about content that the server does not read. */
  readonly untaken: (segment: string, places: readonly string[]) => void;
  readonly all: readonly Remark[];
}

/** The largest number of findings, because a message could have the same fault a thousand times. */
const FINDINGS_MAX = 50;

export function createFindings({ family, claims360X }: JudgedMessage): Findings {
  const severityOf = severitiesFor(family, claims360X);
  const all: Remark[] = [];
  const add = (finding: FindingCode, at?: string): void => {
    const row: Row = FINDINGS[finding];
    const severity = severityOf(finding);
    if (severity === '-' || all.length === FINDINGS_MAX) return;
    const location = at ?? row[0];
    if (all.some((one) => one.location === location && one.says === row[3])) return;
    all.push({
      location,
      code: row[1],
      severity,
      issue: row[4] ?? issueOf(row[1]),
      says: row[3],
    });
  };
  const untaken = (segment: string, places: readonly string[]): void => {
    if (all.length === FINDINGS_MAX) return;
    const says = `not taken, and in the kept message alone: ${places.join(', ')}`;
    all.push({ location: segment, code: '0', severity: 'W', issue: 'content-not-taken', says });
  };
  return { add, untaken, all };
}

function severitiesFor(
  { findings, plainFindings = findings, isProfiled }: JudgedMessage['family'],
  claims360X: boolean,
): (finding: FindingCode) => Mark {
  const isPlain = !claims360X && isProfiled;
  const column = FINDING_COLUMNS.indexOf(isPlain ? plainFindings : findings);
  return (finding) =>
    (isPlain ? PLAIN[finding] : undefined) ?? (FINDINGS[finding][2].split(' ')[column] as Mark); // the column's letter
}

const issueOf = (code: string): IssueCode => (code === '101' ? 'field-missing' : 'structure-invalid');

/** The rows as texts, for the reference page. */
export const findingRows = (): readonly (readonly string[])[] =>
  Object.entries(FINDINGS as Readonly<Record<string, Row>>).map(([name, [at, code, severities, says]]) => [
    name,
    at,
    code,
    ...severities.split(' '),
    says,
  ]);
