/**
 * Which tokens are told apart by their case (http://hl7.org/fhir/R4/search.html#token): "When in doubt, servers SHOULD
 * treat tokens in a case-insensitive manner". There is no doubt about `code` elements, save those of media types and
 * languages, about the systems below, and about an Identifier: its value "is to be treated as case sensitive unless knowledge of the Identifier.system allows
 * the processer to be confident that non-case-sensitive processing is safe" (datatypes.html#Identifier).
 */
import { escape } from './escape.ts';

/** HL7's own code systems, and UCUM, say `caseSensitive: true`; our codes that are references to people do. */
const CASE_SENSITIVE =
  /^(?:http:\/\/hl7\.org\/fhir\/|http:\/\/terminology\.hl7\.org\/|http:\/\/unitsofmeasure\.org$|urn:ietf:|https:\/\/closeloop\.dev\/fhir\/CodeSystem\/named-reader$)/;

/** "MIME types are case-insensitive" (RFC 6838 4.2); "tags are to be treated as case insensitive" (RFC 5646 2.1.1). */
const CASE_INSENSITIVE: ReadonlySet<string> = new Set(['urn:ietf:bcp:13', 'urn:ietf:bcp:47']);

/** Whether `A` and `a` are one code for a system. */
export const isCaseInsensitive = (system: string): boolean => CASE_INSENSITIVE.has(system);

/** Whether `A` and `a` are two codes of the system; false when nothing is known about it. */
export const isCaseSensitive = (system: string | undefined): boolean =>
  system !== undefined && CASE_SENSITIVE.test(system) && !isCaseInsensitive(system);

/** A token in the form in which it is compared without its case. */
export const foldToken = (code: string): string => code.toLowerCase();

/** The type of an Identifier as one text, for `:of-type`. */
export const typeKey = (system: string, code: string): string => `${escape(system)}|${escape(code)}`;
