/** How often one client may ask beforehand (baa-messaging PF4), so that nobody lists by it who stands with whom how. */
import { OperationOutcomeError } from '../../../fhir/issue.ts';
import type { Store } from '../../../ports/store.ts';

/** Questions at once, and how long one of them is counted. */
const QUESTIONS_MAX = 60;
const COUNTED_MS = 60_000;
/** Clients that are counted at once; beyond them the one that has not asked for longest is forgotten. */
const CLIENTS_MAX = 10_000;

/** By store, by client: when it asked, oldest first. */
const asked = new WeakMap<Store, Map<string, readonly number[]>>();

/** @throws OperationOutcomeError `too-many-requests` */
export function askAgain(store: Store, client: string, now: number): void {
  let clients = asked.get(store);
  if (clients === undefined) asked.set(store, (clients = new Map()));
  const counted = (clients.get(client) ?? []).filter((at) => at > now - COUNTED_MS && at <= now);
  clients.delete(client);
  const [oldest = now] = counted;
  if (counted.length >= QUESTIONS_MAX) {
    clients.set(client, counted);
    throw new OperationOutcomeError('too-many-requests', {
      retryAfter: Math.ceil((oldest + COUNTED_MS - now) / 1000),
    });
  }
  clients.set(client, [...counted, now]);
  const [first] = clients.keys();
  if (clients.size > CLIENTS_MAX && first !== undefined) clients.delete(first);
}
