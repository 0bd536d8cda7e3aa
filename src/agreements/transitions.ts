/**
 * What may happen to an agreement (baa-messaging 2, BT01–BT16): who, from which state, what is written, and on which
 * evidence. Every way of writing obeys this table, and the reference page is made from it.
 */
import type { Contract } from '../fhir/types.ts';
import type { AgreementState } from './state.ts';

/** Whom a row lets act: the two parties, an administrator who acts for nobody, and the clock. */
export type AgreementActor = 'principal' | 'associate' | 'administrator' | 'clock';

export type AgreementStatus = NonNullable<Contract['status']>;

/** What a write must bring; `evidence.ts` says how each is looked for. */
export type AgreementEvidence =
  | 'parties'
  | 'service'
  | 'document'
  | 'checklist'
  | 'applies'
  | 'unsigned'
  | 'change-or-reason'
  | 'signature'
  | 'both-signatures'
  | 'reason'
  | 'revocation-reason'
  | 'amendment'
  | 'predecessor';

export interface AgreementTransition {
  readonly tid: string;
  readonly event: string;
  readonly actors: readonly AgreementActor[];
  readonly from: readonly AgreementState[];
  /** The statuses that it leaves; `undefined` stands for no Contract. */
  readonly left: readonly (AgreementStatus | undefined)[];
  /** The statuses that it may write; empty for what only the clock brings about. */
  readonly written: readonly AgreementStatus[];
  readonly to: readonly AgreementState[];
  readonly evidence: readonly AgreementEvidence[];
  /** It takes away the signatures that stand there. */
  readonly voids?: true;
}

const NEGOTIATED = ['offered', 'negotiable', 'executable'] as const;
const CONCLUDED = ['executed', 'amended', 'appended', 'resolved'] as const;
const ANY: readonly (AgreementStatus | undefined)[] = [
  'policy',
  ...NEGOTIATED,
  ...CONCLUDED,
  'disputed',
  'terminated',
  'renewed',
  'revoked',
  'cancelled',
  'rejected',
];
const BOTH = ['principal', 'associate'] as const;

// prettier-ignore
export const AGREEMENT_TRANSITIONS: readonly AgreementTransition[] = [
  { tid: 'BT01', event: 'begin',         actors: ['principal'],     from: ['none'],              left: [undefined],               written: ['policy'],              to: ['staging'],           evidence: ['parties', 'service', 'unsigned'] },
  { tid: 'BT02', event: 'offer',         actors: ['principal'],     from: ['staging'],           left: ['policy'],                written: ['offered'],             to: ['pending'],           evidence: ['parties', 'service', 'unsigned', 'document', 'checklist', 'applies'] },
  { tid: 'BT03', event: 'counter',       actors: ['associate'],     from: ['pending'],           left: NEGOTIATED,                written: ['negotiable'],          to: ['pending'],           evidence: ['change-or-reason'], voids: true },
  { tid: 'BT04', event: 'take-back',     actors: ['principal'],     from: ['pending'],           left: NEGOTIATED,                written: ['policy'],              to: ['staging'],           evidence: [], voids: true },
  { tid: 'BT05', event: 'sign-first',    actors: BOTH,              from: ['pending'],           left: ['offered', 'negotiable'], written: ['executable'],          to: ['pending'],           evidence: ['signature'] },
  { tid: 'BT06', event: 'sign-second',   actors: BOTH,              from: ['pending'],           left: ['executable'],            written: ['executed'],            to: ['active', 'pending'], evidence: ['signature', 'both-signatures'] },
  { tid: 'BT07', event: 'start-reached', actors: ['clock'],         from: ['pending'],           left: CONCLUDED,                 written: [],                      to: ['active'],            evidence: [] },
  { tid: 'BT08', event: 'reject',        actors: ['associate'],     from: ['pending'],           left: NEGOTIATED,                written: ['rejected'],            to: ['none'],              evidence: ['reason'] },
  { tid: 'BT09', event: 'withdraw',      actors: ['principal'],     from: ['staging', 'pending'], left: ['policy', ...NEGOTIATED], written: ['rejected'],           to: ['none'],              evidence: ['reason'] },
  { tid: 'BT10', event: 'end-reached',   actors: ['clock'],         from: ['active'],            left: CONCLUDED,                 written: ['terminated'],          to: ['expired'],           evidence: [] },
  { tid: 'BT11', event: 'revoke',        actors: BOTH,              from: ['active', 'pending'], left: [...NEGOTIATED, ...CONCLUDED, 'disputed', 'revoked'], written: ['revoked'], to: ['revoked'], evidence: ['revocation-reason'] },
  { tid: 'BT12', event: 'suspend',       actors: ['principal'],     from: ['active'],            left: CONCLUDED,                 written: ['disputed'],            to: ['pending'],           evidence: ['reason'] },
  { tid: 'BT13', event: 'resolve',       actors: ['principal'],     from: ['pending'],           left: ['disputed'],              written: ['resolved'],            to: ['active'],            evidence: ['reason'] },
  { tid: 'BT14', event: 'amend',         actors: BOTH,              from: ['active'],            left: CONCLUDED,                 written: ['amended', 'appended'], to: ['active'],            evidence: ['amendment', 'checklist', 'both-signatures'] },
  { tid: 'BT15', event: 'renew',         actors: ['principal'],     from: ['none'],              left: [undefined],               written: ['policy'],              to: ['staging'],           evidence: ['predecessor', 'parties', 'service', 'unsigned'] },
  { tid: 'BT16', event: 'error',         actors: ['administrator'], from: ['none', 'staging', 'pending', 'active', 'expired', 'revoked'], left: ANY, written: ['entered-in-error'], to: ['none'], evidence: ['reason'] },
];

/** Rows by which an actor may act from a state. */
const openTo = (actor: AgreementActor, state: AgreementState): readonly AgreementTransition[] =>
  AGREEMENT_TRANSITIONS.filter(({ actors, from }) => actors.includes(actor) && from.includes(state));

const STATE_NAMES: Readonly<Record<AgreementState, string>> = {
  none: 'None',
  staging: 'Staging',
  pending: 'Pending',
  active: 'Active',
  expired: 'Expired',
  revoked: 'Revoked',
};

/** `From Pending the associate may counter, sign or reject.` */
export function movesFrom(state: AgreementState, actor: AgreementActor, status: string | undefined): string {
  const rows = openTo(actor, state).filter(({ left }) =>
    left.includes(status as AgreementStatus | undefined),
  );
  const events = [...new Set(rows.map(({ event }) => EVENT_WORDS[event] ?? event))];
  const from = `From ${STATE_NAMES[state]} the ${actor}`;
  if (events.length === 0 && (state === 'expired' || state === 'revoked'))
    return `From ${STATE_NAMES[state]} nothing leads back: the principal renews it by a new agreement that names it in supportingInfo.`;
  if (events.length === 0) return `${from} may do nothing.`;
  const last = events.pop() ?? '';
  return events.length === 0 ? `${from} may ${last}.` : `${from} may ${events.join(', ')} or ${last}.`;
}

const EVENT_WORDS: Readonly<Record<string, string>> = {
  'take-back': 'take it back',
  'sign-first': 'sign',
  'sign-second': 'sign',
  error: 'mark it as entered in error',
};
