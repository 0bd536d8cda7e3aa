/** Clinical documents converted for tests: the fixtures, and what edits of their text make of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { convertDocument, type ConvertedDocument } from '../../../src/ccda/read/convert.ts';
import type { LossKind } from '../../../src/ccda/losses.ts';
import { plainOf } from '../../../src/fhir/literal.ts';
import type { Bundle, Coding, Resource } from '../../../src/fhir/types.ts';

const FOLDER = join(import.meta.dirname, '../../fixtures/ccda');

export type Fixture = 'referral-note' | 'consultation-note' | 'ccd-restricted';

export const FIXTURES: readonly Fixture[] = ['referral-note', 'consultation-note', 'ccd-restricted'];

/** A text that is replaced, once, and what stands there instead. */
export type Edit = readonly [found: string | RegExp, put: string];

/** The text of a fixture with edits; each must find something. */
export function fixture(name: Fixture, ...edits: readonly Edit[]): string {
  let text = readFileSync(join(FOLDER, `${name}.xml`), 'utf8');
  for (const [found, put] of edits) {
    const edited = text.replace(found, () => put);
    if (edited === text) throw new Error(`${name} has no ${String(found)}`);
    text = edited;
  }
  return text;
}

export interface Converted extends ConvertedDocument {
  readonly plain: Bundle & Resource;
  /** The resources of a type, in their order. */
  readonly all: (type: string) => readonly Tree[];
  /** The one whose JSON a pattern finds. */
  readonly one: (type: string, found?: RegExp) => Tree;
  readonly lost: (kind: LossKind) => readonly string[];
}

export type Tree = Resource & Readonly<Record<string, unknown>>;

/** What stands at a path of names and indexes: `dosageInstruction.0.timing`. */
export const at = (tree: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce((node, name) => (node as Readonly<Record<string, unknown>> | undefined)?.[name], tree);

export async function convert(source: string | Uint8Array, zone?: string): Promise<Converted> {
  const bytes = typeof source === 'string' ? new TextEncoder().encode(source) : source;
  let made = 0;
  const converted = await convertDocument(bytes, {
    zone,
    now: '2025-04-01T00:00:00Z',
    newId: () => `00000000-0000-4000-8000-${String((made += 1)).padStart(12, '0')}`,
  });
  const plain = plainOf(converted.bundle) as Bundle & Resource; // it has its resourceType
  const resources = (plain.entry ?? []).map(({ resource }) => resource as unknown as Tree);
  const all = (type: string) => resources.filter(({ resourceType }) => resourceType === type);
  return {
    ...converted,
    plain,
    all,
    one(type, found = /./) {
      const match = all(type).filter((resource) => found.test(JSON.stringify(resource)));
      if (match.length !== 1 || match[0] === undefined)
        throw new Error(`${match.length} of ${type} ${String(found)}`);
      return match[0];
    },
    lost: (kind) =>
      converted.losses.filter((loss) => loss.kind === kind).map(({ at, what }) => `${at} ${what}`),
  };
}

/** The sections of the Composition. */
export const sectionsOf = ({ one }: Pick<Converted, 'one'>): readonly Tree[] =>
  one('Composition')['section'] as readonly Tree[];

export const codesOf = (concept: unknown): readonly string[] =>
  ((concept as { readonly coding?: readonly Coding[] } | undefined)?.coding ?? []).flatMap(
    ({ code }) => code ?? [],
  );
