/** delete (http://hl7.org/fhir/R4/http.html#delete), by id or by a condition that selects one. */
import type { Ref } from '../../fhir/types.ts';
import { selectToWrite } from '../write/condition.ts';
import { plan, type Draft } from '../write/draft.ts';
import { checkIfMatch, type WriteResult, type WriteRequest } from './write.ts';
import { readCurrent } from '../write/preview.ts';

/** What is gone already, never was, or may not be seen is answered alike: 204. */
export async function planDelete(
  draft: Draft,
  { type, id, condition, ifMatch }: WriteRequest,
): Promise<WriteResult> {
  const ref: Ref | undefined =
    id === undefined ? await selectToWrite(draft, type, condition ?? '') : `${type}/${id}`;
  const current = ref === undefined ? undefined : await readCurrent(draft, ref);
  checkIfMatch(ifMatch, current?.version);
  if (ref === undefined || current === undefined) return { kind: 'nothing', status: 204 };
  const { version, resource } = current;
  plan(draft, {
    ref,
    method: 'DELETE',
    base: version.seq,
    before: resource,
    after: undefined,
    custodian: version.custodian,
    origin: 'client',
    parties: [],
  });
  return { kind: 'planned', ref, status: 204 };
}
