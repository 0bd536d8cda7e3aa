/**
 * A clinical document read into a Bundle that this server takes. Documents of the field carry codes that their code system
 * does not have; where the system is held here, such a code would refuse the whole document, so its words alone are kept.
 */
import { convertDocument, type ConvertedDocument } from '../../../ccda/read/convert.ts';
import type { Loss } from '../../../ccda/losses.ts';
import { plainOf } from '../../../fhir/literal.ts';
import type { Resource } from '../../../fhir/types.ts';
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
  const losses = [...new Set(codes)].map((path): Loss => {
    dropCoding(bundle, path);
    return {
      direction: 'in',
      kind: 'unmapped',
      at: path,
      what: 'the code system has no such code: its words are kept',
    };
  });
  return { ...converted, losses: [...converted.losses, ...losses] };
}

/** A place within a coding: `Bundle.entry[3].resource.code.coding[0]`. */
const CODING = /^(Bundle\..*\.coding\[\d+\])\.(?:code|system|display)$/;

type Node = Record<string, unknown>;

/** Takes a coding out of its concept, which this conversion made, and keeps its words where the concept has none. */
function dropCoding(bundle: Resource, path: string): void {
  const steps = path
    .split(/[.[\]]+/)
    .filter((step) => step !== '')
    .slice(1);
  const index = Number(steps.pop());
  steps.pop();
  const concept = steps.reduce<unknown>((node, step) => (node as Node | undefined)?.[step], bundle) as
    | Node
    | undefined;
  const codings = concept?.['coding'];
  if (concept === undefined || !Array.isArray(codings)) return;
  const { display, code } = codings[index] as { display?: string; code?: string };
  const left = codings.filter((_coding, at) => at !== index);
  concept['text'] ??= display ?? code;
  if (left.length > 0) concept['coding'] = left;
  else delete concept['coding'];
}
