/**
 * What a patient in person is told of notes that the right of access does not reach (compliance R6): they are not in any
 * answer, and a read of one is a denial with its reason.
 */
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Ref } from '../fhir/types.ts';
import { ACCESS_DENIAL_SYSTEM, besidesNotes, isToldOfNotes } from '../policies/access.ts';
import type { OperationContext } from './context.ts';
import type { Request } from './request.ts';
import { sightFor } from './scope.ts';

/** `access-denied` in place of `not-found`, where notes alone are in the way; every other refusal as it is. */
export async function accessDenialBehind(
  { store }: Pick<OperationContext, 'store'>,
  request: Request,
  refusal: unknown,
): Promise<unknown> {
  const { type, id } = request;
  if (!(refusal instanceof OperationOutcomeError) || refusal.code !== 'not-found') return refusal;
  if (type === undefined || id === undefined || request.interaction === 'operation') return refusal;
  const sight = sightFor(request);
  if (sight.everything || sight.hidden === undefined || !isToldOfNotes(sight.hidden)) return refusal;
  const ref: Ref = `${type}/${id}`;
  const other = { ...sight, hidden: besidesNotes(sight.hidden) };
  if ((await store.snapshot().read(ref, other)) === undefined) return refusal;
  return new OperationOutcomeError('access-denied', {
    diagnostics:
      'unreviewable: psychotherapy notes are not part of the right of access (45 CFR 164.524(a)(1)(i), (a)(2)(i))',
    codings: [{ system: ACCESS_DENIAL_SYSTEM, code: 'unreviewable' }],
  });
}
