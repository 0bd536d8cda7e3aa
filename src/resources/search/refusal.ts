/** Refusals of a search. They name the parameter and never the value, because a value may identify a patient. */
import { OperationOutcomeError } from '../../fhir/issue.ts';

const NAME_MAX = 100;

/** A parameter as a refusal may quote it: a client can make up any name. */
export const shownName = (name: string): string => name.slice(0, NAME_MAX).replaceAll(/[^\w.:*-]/g, '?');

export const invalid = (name: string, why: string): OperationOutcomeError =>
  new OperationOutcomeError('search-value-invalid', { diagnostics: `${shownName(name)}: ${why}` });

export const unsupported = (name: string, why: string): OperationOutcomeError =>
  new OperationOutcomeError('search-parameter-unknown', { diagnostics: `${shownName(name)}: ${why}` });
