/**
 * Whether a file may be read by narrowed scopes (smart SM-37): a Binary says nothing of what it is, so it is read as the
 * document that it belongs to. By R4 that is its `securityContext`; otherwise the DocumentReferences that point to it.
 */
import type { Ref, Resource } from '../fhir/types.ts';
import type { Query, Sight } from '../ports/query.ts';
import type { Snapshot, Version } from '../ports/store.ts';
import { parseStored } from '../ports/stored-resource.ts';
import { ownRefOf, typeOf } from '../resources/element.ts';
import { narrowingFor } from './narrowing.ts';
import { sightOf, type Caller } from './request.ts';
import { sightToRefer } from './scope.ts';

const DOCUMENT = 'DocumentReference';

/**
 * Whether its reader may have a file that is within sight. What no document points to is seen by the scope for Binary alone.
 *
 * @param base the server's own base, below which a document may name the file
 */
export async function isFileShown(
  snapshot: Snapshot,
  caller: Caller,
  version: Pick<Version, 'ref' | 'text'>,
  base: string,
): Promise<boolean> {
  const { ref, text } = version;
  if (typeOf(ref) !== 'Binary' || caller.administrator) return true;
  const context = text === undefined ? undefined : contextOf(parseStored(text), base);
  if (context !== undefined && narrowingFor(caller, typeOf(context), 'r') !== undefined) {
    const sight = sightToRefer(caller, typeOf(context), sightOf(caller));
    if (sight === undefined || (await snapshot.read(context, sight))?.text === undefined) return false;
  }
  if (context !== undefined || narrowingFor(caller, DOCUMENT, 'r') === undefined) return true;
  const whole = sightOf(caller, false, {});
  const shown = sightToRefer(caller, DOCUMENT, whole);
  if (shown !== undefined && (await pointsTo(snapshot, ref, shown, base))) return true;
  return !(await pointsTo(snapshot, ref, whole, base));
}

function contextOf(binary: Resource, base: string): Ref | undefined {
  const { reference } = (binary['securityContext'] ?? {}) as { readonly reference?: string }; // a validated Reference
  return reference === undefined ? undefined : ownRefOf(base, reference);
}

async function pointsTo(snapshot: Snapshot, ref: Ref, sight: Sight, base: string): Promise<boolean> {
  const of = [ref, `${base}/${ref}`].map(
    (value) => ({ kind: 'uri', param: 'location', match: 'exact', value }) as const,
  );
  const query: Query = {
    type: DOCUMENT,
    where: { kind: 'any', of },
    sort: [],
    sight,
    count: 1,
    offset: 0,
    total: false,
  };
  return (await snapshot.search(query)).matches.length > 0;
}
