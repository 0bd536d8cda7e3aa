/**
 * `:text` on a token (http://hl7.org/fhir/R4/search.html#modifiers): "the search parameter is processed as a string that
 * searches text associated with the code/value - either CodeableConcept.text, Coding.display, or Identifier.type.text."
 * As any string it is found where it begins, and where one of its words does.
 */
import { cutText, foldText } from '../../fhir/fold.ts';
import type { CodeableConcept, Coding, Identifier, Resource } from '../../fhir/types.ts';
import { searchParameters } from '../search-parameters.ts';
import { visitElements, type PresentElement } from './element-path.ts';

/** The number of code points of a text that are read. */
const TEXT_MAX = 4096;

type TextsOf = (value: never) => readonly (string | undefined)[];

const TEXTS: Readonly<Record<string, TextsOf>> = {
  Coding: ({ display }: Coding) => [display],
  CodeableConcept: ({ text, coding }: CodeableConcept) => [
    text,
    ...(coding ?? []).map(({ display }) => display),
  ],
  Identifier: ({ type }: Identifier) => [type?.text],
};

/** Whether a parameter has values with a text beside their code. */
export const hasDisplay = (datatypes: readonly string[]): boolean =>
  datatypes.some((datatype) => Object.hasOwn(TEXTS, datatype));

/** Whether a text beside a code of the parameter begins with `folded`, or one of its words does. */
export function displayStarts(type: string, param: string, resource: Resource, folded: string): boolean {
  return displaysOf(type, param, resource).some((text) =>
    startsAtWord(foldText(cutText(text, TEXT_MAX)), folded),
  );
}

/** The texts beside the codes of a parameter. */
function displaysOf(type: string, param: string, resource: Resource): readonly string[] {
  const texts: string[] = [];
  for (const path of searchParameters(type).get(param)?.paths ?? []) {
    // The element path names the datatype of its values, and validation has checked them.
    const textsOf = TEXTS[path.datatype] as
      | ((value: PresentElement) => readonly (string | undefined)[])
      | undefined;
    if (textsOf === undefined) continue;
    visitElements(resource, path, (value) => {
      for (const text of textsOf(value)) if (typeof text === 'string') texts.push(text);
    });
  }
  return texts;
}

const BEFORE_WORD = /[^\p{L}\p{N}]$/u;

function startsAtWord(text: string, searched: string): boolean {
  for (let at = text.indexOf(searched); at >= 0; at = text.indexOf(searched, at + 1)) {
    if (at === 0 || BEFORE_WORD.test(text.slice(Math.max(0, at - 2), at))) return true;
  }
  return false;
}
