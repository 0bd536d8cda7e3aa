/**
 * Who works for the discloser is told under an agreement that is in force, and the discloser by who works for it
 * (baa-messaging BA4, BA12). Whether one has to be, the table of `agreements/applies.ts` says.
 */
import { needsAgreement } from '../../agreements/applies.ts';
import { NO_AGREEMENT, type AgreementStanding } from '../../agreements/state.ts';
import { missingNeed, type Need } from '../need.ts';
import type { Disclosure, Policy } from '../policy.ts';
import { isWithin } from '../purpose.ts';
import { claimedOn } from './claimed.ts';

// (e)(1): satisfactory assurance, documented through a written contract.
const LAW = '45 CFR 164.502(e)(1), 164.504(e)';

/** What decides whether an agreement is asked for. */
type Telling = Pick<
  Disclosure,
  'discloserKinds' | 'recipientKinds' | 'claimed' | 'purpose' | 'shared' | 'sameArrangement' | 'phi'
>;

/** Whether this may be told only while an agreement between the two is in force. */
export const asksAgreement = (telling: Telling): boolean =>
  telling.phi &&
  needsAgreement({
    discloserKinds: telling.discloserKinds,
    recipientKinds: telling.recipientKinds,
    claimed: telling.claimed,
    sameArrangement: telling.sameArrangement,
    parties: telling.shared,
    forTreatment: isWithin(telling.purpose, 'TREAT'),
  });

/** Asked before any basis, and lifted by no emergency (BA11). */
export const agreementInForce: Policy = {
  name: 'agreement',
  law: LAW,
  stops: 'who works for the other party, either way, as long as no agreement is in force',
  vote: (disclosure) => (asksAgreement(disclosure) && !isInForce(disclosure) ? 'deny' : 'abstain'),
  refuses: ({ from, to, patient, purpose, agreement = NO_AGREEMENT }) => ({
    code: 'agreement-not-active',
    by: 'agreement',
    agreement,
    needs: [
      missingNeed('agreement', {
        from,
        to,
        patient,
        purposes: [purpose],
        reason: REASONS[agreement.state],
        existing: agreement.contract,
      }),
    ],
    ...(agreement.contract !== undefined && { deciding: [agreement.contract] }),
  }),
};

/** Why what is on file does not do. An agreement in force that refuses does not cover what is asked. */
const REASONS: Readonly<Record<AgreementStanding['state'], Need['reason']>> = {
  none: 'missing',
  staging: 'incomplete',
  pending: 'incomplete',
  active: 'does-not-cover',
  expired: 'expired',
  revoked: 'revoked',
};

/**
 * A program that is no covered entity needs the agreement of a qualified service organization alone (42 CFR 2.11, 2.12(c)(4);
 * BA8).
 */
const isInForce = (disclosure: Disclosure): boolean =>
  disclosure.agreement?.state === 'active' ||
  (disclosure.agreement?.qualified === true && !isCovered(disclosure));

/** The discloser is a covered entity (45 CFR 160.103). */
const isCovered = ({ discloserKinds }: Disclosure): boolean =>
  discloserKinds.has('provider') || discloserKinds.has('health-plan');

/**
 * Whether the recipient serves the discloser, a program of 42 CFR Part 2, under an agreement of a qualified service
 * organization, or under one of a business associate where the program is a covered entity (BA8; compliance P18).
 */
export const servesProgram = (disclosure: Disclosure): boolean =>
  asksAgreement(disclosure) &&
  disclosure.discloserKinds.has('part2-program') &&
  isInForce(disclosure) &&
  (disclosure.agreement?.qualified === true || isCovered(disclosure));

/** The basis B06. The agreement itself shows that the one works for the other. */
export const businessAssociate = claimedOn('business-associate', LAW, [
  (disclosure) =>
    isInForce(disclosure) ? undefined : { part: 'performer', says: 'an agreement in force between the two' },
]);
