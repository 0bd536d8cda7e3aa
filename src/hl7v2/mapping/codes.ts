/**
 * Codes that the two sides write differently, as tables: HL7 v2 ⇄ FHIR R4. Where several codes of one side stand for
 * one code of the other, the server writes the first row back; losses.ts then says which meaning is lost.
 */

/** Pairs of a v2 code and a FHIR code. */
type Table = readonly (readonly [v2: string, fhir: string])[];

const toFhir = (table: Table) => {
  const map = new Map(table);
  return (code: string | undefined): string | undefined => code && map.get(code);
};

const toV2 = (table: Table) => {
  const map = new Map(table.toReversed().map(([v2, fhir]) => [fhir, v2]));
  return (code: string | undefined): string | undefined => code && map.get(code);
};

/** Name of coding system (table 0396, CWE.3) ⇄ CodeableConcept.coding.system. */
// prettier-ignore
const CODING_SYSTEMS: Table = [
  ['SCT',     'http://snomed.info/sct'],
  ['SNM',     'http://snomed.info/sct'],
  ['SNOMED',  'http://snomed.info/sct'],
  ['SNOMEDCT','http://snomed.info/sct'],
  ['LN',      'http://loinc.org'],
  ['LOINC',   'http://loinc.org'],
  ['I10',     'http://hl7.org/fhir/sid/icd-10-cm'],
  ['I10C',    'http://hl7.org/fhir/sid/icd-10-cm'],
  ['ICD10',   'http://hl7.org/fhir/sid/icd-10-cm'],
  ['I9C',     'http://hl7.org/fhir/sid/icd-9-cm'],
  ['I9CDX',   'http://hl7.org/fhir/sid/icd-9-cm'],
  ['C4',      'http://www.ama-assn.org/go/cpt'],
  ['CPT',     'http://www.ama-assn.org/go/cpt'],
  ['HCPCS',   'http://terminology.hl7.org/CodeSystem/HCPCS'],
  ['RXNORM',  'http://www.nlm.nih.gov/research/umls/rxnorm'],
  ['NDC',     'http://hl7.org/fhir/sid/ndc'],
  ['CVX',     'http://hl7.org/fhir/sid/cvx'],
  ['UCUM',    'http://unitsofmeasure.org'],
  ['CDCREC',  'urn:oid:2.16.840.1.113883.6.238'],
  ['ISO639',  'urn:ietf:bcp:47'],
  ['NUCC',    'http://nucc.org/provider-taxonomy'],
];

const systemOfName = toFhir(CODING_SYSTEMS);
const nameOfSystem = toV2(CODING_SYSTEMS);

/** HL7's own tables: `HL70278` ⇄ `http://terminology.hl7.org/CodeSystem/v2-0278`. */
const V2_TABLE = 'http://terminology.hl7.org/CodeSystem/v2-';

/** Local codes are a facility's own: `L`, `99abc` (table 0396). */
const LOCAL_CODES = 'https://closeloop.dev/fhir/local-codes/';
const LOCAL = /^(?:L|99.{0,60})$/;

/**
 * The system of a coding by its CWE.3; undefined when that is empty, or a name that no table has: such a code is kept
 * as text. Local codes belong to `facility`.
 */
export function systemOfCodingSystem(name: string | undefined, facility: string): string | undefined {
  if (name === undefined) return undefined;
  const table = V2_TABLE_NAME.exec(name)?.[1];
  if (table !== undefined) return V2_TABLE + table;
  if (URI.test(name)) return name;
  return (
    systemOfName(name) ??
    (LOCAL.test(name)
      ? LOCAL_CODES + encodeURIComponent(facility) + '/' + encodeURIComponent(name)
      : undefined)
  );
}

const V2_TABLE_NAME = /^HL7(\d{4})$/;

/** Whether a name of a coding system (CWE.3) identifies one. */
export const isKnownCodingSystem = (name: string): boolean => systemOfCodingSystem(name, 'any') !== undefined;

/** CWE.3 of a coding's system: a name of table 0396, the name of a local code, else the URI itself. */
export function codingSystemOf(system: string | undefined): string | undefined {
  if (system === undefined) return undefined;
  if (system.startsWith(V2_TABLE)) return `HL7${system.slice(V2_TABLE.length)}`;
  if (!system.startsWith(LOCAL_CODES)) return nameOfSystem(system) ?? system;
  return decoded(system.slice(system.lastIndexOf('/') + 1)) ?? system;
}

