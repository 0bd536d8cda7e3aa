/**
 * Which tokens are told apart by their case (http://hl7.org/fhir/R4/search.html#token): "When in doubt, servers SHOULD
 * treat tokens in a case-insensitive manner". There is no doubt about `code` elements, about the systems below, and
 * about an Identifier: its value "is to be treated as case sensitive unless knowledge of the Identifier.system allows
 * the processer to be confident that non-case-sensitive processing is safe" (datatypes.html#Identifier).
 */
import { escape } from './escape.ts';

/** HL7's own code systems, and UCUM, say `caseSensitive: true`. */
const CASE_SENSITIVE =
  /^(?:http:\/\/hl7\.org\/fhir\/|http:\/\/terminology\.hl7\.org\/|http:\/\/unitsofmeasure\.org$|urn:ietf:)/;

/** Whether `A` and `a` are two codes of the system; not so when nothing is known about it. */
export const isCaseSensitive = (system: string | undefined): boolean =>
  system !== undefined && CASE_SENSITIVE.test(system);

/** A token as it is compared when case says nothing. */
export const foldToken = (code: string): string => code.toLowerCase();

/** Type of an Identifier as one text, for `:of-type`. */
export const typeKey = (system: string, code: string): string => `${escape(system)}|${escape(code)}`;
