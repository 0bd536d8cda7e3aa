/**
 * The referral that a message is about: found by the initiator's number *and* by who sends and who is addressed, never by
 * one alone (360X, identity and correlation). Whoever is no party of a referral does not find it.
 */
import type { Identifier, Ref, Resource } from '../fhir/types.ts';
import type { Party } from '../referral/transitions.ts';
import { isOpen, readState, type State } from '../referral/state.ts';
import { localRef } from '../resources/element.ts';
import { referralTasksOn } from '../resources/referral-rules/consequences.ts';
import { partiesOf } from '../resources/referral-rules/parties.ts';
import type { RuleContext } from '../resources/rules.ts';
import type { Query } from '../ports/query.ts';
import { type Draft } from '../operations/write/draft.ts';
import { findPreview, readPreview } from '../operations/write/preview.ts';
import { ruleContextOf } from '../operations/write/rule-context.ts';

export interface Referral {
  readonly request: Ref;
  readonly order: Resource;
  readonly task: Ref;
  readonly state: State;
  readonly initiator: Ref;
  readonly recipient: Ref;
  /** The sides on which the sender is. */
  readonly actors: ReadonlySet<Party>;
  readonly patient: Ref | undefined;
}

export type FoundReferral =
  | { readonly kind: 'one'; readonly referral: Referral }
  | { readonly kind: 'none' }
  /** Several are open between the two, under one number. */
  | { readonly kind: 'ambiguous' };

/** Who writes to whom; without `receiver` any other party counts. */
interface Between {
  readonly sender: Ref;
  readonly receiver: Ref | undefined;
}

/** Orders under one number that are looked at, at most. */
const ORDERS_MAX = 100;

export async function findReferral(
  draft: Draft,
  number: Identifier,
  between: Between,
): Promise<FoundReferral> {
  const { value, system } = number;
  if (value === undefined) return { kind: 'none' };
  const query: Query = {
    type: 'ServiceRequest',
    where: { kind: 'token', param: 'identifier', code: value, ...(system !== undefined && { system }) },
    sort: [],
    sight: draft.sight,
    count: ORDERS_MAX,
    offset: 0,
    total: false,
  };
  const referrals: Referral[] = [];
  for (const request of await findPreview(draft, query)) {
    const order = await readPreview(draft, request);
    if (order === undefined || !isPlacedUnder(order, number)) continue;
    referrals.push(...(await referralsOf(draft, request, order, between)));
  }
  return choose(referrals);
}

/** The referral of a named order, for a person who says which one is meant. */
export async function referralOfOrder(draft: Draft, request: Ref, between: Between): Promise<FoundReferral> {
  if ((await draft.snapshot.read(request, draft.sight)) === undefined) return { kind: 'none' };
  const order = await readPreview(draft, request);
  return order === undefined ? { kind: 'none' } : choose(await referralsOf(draft, request, order, between));
}

/** The recipient's number (FILL) is not the referral's. */
const isPlacedUnder = (order: Resource, { system, value }: Identifier): boolean =>
  ((order['identifier'] ?? []) as readonly Identifier[]).some(
    (one) =>
      one.value === value &&
      (system === undefined || one.system === system) &&
      !(one.type?.coding ?? []).some(({ code }) => code === 'FILL'),
  );

async function referralsOf(
  draft: Draft,
  request: Ref,
  order: Resource,
  between: Between,
): Promise<readonly Referral[]> {
  const ruleContext = ruleContextOf(draft);
  const referrals: Referral[] = [];
  for (const task of await referralTasksOn(request, ruleContext)) {
    const referral = await readTask(task, request, order, between, ruleContext);
    if (referral !== undefined) referrals.push(referral);
  }
  return referrals;
}

async function readTask(
  task: Resource & { readonly id: string },
  request: Ref,
  order: Resource,
  { sender, receiver }: Between,
  ruleContext: RuleContext,
): Promise<Referral | undefined> {
  const state = readState(task);
  const { initiator, recipient } = await partiesOf(task, ruleContext);
  if (state === undefined || state === 'draft' || initiator === undefined || recipient === undefined)
    return undefined;
  const isInitiator = sender === initiator && (receiver === undefined || receiver === recipient);
  const isRecipient = sender === recipient && (receiver === undefined || receiver === initiator);
  const actors = new Set<Party>();
  if (isInitiator) actors.add('referralInitiator');
  if (isRecipient) actors.add('referralRecipient');
  if (actors.size === 0) return undefined;
  const patient = localRef(order['subject']);
  return { request, order, task: `Task/${task.id}`, state, initiator, recipient, actors, patient };
}

/** The open one; where none is open, the latest. */
function choose(referrals: readonly Referral[]): FoundReferral {
  const open = referrals.filter(({ state }) => isOpen(state));
  if (open.length > 1) return { kind: 'ambiguous' };
  const referral = open[0] ?? referrals[0]; // a search without sort has the newest first
  return referral === undefined ? { kind: 'none' } : { kind: 'one', referral };
}
