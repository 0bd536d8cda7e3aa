/** The door for Direct mail, put together. */
import type { DirectDoor } from './door.ts';

export function createDirectDoor(): DirectDoor {
  return { receive: async () => ({ fate: 'not-kept', owed: [] }) };
}
