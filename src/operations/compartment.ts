/** Searching in a compartment (http://hl7.org/fhir/R4/compartmentdefinition.html): the resource it is named after. */
import { notHere, OperationOutcomeError } from '../fhir/issue.ts';
import type { Ref } from '../fhir/types.ts';
import type { Sight } from '../ports/query.ts';
import type { Snapshot } from '../ports/store.ts';

/**
 * The focus of a compartment must be there and be seen in one of these sights.
 *
 * @throws OperationOutcomeError `not-found`, `gone`
 */
export async function checkFocus(snapshot: Snapshot, focus: Ref, sights: readonly Sight[]): Promise<void> {
  for (const sight of sights) {
    const version = await snapshot.read(focus, sight);
    if (version === undefined) continue;
    if (version.text !== undefined) return;
    throw new OperationOutcomeError('gone', { diagnostics: `${focus} was deleted at ${version.at}` });
  }
  throw notHere(focus);
}
