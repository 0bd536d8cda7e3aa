/** Coded values (CD, CE, CV, CS) as CodeableConcept: every code that was given, and the words it was given with. */
import type { CodeableConcept, Coding } from '../../fhir/types.ts';
import type { XmlElement } from '../../xml/tree.ts';
import { attributeOf, childOf, childrenOf, lineOf, nullFlavorOf } from '../element.ts';
import { uriOfOid } from '../systems.ts';
import { lose, type Reading } from './reading.ts';
import { readText } from './text.ts';

/** A coded value; undefined where it has neither code nor text. */
export function readConcept(reading: Reading, element: XmlElement | undefined): CodeableConcept | undefined {
  if (element === undefined) return undefined;
  const coding = readCodings(reading, element);
  const text =
    readText(reading, childOf(element, 'originalText')) ??
    (coding.length === 0 ? looseText(element) : undefined);
  if (coding.length === 0 && text === undefined) return undefined;
  return { ...(coding.length > 0 && { coding: [...coding] }), ...(text !== undefined && { text }) };
}

/** Words that stand where a code should: its display name, or text inside. */
const looseText = (element: XmlElement): string | undefined =>
  attributeOf(element, 'displayName') ??
  (element.children.some((node) => typeof node === 'string') ? lineOf(element) : undefined);

const TRANSLATIONS_MAX = 100;

/** The code itself, then its translations, each once. */
export function readCodings(reading: Reading, element: XmlElement): readonly Coding[] {
  const translations = childrenOf(element, 'translation');
  const beyond = translations[TRANSLATIONS_MAX];
  if (beyond !== undefined)
    lose(reading, 'narrowed', beyond, `of a code ${TRANSLATIONS_MAX} translations are read`);
  const found = [element, ...translations.slice(0, TRANSLATIONS_MAX)].flatMap(
    (one) => readCoding(reading, one) ?? [],
  );
  return found.filter(
    ({ system, code }, index) =>
      found.findIndex((other) => other.system === system && other.code === code) === index,
  );
}

/** One code; undefined for a null flavor or where no code is given. */
export function readCoding(reading: Reading, element: XmlElement): Coding | undefined {
  const code = attributeOf(element, 'code');
  if (
    code === undefined ||
    (nullFlavorOf(element) !== undefined && attributeOf(element, 'codeSystem') === undefined)
  )
    return undefined;
  const oid = attributeOf(element, 'codeSystem');
  const system = oid === undefined ? undefined : uriOfOid(oid);
  if (oid !== undefined && system === undefined)
    lose(reading, 'unmapped-system', element, 'the code system is named by what is no OID');
  const display = attributeOf(element, 'displayName');
  const version = attributeOf(element, 'codeSystemVersion');
  return {
    ...(system !== undefined && { system }),
    ...(version !== undefined && { version }),
    code: code.replaceAll(/\s+/g, ' '),
    ...(display !== undefined && { display }),
  };
}

/** The code of an element in one of some systems, by their OIDs; its own or a translation's. */
export function codeIn(element: XmlElement | undefined, ...oids: readonly string[]): string | undefined {
  if (element === undefined) return undefined;
  return [element, ...childrenOf(element, 'translation')]
    .filter((one) => oids.includes(attributeOf(one, 'codeSystem') ?? ''))
    .map((one) => attributeOf(one, 'code'))
    .find((code) => code !== undefined);
}
