/** Reads what must be there, for an operation that is asked about it. */
import { notHere } from '../fhir/issue.ts';
import type { Ref } from '../fhir/types.ts';
import type { Sight } from '../ports/query.ts';
import type { Snapshot, Version } from '../ports/store.ts';

/** A version that is not a deletion. */
export type UndeletedVersion = Version & { readonly text: string };

/**
 * The current version, in a sight.
 *
 * @throws OperationOutcomeError `not-found`, also where it was deleted
 */
export async function readPresent(snapshot: Snapshot, ref: Ref, sight: Sight): Promise<UndeletedVersion> {
  const version = await snapshot.read(ref, sight);
  if (version?.text === undefined) throw notHere(ref);
  return { ...version, text: version.text };
}
