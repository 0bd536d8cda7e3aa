/** Replies of operations with several out parameters: Parameters (http://hl7.org/fhir/R4/operations.html#response). */
import type { Resource } from '../../fhir/types.ts';

/** One out parameter: its name with `value[x]`, `resource` or `part`. */
export type Out = { readonly name: string } & Readonly<Record<string, unknown>>;

export const parametersOf = (parameter: readonly Out[]): Resource => ({
  resourceType: 'Parameters',
  ...(parameter.length > 0 && { parameter: [...parameter] }),
});