/** A decoded name. Undefined when it is not well encoded: a client may have written such a system itself. */
function decoded(name: string): string | undefined {
  try {
    return decodeURIComponent(name);
  } catch {
    return undefined;
  }
}

const URI = /^(?:https?:\/\/|urn:)\S+$/;

/** Administrative sex (table 0001) ⇄ Patient.gender. */
const GENDERS: Table = [
  ['M', 'male'],
  ['F', 'female'],
  ['O', 'other'],
  ['U', 'unknown'],
  ['A', 'other'],
  ['N', 'other'],
];
export const genderOf = toFhir(GENDERS);
export const sexOf = toV2(GENDERS);

/** Extended priority codes (table 0485) ⇄ ServiceRequest.priority; *urgent* has no code there and travels as text. */
const PRIORITIES: Table = [
  ['R', 'routine'],
  ['A', 'asap'],
  ['S', 'stat'],
];
export const priorityOf = toFhir(PRIORITIES);
export const priorityCodeOf = toV2(PRIORITIES);

/** Name type (table 0200) ⇄ HumanName.use. */
const NAME_TYPES: Table = [
  ['L', 'official'],
  ['D', 'usual'],
  ['M', 'maiden'],
  ['N', 'nickname'],
  ['S', 'anonymous'],
  ['TEMP', 'temp'],
  ['NOUSE', 'old'],
];
export const nameUseOf = toFhir(NAME_TYPES);
export const nameTypeOf = toV2(NAME_TYPES);

/** Address type (table 0190) ⇄ Address.use. */
const ADDRESS_TYPES: Table = [
  ['H', 'home'],
  ['B', 'work'],
  ['O', 'work'],
  ['C', 'temp'],
  ['BA', 'old'],
  ['BI', 'billing'],
];
export const addressUseOf = toFhir(ADDRESS_TYPES);
export const addressTypeOf = toV2(ADDRESS_TYPES);

/** Telecommunication equipment type (table 0202) ⇄ ContactPoint.system. */
const EQUIPMENT: Table = [
  ['PH', 'phone'],
  ['CP', 'phone'],
  ['SAT', 'phone'],
  ['FX', 'fax'],
  ['BP', 'pager'],
  ['Internet', 'email'],
  ['X.400', 'email'],
];
export const contactSystemOf = toFhir(EQUIPMENT);
export const equipmentOf = toV2(EQUIPMENT);

/** Telecommunication use (table 0201) ⇄ ContactPoint.use. */
const CONTACT_USES: Table = [
  ['PRN', 'home'],
  ['ORN', 'home'],
  ['WPN', 'work'],
  ['VHN', 'temp'],
  ['PRS', 'mobile'],
];
export const contactUseOf = toFhir(CONTACT_USES);
export const contactCodeOf = toV2(CONTACT_USES);

/** Confidentiality (table 0177; 360X uses N, R and V) ⇄ v3 Confidentiality of meta.security. */
const CONFIDENTIALITIES: Table = [
  ['N', 'N'],
  ['U', 'N'],
  ['R', 'R'],
  ['V', 'V'],
];
export const confidentialityOf = toFhir(CONFIDENTIALITIES);
export const CONFIDENTIALITY_SYSTEM = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';

/** Ethnic group (table 0189) ⇄ CDC Race & Ethnicity, which US Core uses. */
export const ETHNICITIES: Table = [
  ['H', '2135-2'],
  ['N', '2186-5'],
];
export const ethnicityOf = toFhir(ETHNICITIES);

/** Filler status (table 0278), by the status of the Appointment. */
const FILLER_STATUSES: Table = [
  ['Booked', 'booked'],
  ['Cancelled', 'cancelled'],
  ['Noshow', 'noshow'],
];
export const fillerStatusOf = toV2(FILLER_STATUSES);

