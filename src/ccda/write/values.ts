/** Values of FHIR as those of CDA: identifiers, codes, times, quantities. */
import type { CodeableConcept, Coding, Identifier, Period, Quantity, Resource } from '../../fhir/types.ts';
import { URI_SYSTEM } from '../../fhir/identifier.ts';
import { NULL_FLAVORS } from '../concepts.ts';
import { numberText } from '../number.ts';
import { oidOfUri, UCUM, URI_ROOT } from '../systems.ts';
import { element, nothing, texted, type Attributes, type Xml } from '../../xml/elements.ts';
import { lose, type Writing } from './writing.ts';

const UUID = /^urn:uuid:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;
const SSN = 'http://hl7.org/fhir/sid/us-ssn';

/** Root and extension of an identifier; undefined where it has no value that CDA can hold. */
export function rootOf({ system, value }: Identifier): Attributes | undefined {
  if (value === undefined || value === '') return undefined;
  if (system === undefined || system === URI_SYSTEM) {
    const uuid = UUID.exec(value)?.[1];
    if (uuid !== undefined) return { root: uuid.toUpperCase() };
    const own = value.startsWith('urn:oid:') ? oidOfUri(value) : undefined;
    if (own !== undefined) return { root: own };
    return system === undefined ? undefined : { root: URI_ROOT, extension: value };
  }
  const oid = oidOfUri(system);
  if (oid !== undefined) return { root: oid, extension: value };
  const systemUuid = UUID.exec(system)?.[1];
  if (systemUuid !== undefined) return { root: systemUuid.toUpperCase(), extension: value };
  return { root: URI_ROOT, extension: `${system}${system.startsWith('urn:') ? ':' : '/'}${value}` };
}

/** The ids of a resource: its identifiers, else its address. A social security number never leaves. */
export function idsOf(writing: Writing, resource: Resource, name = 'id'): readonly Xml[] {
  const identifiers = (resource['identifier'] ?? []) as Identifier | readonly Identifier[];
  const roots = [identifiers].flat().flatMap((identifier): Attributes[] => {
    if (identifier.system === SSN) {
      lose(writing, 'masked', resource, 'identifier', 'a social security number is not sent');
      return [];
    }
    const root = rootOf(identifier);
    if (root !== undefined) return [root];
    lose(writing, 'unmapped', resource, 'identifier', 'an identifier without a system and a value');
    return [];
  });
  if (roots.length > 0) return roots.map((root) => element(name, root));
  return [element(name, ownRoot(writing, resource))];
}

/** The address of a resource as an id. */
const ownRoot = ({ base }: Writing, { resourceType, id }: Resource): Attributes => ({
  root: URI_ROOT,
  extension: `${base}/${resourceType}/${id ?? ''}`,
});

/** A dateTime as CDA writes it, with the precision it has: `20250314090300-0500`. */
export const tsOf = (dateTime: string): string => {
  const [date = '', time] = dateTime.split('T');
  if (time === undefined) return date.replaceAll('-', '');
  const [, clock = '', zone = ''] = /^([^Z+-]+)(.*)$/.exec(time) ?? [];
  return `${date.replaceAll('-', '')}${clock.replaceAll(':', '')}${zone === 'Z' ? '+0000' : zone.replace(':', '')}`;
};

/** A point in time. */
export const point = (name: string, dateTime: string | undefined, attributes: Attributes = {}): Xml =>
  dateTime === undefined
    ? nothing(name, 'UNK', attributes)
    : element(name, { ...attributes, value: tsOf(dateTime) });

/** From when to when; an end that is over at an unknown time has the null flavor. */
export function interval(
  name: string,
  { start, end }: Period,
  { attributes = {}, endedUnknown = false }: { attributes?: Attributes; endedUnknown?: boolean } = {},
): Xml {
  return element(
    name,
    attributes,
    point('low', start),
    end !== undefined ? point('high', end) : endedUnknown ? nothing('high', 'UNK') : undefined,
  );
}

interface ConceptOptions {
  readonly attributes?: Attributes;
  /** The system whose code is the code itself; the others are translations. */
  readonly prefers?: string;
  /** The piece of narrative that shows it. */
  readonly piece?: string | undefined;
  /** Written before the translations. */
  readonly also?: readonly Xml[];
}

