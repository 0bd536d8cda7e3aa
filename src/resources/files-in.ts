/** The files inside FHIR resources: what an Attachment, a Binary or an extension holds as base64. */

/** Where a text may hold files at all: told before it is parsed. */
const HOLDS_FILES = /"data":\s*"|Base64Binary":\s*"/;

/**
 * The bytes of each file inside of a resource or a Bundle, as JSON. SampledData (http://hl7.org/fhir/R4/datatypes.html#SampledData)
 * has a `data` that is none.
 *
 * @param text JSON that was validated
 */
export const filesIn = (text: string): readonly Buffer[] =>
  HOLDS_FILES.test(text) ? filesOfTree(JSON.parse(text)) : [];

/** The same of a resource that is parsed already. */
export function filesOfTree(tree: unknown): readonly Buffer[] {
  const files: Buffer[] = [];
  const waiting: unknown[] = [tree];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (Array.isArray(value)) {
      for (const one of value as readonly unknown[]) if (typeof one === 'object') waiting.push(one);
    } else if (typeof value === 'object' && value !== null) takeFrom(value as Node, files, waiting);
  }
  return files;
}

type Node = Readonly<Record<string, unknown>>;

function takeFrom(node: Node, files: Buffer[], waiting: unknown[]): void {
  for (const name in node) {
    const value = node[name];
    if (typeof value === 'object') waiting.push(value);
    else if (typeof value === 'string' && value !== '' && isFile(name, node))
      files.push(Buffer.from(value, 'base64'));
  }
}

const isFile = (name: string, node: Node): boolean =>
  (name === 'data' && node['origin'] === undefined) || name.endsWith('Base64Binary');
