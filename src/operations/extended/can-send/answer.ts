/** What is answered about one recipient (baa-messaging 6): what the planned write would meet, gate by gate. */
import { buildOutcome, type IssueDetail } from '../../../fhir/issue.ts';
import type { Coding, Ref, Resource } from '../../../fhir/types.ts';
import { MESSAGE_CONTENT } from '../../../messaging/content.ts';
import { isWithin } from '../../../policies/purpose.ts';
import { NEED_SYSTEM, NEEDS, type NeedKind } from '../../../policies/need.ts';
import { valuesAt } from '../../../resources/element.ts';
import { claimedBasis } from '../../../resources/referral-rules/basis.ts';
import type { DryRun } from '../../write/dry-run.ts';
import type { Out } from '../output.ts';
import type { Relation } from './relation.ts';
import { tellAgreement } from './standing-told.ts';

interface Answering {
  readonly recipient: unknown;
  readonly run: DryRun;
  readonly relation: Relation | undefined;
  readonly reader: Ref | undefined;
  /** What is asked for besides what sending takes. */
  readonly purpose: string | undefined;
  /** Ways and consent of the recipient, and what is to be known of it, as they were found. */
  readonly parts: readonly Out[];
  readonly warnings: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** 45 CFR 164.502(e)(1): who works for another is told under an agreement. */
const LAW_OF_AGREEMENTS = '45 CFR 164.502(e)(1)';

export function answerFor(asked: Answering): Out {
  const { recipient, run, relation } = asked;
  const issues = run.issues.filter(({ severity = 'error' }) => severity === 'error' || severity === 'fatal');
  const shown = relation?.isAskedByAssociate === true ? issues.map(ownAlone) : issues;
  const content = contentOf(run.written);
  const basis = basisOf(run);
  return {
    name: 'recipient',
    part: [
      { name: 'reference', valueReference: recipient },
      { name: 'allowed', valueBoolean: issues.length === 0 },
      ...(content === undefined ? [] : [{ name: 'content', valueCode: content }]),
      ...agreementOf(asked),
      ...(basis === undefined ? [] : [{ name: 'basis', valueCode: basis }]),
      ...asked.parts,
      ...gatesOf(asked, shown),
      ...needsOf(shown).map((valueCode) => ({ name: 'need', valueCode })),
      ...warningsOf(asked, issues).map((valueString) => ({ name: 'warning', valueString })),
      ...(shown.length === 0 ? [] : [{ name: 'outcome', resource: buildOutcome(shown) }]),
    ],
  };
}

const contentOf = (written: readonly Resource[]): string | undefined => {
  const [message] = written.filter(({ resourceType }) => resourceType === 'Communication');
  if (message !== undefined) return categoryOf(message);
  return written.some(({ resourceType }) => resourceType === 'ServiceRequest') ? 'phi' : undefined;
};

/** The category that the server wrote; what it did not judge is told as health information. */
const categoryOf = (message: Resource): string =>
  (valuesAt(message, 'category.coding') as readonly Coding[]).find(({ system }) => system === MESSAGE_CONTENT)
    ?.code ?? 'phi';

/** What the order claims, else what the policies found. */
const basisOf = ({ written, told }: DryRun): string | undefined =>
  claimedBasis(written.find(({ resourceType }) => resourceType === 'ServiceRequest')) ?? told[0]?.basis;

// — what who works for others may know (PF3)

/** Refusals that speak of the agreement or of what the caller itself wrote. */
const KEPT_FROM_ASSOCIATES: ReadonlySet<string> = new Set([
  'disclosure-denied',
  'consent-needed',
  'consent-incomplete',
  'basis-missing',
  'basis-evidence-missing',
  'minimum-necessary',
]);

const ownAlone = (issue: IssueDetail): IssueDetail =>
  KEPT_FROM_ASSOCIATES.has(issue.code)
    ? {
        code: issue.code,
        codings: [{ system: NEED_SYSTEM, code: 'other' }],
        diagnostics: 'Something else than the agreement does not let this be told',
      }
    : issue;

// — parts

function agreementOf({ relation, reader }: Answering): readonly Out[] {
  const standing = relation?.dealing?.standing;
  return standing === undefined ? [] : [tellAgreement(standing, reader)];
}

/** Another refusal may come before the gate was asked: it permits nothing then that it would have stopped. */
function gatesOf({ relation, run }: Answering, issues: readonly IssueDetail[]): readonly Out[] {
  const codes = [...new Set(issues.map(({ code }) => code))].filter(
    (code) => code !== 'agreement-not-active',
  );
  const isClosed =
    issues.some(({ code }) => code === 'agreement-not-active') ||
    (issues.length > 0 && relation?.dealing?.standing.state !== 'active' && contentOf(run.written) === 'phi');
  return [
    ...(relation?.dealing === undefined
      ? []
      : [gate('BA4', isClosed ? 'deny' : 'permit', LAW_OF_AGREEMENTS)]),
    ...codes.map((code) => gate(code, 'deny', lawOf(issues.find((issue) => issue.code === code)))),
  ];
}

const gate = (rule: string, vote: 'permit' | 'deny', law: string | undefined): Out => ({
  name: 'gate',
  part: [
    { name: 'rule', valueCode: rule },
    { name: 'vote', valueCode: vote },
    ...(law === undefined ? [] : [{ name: 'law', valueString: law }]),
  ],
});

const needIn = ({ codings = [] }: IssueDetail): string | undefined =>
  codings.find(({ system }) => system === NEED_SYSTEM)?.code;

const lawOf = (issue: IssueDetail | undefined): string | undefined => {
  const need = issue && needIn(issue);
  return need !== undefined && Object.hasOwn(NEEDS, need) ? NEEDS[need as NeedKind].law : undefined;
};

const needsOf = (issues: readonly IssueDetail[]): readonly string[] => [
  ...new Set(issues.flatMap((issue) => needIn(issue) ?? [])),
];

const DAY_MS = 86_400_000;
/** Days before its end from which on an agreement is warned of. */
const WARNED_DAYS = 30;

function warningsOf(asked: Answering, issues: readonly IssueDetail[]): readonly string[] {
  if (issues.length > 0) return [];
  const { run, relation, now, purpose, warnings } = asked;
  const { state, until } = relation?.dealing?.standing ?? {};
  const days = state === 'active' && until !== undefined ? Math.ceil((until - now) / DAY_MS) : undefined;
  const taken = run.told[0]?.purpose;
  return [
    ...(days !== undefined && days <= WARNED_DAYS ? [`The agreement expires in ${days} days.`] : []),
    ...(purpose !== undefined && taken !== undefined && !isWithin(taken, purpose)
      ? [`It would be told for ${taken}, and not for ${purpose}.`]
      : []),
    ...warnings,
    ...run.notes.flatMap(({ severity, diagnostics }) => (severity === 'warning' ? (diagnostics ?? []) : [])),
  ];
}
