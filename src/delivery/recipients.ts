/**
 * The recipients of a commit: Subscriptions whose criteria select what it wrote, and the other party of a referral that it
 * moved, or both parties when it was moved for neither (rules 6.2). Each recipient gets an outbox entry in the commit
 * itself; the entry is a pointer, and the dispatcher delivers it afterwards.
 */
import type { Body } from '../fhir/body.ts';
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import type { OutboxEntry, Write } from '../ports/store.ts';
import { typeOf } from '../resources/element.ts';
import { RESOURCE_TYPES } from '../resources/index.ts';
import type { Move } from '../resources/rules.ts';
import { selectOffPlatform } from './off-platform.ts';
import { selectorOf } from './subject.ts';
import type { ActiveSubscription, SubscriptionCache } from './subscriptions.ts';
import { readNamed, waysOfReferral, type WayParts } from './ways.ts';

/** One resource that a commit writes. */
export interface ChangedResource {
  readonly ref: Ref;
  readonly method: Write['method'];
  readonly before: Resource | undefined;
  /** Undefined: deleted. */
  readonly after: Body | undefined;
  readonly custodian: Ref | '';
  /** The organizations that see it as its parties; absent: none. */
  readonly parties?: readonly Ref[];
}

export interface RecipientParts extends WayParts {
  readonly subscriptions: SubscriptionCache;
  /** Active Subscriptions that one organization may have: what bounds the fan-out of a commit. */
  readonly activePerOrganizationMax: number;
  /** Active Subscriptions of all organizations together. */
  readonly activeMax: number;
}

/**
 * Selects the recipients of one commit, an outbox entry for each. `at`: milliseconds since 1970. `read`: a resource as it
 * will be after the commit; whom a Task names more closely than its organization is found by it.
 *
 * @throws OperationOutcomeError `subscription-refused` when the commit would make more Subscriptions active than fit. That
 * is where fan-out is bounded: an entry, once due, is never left out.
 */
export type SelectRecipients = (
  changes: readonly ChangedResource[],
  moves: readonly Move[],
  at: number,
  read?: ReadPreview,
) => Promise<readonly OutboxEntry[]>;

type ReadPreview = (ref: Ref) => Promise<Resource | undefined>;

export function createRecipientSelection(parts: RecipientParts): SelectRecipients {
  const { subscriptions } = parts;
  return async (changes, moves, at, read) => {
    const active = await subscriptions.current();
    checkActivated(changes, active, parts);
    return [
      ...(await heard(parts, active, matchSubscriptions(changes, moves, active.values(), at), at)),
      ...(await selectPartiesOfMoves(parts, moves, at, read)),
      ...(await selectOffPlatform(parts, changes, at)),
    ];
  };
}

/** The FHIR interaction that a change is: the entry's event unless the change is a move. */
const INTERACTION = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
} as const satisfies Record<Write['method'], string>;

/**
 * An entry for each Subscription whose criteria select the new version of a changed resource. A deletion tells nobody, nor
 * does a version that no longer meets the criteria (R4: criteria are applied to the new value). The store writes an entry
 * only if the subscriber sees its subject after the commit.
 */
function matchSubscriptions(
  changes: readonly ChangedResource[],
  moves: readonly Move[],
  active: Iterable<ActiveSubscription>,
  at: number,
): readonly OutboxEntry[] {
  const events = new Map(moves.map(({ task, event }) => [task, event]));
  const byType = Map.groupBy(active, ({ type }) => type);
  return changes.flatMap(({ ref, method, after }) => {
    const type = typeOf(ref);
    const candidates = byType.get(type);
    if (after === undefined || candidates === undefined) return [];
    const isSelectedBy = selectorOf(ref, after.plain, at);
    return candidates
      .filter((candidate) => candidate.end > at && isSelectedBy(candidate))
      .map(({ ref: receiver, rail, organization, narrow }) => ({
        rail,
        receiver,
        orderingKey: ref,
        subject: ref,
        event: events.get(ref) ?? INTERACTION[method],
        sight: { everything: false, organization, ...(narrow !== undefined && { narrow }) },
      }));
  });
}

/** Without the Subscriptions whose client is suspended, or whose writer has left (smart SM-38, SM-68). */
async function heard(
  { subscriptions }: RecipientParts,
  active: ReadonlyMap<Ref, ActiveSubscription>,
  entries: readonly OutboxEntry[],
  at: number,
): Promise<readonly OutboxEntry[]> {
  const mute = new Set<Ref>();
  for (const receiver of new Set(entries.map((entry) => entry.receiver))) {
    const subscription = active.get(receiver);
    if (subscription !== undefined && !(await subscriptions.isHeard(subscription, at))) mute.add(receiver);
  }
  return mute.size === 0 ? entries : entries.filter(({ receiver }) => !mute.has(receiver));
}

/** An entry for each Endpoint by which who did not make a move is told of it. */
async function selectPartiesOfMoves(
  parts: RecipientParts,
  moves: readonly Move[],
  at: number,
  read: ReadPreview | undefined,
): Promise<readonly OutboxEntry[]> {
  const entries: OutboxEntry[] = [];
  for (const move of moves) {
    const { task, event } = move;
    for (const organization of partiesToNotify(move)) {
      const teller = organization === move.initiator ? move.recipient : move.initiator;
      const seat = organization === move.recipient ? 'owner' : 'requester';
      const named = await readNamed(parts, { task, seat }, read);
      const isInitiator = organization === move.initiator;
      const { choice } = await waysOfReferral(parts, { organization, teller, named, isInitiator }, at);
      const sight = { everything: false, organization } as const;
      for (const { rail, endpoint } of choice.taken)
        entries.push({ rail, receiver: endpoint, orderingKey: task, subject: task, event, sight });
    }
  }
  return entries;
}

/** The other party; both when an administrator made the move (G12). An organization on both sides knows already. */
function partiesToNotify({ by, initiator, recipient }: Move): readonly Ref[] {
  if (initiator === recipient) return [];
  const told = [
    by === 'referralInitiator' ? undefined : initiator,
    by === 'referralRecipient' ? undefined : recipient,
  ];
  return told.filter((organization) => organization !== undefined);
}

/** What a commit makes active must be about a type served here, and fit. */
function checkActivated(
  changes: readonly ChangedResource[],
  active: ReadonlyMap<Ref, ActiveSubscription>,
  { activePerOrganizationMax, activeMax }: RecipientParts,
): void {
  const added = changes.filter(
    ({ ref, after }) => typeOf(ref) === 'Subscription' && after?.plain['status'] === 'active',
  );
  for (const { after } of added) checkServed(String(after?.plain['criteria']));

  const more = added.filter(({ ref }) => !active.has(ref));
  if (more.length > 0 && active.size + more.length > activeMax) {
    throw refusal(`this server keeps ${activeMax} active Subscriptions: switch one off first`);
  }
  for (const [organization, own] of Map.groupBy(more, ({ custodian }) => custodian)) {
    const kept = [...active.values()].filter((one) => one.organization === organization).length;
    if (kept + own.length > activePerOrganizationMax) {
      throw refusal(
        `an organization may have ${activePerOrganizationMax} active Subscriptions: switch one off first`,
      );
    }
  }
}

function checkServed(criteria: string): void {
  const [type = ''] = criteria.split('?', 1);
  if (!RESOURCE_TYPES.has(type)) throw refusal(`${type} is not served here`, ['Subscription.criteria']);
}

const refusal = (diagnostics: string, expression?: readonly string[]): OperationOutcomeError =>
  new OperationOutcomeError('subscription-refused', { diagnostics, expression });
