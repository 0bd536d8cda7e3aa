/**
 * A clinical document read into a Bundle that this server takes. Documents of the field carry codes that their code system
 * does not have; where the system is held here, such a code would refuse the whole document, so its words alone are kept.
 */
import { convertDocument, type ConvertedDocument } from '../../../ccda/read/convert.ts';
import type { Loss } from '../../../ccda/losses.ts';
import { plainOf } from '../../../fhir/literal.ts';
import type { Coding, Resource } from '../../../fhir/types.ts';
import { judgeResource } from '../../../resources/validate.ts';

/**
 * Reads a document, and judges what came of it.
 *
 * @throws OperationOutcomeError as `convertDocument` does
 */
export async function readDocument(
  bytes: Uint8Array,
  options: Parameters<typeof convertDocument>[1],
): Promise<ConvertedDocument> {
  const converted = await convertDocument(bytes, options);
  const bundle = converted.bundle as unknown as Resource; // it has its resourceType
  const details = await judgeResource(plainOf(bundle), {});
  const codes = details
    .flatMap(({ expression = [] }) => expression)
    .flatMap((path) => CODING.exec(path)?.[1] ?? []);
  if (codes.length === 0) return converted;
  const places = [...new Set(codes)].map((path) => ({ path, ...placeAt(bundle, path) }));
  for (const { concept, coding } of places) dropCoding(concept, coding);
  const losses = places.map(({ path }): Loss => ({
    direction: 'in',
    kind: 'unmapped',
    at: path,
    what: 'the code system has no such code: its words are kept',
  }));
  return { ...converted, losses: [...converted.losses, ...losses] };
}

/** A place within a coding: `Bundle.entry[3].resource.code.coding[0]`. */
const CODING = /^(Bundle\..*\.coding\[\d+\])\.(?:code|system|display)$/;

type Concept = Record<string, unknown>;

/** The coding at a place, and its concept, which this conversion made. */
function placeAt(bundle: Resource, path: string): { readonly concept: Concept; readonly coding: Coding } {
  const steps = path
    .split(/[.[\]]+/)
    .filter((step) => step !== '')
    .slice(1);
  const nodes: unknown[] = [bundle];
  for (const step of steps) nodes.push((nodes.at(-1) as Concept)[step]);
  return { concept: nodes.at(-3) as Concept, coding: nodes.at(-1) as Coding };
}

/** Takes a coding out of its concept, and keeps its words where the concept has none. */
function dropCoding(concept: Concept, coding: Coding): void {
  const left = (concept['coding'] as readonly Coding[]).filter((one) => one !== coding);
  concept['text'] ??= coding.display ?? coding.code;
  if (left.length > 0) concept['coding'] = left;
  else delete concept['coding'];
}
