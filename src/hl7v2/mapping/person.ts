/**
 * Persons: XPN and the name in XCN (HL7 v2.5.1, 2.A.88, 2.A.86) ⇄ HumanName, and XCN ⇄ Practitioner. Second and further
 * given names are one component with spaces between; a clinician's degree is a qualification, a patient's a suffix.
 */
import { NPI, V2_0203 } from '../../fhir/identifier.ts';
import type { HumanName, Identifier, Practitioner } from '../../fhir/types.ts';
import type { Xcn, Xpn } from '../datatypes.ts';
import { authorityOfSystem, systemOfAuthority, type Namespaces } from './authority.ts';
import { nameTypeOf, nameUseOf } from './codes.ts';
import { typeCodeOf } from './identity.ts';
import { filled, some, toFhirString } from './plain.ts';

/** A name; undefined when it has no part. */
export function readName(name: Xpn | undefined): HumanName | undefined {
  if (name === undefined) return undefined;
  // Published samples have the type L in the place of the prefix.
  const misplaced = name.prefix === 'L' && name.nameTypeCode === undefined;
  const words = filled({
    family: toFhirString(name.familyName?.surname),
    given: some([toFhirString(name.givenName), ...further(name.secondAndFurtherGivenNames)]),
    prefix: some([misplaced ? undefined : toFhirString(name.prefix)]),
    suffix: some([toFhirString(name.suffix), toFhirString(name.degree)]),
  });
  if (Object.keys(words).length === 0) return undefined;
  return filled({ use: nameUseOf(misplaced ? 'L' : name.nameTypeCode) as HumanName['use'], ...words }); // the table's
}

const further = (names: string | undefined): readonly (string | undefined)[] =>
  (toFhirString(names) ?? '').split(/\s+/).map(toFhirString);

/** `Quintero^Marisol^J^^^^L`; a name that has only a text stands in the place of the family name. */
export const writeName = (name: HumanName): Xpn => ({
  ...writeWords(name),
  nameTypeCode: nameTypeOf(name.use) ?? 'L',
});

function writeWords({ family, given = [], prefix, suffix, text }: HumanName): Xpn {
  const isText = family === undefined && given.length === 0;
  return {
    familyName: { surname: isText ? text : family },
    givenName: given[0],
    secondAndFurtherGivenNames: given.slice(1).join(' ') || undefined,
    suffix: suffix?.join(' '),
    prefix: prefix?.join(' '),
  };
}

/** The name to send: the first of those in use. */
export const currentName = (names: readonly HumanName[] | undefined): HumanName | undefined =>
  names?.find(({ use }) => use === 'official') ?? names?.find(({ use }) => use !== 'old') ?? names?.[0];

/** A clinician; undefined when there is neither number nor name. */
export function readPractitioner(xcn: Xcn | undefined, namespaces: Namespaces): Practitioner | undefined {
  if (xcn === undefined) return undefined;
  const identifier = readPersonNumber(xcn, namespaces);
  const name = readName({ ...xcn, degree: undefined });
  if (identifier === undefined && name === undefined) return undefined;
  const degree = toFhirString(xcn.degree);
  return filled({
    resourceType: 'Practitioner' as const,
    identifier: some([identifier]),
    name: some([name]),
    qualification: degree === undefined ? undefined : [{ code: { text: degree } }],
  });
}

function readPersonNumber(xcn: Xcn, namespaces: Namespaces): Identifier | undefined {
  const value = toFhirString(xcn.idNumber);
  if (value === undefined) return undefined;
  const code = toFhirString(xcn.identifierTypeCode);
  const authority = xcn.assigningAuthority && systemOfAuthority(xcn.assigningAuthority, namespaces);
  return filled({
    type: code === undefined ? undefined : { coding: [{ system: V2_0203, code }] },
    system: authority ?? (code === 'NPI' ? NPI : undefined),
    value,
  });
}

/** `1999999984^Okafor^Ngozi^R^^^MD^^&2.16.840.1.113883.4.6&ISO^L^^^NPI`; the NPI before any other number. */
export function writePractitioner(practitioner: Practitioner, namespaces: Namespaces): Xcn {
  const { identifier: identifiers = [], name, qualification } = practitioner;
  const identifier = identifiers.find(({ system }) => system === NPI) ?? identifiers[0];
  const current = currentName(name);
  const degree = qualification?.[0]?.code;
  return {
    idNumber: identifier?.value,
    ...(current !== undefined && writeWords(current)),
    degree: degree?.text ?? degree?.coding?.[0]?.code,
    assigningAuthority: authorityOfSystem(identifier?.system, namespaces),
    nameTypeCode: current && identifier && (nameTypeOf(current.use) ?? 'L'),
    identifierTypeCode:
      identifier && (typeCodeOf(identifier) ?? (identifier.system === NPI ? 'NPI' : undefined)),
  };
}
