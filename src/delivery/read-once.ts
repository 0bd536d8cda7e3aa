/** A snapshot whose versions are read once: the gates and the rails ask for the same few again and again. */
import type { Ref } from '../fhir/types.ts';
import { EVERYTHING } from '../ports/query.ts';
import type { Snapshot } from '../ports/store.ts';

/**
 * The same snapshot for one step of a delivery, and no longer: what is expunged meanwhile must not be read from it. What
 * others may see is asked anew each time.
 */
export function readOnce(snapshot: Snapshot): Snapshot {
  const known = new Map<Ref, ReturnType<Snapshot['read']>>();
  return {
    ...snapshot,
    read(ref, sight) {
      if (sight !== EVERYTHING) return snapshot.read(ref, sight);
      const found = known.get(ref) ?? snapshot.read(ref, sight);
      known.set(ref, found);
      return found;
    },
  };
}
