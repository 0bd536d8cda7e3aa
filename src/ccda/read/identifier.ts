/** Instance identifiers (II) as FHIR's Identifier. */
import { URI_SYSTEM } from '../../fhir/identifier.ts';
import type { Identifier } from '../../fhir/types.ts';
import type { XmlElement } from '../../xml/tree.ts';
import { attributeOf, childrenOf, nullFlavorOf } from '../element.ts';
import { NUMBERING_ROOTS, uriOfOid, URI_ROOT } from '../systems.ts';
import { lose, type Reading } from './reading.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** One identifier; undefined for a null flavor, and for a root that names a kind of number without one. */
export function readIdentifier(reading: Reading, id: XmlElement): Identifier | undefined {
  const root = attributeOf(id, 'root');
  const value = attributeOf(id, 'extension');
  if (nullFlavorOf(id) !== undefined || (root === undefined && value === undefined)) return undefined;
  if (root === undefined) return value === undefined ? undefined : { value };
  if (root === URI_ROOT && value !== undefined) return uriIdentifier(value);
  const isUuid = UUID.test(root);
  const system = isUuid ? `urn:uuid:${root.toLowerCase()}` : uriOfOid(root);
  if (system === undefined) {
    lose(reading, 'unmapped', id, 'the root of an id is neither an OID nor a UUID');
    return value === undefined ? undefined : { value };
  }
  if (value !== undefined) return { system, value };
  if (NUMBERING_ROOTS.has(root)) {
    lose(reading, 'unmapped', id, 'the id names a kind of number and no number');
    return undefined;
  }
  return { system: URI_SYSTEM, value: isUuid ? system : `urn:oid:${root}` };
}

/** An identifier that is a URI: what it begins with is its system. */
function uriIdentifier(uri: string): Identifier {
  const cut = /^https?:/i.test(uri) ? uri.lastIndexOf('/') : uri.lastIndexOf(':');
  const [system, value] = [uri.slice(0, cut), uri.slice(cut + 1)];
  // A system has no blanks.
  if (/\s/.test(system)) return { value: uri };
  return cut > 0 && value !== '' && /[^:/]/.test(system.replace(/^\w+:\/*/, ''))
    ? { system, value }
    : { system: URI_SYSTEM, value: uri };
}

/** The identifiers of an act, a role or a document. */
export const readIdentifiers = (reading: Reading, element: XmlElement | undefined): readonly Identifier[] =>
  childrenOf(element, 'id').flatMap((id) => readIdentifier(reading, id) ?? []);

/** By which an id is known again in the whole document: root and extension, as they stand. */
export const idKey = (id: XmlElement): string | undefined => {
  const root = attributeOf(id, 'root');
  if (root === undefined || nullFlavorOf(id) !== undefined) return undefined;
  const extension = attributeOf(id, 'extension');
  if (extension === undefined && NUMBERING_ROOTS.has(root)) return undefined;
  return `${root.toLowerCase()}|${extension ?? ''}`;
};
