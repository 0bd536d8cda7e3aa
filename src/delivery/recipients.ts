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
import { selectorOf } from './subject.ts';
import type { ActiveSubscription, SubscriptionCache } from './subscriptions.ts';

/** One resource that a commit writes. */
export interface ChangedResource {
  readonly ref: Ref;
  readonly method: Write['method'];
  readonly before: Resource | undefined;
  /** Undefined: deleted. */
  readonly after: Body | undefined;
  readonly custodian: Ref | '';
}

export interface RecipientParts {
  readonly subscriptions: SubscriptionCache;
  /** The Endpoints of an organization, as of now. */
  readonly endpointsOf: (organization: Ref) => Promise<readonly Resource[]>;
  /** Names of the rails that this server has. */
  readonly rails: ReadonlySet<string>;
  /** Active Subscriptions that one organization may have: what bounds the fan-out of a commit. */
  readonly activePerOrganizationMax: number;
  /** Active Subscriptions of all organizations together. */
  readonly activeMax: number;
}

/**
 * Selects the recipients of one commit, an outbox entry for each. `at`: milliseconds since 1970.
 *
 * @throws OperationOutcomeError `subscription-refused` when the commit would make more Subscriptions active than fit. That
 * is where fan-out is bounded: an entry, once due, is never left out.
 */
export type SelectRecipients = (
  changes: readonly ChangedResource[],
  moves: readonly Move[],
  at: number,
) => Promise<readonly OutboxEntry[]>;

export function createRecipientSelection(parts: RecipientParts): SelectRecipients {
  const { subscriptions, endpointsOf, rails } = parts;
  return async (changes, moves, at) => {
    const active = await subscriptions.current();
    checkActivated(changes, active, parts);
    return [
      ...matchSubscriptions(changes, moves, active.values(), at),
      ...(await selectPartiesOfMoves(moves, endpointsOf, rails)),
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
      .map(({ ref: receiver, rail, organization }) => ({
        rail,
        receiver,
        orderingKey: ref,
        subject: ref,
        event: events.get(ref) ?? INTERACTION[method],
        sight: { everything: false, organization },
      }));
  });
}

/** An entry for each active Endpoint of who did not make a move, by the rail its connection type names. */
async function selectPartiesOfMoves(
  moves: readonly Move[],
  endpointsOf: RecipientParts['endpointsOf'],
  rails: ReadonlySet<string>,
): Promise<readonly OutboxEntry[]> {
  const entries: OutboxEntry[] = [];
  for (const move of moves) {
    const { task, event } = move;
    for (const organization of partiesToNotify(move)) {
      for (const endpoint of await endpointsOf(organization)) {
        const { id, status, connectionType } = endpoint;
        const { code: rail } = connectionType as { readonly code?: string };
        if (id === undefined || status !== 'active' || rail === undefined || !rails.has(rail)) continue;
        const sight = { everything: false, organization } as const;
        entries.push({ rail, receiver: `Endpoint/${id}`, orderingKey: task, subject: task, event, sight });
      }
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
