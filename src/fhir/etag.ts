/** ETags of conditions (RFC 9110 8.8.3 and 13.1; http://hl7.org/fhir/R4/http.html#concurrency): `W/"5"` is version 5. */

/** A comma and then a quoted tag; a list may have empty members. */
const MEMBER = /[ \t]*,?[ \t]*(?:(?:W\/)?"(?<tag>[\x21\x23-\x7e\x80-\xff]*)"(?=[ \t]*(?:,|$))|(?=,|$))/y;

/** `*`, which stands for any current version. */
export const ANY_VERSION = '*';

/**
 * The tags of a condition without their quotes, or `*`. FHIR's tags are weak; a strong tag of a version means the same
 * version. Undefined when the text is no list of tags.
 */
export function parseETags(text: string): readonly string[] | undefined {
  const list = text.trim();
  if (list === ANY_VERSION) return [ANY_VERSION];
  const tags: string[] = [];
  MEMBER.lastIndex = 0;
  for (let at = 0; at < list.length; at = MEMBER.lastIndex) {
    const member = MEMBER.exec(list);
    if (member === null || member[0] === '') return undefined;
    const tag = member.groups?.['tag'];
    if (tag !== undefined) tags.push(tag === ANY_VERSION ? `"${tag}"` : tag);
  }
  return tags.length === 0 ? undefined : tags;
}

/** The tag of a version; an answer that leaves out elements of it has one of its own (harmony Z6). */
export const tagOf = (version: number, isMasked = false): string => `${version}${isMasked ? 'm' : ''}`;
