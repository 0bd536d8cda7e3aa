/**
 * Code systems and identifier systems: the OID that C-CDA writes and the URI that FHIR writes. An OID that is not listed
 * is `urn:oid:` and itself, both ways.
 */

const HL7 = '2.16.840.1.113883';
const V3 = 'http://terminology.hl7.org/CodeSystem/v3-';

/** The first row of an OID or of a URI is the one that is written. */
export const SYSTEMS: readonly (readonly [oid: string, uri: string])[] = [
  [`${HL7}.6.96`, 'http://snomed.info/sct'],
  [`${HL7}.6.1`, 'http://loinc.org'],
  [`${HL7}.6.88`, 'http://www.nlm.nih.gov/research/umls/rxnorm'],
  [`${HL7}.6.90`, 'http://hl7.org/fhir/sid/icd-10-cm'],
  [`${HL7}.6.103`, 'http://hl7.org/fhir/sid/icd-9-cm'],
  [`${HL7}.6.4`, 'http://www.cms.gov/Medicare/Coding/ICD10'],
  [`${HL7}.6.104`, 'http://hl7.org/fhir/sid/icd-9-cm'],
  [`${HL7}.6.3`, 'http://hl7.org/fhir/sid/icd-10'],
  [`${HL7}.6.12`, 'http://www.ama-assn.org/go/cpt'],
  [`${HL7}.6.285`, 'https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets'],
  [`${HL7}.6.13`, 'http://www.ada.org/cdt'],
  [`${HL7}.12.292`, 'http://hl7.org/fhir/sid/cvx'],
  [`${HL7}.12.227`, 'http://hl7.org/fhir/sid/mvx'],
  [`${HL7}.6.69`, 'http://hl7.org/fhir/sid/ndc'],
  [`${HL7}.4.9`, 'http://fdasis.nlm.nih.gov'],
  [`${HL7}.3.26.1.5`, 'http://hl7.org/fhir/ndfrt'],
  [`${HL7}.6.345`, 'http://va.gov/terminology/medrt'],
  [`${HL7}.3.26.1.1`, 'http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl'],
  [`${HL7}.6.8`, 'http://unitsofmeasure.org'],
  [`${HL7}.6.101`, 'http://nucc.org/provider-taxonomy'],
  [`${HL7}.6.238`, `urn:oid:${HL7}.6.238`],
  [`${HL7}.6.259`, 'https://www.cdc.gov/nhsn/cdaportal/terminology/codesystem/hsloc.html'],
  [`${HL7}.6.50`, 'https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set'],
  [`${HL7}.3.221.5`, 'https://nahdo.org/sopt'],
  [`${HL7}.12.112`, 'http://terminology.hl7.org/CodeSystem/v2-0112'],
  [`${HL7}.6.301.5`, 'https://www.nubc.org/CodeSystem/PatDischargeStatus'],
  ['1.0.3166.1.2.2', 'urn:iso:std:iso:3166'],
  [`${HL7}.6.121`, 'urn:ietf:bcp:47'],
  [`${HL7}.5.4`, `${V3}ActCode`],
  [`${HL7}.5.6`, `${V3}ActClass`],
  [`${HL7}.5.1001`, `${V3}ActMood`],
  [`${HL7}.5.14`, `${V3}ActStatus`],
  [`${HL7}.5.8`, `${V3}ActReason`],
  [`${HL7}.5.7`, `${V3}ActPriority`],
  [`${HL7}.5.1`, `${V3}AdministrativeGender`],
  [`${HL7}.5.2`, `${V3}MaritalStatus`],
  [`${HL7}.5.111`, `${V3}RoleCode`],
  [`${HL7}.5.110`, `${V3}RoleClass`],
  [`${HL7}.5.90`, `${V3}ParticipationType`],
  [`${HL7}.5.88`, `${V3}ParticipationFunction`],
  [`${HL7}.5.25`, `${V3}Confidentiality`],
  [`${HL7}.5.1008`, `${V3}NullFlavor`],
  [`${HL7}.5.83`, `${V3}ObservationInterpretation`],
  [`${HL7}.5.1063`, `${V3}ObservationValue`],
  [`${HL7}.5.1076`, `${V3}ReligiousAffiliation`],
  [`${HL7}.5.60`, `${V3}LanguageAbilityMode`],
  [`${HL7}.5.61`, `${V3}LanguageAbilityProficiency`],
  [`${HL7}.5.45`, `${V3}EntityNameUse`],
  [`${HL7}.5.1119`, `${V3}AddressUse`],
  [`${HL7}.18.108`, 'http://terminology.hl7.org/CodeSystem/v2-0203'],
  [`${HL7}.4.1`, 'http://hl7.org/fhir/sid/us-ssn'],
  [`${HL7}.4.6`, 'http://hl7.org/fhir/sid/us-npi'],
  [`${HL7}.4.873`, 'urn:ietf:rfc:3986'],
  // read, and never written
  [`${HL7}.12.203`, 'http://terminology.hl7.org/CodeSystem/v2-0203'],
  [`${HL7}.6.59`, 'http://hl7.org/fhir/sid/cvx'],
  [`${HL7}.6.60`, 'http://hl7.org/fhir/sid/mvx'],
  [`${HL7}.6.42`, 'http://hl7.org/fhir/sid/icd-9-cm'],
  [`${HL7}.3.88.12.3221.8.9`, 'http://snomed.info/sct'],
  [`${HL7}.3.26.1.1`, 'http://ncithesaurus-stage.nci.nih.gov'],
];

const firstOf = (rows: readonly (readonly [string, string])[]): ReadonlyMap<string, string> =>
  new Map(rows.toReversed());

const URI_OF = firstOf(SYSTEMS);
const OID_OF = firstOf(SYSTEMS.map(([oid, uri]) => [uri, oid] as const));

/** Identifier systems whose root alone names a kind of number and nobody: without an extension such an id says nothing. */
export const NUMBERING_ROOTS: ReadonlySet<string> = new Set(
  ['4.1', '4.2', '4.6', '4.7', '4.814'].map((arc) => `${HL7}.${arc}`),
);

/** The root of identifiers that are URIs: the extension is the URI. */
export const URI_ROOT = `${HL7}.4.873`;

const OID = /^[0-2](?:\.(?:0|[1-9]\d*))+$/;

/** The URI of an OID; undefined for what is no OID. */
export const uriOfOid = (oid: string): string | undefined =>
  URI_OF.get(oid) ?? (OID.test(oid) ? `urn:oid:${oid}` : undefined);

/** The OID of a URI; undefined where C-CDA has no name for the system. */
export const oidOfUri = (uri: string): string | undefined => {
  const known = OID_OF.get(uri);
  if (known !== undefined) return known;
  const oid = uri.startsWith('urn:oid:') ? uri.slice('urn:oid:'.length) : '';
  return OID.test(oid) ? oid : undefined;
};

export const SNOMED = 'http://snomed.info/sct';
export const LOINC = 'http://loinc.org';
export const UCUM = 'http://unitsofmeasure.org';
