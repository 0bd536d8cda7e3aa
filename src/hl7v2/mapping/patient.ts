/** PID (HL7 v2.5.1, 3.4.2) ⇄ Patient. The server sends only numbers that are the initiator's or the recipient's own. */
import type { CodeableConcept, ContactPoint, Extension, Identifier, Patient } from '../../fhir/types.ts';
import type { Cwe } from '../datatypes.ts';
import type { SegmentDraft } from '../layout.ts';
import type { Pid } from '../segments/pid.ts';
import type { Namespaces } from './authority.ts';
import { ETHNICITIES, ethnicityOf, genderOf, sexOf } from './codes.ts';
import { readConcept, writeConcept } from './concept.ts';
import { readAddress, readTelecom, writeAddress, writeTelecom } from './contact.ts';
import { readPatientNumber, typeCodeOf, writePatientNumber } from './identity.ts';
import { readDate, writeDateTime } from './moment.ts';
import { currentName, readName, writeName } from './person.ts';
import { filled, some } from './plain.ts';

/** The Patient that a PID describes; local codes belong to `facility`. */
export function readPatient(pid: Pid, namespaces: Namespaces, facility: string): Patient {
  const language = pid.primaryLanguage && readConcept(pid.primaryLanguage, facility);
  return filled({
    resourceType: 'Patient' as const,
    extension: some([
      ...readGroups(RACE, pid.race, facility),
      ...readGroups(ETHNICITY, pid.ethnicGroup.map(toCdc), facility),
    ]),
    identifier: some(pid.patientIdentifierList.map((cx) => readPatientNumber(cx, namespaces))),
    name: some(pid.patientName.map(readName)),
    telecom: some([
      ...pid.phoneNumberHome.map((xtn) => readTelecom(xtn)),
      ...pid.phoneNumberBusiness.map((xtn) => readTelecom(xtn, 'work')),
    ]),
    gender: genderOf(pid.administrativeSex) as Patient['gender'], // the table's
    birthDate: pid.dateTimeOfBirth && readDate(pid.dateTimeOfBirth),
    address: some(pid.patientAddress.map(readAddress)),
    communication: language && [{ language, preferred: true }],
  });
}

/** A Patient as PID, with these numbers in this order. */
export function writePatient(
  patient: Patient,
  numbers: readonly Identifier[],
  namespaces: Namespaces,
): SegmentDraft<Pid> {
  const { name, telecom = [], address = [], communication = [] } = patient;
  const current = currentName(name);
  const others = (name ?? []).filter((one) => one !== current);
  return {
    setId: '1',
    patientIdentifierList: numbers.map((identifier) => writePatientNumber(identifier, namespaces)),
    patientName: [...(current === undefined ? [] : [current]), ...others].map(writeName),
    dateTimeOfBirth: writeDateTime(patient.birthDate),
    administrativeSex: sexOf(patient.gender),
    race: writeGroups(RACE, patient),
    patientAddress: address.map(writeAddress),
    phoneNumberHome: telecom.filter((contact) => !isWork(contact)).map(writeTelecom),
    phoneNumberBusiness: telecom.filter(isWork).map(writeTelecom),
    primaryLanguage: writeConcept(
      (communication.find(({ preferred }) => preferred) ?? communication[0])?.language,
    ),
    ethnicGroup: writeGroups(ETHNICITY, patient).map(fromCdc),
  };
}

/** The systems of the parties' numbers of a patient; undefined for an authority that could not be identified. */
export interface PatientSystems {
  readonly initiator: readonly (string | undefined)[];
  readonly recipient: readonly (string | undefined)[];
}

/**
 * The numbers of a patient to send: first the initiator's own, then the recipient's if it may follow. Never a number of
 * another type: a social security number is nobody's record number.
 */
