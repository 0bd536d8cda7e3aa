/** The labels of a stored text without reading the text: `meta` stands third in it, behind type and id. */
import type { Coding, Meta } from '../../fhir/types.ts';

const BEFORE_META = /^\{"resourceType":"[A-Za-z]+","id":"[^"\\]*","meta":(?=\{)/;

/** Characters from which on a text is not looked through. */
const LONG = 65_536;
const SECURITY = '"security":';

const NONE: readonly Coding[] = [];

/** @param text a resource as it is stored or shown; of what begins otherwise no labels are known */
export function labelsInText(text: string): readonly Coding[] {
  // Most resources have no labels, which is found out sooner than where their meta ends.
  if (text.length < LONG && !text.includes(SECURITY)) return NONE;
  const begin = BEFORE_META.exec(text)?.[0].length;
  if (begin === undefined) return NONE;
  const meta = text.slice(begin, endOfObject(text, begin));
  return meta.includes(SECURITY) ? ((JSON.parse(meta) as Meta).security ?? NONE) : NONE; // it was written as a Meta
}

/** The place behind the object that begins here. */
function endOfObject(text: string, begin: number): number {
  let depth = 0;
  let isInText = false;
  for (let at = begin; at < text.length; at += 1) {
    const mark = text[at];
    if (isInText) {
      if (mark === '\\') at += 1;
      else if (mark === '"') isInText = false;
    } else if (mark === '"') isInText = true;
    else if (mark === '{') depth += 1;
    else if (mark === '}') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}
