/** A store, a clock that the test moves, and the parts of identity over them. */
import { randomBytes } from 'node:crypto';
import { SERVER_AGENT, type AuditRow } from '../../../src/ports/audit.ts';
import type { Store } from '../../../src/ports/store.ts';
import type { By } from '../../../src/accounts/changes.ts';
import { createEmbeddedWorld } from '../../contract/embedded-world.ts';
import { handClock, type HandClock } from '../../contract/store-world.ts';

export const BY: By = { agent: SERVER_AGENT, requestId: 'test' };

export interface IdentityWorld {
  readonly store: Store;
  readonly clock: HandClock;
  readonly random: typeof randomBytes;
  /** The events of the audit so far, oldest first. */
  events(): Promise<readonly string[]>;
  rows(): Promise<readonly AuditRow[]>;
  end(): Promise<void>;
}

export async function openIdentityWorld(): Promise<IdentityWorld> {
  const world = createEmbeddedWorld();
  const clock = handClock();
  const store = await world.open({ clock, pragmas: ['synchronous=OFF'], writer: 'turn' });
  const rows = (): Promise<readonly AuditRow[]> =>
    store.snapshot().audit({ viewer: undefined, names: [], count: 100_000, oldestFirst: true });
  return {
    store,
    clock,
    random: randomBytes,
    rows,
    events: async () => (await rows()).map(({ entry }) => entry.event),
    end: () => world.end(),
  };
}
