/**
 * Every policy there is, in the order in which they are asked (compliance L3): the most protective first, so that no permit
 * hides a denial.
 */
import type { IssueCode } from '../fhir/issue.ts';
import type { Ref } from '../fhir/types.ts';
import type { PairStanding } from '../agreements/pair.ts';
import { agreementInForce, asksAgreement } from './bases/business-associate.ts';
import { CLAIMED, FOUND } from './bases/index.ts';
import { own } from './bases/own.ts';
import { communityAuthorization } from './bases/treatment-own.ts';
import type { Basis } from './basis.ts';
import type { LackingPiece } from './claim.ts';
import { bindingDenials } from './denials.ts';
import { directory } from './directory.ts';
import { exceptionFor, type InformationBlockingException } from './exception.ts';
import { noHealthInformation } from './no-health-information.ts';
import { GUARDING } from './guarded-content.ts';
import type { Need } from './need.ts';
import { wanting } from './on-file.ts';
import type { Disclosure, Obligation, Policy, Refusing, Showing } from './policy.ts';
import { permitsRelied } from './relied.ts';

export { REFERRAL_PURPOSE } from './bases/treatment.ts';
export { restrictionOf } from './patient-consent.ts';
export type { Disclosure, Obligation, Policy, Refusing, Showing, Vote } from './policy.ts';

/** One question: the first of its policies that denies answers it, else the first that permits. */
export interface Step {
  readonly asks: string;
  readonly policies: readonly Policy[];
}

/** The first step that has an answer decides; minimum necessary and labels, (g), are obligations of what is permitted. */
// prettier-ignore
export const STEPS_OF_DECISION: readonly Step[] = [
  { asks: '(a) is it no disclosure: about nobody, or a use within one legal entity', policies: [directory, noHealthInformation, own] },
  { asks: '(b) is the content guarded, whatever the basis',                          policies: GUARDING },
  { asks: '(c) does the patient deny it',                                            policies: [bindingDenials] },
  { asks: '(d) does an agreement have to be in force, or does the organization ask more', policies: [agreementInForce, communityAuthorization] },
  { asks: '(e) does the basis that is claimed permit it, with its evidence',         policies: CLAIMED },
  { asks: '(f) is there a basis where none is claimed',                              policies: FOUND },
];

/** Every policy, each once. */
export const POLICIES: readonly Policy[] = STEPS_OF_DECISION.flatMap(({ policies }) => policies).filter(
  ({ name }, at, all) => all.findIndex((one) => one.name === name) === at,
);

export interface Decision {
  readonly permitted: boolean;
  /** The policy that decided; `none` when none permitted. */
  readonly policy: string;
  readonly law: string;
  /** The one basis on which it is told (compliance B34); undefined where it is not, or is about no patient. */
  readonly basis?: Basis;
  /** The refusal in which a denial is told. */
  readonly code?: IssueCode;
  /** What would let it be told, once it is on record; empty where nothing would. */
  readonly needs?: readonly Need[];
  /** What the claim of the basis lacks. */
  readonly lacks?: readonly LackingPiece[];
  /** Under which exception of 45 CFR 171 it is kept back (compliance I1). */
  readonly exception?: InformationBlockingException;
  /** The Consents, Contracts and other resources that decided. */
  readonly deciding?: readonly Ref[];
  /** What stands between the two, where an agreement was asked for: in force, where it is told. */
  readonly agreement?: PairStanding;
  /** Which statement of 42 CFR 2.32(a) goes with it. */
  readonly notice?: 1 | 2;
}

/** Whether something may be told. Asked before it is written, and just before it is delivered, with that `now`. */
export function decide(disclosure: Disclosure, steps: readonly Step[] = STEPS_OF_DECISION): Decision {
  for (const { policies } of steps) {
    const votes = policies.map((policy) => ({ policy, vote: policy.vote(disclosure) }));
    const deciding = votes.find(({ vote }) => vote === 'deny') ?? votes.find(({ vote }) => vote === 'permit');
    if (deciding === undefined) continue;
    return deciding.vote === 'permit'
      ? permitted(deciding.policy, disclosure)
      : denied(deciding.policy, disclosure);
  }
  return silence(disclosure);
}

function permitted({ name, law, basis }: Policy, disclosure: Disclosure): Decision {
  const agreement = asksAgreement(disclosure) ? disclosure.agreement : undefined;
  const contract = agreement?.contract;
  const consents = permitsRelied(disclosure).map(({ source }) => source);
  const deciding = contract === undefined ? consents : [...consents, contract];
  return {
    permitted: true,
    policy: name,
    law,
    ...(basis !== undefined && { basis }),
    ...(deciding.length > 0 && { deciding }),
    ...(agreement !== undefined && { agreement }),
  };
}

/** Without words of its own a denial is the organization's own wish, which is no ground of law (compliance I3). */
const OWN_WISH: Refusing = { code: 'disclosure-denied', by: 'organization' };

function denied({ name, law, refuses }: Policy, disclosure: Disclosure): Decision {
  return { permitted: false, policy: name, law, ...told(refuses?.(disclosure) ?? OWN_WISH) };
}

function told(refusing: Refusing): Partial<Decision> {
  const { code, by, exception, needs = [], lacks = [], deciding = [], agreement } = refusing;
  const because = exception ?? exceptionFor(code, by);
  return {
    code,
    needs,
    lacks,
    deciding,
    ...(because !== undefined && { exception: because }),
    ...(agreement !== undefined && { agreement }),
  };
}

/** No basis is found (compliance B31): the patient's authorization is what anybody can capture. */
function silence(disclosure: Disclosure): Decision {
  const { needs = [] } = wanting('authorization', ['hipaa-auth'], disclosure);
  return {
    permitted: false,
    policy: 'none',
    law: 'no policy permits it',
    ...told({ code: 'basis-missing', needs: disclosure.patient === undefined ? [] : needs }),
  };
}

/** What all policies together oblige the server to do to a text; undefined where none of them ever obliges it to anything. */
export function obligationsBy(
  policies: readonly Policy[],
): ((showing: Showing) => readonly Obligation[]) | undefined {
  const obliging = policies.flatMap(({ obliges }) => obliges ?? []);
  return obliging.length === 0 ? undefined : (showing) => obliging.flatMap((obliges) => obliges(showing));
}
