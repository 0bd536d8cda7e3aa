/**
 * A decision that something is not told, as the refusal of the write that would have told it (compliance 15, K1). Its reader
 * is the discloser; whoever does not keep the Consent is not told which one decided.
 */
import { isAssociate } from '../../agreements/applies.ts';
import type { PairStanding } from '../../agreements/pair.ts';
import { tellStanding } from '../../agreements/told.ts';
import type { IssueDetail } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import { possibleBases } from '../../policies/bases/possible.ts';
import { placeOfPiece } from '../../policies/claim.ts';
import { exceptionCoding, exceptionFor } from '../../policies/exception.ts';
import type { Decision, Disclosure } from '../../policies/index.ts';
import { NO_AGREEMENT } from '../../agreements/state.ts';
import { issueOfNeed, NEED_SYSTEM, needExtension } from '../../policies/need.ts';

interface RefusedDisclosure {
  readonly disclosure: Disclosure;
  readonly decision: Decision;
  readonly place: string;
}

interface Reader {
  /** The recipient's name. */
  readonly recipient: string;
  readonly caller: Ref | undefined;
  /** A message brings it: it is kept, and a person captures what is missing. */
  readonly byMessage: boolean;
  readonly keeperOf: (ref: Ref) => Promise<Ref | undefined>;
  /** The name of an organization, or its reference. */
  readonly nameOf: (organization: Ref) => Promise<string>;
}

/** The issues of one refused disclosure: one for each need, or each piece that a claim lacks. */
export async function issuesOfRefusal(
  refused: RefusedDisclosure,
  reader: Reader,
): Promise<readonly IssueDetail[]> {
  const issues = await issuesOf(refused, reader);
  const { exception, code } = refused.decision;
  if (exception === undefined || code === undefined || exception === exceptionFor(code)) return issues;
  const { from: owner, to: counterparty } = refused.disclosure;
  return issues.map((issue) => ({
    ...issue,
    codings: [...(issue.codings ?? []), exceptionCoding(exception)],
    ...(exception === 'none-review' && { keptFrom: { counterparty, owner } }),
  }));
}

async function issuesOf(refused: RefusedDisclosure, reader: Reader): Promise<readonly IssueDetail[]> {
  switch (refused.decision.code) {
    case 'agreement-not-active':
      return [await notInForce(refused, reader)];
    case 'disclosure-denied':
      return [await denied(refused, reader)];
    case 'basis-evidence-missing':
      return lacking(refused);
    case 'basis-missing':
      return [missing(refused, reader)];
    default:
      return needing(refused, reader);
  }
}

async function denied({ decision, place }: RefusedDisclosure, reader: Reader): Promise<IssueDetail> {
  const { deciding = [], policy, needs = [] } = decision;
  const own: Ref[] = [];
  for (const ref of deciding) if ((await reader.keeperOf(ref)) === reader.caller) own.push(ref);
  const says =
    policy !== 'patient-consent'
      ? `The policy ${policy} does not let ${reader.recipient} be told this`
      : own.length > 0
        ? `The patient's restriction ${own.join(', ')} covers this: end it, or let a new consent replace it`
        : 'The patient does not want this to be told';
  const [need] = needs;
  if (!reader.byMessage || need === undefined)
    return { code: 'disclosure-denied', diagnostics: says, expression: [place] };
  // A message is kept until the restriction ends.
  return {
    code: 'consent-needed',
    codings: [{ system: NEED_SYSTEM, code: need.kind }],
    diagnostics: says,
    expression: [place],
  };
}

/** No agreement is in force between the two (baa-messaging 9): in the words for the side that asks. */
async function notInForce(
  { disclosure, decision, place }: RefusedDisclosure,
  { caller, nameOf }: Reader,
): Promise<IssueDetail> {
  const { from, to } = disclosure;
  const [need] = decision.needs ?? [];
  const agreement: PairStanding = decision.agreement ?? NO_AGREEMENT;
  const [principal, associate] = isAssociate(disclosure.discloserKinds) ? [to, from] : [from, to];
  const named = [from, to, agreement.principal, agreement.associate, agreement.waitsFor];
  const names = new Map<Ref, string>();
  for (const party of named) if (party !== undefined) names.set(party, await nameOf(party));
  const told = tellStanding(agreement, { reader: caller, principal, associate, names });
  return {
    code: 'agreement-not-active',
    diagnostics: told.text,
    expression: [place],
    ...(need !== undefined && { codings: [{ system: NEED_SYSTEM, code: need.kind }] }),
    ...(told.extension !== undefined && { extension: [told.extension] }),
    ...(told.contract !== undefined && { agreement: told.contract }),
  };
}

const lacking = ({ disclosure, decision }: RefusedDisclosure): readonly IssueDetail[] =>
  (decision.lacks ?? []).map((piece) => ({
    code: 'basis-evidence-missing',
    diagnostics: `Basis ${disclosure.claimed ?? ''} needs ${piece.says}`,
    expression: [placeOfPiece(piece)],
  }));

function missing({ disclosure, decision, place }: RefusedDisclosure, { recipient }: Reader): IssueDetail {
  const [need] = decision.needs ?? [];
  const possible = possibleBases(disclosure).join(', ');
  return {
    code: 'basis-missing',
    diagnostics: `Nothing permits telling ${recipient} this. Possible: ${possible}`,
    ...(need !== undefined && {
      codings: [{ system: NEED_SYSTEM, code: need.kind }],
      extension: [needExtension(need)],
      captureFor: need.patient,
    }),
    expression: [place],
  };
}

const needing = ({ decision, place }: RefusedDisclosure, { recipient }: Reader): readonly IssueDetail[] => {
  const needs = decision.needs ?? [];
  return needs.length === 0
    ? [{ code: decision.code ?? 'disclosure-denied', expression: [place] }]
    : needs.map((need) => issueOfNeed(need, { recipient, expression: [place] }));
};
