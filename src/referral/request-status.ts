/**
 * The ServiceRequest.status that follows from the states of a referral's Tasks, and the effect of a client's write to
 * that status on the Tasks. BSeR leaves both open (G14): active until terminal, completed on 7.0, revoked on 4.0 and
 * 6.0.
 */
import type { Resource, ServiceRequest } from '../fhir/types.ts';
import { note, refuse, type Note, type Refusal } from './ruling.ts';
import { isOpen, type State } from './state.ts';
import type { Party } from './transitions.ts';

type Status = ServiceRequest['status'];

// prettier-ignore
const MEANS: readonly (readonly [Status, (state: State) => boolean])[] = [
  ['active',    isOpen],
  ['completed', (state) => state === 'completed'],
  ['revoked',   (state) => state === 'rejected' || state === 'cancelled'],
];

/**
 * The status of a ServiceRequest whose Tasks are in these states. Undefined when the states decide nothing (only
 * drafts, or entered in error); the status then stays.
 */
export const requestStatusOf = (states: readonly State[]): Status | undefined =>
  MEANS.find(([, means]) => states.some(means))?.[0];

interface RequestWrite {
  readonly before: Resource | undefined;
  readonly after: Resource;
  readonly actors: ReadonlySet<Party>;
  /** The states of all referral Tasks on this ServiceRequest. */
  readonly states: readonly State[];
}

type RequestRuling =
  /** `status` is the ServiceRequest.status to store. */
  | { readonly kind: 'edit'; readonly status: Status; readonly notes: readonly Note[] }
  /** Each open Task that is not in 5.2 yet goes there by `send-cancellation-request`; the request stays active. */
  | { readonly kind: 'cancellation-request'; readonly status: 'active'; readonly notes: readonly Note[] }
  | Refusal;

const EXPRESSION = ['ServiceRequest.status'];

/** The effect of a write to ServiceRequest.status. Without an open Task it is an ordinary edit. */
export function decideRequest({ before, after, actors, states }: RequestWrite): RequestRuling {
  const status = after['status'] as Status; // validated structure
  const open = states.filter(isOpen);
  if (open.length === 0 || status === before?.['status'] || status === 'active')
    return { kind: 'edit', status, notes: [] };
  if (status !== 'revoked') {
    return refuse(
      'referral-rule',
      `While a Task is open, ServiceRequest.status follows it; ${status} cannot be set (G14).`,
      EXPRESSION,
    );
  }
  if (!actors.has('referralInitiator')) {
    return refuse(
      'not-your-move',
      'To revoke a request is a move of the Referral Initiator; the recipient declines the Task.',
      EXPRESSION,
    );
  }
  const kind = open.every((state) => state === 'in-progress/5.2') ? 'edit' : 'cancellation-request';
  return { kind, status: 'active', notes: [note('information', AWAITS_CONFIRMATION, EXPRESSION)] };
}

const AWAITS_CONFIRMATION =
  'Stored: active. Revoked by the initiator is the cancellation request (5.2); the request is revoked when the recipient confirms.';
