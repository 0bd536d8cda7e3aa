/** The patient of a document (recordTarget), as a US Core Patient. */
import { table } from '../table.ts';
import type { CodeableConcept, Coding, Extension, Reference } from '../../fhir/types.ts';
import type { XmlElement } from '../../xml/tree.ts';
import { at, attributeOf, childOf, childrenOf, lineOf, nullFlavorOf } from '../element.ts';
import { GENDERS } from '../concepts.ts';
import { readCodings, readConcept } from './concept.ts';
import { readIdentifiers } from './identifier.ts';
import { readOrganization } from './parties.ts';
import { readAddresses, readNames, readTelecoms } from './person.ts';
import { add, lose, trimmed, type Reading } from './reading.ts';
import { readDate, readTime } from './time.ts';

const US_CORE = 'http://hl7.org/fhir/us/core/StructureDefinition';
const PATIENT = 'http://hl7.org/fhir/StructureDefinition/patient';

/** Adds the patient. */
export function readPatient(reading: Reading): Reference {
  const role = at(reading.document.root, 'recordTarget', 'patientRole');
  const patient = childOf(role, 'patient');
  const organization = readOrganization(reading, childOf(role, 'providerOrganization'));
  return add(reading, {
    resourceType: 'Patient',
    extension: extensionsOf(reading, patient),
    identifier: readIdentifiers(reading, role),
    name: readNames(reading, patient),
    telecom: readTelecoms(reading, role),
    gender: genderOf(reading, childOf(patient, 'administrativeGenderCode')),
    birthDate: readDate(reading, childOf(patient, 'birthTime')),
    _birthDate: birthTimeOf(reading, childOf(patient, 'birthTime')),
    ...deathOf(reading, patient),
    address: readAddresses(reading, role),
    maritalStatus: maritalStatusOf(reading, childOf(patient, 'maritalStatusCode')),
    contact: childrenOf(patient, 'guardian').map((guardian) => guardianOf(reading, guardian)),
    communication: childrenOf(patient, 'languageCommunication').flatMap(
      (one) => languageOf(reading, one) ?? [],
    ),
    managingOrganization: organization,
  });
}

function genderOf(reading: Reading, code: XmlElement | undefined): string | undefined {
  if (code === undefined) return undefined;
  if (nullFlavorOf(code) !== undefined) return 'unknown';
  const gender = GENDERS[attributeOf(code, 'code')?.toUpperCase() ?? ''];
  if (gender === undefined) lose(reading, 'unmapped', code, 'the gender is none of M, F and UN');
  return gender ?? 'unknown';
}

function deathOf(reading: Reading, patient: XmlElement | undefined): object {
  const time = readTime(reading, childOf(patient, 'sdtc:deceasedTime'));
  if (time !== undefined) return { deceasedDateTime: time };
  const is = attributeOf(childOf(patient, 'sdtc:deceasedInd'), 'value');
  return is === undefined ? {} : { deceasedBoolean: is === 'true' || is === '1' };
}

/** The same codes on both sides; common law marriage has another. */
function maritalStatusOf(reading: Reading, element: XmlElement | undefined): CodeableConcept | undefined {
  const status = readConcept(reading, element);
  const coding = status?.coding?.map((one) =>
    one.code === 'C' && one.system?.endsWith('v3-MaritalStatus') === true ? { ...one, code: 'T' } : one,
  );
  return status === undefined || coding === undefined ? status : { ...status, coding };
}

function extensionsOf(reading: Reading, patient: XmlElement | undefined): readonly Extension[] {
  const religion = readConcept(reading, childOf(patient, 'religiousAffiliationCode'));
  const [birthplace] = readAddresses(reading, at(patient, 'birthplace', 'place'));
  return [
    ...raceOf(reading, patient, 'race', ['raceCode', 'sdtc:raceCode']),
    ...raceOf(reading, patient, 'ethnicity', ['ethnicGroupCode', 'sdtc:ethnicGroupCode']),
    ...(religion === undefined ? [] : [{ url: `${PATIENT}-religion`, valueCodeableConcept: religion }]),
    ...(birthplace === undefined ? [] : [{ url: `${PATIENT}-birthPlace`, valueAddress: birthplace }]),
  ];
}

/** The time of day of the birth stands beside the date. */
function birthTimeOf(reading: Reading, birth: XmlElement | undefined): object | undefined {
  const time = readTime(reading, birth);
  return time?.includes('T') === true
    ? { extension: [{ url: `${PATIENT}-birthTime`, valueDateTime: time }] }
    : undefined;
}

