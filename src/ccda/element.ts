/** Steps through the tree of a clinical document, in the words of CDA R2. */
import type { XmlElement, XmlNode } from '../xml/tree.ts';

export const CDA = 'urn:hl7-org:v3';
/** HL7's extensions of CDA R2 by Structured Documents. */
export const SDTC = 'urn:hl7-org:sdtc';
const XSI_TYPE = '{http://www.w3.org/2001/XMLSchema-instance}type';

const isElement = (node: XmlNode): node is XmlElement => typeof node !== 'string';

/** The children of a name. Extensions have a name of their own: `sdtc:raceCode`. */
export function childrenOf(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  if (element === undefined) return [];
  const namespace = name.startsWith('sdtc:') ? SDTC : CDA;
  const local = namespace === SDTC ? name.slice('sdtc:'.length) : name;
  return element.children.filter(
    (node): node is XmlElement => isElement(node) && node.name === local && node.namespace === namespace,
  );
}

/** The first child of a name. */
export const childOf = (element: XmlElement | undefined, name: string): XmlElement | undefined =>
  childrenOf(element, name)[0];

/** What stands at the end of a path of child names: `at(section, 'code')`, `at(act, 'effectiveTime', 'low')`. */
export const at = (element: XmlElement | undefined, ...names: readonly string[]): XmlElement | undefined =>
  names.reduce<XmlElement | undefined>(childOf, element);

/** All child elements, in their order. */
export const elementsOf = (element: XmlElement): readonly XmlElement[] => element.children.filter(isElement);

/** The value of an attribute, without the blanks around it; undefined where it is absent or empty. */
export function attributeOf(element: XmlElement | undefined, name: string): string | undefined {
  const value = element?.attributes[name]?.trim();
  return value === '' ? undefined : value;
}

/** The null flavor of an element, in upper case; undefined where the element has a value. */
export const nullFlavorOf = (element: XmlElement | undefined): string | undefined =>
  attributeOf(element, 'nullFlavor')?.toUpperCase();

/** The data type that an element declares by `xsi:type`, without its prefix: `IVL_PQ`. */
export const dataTypeOf = (element: XmlElement | undefined): string | undefined =>
  attributeOf(element, XSI_TYPE)?.replace(/^.*:/, '');

/** SNOMED CT of what a code may be qualified with: known absent, definitely or probably not present, not done. */
const ABSENT: ReadonlySet<string> = new Set(['410516002', '410594000', '410593006', '385660001']);

/** Whether a qualifier of an act's code or value says that it is absent. */
export const isQualifiedAbsent = (act: XmlElement): boolean =>
  ['code', 'value']
    .flatMap((name) => childrenOf(act, name))
    .flatMap((coded) => childrenOf(coded, 'qualifier'))
    .some((qualifier) => ABSENT.has(attributeOf(childOf(qualifier, 'value'), 'code') ?? ''));

/** Whether the indicator of an act says that it is not so, or was not done. */
export const hasNegation = (act: XmlElement): boolean =>
  /^(?:true|1)$/i.test(attributeOf(act, 'negationInd') ?? '');

/** Whether an act is negated: said of it is that it is not so, or was not done. */
export const isNegated = (act: XmlElement): boolean => hasNegation(act) || isQualifiedAbsent(act);

/** The text inside an element, of its descendants too, as it stands. */
export const textOf = (element: XmlElement): string =>
  element.children.map((node) => (isElement(node) ? textOf(node) : node)).join('');

/** The text of an element on one line; undefined where there is none. */
export function lineOf(element: XmlElement | undefined): string | undefined {
  const line = element === undefined ? '' : textOf(element).replaceAll(/\s+/g, ' ').trim();
  return line === '' ? undefined : line;
}

/** Whether one of the template ids of an element has a root, in whichever version. */
export const hasTemplate = (element: XmlElement | undefined, root: string): boolean =>
  childrenOf(element, 'templateId').some((id) => attributeOf(id, 'root') === root);

/** The bytes that an element holds in Base64, without blanks. */
export const base64Of = (element: XmlElement): string => textOf(element).replaceAll(/\s+/g, '');