export function numbersToSend(patient: Patient, systems: PatientSystems): readonly Identifier[] {
  const all = (patient.identifier ?? []).filter(({ value }) => value !== undefined);
  const of = (wanted: readonly (string | undefined)[]) =>
    wanted.flatMap((system) => all.filter((identifier) => identifier.system === system));
  const own = of(systems.initiator);
  const first = own.length > 0 ? own : all.filter((one) => typeCodeOf(one) === 'MR').slice(0, 1);
  const untyped = all.filter(({ type }) => type === undefined).slice(0, 1);
  return [...new Set([...(first.length > 0 ? first : untyped), ...of(systems.recipient)])];
}

const isWork = ({ use }: ContactPoint): boolean => use === 'work';

// — race and ethnicity as US Core has them: extensions with codings and a text

const US_CORE = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-';
const RACE = `${US_CORE}race`;
const ETHNICITY = `${US_CORE}ethnicity`;
const CDC = 'urn:oid:2.16.840.1.113883.6.238';
/** The names of CDC Race & Ethnicity in CWE.3; table 0005 has the same codes. */
const CDC_NAMES: ReadonlySet<string> = new Set(['HL70005', 'CDCREC', 'CDCREC1', '']);

function readGroups(url: string, groups: readonly Cwe[], facility: string): readonly Extension[] {
  const concepts = groups.flatMap((group) => readConcept(withoutAlternate(asCdc(group)), facility) ?? []);
  if (concepts.length === 0) return [];
  const codings = concepts.flatMap(({ coding = [] }) => coding.filter(({ system }) => system === CDC));
  const [categories, max] = CATEGORIES[url] ?? [[], 0];
  const broad = codings.filter(({ code }) => categories.includes(code ?? '')).slice(0, max);
  return [
    {
      url,
      extension: [
        ...codings.map((valueCoding) => ({
          url: broad.includes(valueCoding) ? 'ombCategory' : 'detailed',
          valueCoding,
        })),
        { url: 'text', valueString: concepts.map(wordsOf).join(', ') },
      ],
    },
  ];
}

/**
 * The categories of the Office of Management and Budget, and how many a patient may have; all other codes are detailed
 * ones.
 */
const CATEGORIES: Readonly<Record<string, readonly [codes: readonly string[], max: number]>> = {
  [RACE]: [['1002-5', '2028-9', '2054-5', '2076-8', '2106-3'], 5],
  [ETHNICITY]: [['2135-2', '2186-5'], 1],
};

/** US Core has one coding for a race. */
const withoutAlternate = ({ identifier, text, nameOfCodingSystem, originalText }: Cwe): Cwe => ({
  identifier,
  text,
  nameOfCodingSystem,
  originalText,
});

const asCdc = (group: Cwe): Cwe =>
  group.identifier !== undefined && CDC_NAMES.has(group.nameOfCodingSystem ?? '')
    ? { ...group, nameOfCodingSystem: 'CDCREC' }
    : group;

const wordsOf = ({ text, coding }: CodeableConcept): string =>
  text ?? coding?.[0]?.display ?? coding?.[0]?.code ?? '';

function writeGroups(url: string, { extension = [] }: Patient): readonly Cwe[] {
  const parts = extension.find((one) => one.url === url)?.extension ?? [];
  const codings = parts.flatMap(({ valueCoding }) => valueCoding ?? []);
  const text = parts.find((part) => part.url === 'text')?.valueString;
  if (codings.length === 0) return text === undefined ? [] : [{ text }];
  return codings.map((coding) => writeConcept({ coding: [coding] }) ?? {});
}

/** Table 0189 has its own letters. */
function toCdc(group: Cwe): Cwe {
  const code = ethnicityOf(group.identifier);
  return code === undefined ? group : { ...group, identifier: code, nameOfCodingSystem: 'CDCREC' };
}

const ETHNIC_GROUPS = new Map(ETHNICITIES.map(([v2, fhir]) => [fhir, v2]));

function fromCdc(group: Cwe): Cwe {
  const letter = ETHNIC_GROUPS.get(group.identifier ?? '');
  return letter === undefined ? group : { ...group, identifier: letter, nameOfCodingSystem: 'HL70189' };
}