/** Categories of the OMB; any other code of the same system is a detail. */
const OMB: ReadonlySet<string> = new Set([
  '1002-5',
  '2028-9',
  '2054-5',
  '2076-8',
  '2106-3',
  '2135-2',
  '2186-5',
]);

const NULLS = 'http://terminology.hl7.org/CodeSystem/v3-NullFlavor';

/** Race or ethnicity as US Core has it: categories, details, and the words of all. */
function raceOf(
  reading: Reading,
  patient: XmlElement | undefined,
  kind: 'race' | 'ethnicity',
  names: readonly string[],
): readonly Extension[] {
  const elements = names.flatMap((name) => childrenOf(patient, name));
  if (elements.length === 0) return [];
  const codings = elements.flatMap((element) => readCodings(reading, element));
  const [nullFlavor] = elements.flatMap((element) => nullFlavorOf(element) ?? []);
  const unknown: readonly Coding[] =
    kind === 'race' && codings.length === 0 && nullFlavor !== undefined && /^(?:ASKU|UNK)$/.test(nullFlavor)
      ? [{ system: NULLS, code: nullFlavor }]
      : [];
  const [categories, details] = [codings.filter(isCategory), codings.filter((coding) => !isCategory(coding))];
  // One ethnicity, at most five races: more are details in words.
  const told = [...categories.slice(0, kind === 'race' ? 5 : 1), ...unknown];
  const text =
    codings.map(({ display, code }) => display ?? code ?? '').join(', ') ||
    (elements
      .map((element) => lineOf(childOf(element, 'originalText')))
      .find((words) => words !== undefined) ??
      'unknown');
  return [
    {
      url: `${US_CORE}/us-core-${kind}`,
      extension: [
        ...told.map((valueCoding) => ({ url: 'ombCategory', valueCoding })),
        ...details.map((valueCoding) => ({ url: 'detailed', valueCoding })),
        { url: 'text', valueString: text },
      ],
    },
  ];
}

const isCategory = ({ code }: Coding): boolean => OMB.has(code ?? '');

const ROLE_CODE = 'http://terminology.hl7.org/CodeSystem/v3-RoleCode';

function guardianOf(reading: Reading, guardian: XmlElement): object {
  const relationship = readConcept(reading, childOf(guardian, 'code'));
  const organization = readOrganization(reading, childOf(guardian, 'guardianOrganization'));
  return trimmed({
    relationship: [
      { coding: [{ system: ROLE_CODE, code: 'GUARD' }] },
      ...(relationship === undefined ? [] : [relationship]),
    ],
    name: readNames(reading, childOf(guardian, 'guardianPerson'))[0],
    telecom: readTelecoms(reading, guardian),
    address: readAddresses(reading, guardian)[0],
    organization,
  });
}

const PROFICIENCY = `${PATIENT}-proficiency`;

function languageOf(reading: Reading, element: XmlElement): object | undefined {
  const code = attributeOf(childOf(element, 'languageCode'), 'code');
  if (code === undefined) return undefined;
  const level = readCodings(reading, childOf(element, 'proficiencyLevelCode') ?? element)[0];
  const mode = readCodings(reading, childOf(element, 'modeCode') ?? element)[0];
  const preferred = attributeOf(childOf(element, 'preferenceInd'), 'value');
  return trimmed({
    extension:
      level === undefined && mode === undefined
        ? []
        : [
            {
              url: PROFICIENCY,
              extension: [
                ...(level === undefined ? [] : [{ url: 'level', valueCoding: level }]),
                ...(mode === undefined ? [] : [{ url: 'type', valueCoding: mode }]),
              ],
            },
          ],
    language: { coding: [{ system: 'urn:ietf:bcp:47', code: languageTag(code) }] },
    preferred: preferred === undefined ? undefined : preferred === 'true' || preferred === '1',
  });
}

/** `eng` and `en-us` as BCP 47 writes them. */
const languageTag = (code: string): string => {
  const [language = '', ...rest] = code.replaceAll('_', '-').split('-');
  const short = LONG_LANGUAGES[language.toLowerCase()] ?? language.toLowerCase();
  return [short, ...rest.map((part) => (part.length === 2 ? part.toUpperCase() : part))].join('-');
};

/** ISO 639-2 codes that documents carry, as ISO 639-1, which BCP 47 prefers. */
const LONG_LANGUAGES: Readonly<Record<string, string>> = table({
  eng: 'en',
  spa: 'es',
  fra: 'fr',
  fre: 'fr',
  deu: 'de',
  ger: 'de',
  zho: 'zh',
  chi: 'zh',
  vie: 'vi',
  rus: 'ru',
  kor: 'ko',
  ara: 'ar',
  por: 'pt',
  ita: 'it',
  jpn: 'ja',
});
