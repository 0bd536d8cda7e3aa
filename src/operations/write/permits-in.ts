/** What Consents permit of guarded content as things will be: those that are stored, and those that a draft writes. */
import type { Ref } from '../../fhir/types.ts';
import { findGrant } from '../../delivery/permits.ts';
import type { Permit } from '../../policies/consent/permit.ts';
import { EVERYTHING } from '../../ports/query.ts';
import { localRef, typeOf } from '../../resources/element.ts';
import { keepVersion, type Draft } from './draft.ts';
import { partyWorldIn } from './rule-context.ts';

/** The permits of a patient. The commit asks again whether the stored ones still stand. */
export async function permitsIn(draft: Draft, patient: Ref): Promise<readonly Permit[]> {
  const permits: Permit[] = [];
  for (const permit of await draft.snapshot.permitsOf(patient)) {
    if (draft.planned.has(permit.source)) continue;
    permits.push(permit);
    const version = await draft.snapshot.read(permit.source, EVERYTHING);
    if (version !== undefined) keepVersion(draft, permit.source, version.seq);
  }
  for (const { ref, after, custodian } of draft.planned.values()) {
    if (typeOf(ref) !== 'Consent' || localRef(after?.plain['patient']) !== patient) continue;
    const grant = await findGrant(after?.plain, ref, custodian, partyWorldIn(draft));
    if (grant !== undefined) permits.push(grant.permit);
  }
  return permits;
}
