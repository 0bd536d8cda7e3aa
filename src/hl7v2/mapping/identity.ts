/** Numbers: EI and CX (HL7 v2.5.1, 2.A.28, 2.A.14) ⇄ Identifier, by their assigning authority. */
import { V2_0203, type IdentifierType } from '../../fhir/identifier.ts';
import type { Identifier } from '../../fhir/types.ts';
import type { Ei, Cx } from '../datatypes.ts';
import { authorityOfSystem, systemOfAuthority, type Namespaces } from './authority.ts';
import { identifierTypeNamed } from './codes.ts';
import { filled, toFhirString } from './plain.ts';

/** The number of an order, an appointment or a document; undefined when it has no value. */
export function readEntityIdentifier(
  ei: Ei | undefined,
  namespaces: Namespaces,
  type?: IdentifierType,
): Identifier | undefined {
  const value = toFhirString(ei?.entityIdentifier);
  if (ei === undefined || value === undefined) return undefined;
  return filled({ type: typeOf(type), system: systemOfAuthority(ei, namespaces), value });
}

/** `R-2025-00731^^2.999.10.1.15^ISO`; undefined when the identifier has no value. */
export const writeNumber = (identifier: Identifier | undefined, namespaces: Namespaces): Ei | undefined =>
  identifier?.value === undefined
    ? undefined
    : { entityIdentifier: identifier.value, ...authorityOfSystem(identifier.system, namespaces) };

/** A patient's number, with the type that the sender gives it (table 0203). */
export function readPatientNumber(cx: Cx, namespaces: Namespaces): Identifier | undefined {
  const value = toFhirString(cx.idNumber);
  if (value === undefined) return undefined;
  return filled({
    type: typeOf(cx.identifierTypeCode && identifierTypeNamed(cx.identifierTypeCode)),
    system: cx.assigningAuthority && systemOfAuthority(cx.assigningAuthority, namespaces),
    value,
  });
}

/** `MQ-40417^^^&2.999.10.1.5&ISO^MR`. */
export const writePatientNumber = (identifier: Identifier, namespaces: Namespaces): Cx => ({
  idNumber: identifier.value,
  assigningAuthority: authorityOfSystem(identifier.system, namespaces),
  identifierTypeCode: typeCodeOf(identifier),
});

/** The code of table 0203. */
export const typeCodeOf = ({ type }: Identifier): string | undefined =>
  type?.coding?.find(({ system }) => system === V2_0203)?.code;

const typeOf = (code: string | undefined): Identifier['type'] | undefined => {
  const plain = toFhirString(code);
  return plain === undefined ? undefined : { coding: [{ system: V2_0203, code: plain }] };
};
