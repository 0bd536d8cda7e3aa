/** The desk, put together: what the roof makes once and every door speaks to. */
import type { Store } from '../ports/store.ts';
import type { Clock, NewId } from '../ports/clock.ts';
import { rememberPatients } from './patients.ts';
import { createPerform, type Perform } from './perform.ts';
import type { Address } from '../delivery/address.ts';
import type { DeskSettings, Room } from './room.ts';

export type { DeskSettings } from './room.ts';
export type { Perform } from './perform.ts';

export interface DeskParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly settings: DeskSettings;
  readonly address: Address;
  readonly committed: Room['committed'];
}

export interface Desk {
  readonly perform: Perform;
}

export function createDesk(parts: DeskParts): Desk {
  return { perform: createPerform({ ...parts, patientsOf: rememberPatients() }) };
}
