/**
 * Resources in which every element has a value, made from the table of R4's structures. Where an element leaves a choice
 * (of types, of targets of a reference), the variants differ. What R4's invariants forbid together stands in `OTHERWISE`.
 */
import type { Resource } from '../../../src/fhir/types.ts';
import {
  elementsOfType,
  propertiesOf,
  RESOURCE_TYPE_NAMES,
  type Element,
  type ElementType,
} from '../../../src/resources/validation/structure.ts';
import { codesOf } from '../../../src/resources/validation/value-sets.ts';
import { MUST_HAVE, OTHERWISE } from './fullest.otherwise.ts';

/** Elements that every structure has, and those that every resource has; tried by the hand-made samples. */
const EVERYWHERE: ReadonlySet<string> = new Set(['id', 'extension', 'modifierExtension']);
const ON_TOP: ReadonlySet<string> = new Set(['meta', 'implicitRules', 'language', 'text', 'contained']);

const UCUM = 'http://unitsofmeasure.org';
const coding = { system: 'http://example.org/codes', code: 'full', display: 'words' };
const concept = { coding: [coding], text: 'words' };
const quantity = { value: 7.25, unit: 'mg', system: UCUM, code: 'mg' };
const period = { start: '2026-01-01', end: '2026-01-31' };
const email = { system: 'email', value: 'desk@example.org' };
const expression = { language: 'text/fhirpath', expression: 'true' };
const RELATIONS = [
  'documentation',
  'justification',
  'citation',
  'predecessor',
  'successor',
  'derived-from',
  'depends-on',
  'composed-of',
];
const context = { system: 'http://terminology.hl7.org/CodeSystem/usage-context-type', code: 'focus' };

/** A value of each type; several where a list shall hold them all. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  base64Binary: ['SGVsbG8='],
  boolean: [true],
  canonical: ['http://example.org/Artifact/a'],
  code: ['full'],
  date: ['2026-01-02'],
  dateTime: ['2026-01-02T10:00:00Z'],
  decimal: [1.5],
  id: ['full'],
  instant: ['2026-01-02T10:00:00.000Z'],
  integer: [3],
  markdown: ['Some *words*'],
  oid: ['urn:oid:1.2.3'],
  positiveInt: [1],
  string: ['words'],
  time: ['10:00:00'],
  unsignedInt: [2],
  uri: ['http://example.org/uri'],
  url: ['http://example.org/url'],
  uuid: ['urn:uuid:0f2a7c1e-6d5b-4d63-9c3f-1d2b3a4c5d6e'],
  Address: [
    { use: 'work', line: ['2 Side St'], city: 'Ogdenville', state: 'IL', postalCode: '62702', country: 'US' },
  ],
  Age: [{ value: 41, unit: 'years', system: UCUM, code: 'a' }],
  Annotation: [{ authorString: 'desk', time: '2026-01-02', text: 'Some *words*' }],
  Attachment: [{ contentType: 'text/plain', data: 'SGVsbG8=', title: 'Letter' }],
  CodeableConcept: [concept],
  Coding: [coding],
  ContactDetail: [{ name: 'Desk', telecom: [email] }],
  ContactPoint: [email, { system: 'phone', value: '+1 555 0199' }],
  DataRequirement: [{ type: 'Task', codeFilter: [{ path: 'code', code: [coding] }] }],
  Dosage: [
    {
      sequence: 1,
      text: 'one a day',
      timing: { event: ['2026-01-02'], repeat: { frequency: 1, period: 1, periodUnit: 'd' } },
      doseAndRate: [{ doseQuantity: quantity }],
    },
  ],
  Duration: [{ value: 3, unit: 'days', system: UCUM, code: 'd' }],
  Expression: [expression],
  HumanName: [{ use: 'official', family: 'Muster', given: ['Max'] }],
  Identifier: [{ use: 'official', system: 'http://example.org/ids', value: 'rich' }],
  MarketingStatus: [{ country: concept, jurisdiction: concept, status: concept, dateRange: period }],
  Money: [{ value: 25.5, currency: 'USD' }],
  Narrative: [{ status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">words</div>' }],
  ParameterDefinition: [{ name: 'given', use: 'in', type: 'Task' }],
  Period: [period],
  Population: [{ ageCodeableConcept: concept, gender: concept }],
  ProdCharacteristic: [{ height: quantity, shape: 'round', color: ['white'], imprint: ['A 1'] }],
  ProductShelfLife: [{ type: concept, period: { value: 2, unit: 'years', system: UCUM, code: 'a' } }],
  Quantity: [quantity],
  Range: [{ low: quantity, high: { ...quantity, value: 8 } }],
  Ratio: [{ numerator: quantity, denominator: { value: 1, unit: 'tablet' } }],
  RelatedArtifact: RELATIONS.map((type) => ({ type, resource: 'http://example.org/Artifact/b' })),
  SampledData: [{ origin: quantity, period: 10, dimensions: 1, data: '1 2 E U' }],
  Signature: [{ type: [coding], when: '2026-01-02T10:00:00Z', who: { reference: 'Practitioner/p' } }],
  SubstanceAmount: [
    { amountQuantity: quantity, amountType: concept, referenceRange: { lowLimit: quantity } },
  ],
  Timing: [{ event: ['2026-01-02'], repeat: { frequency: 1, period: 1, periodUnit: 'd' }, code: concept }],
  TriggerDefinition: [{ type: 'named-event', name: 'arrival' }],
  UsageContext: [
    { code: context, valueCodeableConcept: concept },
    { code: context, valueQuantity: quantity },
    { code: context, valueRange: { low: quantity, high: { ...quantity, value: 8 } } },
  ],
};

/** A resource of a type with all it can have; of what excludes each other, one for each variant. */
export function fullest(type: string, variant = 0): Resource {
  return { resourceType: type, ...fill(type, variant, []) } as Resource; // a type and its elements
}

