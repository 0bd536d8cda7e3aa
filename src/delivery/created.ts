/** When a resource was created: a restriction that its entity ended covers what came before (compliance R4). */
import type { Ref } from '../fhir/types.ts';
import { EVERYTHING } from '../ports/query.ts';
import type { Snapshot } from '../ports/store.ts';
import { idOf, typeOf } from '../resources/element.ts';

/** Versions of one resource that are looked at. */
const VERSIONS_MAX = 1000;

/** In milliseconds since 1970; undefined where it has more versions than are looked at, or none. */
export async function readCreated(snapshot: Snapshot, ref: Ref): Promise<number | undefined> {
  const { versions, more } = await snapshot.history({
    type: typeOf(ref),
    id: idOf(ref),
    count: VERSIONS_MAX,
    offset: 0,
    sight: EVERYTHING,
    total: false,
  });
  const first = versions.at(-1);
  return more || first === undefined ? undefined : Date.parse(first.at);
}