/** Units of CQ.2 (TQ1-6) and of AIP-10, in seconds. */
export const UNIT_SECONDS: ReadonlyMap<string, number> = new Map([
  ['s', 1],
  ['sec', 1],
  ['min', 60],
  ['m', 60],
  ['h', 3600],
  ['hr', 3600],
  ['d', 86_400],
  ['day', 86_400],
  ['days', 86_400],
  ['wk', 604_800],
  ['w', 604_800],
]);

/** Units of the calendar, in months. */
export const UNIT_MONTHS: ReadonlyMap<string, number> = new Map([
  ['mo', 1],
  ['l', 1],
  ['a', 12],
  ['y', 12],
]);

/** Identifier types as senders write them ⇄ table 0203. */
const IDENTIFIER_TYPES: Table = [['MRN', 'MR']];
const identifierTypeOf = toFhir(IDENTIFIER_TYPES);

/** The code of table 0203 for the text of a sender. */
export const identifierTypeNamed = (code: string): string => identifierTypeOf(code) ?? code;

/** The types of ED and MIME (tables 0191, 0834 and 0291, in lower case: type/subtype) ⇄ Attachment.contentType. */
const CONTENT_TYPES: Table = [
  ['application/pdf', 'application/pdf'],
  ['ap/pdf', 'application/pdf'],
  ['text/xml', 'text/xml'],
  ['text/plain', 'text/plain'],
  ['text/html', 'text/html'],
  ['text/rtf', 'text/rtf'],
  ['application/rtf', 'text/rtf'],
  ['application/xml', 'text/xml'],
  ['application/hl7-cda+xml', 'application/hl7-cda+xml'],
  ['text/hl7-cda+xml', 'application/hl7-cda+xml'],
  ['application/hl7-cda', 'application/hl7-cda+xml'],
  ['text/x-hl7-cda-level-one', 'text/xml'],
  ['application/x-hl7-cda-level-one', 'text/xml'],
  ['text/cda', 'text/xml'],
  ['application/cda', 'text/xml'],
  ['text/', 'text/plain'],
  ['tx/', 'text/plain'],
  ['ft/', 'text/plain'],
  ['image/jpeg', 'image/jpeg'],
  ['image/png', 'image/png'],
  ['image/tiff', 'image/tiff'],
];
export const contentTypeOf = toFhir(CONTENT_TYPES);

/** Results that say nothing any more, or not yet (table 0085), and what becomes of the values that they sent before. */
// prettier-ignore
const WITHDRAWN: ReadonlyMap<string, Withdrawn> = new Map([
  ['W', 'entered-in-error'], // wrong, for example another patient's
  ['D', 'entered-in-error'], // deleted
  ['X', 'superseded'],       // cannot be obtained
]);

/** Documents that are not available any more (table 0273). */
const UNAVAILABLE: ReadonlyMap<string, Withdrawn> = new Map([
  ['CA', 'entered-in-error'], // deleted
  ['OB', 'superseded'],
]);

/** Table 0085: what a result may be. */
const RESULTS: ReadonlySet<string> = new Set('BCDFINOPRSUVWX');
export const isResultStatus = (code: string): boolean => RESULTS.has(code.toUpperCase());

/**
 * DocumentReference.status of a note that its author takes back. Small letters count, too: nobody means anything else
 * by them.
 */
type Withdrawn = 'superseded' | 'entered-in-error';

export const withdrawnBy = (resultStatus: string | undefined): Withdrawn | undefined =>
  WITHDRAWN.get(resultStatus?.toUpperCase() ?? '');
export const unavailableBy = (availability: string | undefined): Withdrawn | undefined =>
  UNAVAILABLE.get(availability?.toUpperCase() ?? '');
/** Whether the server reads a code of table 0273: available, or withdrawn. */
export const isAvailabilityRead = (code: string): boolean =>
  code.toUpperCase() === 'AV' || unavailableBy(code) !== undefined;

/** Completion of a document (table 0271) ⇄ DocumentReference.docStatus. */
const COMPLETIONS: Table = [
  ['AU', 'final'],
  ['LA', 'final'],
  ['DO', 'final'],
  ['PA', 'preliminary'],
  ['IN', 'preliminary'],
  ['IP', 'preliminary'],
  ['DI', 'preliminary'],
];
export const docStatusOf = toFhir(COMPLETIONS);
export const completionOf = toV2(COMPLETIONS);