/** A coded value. Where no code has a system that CDA can name, its words stand, and the code is of none (OTH). */
export function concept(
  writing: Writing,
  name: string,
  value: CodeableConcept | undefined,
  { attributes = {}, prefers, piece, also = [] }: ConceptOptions = {},
): Xml {
  const codings = value?.coding ?? [];
  const known = codings.filter(isWritable);
  const first = known.find(({ system }) => system === prefers) ?? known[0];
  const original =
    piece === undefined
      ? texted('originalText', value?.text ?? (first === undefined ? displayOf(codings) : undefined))
      : element('originalText', {}, element('reference', { value: `#${piece}` }));
  for (const coding of codings) {
    const { system = 'coding', code: value } = coding;
    if (system !== 'coding' && oidOfUri(system) === undefined)
      writing.losses.add('unmapped-system', system, 'a code system that C-CDA has no OID for');
    else if (value !== undefined && !isWritable(coding))
      writing.losses.add('narrowed', system, 'a code of no system, or with blanks, is told by its words');
  }
  const translations = codings
    .filter((coding) => coding !== first && coding.code !== undefined)
    .map(translation);
  if (first === undefined) {
    const nullFlavor = value === undefined ? 'UNK' : 'OTH';
    return element(name, { ...attributes, nullFlavor }, original, also, translations);
  }
  return element(name, { ...attributes, ...codeAttributes(first) }, original, also, translations);
}

/** Whether a concept has a code that CDA can hold. */
export const hasCode = ({ coding = [] }: CodeableConcept): boolean => coding.some(isWritable);

const displayOf = (codings: readonly Coding[]): string | undefined =>
  codings.find(({ display }) => display !== undefined)?.display ?? codings[0]?.code;

/** A code of CDA has no blanks, and a system with an OID. */
const isWritable = ({ system = '', code }: Coding): boolean =>
  code !== undefined && !/\s/.test(code) && oidOfUri(system) !== undefined;

const codeAttributes = ({ system = '', code, display }: Coding): Attributes => ({
  code,
  codeSystem: oidOfUri(system),
  displayName: display,
});

function translation(coding: Coding): Xml {
  return isWritable(coding)
    ? element('translation', codeAttributes(coding))
    : element('translation', { nullFlavor: 'OTH' }, texted('originalText', coding.display ?? coding.code));
}

/** A code of a table of ours. */
export const code = (
  name: string,
  value: string,
  codeSystem: string,
  displayName?: string,
  attributes: Attributes = {},
): Xml => element(name, { ...attributes, code: value, codeSystem, displayName });

/** The unit of UCUM that a quantity has. */
export const ucumOf = ({ code: unit, system }: Quantity): string | undefined =>
  system === UCUM && unit !== undefined && !/\s/.test(unit) ? unit : undefined;

/** A quantity. Only a unit of UCUM is one; words for a unit stand beside the value. Without a value it is unknown. */
export function quantity(name: string, value: Quantity, attributes: Attributes = {}): Xml {
  if (value.value === undefined) return nothing(name, 'UNK', attributes);
  const ucum = ucumOf(value);
  const words = value.unit ?? value.code;
  const said = {
    ...attributes,
    value: numberText(value.value),
    ...(ucum !== undefined && ucum !== '1' && { unit: ucum }),
  };
  if (ucum !== undefined || words === undefined) return element(name, said);
  return element(
    name,
    said,
    element('translation', { value: numberText(value.value) }, texted('originalText', words)),
  );
}

/** A quantity for people: `<= 5 mg`. */
export const quantityWords = ({ value, unit, code: symbol, comparator }: Quantity): string =>
  value === undefined ? '' : `${comparator ?? ''}${numberText(value)} ${unit ?? symbol ?? ''}`.trim();

/** A quantity that may lie on one side of its value, as an interval with one end. */
export function bounded(name: string, value: Quantity, attributes: Attributes = {}): Xml {
  const { comparator } = value;
  if (comparator === undefined) return quantity(name, value, { ...attributes, 'xsi:type': 'PQ' });
  const inclusive = comparator.endsWith('=') ? {} : { inclusive: 'false' };
  const end = comparator.startsWith('<') ? 'high' : 'low';
  return element(name, { ...attributes, 'xsi:type': 'IVL_PQ' }, quantity(end, value, inclusive));
}

const ABSENT = 'http://hl7.org/fhir/StructureDefinition/data-absent-reason';

/** The null flavor of an element that is absent for a reason. */
export const nullFlavorOf = (beside: unknown): string | undefined => {
  const extensions =
    (beside as { extension?: { url: string; valueCode?: string }[] } | undefined)?.extension ?? [];
  const reason = extensions.find(({ url }) => url === ABSENT)?.valueCode;
  return reason === undefined ? undefined : (NULL_FLAVORS[reason] ?? 'UNK');
};
