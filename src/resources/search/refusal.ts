/** Why a search is not understood. A refusal names the parameter, never the value: that may be what a patient is known by. */
import { OperationOutcomeError } from '../../fhir/issue.ts';

const NAME_MAX = 100;

/** A parameter as it may be shown: what a client made up can be anything. */
export const shownName = (name: string): string => name.slice(0, NAME_MAX).replaceAll(/[^\w.:*-]/g, '?');

export const invalid = (name: string, why: string): OperationOutcomeError =>
  new OperationOutcomeError('search-value-invalid', { diagnostics: `${shownName(name)}: ${why}` });

export const unsupported = (name: string, why: string): OperationOutcomeError =>
  new OperationOutcomeError('search-parameter-unknown', { diagnostics: `${shownName(name)}: ${why}` });
