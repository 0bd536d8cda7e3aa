/**
 * The code systems and value sets that are packaged, one a line: R4's own, those of v2 and v3 that R4 publishes, and the
 * ones in `profiles/`. `src/resources/terminology/rows.ts` says how a row is read.
 */
import type { SystemDescription } from '../../src/resources/terminology/rows.ts';
import { readTerminology, writeTable, type CodeSystem, type ValueSet } from './definitions.ts';
import { readProfileFiles } from './profile-files.ts';

/** Names of concepts are SNOMED International's; a code is enough to be told apart. */
const WITHOUT_DISPLAYS = 'http://snomed.info/sct';

export function generateTerminology(): Readonly<Record<string, string>> {
  const { codeSystems, valueSets } = readTerminology();
  const own = readProfileFiles();
  const systems = [
    ...codeSystems.values(),
    commonUnits(valueSets),
    ...own.filter((each) => each.resourceType === 'CodeSystem'),
  ];
  const sets = [...valueSets.values(), ...own.filter((each) => each.resourceType === 'ValueSet')];
  return {
    'code-systems.json': writeRows(systems.filter(isListed), rowOfSystem),
    'value-set-definitions.json': writeRows(
      sets.filter(({ compose }) => compose !== undefined),
      rowOfValueSet,
    ),
  };
}

const UCUM = 'http://unitsofmeasure.org';

/** Of UCUM, whose codes are formed without end, the ones that R4 lists as common. */
function commonUnits(valueSets: ReadonlyMap<string, ValueSet>): CodeSystem {
  const common = valueSets.get('http://hl7.org/fhir/ValueSet/ucum-common');
  return {
    resourceType: 'CodeSystem',
    id: 'ucum-common-units',
    url: UCUM,
    name: 'UCUM',
    title: 'Common units of UCUM',
    status: 'active',
    content: 'fragment',
    caseSensitive: true,
    concept: (common?.compose?.include ?? []).flatMap(({ concept = [] }) => concept),
  };
}

function isListed({ content, concept = [] }: CodeSystem): boolean {
  return concept.length > 0 && ['complete', 'fragment', 'example'].includes(content);
}

function writeRows<T extends { readonly url?: string | undefined }>(
  definitions: readonly T[],
  rowOf: (one: T) => string,
): string {
  const rows = definitions.map((one) => [one.url ?? '', rowOf(one)] as const);
  return writeTable(new Map(rows.toSorted(([a], [b]) => (a < b ? -1 : 1))));
}

function rowOfSystem(system: CodeSystem): string {
  const { id = '', version, name, title, content, caseSensitive = true } = system;
  const described: SystemDescription = {
    id,
    ...(version !== undefined && { version }),
    ...(name !== undefined && { name }),
    ...(title !== undefined && title !== name && { title }),
    content: content === 'complete' ? 'complete' : 'part',
    caseSensitive,
  };
  return [JSON.stringify(described), ...linesOf(system.concept ?? [], 0)].join('\n');
}

type Concepts = NonNullable<CodeSystem['concept']>;

function linesOf(concepts: Concepts, depth: number): readonly string[] {
  return concepts.flatMap(({ code, display, property = [], concept = [] }) => {
    const children = property.flatMap((each) => (each.code === 'child' ? [each.valueCode ?? ''] : []));
    const columns = [code, plain(display), flagsOf(property), children.join(',')];
    return ['\t'.repeat(depth) + columns.join('\t').trimEnd(), ...linesOf(concept, depth + 1)];
  });
}

function flagsOf(property: NonNullable<Concepts[number]['property']>): string {
  const is = (names: readonly string[], value: unknown): boolean =>
    property.some(
      ({ code, valueBoolean, valueCode }) => names.includes(code) && (valueBoolean ?? valueCode) === value,
    );
  const abstract = is(['notSelectable', 'abstract'], true);
  const inactive = is(['inactive'], true) || is(['status'], 'retired');
  return `${abstract ? 'a' : ''}${inactive ? 'i' : ''}`;
}

const plain = (text = ''): string => text.replaceAll(/\s+/g, ' ').trim();

function rowOfValueSet({ id = '', version, name, title, compose }: ValueSet): string {
  const described = { id, version, name, ...(title !== name && { title }) };
  const parts = [
    ...(compose?.include ?? []).flatMap((part) => linesOfPart('+', part)),
    ...(compose?.exclude ?? []).flatMap((part) => linesOfPart('-', part)),
  ];
  return [JSON.stringify(described), ...parts].join('\n');
}

/** The version of a system that a part names is left out: what is packaged is of one release and goes together. */
function linesOfPart(
  sign: '+' | '-',
  {
    system = '',
    concept = [],
    filter = [],
    valueSet = [],
  }: NonNullable<ValueSet['compose']>['include'][number],
): readonly string[] {
  return [
    `${sign}${system}`,
    ...concept.map(({ code, display }) =>
      `\t${code}\t${system === WITHOUT_DISPLAYS ? '' : plain(display)}`.trimEnd(),
    ),
    ...filter.map(({ property, op, value }) => `=${property}\t${op}\t${value}`),
    ...valueSet.map((canonical) => `^${canonical}`),
  ];
}
