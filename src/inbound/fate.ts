/**
 * What becomes of messages, and what their senders are told (rules 7.2): "the acknowledgment follows the fate". The row of
 * the refusals table names the fate of what is refused, so that no code decides it.
 */
import { ISSUES, OperationOutcomeError, type IssueCode, type IssueDetail } from '../fhir/issue.ts';
import type { Link } from '../hl7v2/link.ts';
import type { Acknowledgment, Fate, Remark } from '../hl7v2/received.ts';
import { SearchRefused } from '../ports/store.ts';
import type { State } from '../referral/state.ts';
import type { Event } from '../referral/transitions.ts';
import type { WorkItemKind } from '../operations/work-item.ts';
import { crossingOf, mayBecomeLegal } from './order.ts';
import type { Referral } from './find-referral.ts';

/** What a message comes to. */
export interface MessageVerdict {
  readonly fate: Exclude<Fate, 'repeated' | 'not-kept'>;
  /** Which person's work it is, where one is asked. */
  readonly kind?: WorkItemKind;
  /** It is applied, and a person is asked about what came of it. */
  readonly alsoAsked?: WorkItemKind;
  readonly remarks: readonly Remark[];
  /** In whose chart it is filed; undefined for what is kept apart. */
  readonly referral?: Referral | undefined;
}

type Code = Acknowledgment['code'];

/** MSA-1 by fate. */
const CODES: Readonly<Record<Exclude<Fate, 'repeated'>, Code>> = {
  applied: 'AA',
  late: 'AA',
  parked: 'AA',
  ignored: 'AA',
  'work-item': 'AA',
  quarantine: 'AE',
  rejected: 'AR',
  'not-kept': 'AR',
};

/** The answer to the sender: what is accepted is not called an error. */
export function acknowledgmentOf(
  { fate, remarks }: Pick<MessageVerdict, 'fate' | 'remarks'>,
  link: Link,
): Acknowledgment {
  const code = fate === 'work-item' ? link.workItemAcknowledged : CODES[fate];
  const told = code === 'AA' ? remarks.map(soften) : remarks;
  return { fate, code, remarks: told };
}

const soften = (one: Remark): Remark => (one.severity === 'E' ? { ...one, severity: 'W' } : one);

/** Nothing is on disk: the sender must send again. */
export function notKept(error: unknown): Acknowledgment {
  const code =
    error instanceof SearchRefused
      ? 'busy'
      : error instanceof OperationOutcomeError
        ? error.code
        : 'internal';
  return { fate: 'not-kept', code: CODES['not-kept'], remarks: [remark(code, 'E', '', ISSUES[code].solve)] };
}

/** What says nothing about the message, but that the server could not take it now: it is to be sent again. */
export const isOurFault = (error: unknown): boolean =>
  error instanceof SearchRefused || (error instanceof OperationOutcomeError && OUR_FAULTS.has(error.code));

const OUR_FAULTS: ReadonlySet<IssueCode> = new Set([
  'storage-full',
  'storage-read-only',
  'busy',
  'search-too-costly',
  'page-expired',
  'server-stopping',
  'write-conflict',
]);

/** A remark about a row of the refusals table. */
export function remark(
  issue: IssueCode,
  severity: Remark['severity'],
  location: string,
  says: string,
): Remark {
  return { location, code: ISSUES[issue].err || INTERNAL_ERROR, severity, issue, says };
}

/** The person of a message is not whom its numbers stand for: table 0357, unknown key identifier. */
export const mistaken = (says: string): Remark => ({
  ...remark('structure-invalid', 'E', 'PID-3', says),
  code: '204',
});

/** HL7 table 0357, application internal error: for rows that no message was thought to meet. */
const INTERNAL_ERROR = '207';

/** Said of other content under the control id of an accepted message. */
export const REUSED = 'another message came under this control id';

/** Kept apart from any chart, and a person is asked. */
export const quarantined = (remarks: readonly Remark[]): MessageVerdict => ({
  fate: 'quarantine',
  kind: 'message-quarantined',
  remarks,
});

/** Kept, and a person is asked. */
export const asked = (
  kind: WorkItemKind,
  remarks: readonly Remark[],
  referral?: Referral,
): MessageVerdict => ({
  fate: 'work-item',
  kind,
  remarks,
  referral,
});

/** What a message comes to that was read with findings of severity `E`; undefined when there is none. */
export function verdictOfFindings(
  findings: readonly Remark[],
  referral?: Referral,
): MessageVerdict | undefined {
  const errors = findings.filter(({ severity }) => severity === 'E');
  if (errors.length === 0) return undefined;
  const isSevere = errors.some(({ issue }) => fateOf(issue) !== 'work-item');
  return isSevere ? quarantined(findings) : asked('message-unfit', findings, referral);
}

const fateOf = (issue: string): string =>
  (ISSUES as Readonly<Record<string, { readonly fate: string } | undefined>>)[issue]?.fate ?? 'quarantine';

/** What a message comes to whose event the rules refuse: overtaken, too early, or a person's. */
export function verdictOfRefusal(
  { code, issues }: OperationOutcomeError,
  findings: readonly Remark[],
  about: { readonly referral: Referral | undefined; readonly event: Event | undefined },
): MessageVerdict {
  const { referral, event } = about;
  const remarks = [...findings, ...issues.slice(0, REFUSALS_TOLD_MAX).map(remarkOfIssue)];
  if (referral !== undefined && event !== undefined && code === 'transition-not-allowed') {
    return verdictOfState(referral, referral.state, event, remarks);
  }
  return ISSUES[code].fate === 'quarantine'
    ? quarantined(remarks)
    : asked('message-unfit', remarks, referral);
}

/** An answer is no list of everything. */
const REFUSALS_TOLD_MAX = 10;

function verdictOfState(
  referral: Referral,
  state: State,
  event: Event,
  remarks: readonly Remark[],
): MessageVerdict {
  const crossing = crossingOf(event, state);
  if (crossing !== undefined) {
    return { fate: 'late', referral, remarks: [remark('transition-not-allowed', 'W', '', crossing)] };
  }
  if (!mayBecomeLegal(state)) return asked('message-unfit', remarks, referral);
  return { fate: 'parked', kind: 'message-parked', referral, remarks };
}

const remarkOfIssue = ({ code, diagnostics, expression }: IssueDetail): Remark =>
  remark(code, 'E', '', [ISSUES[code].solve, diagnostics, ...(expression ?? [])].filter(Boolean).join(' '));
