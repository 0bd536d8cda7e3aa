/** Where a resource has its words. A store that keeps full text is given a reader, because an engine knows nothing of FHIR. */
import type { Resource } from '../fhir/types.ts';

export interface TextReader {
  /** Words with spaces between them: those of the narrative, and those of all other values. */
  fullTextOf(type: string, resource: Resource): { readonly narrative: string; readonly content: string };
  /** Whether a text beside a code of the parameter begins with `folded`, or one of its words does. */
  displayStarts(type: string, param: string, resource: Resource, folded: string): boolean;
}
