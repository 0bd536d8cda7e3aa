/** Social history: smoking and the like as Observations; birth sex and gender identity belong to the patient. */
import type { Extension } from '../../../fhir/types.ts';
import type { XmlElement } from '../../../xml/tree.ts';
import { attributeOf, childOf, hasTemplate, isNegated } from '../../element.ts';
import { readConcept } from '../concept.ts';
import { TEMPLATES, type EntryContext } from '../entry.ts';
import { lose, type Converted, type Reading } from '../reading.ts';
import { isNullified } from '../standing.ts';
import { loincOf, readObservation } from './result.ts';

const US_CORE = 'http://hl7.org/fhir/us/core/StructureDefinition';

/** Adds what an observation of social history says. */
export function readSocial(context: EntryContext, observation: XmlElement): void {
  const { reading } = context;
  const code = loincOf(observation);
  const isOfPatient = code === '76691-5' || isBirthSex(observation, code);
  if (isOfPatient && (isNegated(observation) || isNullified(reading, observation)))
    lose(reading, 'unmapped', observation, 'what the patient is not has no place in FHIR');
  else if (isBirthSex(observation, code)) readBirthSex(reading, observation);
  else if (code === '76691-5') readGenderIdentity(reading, observation);
  else readObservation(context, observation, 'social-history');
}

const isBirthSex = (observation: XmlElement, code: string | undefined): boolean =>
  code === '76689-9' || hasTemplate(observation, `${TEMPLATES}.4.200`);

function readBirthSex(reading: Reading, observation: XmlElement): void {
  const code = attributeOf(childOf(observation, 'value'), 'code');
  if (code === 'M' || code === 'F' || code === 'UNK')
    extendPatient(reading, { url: `${US_CORE}/us-core-birthsex`, valueCode: code });
  else lose(reading, 'unmapped', observation, 'the sex at birth is none of M, F and UNK');
}

function readGenderIdentity(reading: Reading, observation: XmlElement): void {
  const valueCodeableConcept = readConcept(reading, childOf(observation, 'value'));
  if (valueCodeableConcept === undefined)
    lose(reading, 'unmapped', observation, 'the gender identity has no value');
  else extendPatient(reading, { url: `${US_CORE}/us-core-genderIdentity`, valueCodeableConcept });
}

/** Adds an extension to the patient of the document; the first of a kind stays. */
function extendPatient({ resources }: Reading, extension: Extension): void {
  const index = resources.findIndex(({ resourceType }) => resourceType === 'Patient');
  const patient = resources[index];
  if (patient === undefined) return;
  const known = (patient['extension'] ?? []) as readonly Extension[]; // readPatient's
  if (known.some(({ url }) => url === extension.url)) return;
  resources[index] = { ...patient, extension: [...known, extension] } satisfies Converted;
}
