/** Resources full of everything their StructureDefinitions allow, drawn at random from a seed. */
import type { Resource } from '../../../src/fhir/types.ts';
import { readStructures, type ElementDefinition } from '../../../tools/generate/definitions.ts';

const STRUCTURES = [...readStructures('profiles-types'), ...readStructures('profiles-resources')].filter(
  ({ derivation }) => derivation !== 'constraint',
);

const CHILDREN: ReadonlyMap<string, readonly ElementDefinition[]> = Map.groupBy(
  STRUCTURES.flatMap(({ snapshot }) => snapshot?.element ?? []).filter(({ path }) => path.includes('.')),
  ({ path }) => path.slice(0, path.lastIndexOf('.')),
);

export type Random = () => number;

/** Mulberry32: small, good enough, the same everywhere. */
export function randomOf(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const DEPTH_MAX = 6;
const LEFT_OUT = /\.(?:extension|modifierExtension|contained|text|implicitRules)$/;

/** A resource of the type, every element with a good chance of being there. */
export function sampleResource(type: string, random: Random): Resource {
  return { resourceType: type, ...sampleObject(type, random, 0), id: 'self' };
}

function sampleObject(path: string, random: Random, depth: number): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const element of CHILDREN.get(path) ?? []) {
    const keep = /^Narrative|HumanName|Address|Annotation/.test(path) || !LEFT_OUT.test(element.path);
    if (!keep || element.path.endsWith('.extension') || random() > 0.85) continue;
    const type = pick(element.type ?? [{ code: `#${element.contentReference}` }], random).code;
    const sample = () => sampleValue(type, element, random, depth + 1);
    const value = element.max === '*' || Number(element.max) > 1 ? several(sample, random) : sample();
    if (value !== undefined) object[nameOf(element, type)] = value;
  }
  return object;
}

function nameOf({ path }: ElementDefinition, type: string): string {
  const name = path.slice(path.lastIndexOf('.') + 1);
  return name.replace('[x]', type.charAt(0).toUpperCase() + type.slice(1));
}

function several(sample: () => unknown, random: Random): unknown {
  const list = Array.from({ length: random() < 0.5 ? 1 : 2 }, sample).filter((value) => value !== undefined);
  return list.length === 0 ? undefined : list;
}

function sampleValue(type: string, element: ElementDefinition, random: Random, depth: number): unknown {
  if (element.path.endsWith('.comparator')) return pick(COMPARATORS, random);
  const primitive = PRIMITIVES[type];
  if (primitive !== undefined) return pick(primitive, random);
  if (depth > DEPTH_MAX) return undefined;
  if (type === 'Reference') return pick(REFERENCES, random);
  if (type === 'Resource') return pick(RESOURCES, random);
  const own = type === 'BackboneElement' || type === 'Element';
  return sampleObject(own ? element.path : type.replace(/^##/, ''), random, depth);
}

export const pick = <T>(from: readonly T[], random: Random): T => from[Math.floor(random() * from.length)]!;

/** The open ones have cases of their own. */
const COMPARATORS = ['<=', '>=', undefined];
const DATES = ['1999', '2026-02', '2026-11-22'];
const TIMES = ['2026-11-22T10:00:00Z', '2026-11-22T10:00:00.123+02:00'];
const URIS = ['http://example.org/a', 'urn:oid:1.2.3', 'http://example.org/a/b|1.0'];

const PRIMITIVES: Readonly<Record<string, readonly unknown[]>> = {
  'http://hl7.org/fhirpath/System.String': ['x1'],
  string: ['Müller', 'two  Words', 'STRASSE', 'a,b|c'],
  markdown: ['Some *text*', 'Ärger'],
  code: ['active', 'phone', 'email', 'depends-on', 'composed-of', 'derived-from', 'predecessor', 'successor'],
  id: ['id-1', 'id-2'],
  uri: URIS,
  url: URIS,
  canonical: URIS,
  oid: ['urn:oid:1.2'],
  uuid: ['urn:uuid:c757873d-ec9a-4326-a141-556f43239520'],
  boolean: [true, false],
  integer: [0, -3, 12],
  positiveInt: [1, 7],
  unsignedInt: [0, 7],
  decimal: [0, 1.5, -2.25],
  date: DATES,
  dateTime: [...DATES, ...TIMES],
  instant: TIMES,
  time: ['10:00:00'],
  base64Binary: ['AAAA'],
  xhtml: ['<div xmlns="http://www.w3.org/1999/xhtml">x</div>'],
};

const RESOURCES = [
  { resourceType: 'Composition', id: 'inside', status: 'final' },
  { resourceType: 'MessageHeader', id: 'inside', source: { endpoint: 'http://example.org/a' } },
];

const REFERENCES = [
  { reference: 'Patient/1' },
  { reference: 'Patient/2/_history/7' },
  { reference: 'Practitioner/1', identifier: { system: 'http://npi', value: '9' } },
  { reference: 'Location/1' },
  { reference: 'RelatedPerson/1' },
  { reference: 'Organization/1' },
  { reference: 'https://other.org/fhir/Patient/3/_history/2' },
  { reference: 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520', type: 'Patient' },
  { reference: '#contained' },
  { display: 'only words' },
];
