/**
 * Code systems that are grammars: their codes follow a rule instead of a list
 * (http://hl7.org/fhir/R4/terminologies-systems.html). The server only checks whether a code is well-formed.
 */
import type { System } from './terminology-source.ts';

/** "type/subtype" with parameters (RFC 6838 4.2, RFC 2045 5.1). */
const MEDIA_TYPE =
  /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}(?:\s*;\s*[a-z0-9!#$%&'*+.^_`|~-]{1,64}=(?:[a-z0-9!#$%&'*+.^_`|~-]{1,256}|"[^"\\\r\n]{0,256}"))*$/i;

/** Language, script, region, variants, extensions, private use (RFC 5646 2.1). */
const LANGUAGE =
  /^(?:(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?(?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3}))*(?:-[a-wyz\d](?:-[a-z\d]{2,8})+)*(?:-x(?:-[a-z\d]{1,8})+)?|x(?:-[a-z\d]{1,8})+)$/i;

/** Tags that were registered before the grammar and do not follow it. */
const OLD_LANGUAGE = new Set(
  'en-gb-oed i-ami i-bnn i-default i-enochian i-hak i-klingon i-lux i-mingo i-navajo i-pwn i-tao i-tay i-tsu sgn-be-fr sgn-be-nl sgn-ch-de'.split(
    ' ',
  ),
);

/** The largest number of characters of a code; a longer one is not well-formed. */
const CODE_MAX = 1024;

const grammar = (url: string, name: string, title: string, holds: (code: string) => boolean): System => ({
  url,
  name,
  title,
  content: 'grammar',
  caseSensitive: false,
  concepts: new Map(),
  accepts: (code) => code.length <= CODE_MAX && holds(code),
});

export const GRAMMARS: readonly System[] = [
  grammar('urn:ietf:bcp:13', 'MediaTypes', 'Media types (BCP 13)', (code) => MEDIA_TYPE.test(code)),
  grammar(
    'urn:ietf:bcp:47',
    'Languages',
    'Language tags (BCP 47)',
    (code) => LANGUAGE.test(code) || OLD_LANGUAGE.has(code.toLowerCase()),
  ),
];