/** As many as make every alternative appear. */
export function fullestOf(type: string): readonly Resource[] {
  return Array.from({ length: alternatives(type, []) }, (_, variant) => fullest(type, variant));
}

/** A resource of a type with what it must have; whatever it must refer to is but named. */
export function leanest(type: string): Resource {
  return { resourceType: type, ...fillLean(type) } as Resource; // a type and its elements
}

/** The required elements of a type; `without` leaves out one of its choices. */
function fillLean(type: string, without = ''): Readonly<Record<string, unknown>> {
  const filled: Record<string, unknown> = {};
  for (const element of elementsOfType(type)) {
    const [name, valueType] = propertiesOf(element)[0] ?? ['', undefined];
    if (element.min === 0 || valueType === undefined || element.name === without) continue;
    const [value] = isInner(valueType) ? [fillLean(valueType.code)] : valuesOf(element, valueType, 0, []);
    const named = valueType.code === 'Reference' ? { display: 'shown' } : value;
    filled[name] = element.max > 1 ? [named] : named;
  }
  return { ...filled, ...MUST_HAVE[type] };
}

/** A resource of a type with what it must have, and `value` at a path of its declaration (`item*.answer.valueReference`). */
export function leanestWith(type: string, path: string, value: unknown): Resource {
  return { resourceType: type, ...place(type, path.split('.'), value) } as Resource; // a type and its elements
}

function place(
  type: string,
  [step = '', ...rest]: readonly string[],
  value: unknown,
): Readonly<Record<string, unknown>> {
  const name = step.replace('*', '');
  const { element, valueType } = propertyOf(type, name);
  const inner = rest.length === 0 ? value : place(valueType.code, rest, value);
  const whole = element.max > 1 ? [inner] : inner;
  return { ...fillLean(type, element.choice ? element.name : ''), [name]: whole };
}

/** The element that a property of JSON belongs to, and its type. */
export function propertyOf(
  type: string,
  name: string,
): { readonly element: Element; readonly valueType: ElementType } {
  for (const element of elementsOfType(type)) {
    const valueType = propertiesOf(element).find(([property]) => property === name)?.[1];
    if (valueType !== undefined) return { element, valueType };
  }
  throw new Error(`${type} has no ${name}`);
}

const VARIANTS_MAX = 12;

function alternatives(type: string, within: readonly string[]): number {
  const counts = ownElements(type, within).flatMap((element) => [
    element.types.length,
    ...element.types.map(({ targets }) => (element.max > 1 ? 1 : targets.length)),
    ...element.types.filter(isInner).map(({ code }) => alternatives(code, [...within, type])),
  ]);
  return Math.min(VARIANTS_MAX, Math.max(1, ...counts));
}

const isInner = ({ code }: ElementType): boolean => code.includes('.');

/** An inner structure that holds itself is filled once within itself. */
function ownElements(type: string, within: readonly string[]): readonly Element[] {
  return elementsOfType(type).filter(
    ({ name, types }) =>
      !EVERYWHERE.has(name) &&
      !(ON_TOP.has(name) && RESOURCE_TYPE_NAMES.has(type)) &&
      !types.some(({ code }) => within.filter((one) => one === code).length > 0),
  );
}

function fill(type: string, variant: number, within: readonly string[]): Readonly<Record<string, unknown>> {
  const filled: Record<string, unknown> = {};
  for (const element of ownElements(type, within)) {
    const properties = propertiesOf(element);
    const [name, valueType] = properties[variant % properties.length] ?? ['', undefined];
    if (valueType === undefined) throw new Error(`${type}.${element.name} has no type`);
    const values = valuesOf(element, valueType, variant, [...within, type]);
    filled[name] = element.max > 1 ? values.slice(0, element.max) : values[variant % values.length];
  }
  const change = OTHERWISE[type]?.(filled, variant) ?? filled;
  return JSON.parse(JSON.stringify(change)) as Readonly<Record<string, unknown>>; // undefined is absent
}

function valuesOf(
  { valueSet, max }: Element,
  valueType: ElementType,
  variant: number,
  within: readonly string[],
): readonly unknown[] {
  const { code } = valueType;
  if (isInner(valueType)) return [fill(code, variant, within)];
  if (code === 'Reference') return referencesTo(valueType.targets);
  if (code === 'ElementDefinition') return []; // stands in OTHERWISE
  const bound = valueSet === undefined ? undefined : codesOf(valueSet);
  if (bound !== undefined) return boundValues(code, bound, max);
  const values = VALUES[code];
  if (values === undefined) throw new Error(`no value of ${code}`);
  return values;
}

const ANYTHING = ['Patient'];

const referencesTo = (targets: readonly string[]): readonly unknown[] =>
  (targets.length === 0 ? ANYTHING : targets).map((target) => ({
    reference: `${target}/full`,
    display: 'shown',
  }));

function boundValues(
  code: string,
  bound: Readonly<Record<string, readonly string[]>>,
  max: number,
): readonly unknown[] {
  const all = Object.entries(bound).flatMap(([system, codes]) => codes.map((one) => ({ system, code: one })));
  const [first = { system: '', code: '' }] = all;
  const some = max > 1 ? all.slice(0, 2) : [first];
  if (code === 'CodeableConcept') return some.map((one) => ({ coding: [one] }));
  if (code === 'Coding') return some;
  if (code === 'Quantity' || code === 'Age' || code === 'Duration') return VALUES[code] ?? [];
  return some.map((one) => one.code);
}
