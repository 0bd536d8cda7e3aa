/** Plans the next version of the resource that an operation is asked about, as a patch of it would be planned. */
import { mapBody } from '../../fhir/body.ts';
import { notHere } from '../../fhir/issue.ts';
import { bodyOf, parseJsonValue } from '../../fhir/json.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { checkIfMatch, type WriteRequest, type WriteResult } from '../interactions/write.ts';
import { checkResult } from '../interactions/patch.ts';
import { checkMayChange } from '../write/custody.ts';
import { meterFor, plan, type Draft, type Planned } from '../write/draft.ts';
import { checkScopeBefore } from '../write/scoped.ts';
import { readCurrent } from '../write/preview.ts';

/**
 * @param change the version before, changed; undefined: there is nothing to change
 * @throws OperationOutcomeError `not-found`, and what refuses the custody or the size of a change
 */
export async function planStoredChange(
  draft: Draft,
  asked: WriteRequest,
  change: (tree: Resource) => Resource | undefined,
): Promise<WriteResult> {
  const ref: Ref = `${asked.type}/${asked.id ?? ''}`;
  const current = await readCurrent(draft, ref);
  if (current?.version.text === undefined) throw notHere(ref);
  const { version, resource } = current;
  checkIfMatch(asked.ifMatch, version);
  const body = bodyOf(parseJsonValue(current.version.text) as Resource); // stored texts were validated
  const isChanged = change(resource) !== undefined;
  const planned: Planned = {
    ref,
    method: 'PATCH',
    base: version.seq,
    before: resource,
    after: mapBody(body, (tree) => change(tree) ?? tree),
    custodian: version.custodian,
    origin: 'client',
    parties: [],
  };
  checkScopeBefore(draft, planned);
  checkMayChange(draft, planned);
  if (!isChanged) return { kind: 'existing', ref, seq: version.seq };
  checkResult(meterFor(draft, current.version.text), planned.after?.storing);
  plan(draft, planned);
  return { kind: 'planned', ref, status: 200 };
}
