/** The file of an import: resources, what they call each other, whose they are, and where in the file they stand. */
import { hash } from 'node:crypto';
import { OperationOutcomeError } from '../../src/fhir/issue.ts';
import { parseJsonValue } from '../../src/fhir/json.ts';
import type { Resource } from '../../src/fhir/types.ts';
import { CUSTODIAN_URL } from '../../src/operations/write/import.ts';
import { Trouble } from '../command.ts';

/** Resources of one import: more than a request may have, few enough for one commit. */
export const RESOURCES_MAX = 100_000;

/** Whose values are `file:line`. */
const SOURCE_SYSTEM = 'https://closeloop.dev/fhir/NamingSystem/import-source';

/** A resource of the file, by what its other resources call it, and where it stands. */
export interface Sourced {
  readonly resource: Resource;
  readonly fullUrl: string | undefined;
  /** `referrals.ndjson:12` */
  readonly source: string;
}

/**
 * The resources of a file as they are to be written: each with an id, its custodian, and its place in the file.
 *
 * @param name of the file, for what its past steps say of their source
 * @param custodian whose a resource is that names none: `Organization/id`
 * @throws Trouble for a file that is no JSON, without resources, or with more than 100,000
 */
export function readImport(text: string, name: string, custodian: string | undefined): readonly Sourced[] {
  try {
    return readEntries(text, name).map((one) => withSource(withCustodian(withId(one), custodian)));
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    const [issue] = error.issues;
    throw new Trouble(`${name} is not JSON: ${issue?.diagnostics ?? error.code}`);
  }
}

/** A Bundle's entries, the members of a list, or the lines of NDJSON. */
function readEntries(text: string, name: string): readonly Sourced[] {
  const isLines = /^\s*\{[^\n]*\}\s*\n\s*\{/.test(text);
  const entries = isLines ? entriesOfLines(text) : entriesOf(parseJsonValue(text));
  if (entries.length === 0) throw new Trouble('The file has no resource.');
  if (entries.length > RESOURCES_MAX) throw new Trouble(`An import has at most ${RESOURCES_MAX} resources.`);
  return entries.map(({ resource, fullUrl, place }) => ({ resource, fullUrl, source: `${name}:${place}` }));
}

interface Entry {
  readonly resource: Resource;
  readonly fullUrl: string | undefined;
  /** The line, or the number of the entry, from 1. */
  readonly place: number;
}

const entriesOfLines = (text: string): readonly Entry[] =>
  text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    return [{ resource: resourceIn(parseJsonValue(line)), fullUrl: undefined, place: index + 1 }];
  });

/** The FHIR engine validates each. @throws Trouble for what is no JSON object */
function resourceIn(value: unknown): Resource {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Resource;
  throw new Trouble('An import holds resources: something in the file is not a JSON object.');
}

function entriesOf(value: unknown): readonly Entry[] {
  const bundle = value as { readonly resourceType?: string; readonly entry?: readonly Partial<Entry>[] };
  const list: readonly Partial<Entry>[] =
    bundle?.resourceType === 'Bundle'
      ? (bundle.entry ?? [])
      : (Array.isArray(value) ? value : [value]).map((resource) => ({ resource }));
  return list.flatMap(({ resource, fullUrl }, index) =>
    resource === undefined ? [] : [{ resource: resourceIn(resource), fullUrl, place: index + 1 }],
  );
}

/** The same content is the same resource, whenever it is imported. */
function withId(one: Sourced): Sourced {
  const { resource } = one;
  if (resource.id !== undefined) return one;
  const id = `import-${hash('sha256', JSON.stringify(resource)).slice(0, 32)}`;
  return { ...one, resource: { ...resource, id } };
}

function withCustodian(one: Sourced, custodian: string | undefined): Sourced {
  const { resource } = one;
  const { meta = {} } = resource as { readonly meta?: { readonly extension?: readonly { url?: string }[] } };
  const { extension = [] } = meta;
  if (custodian === undefined || extension.some(({ url }) => url === CUSTODIAN_URL)) return one;
  const named = { url: CUSTODIAN_URL, valueReference: { reference: custodian } };
  return {
    ...one,
    resource: { ...resource, meta: { ...meta, extension: [...extension, named] } } as Resource,
  };
}

/** A past step says which line of the file it comes from. */
function withSource(one: Sourced): Sourced {
  const { resource, source } = one;
  if (resource.resourceType !== 'Provenance') return one;
  const from = { role: 'source', what: { identifier: { system: SOURCE_SYSTEM, value: source } } };
  const entity = [...((resource['entity'] as readonly object[] | undefined) ?? []), from];
  return { ...one, resource: { ...resource, entity } };
}
