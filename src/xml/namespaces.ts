/** Namespaces in XML (https://www.w3.org/TR/xml-names/): FHIR's own and, for the narrative, that of XHTML. */
import { readAttribute } from './characters.ts';
import { refuseXml } from './refuse.ts';
import type { OpenTag, Scanner } from './scan.ts';

export const FHIR = 'http://hl7.org/fhir';
export const XHTML = 'http://www.w3.org/1999/xhtml';
const XML = 'http://www.w3.org/XML/1998/namespace';

/** The declarations in force, by prefix; the default namespace has the empty prefix. */
export type NamespaceScope = ReadonlyMap<string, string>;

export const OUTERMOST: NamespaceScope = new Map([
  ['', ''],
  ['xml', XML],
]);

/** The largest number of declarations in force at once. */
const DECLARATIONS_MAX = 64;

export const isDeclaration = (name: string): boolean => name === 'xmlns' || name.startsWith('xmlns:');

/** The declarations in force inside an element. */
export function scopeWithin(
  scanner: Scanner,
  scope: NamespaceScope,
  { attributes }: OpenTag,
): NamespaceScope {
  let within: Map<string, string> | undefined;
  for (const { name, raw } of attributes) {
    if (!isDeclaration(name)) continue;
    within ??= new Map(scope);
    const [prefix, uri] = [name.slice(6), readAttribute(raw) ?? ''];
    const reserved =
      prefix === 'xml' || prefix === 'xmlns' || uri === XML || uri === 'http://www.w3.org/2000/xmlns/';
    if (reserved || (prefix !== '' && uri === ''))
      refuseXml(scanner, 'this namespace declaration is not allowed');
    within.set(prefix, uri);
    if (within.size > DECLARATIONS_MAX)
      refuseXml(scanner, `more than ${DECLARATIONS_MAX} namespaces are declared`);
  }
  return within ?? scope;
}

/** The namespace of a prefix in a scope; empty when the scope has none. */
export function namespaceOf(scanner: Scanner, scope: NamespaceScope, prefix: string): string {
  return scope.get(prefix) ?? refuseXml(scanner, 'a namespace prefix is not declared');
}
