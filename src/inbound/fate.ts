/**
 * What becomes of messages, and what their senders are told (rules 7.2): "the acknowledgment follows the fate". The row of
 * the refusals table names the fate of what is refused, so that no code decides it.
 */
import { ISSUES, OperationOutcomeError, type IssueCode, type IssueDetail } from '../fhir/issue.ts';
import type { MessageFate, Remark } from '../ports/inbound.ts';
import type { Ref } from '../fhir/types.ts';
import type { State } from '../referral/state.ts';
import type { Event } from '../referral/transitions.ts';
import type { WorkItemKind } from '../operations/work-item.ts';
import { crossingOf, mayBecomeLegal } from './order.ts';
import type { Referral } from './find-referral.ts';

/** What a message comes to. */
export interface MessageVerdict {
  readonly fate: Exclude<MessageFate, 'repeated' | 'not-kept'>;
  /** Which person's work it is, where one is asked. */
  readonly kind?: WorkItemKind;
  /** It is applied, and a person is asked about what came of it. */
  readonly alsoAsked?: WorkItemKind;
  readonly remarks: readonly Remark[];
  /** What the person who is asked reads, where it is not the remarks. */
  readonly says?: string;
  /** For whose eyes alone it is kept, where that is not for its sender or receiver as its fate has it; '': nobody's here. */
  readonly keptFor?: Ref | '';
  /** The name of what the malware scanner found in it: nobody reads its bytes. */
  readonly malware?: string;
  /** In whose chart it is filed; undefined for what is kept apart. */
  readonly referral?: Referral | undefined;
}

/** A remark about a row of the refusals table. */
export function remark(
  issue: IssueCode,
  severity: Remark['severity'],
  location: string,
  says: string,
): Remark {
  return { location, code: ISSUES[issue].err || INTERNAL_ERROR, severity, issue, says };
}

/** A remark as people read it: where in the message, if anywhere, and what. */
export const remarkText = ({ location, says }: Remark): string =>
  location === '' ? says : `${location}: ${says}`;

/** HL7 table 0357, application internal error: for rows that no message was thought to meet. */
const INTERNAL_ERROR = '207';

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
  // In nobody's chart: the other party is not to know of it before it may be told.
  if (WAITS_FOR_CONSENT.has(code)) return asked('consent-needed', remarks);
  if (referral !== undefined && event !== undefined && code === 'transition-not-allowed') {
    return verdictOfState(referral, referral.state, event, remarks);
  }
  return ISSUES[code].fate === 'quarantine'
    ? quarantined(remarks)
    : asked('message-unfit', remarks, referral);
}

/** What its sender captures, so that the message is applied after all (compliance K4, P5). */
const WAITS_FOR_CONSENT: ReadonlySet<IssueCode> = new Set([
  'consent-needed',
  'consent-incomplete',
  'basis-missing',
  'basis-evidence-missing',
]);

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
  remark(
    code,
    WAITS_FOR_CONSENT.has(code) ? 'W' : 'E',
    '',
    [ISSUES[code].solve, diagnostics, ...(expression ?? [])].filter(Boolean).join(' '),
  );
