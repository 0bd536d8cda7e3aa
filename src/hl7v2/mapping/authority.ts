/**
 * The assigning authority of a number: HD (HL7 v2.5.1, 2.A.36; universal ID type, table 0301) ⇄ `Identifier.system`.
 * OIDs are the rule. Any other system is written as a name of the link's table, as a UUID, or as a URI. A URI is never
 * sent as an OID.
 */
import { oidOfSystem, systemOfOid } from '../../fhir/identifier.ts';
import type { Hd } from '../datatypes.ts';

export type Authority = Hd;

/** The systems for the bare names of a link (HD.1, or HD.2 without a type): name → system. */
export type Namespaces = Readonly<Record<string, string>>;

/** The system of an authority; undefined when it is empty, or a name that the link does not explain. */
export function systemOfAuthority(authority: Authority, namespaces: Namespaces): string | undefined {
  const { namespaceId, universalId, universalIdType } = authority;
  if (universalId === undefined) return nameIn(namespaces, namespaceId);
  const read = READERS[universalIdType?.toUpperCase() ?? 'ISO'];
  return read?.(universalId) ?? nameIn(namespaces, universalId) ?? nameIn(namespaces, namespaceId);
}

/** The authority of a system; undefined when there is no system. */
export function authorityOfSystem(system: string | undefined, namespaces: Namespaces): Authority | undefined {
  if (system === undefined) return undefined;
  const oid = oidOfSystem(system);
  if (oid !== undefined) return { universalId: oid, universalIdType: 'ISO' };
  const name = Object.keys(namespaces).find((candidate) => namespaces[candidate] === system);
  if (name !== undefined) return { namespaceId: name };
  const uuid = UUID_SYSTEM.exec(system)?.[1];
  return uuid === undefined
    ? { universalId: system, universalIdType: 'URI' }
    : { universalId: uuid, universalIdType: 'UUID' };
}

const UUID_SYSTEM = /^urn:uuid:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;
const URI = /^[a-z][a-z0-9+.-]*:\S+$/i;

/** Converters by universal ID type. */
const READERS: Readonly<Record<string, (id: string) => string | undefined>> = {
  ISO: systemOfOid,
  UUID: systemOfUuid,
  GUID: systemOfUuid,
  URI: (id) => (URI.test(id) ? id : undefined),
};

function systemOfUuid(id: string): string | undefined {
  const system = `urn:uuid:${id.toLowerCase()}`;
  return UUID_SYSTEM.test(system) ? system : undefined;
}

const nameIn = (namespaces: Namespaces, name: string | undefined): string | undefined =>
  name !== undefined && Object.hasOwn(namespaces, name) ? namespaces[name] : undefined;
