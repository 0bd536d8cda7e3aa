/** The refusal of a status that is nobody's move, or not the caller's. */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import { placesIn, type Planned } from '../write/draft.ts';

/** @param from a status, or what stands for none */
export const noMove = (planned: Planned, from: unknown, to: unknown): OperationOutcomeError =>
  new OperationOutcomeError('transition-not-allowed', {
    diagnostics: `Communication.status: no move from ${String(from)} to ${String(to)} is yours`,
    expression: placesIn(planned, ['Communication.status']),
  });
