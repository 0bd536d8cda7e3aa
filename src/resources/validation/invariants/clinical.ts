/** Invariants of clinical and medication resources. */
import { isSurelyAfter } from '../moments.ts';
import {
  atLeastOne,
  codings,
  has,
  notBoth,
  row,
  together,
  treeOf,
  treesOf,
  UCUM,
  type Invariant,
  type Tree,
} from './row.ts';

export const CLINICAL: Readonly<Record<string, readonly Invariant[]>> = {
  Condition: [
    row(
      'con-4',
      'an abated condition is inactive, resolved or in remission',
      (condition) =>
        !has(condition, 'abatement[x]') ||
        codings(condition, 'clinicalStatus').some(
          ({ system, code }) =>
            system === 'http://terminology.hl7.org/CodeSystem/condition-clinical' &&
            ['resolved', 'remission', 'inactive'].includes(String(code)),
        ),
    ),
    row(
      'con-5',
      'what is entered in error has no clinicalStatus',
      (condition) =>
        !has(condition, 'clinicalStatus') ||
        !codings(condition, 'verificationStatus').some(
          ({ system, code }) =>
            system === 'http://terminology.hl7.org/CodeSystem/condition-ver-status' &&
            code === 'entered-in-error',
        ),
    ),
  ],
  'Condition.stage': [atLeastOne('con-1', 'summary', 'assessment')],
  'Condition.evidence': [atLeastOne('con-2', 'code', 'detail')],
  Observation: [
    notBoth('obs-6', 'dataAbsentReason', 'value[x]'),
    row(
      'obs-7',
      'with a component of the same code there is no value',
      (observation) =>
        !has(observation, 'value[x]') ||
        !treesOf(observation, 'component').some((component) => shareCoding(component, observation)),
    ),
  ],
  'Observation.referenceRange': [atLeastOne('obs-3', 'low', 'high', 'text')],

  AllergyIntolerance: [
    row(
      'ait-1',
      'clinicalStatus must be there unless it was entered in error',
      (allergy) => isAllergyError(allergy) || has(allergy, 'clinicalStatus'),
    ),
    row(
      'ait-2',
      'what is entered in error has no clinicalStatus',
      (allergy) => !isAllergyError(allergy) || !has(allergy, 'clinicalStatus'),
    ),
  ],
  FamilyMemberHistory: [notBoth('fhs-1', 'age[x]', 'born[x]'), together('fhs-2', 'estimatedAge', 'age[x]')],
  'Goal.target': [together('gol-1', 'detail[x]', 'measure')],
  'Immunization.education': [atLeastOne('imm-1', 'documentType', 'reference')],
  'MedicationAdministration.dosage': [atLeastOne('mad-1', 'dose', 'rate[x]')],
  MedicationDispense: [
    row(
      'mdd-1',
      'whenHandedOver must not be before whenPrepared',
      ({ whenPrepared, whenHandedOver }) => !isSurelyAfter(whenPrepared, whenHandedOver),
    ),
  ],
  'QuestionnaireResponse.item': [notBoth('qrs-1', 'answer', 'item')],
  'RiskAssessment.prediction': [
    row('ras-1', 'low and high of a probability are percentages, in UCUM', (prediction) =>
      ['low', 'high'].every((end) => isPercentage(treeOf(prediction, 'probabilityRange')[end])),
    ),
    row(
      'ras-2',
      'a probability is at most 100',
      (prediction) => !(Number(prediction['probabilityDecimal']) > 100),
    ),
  ],
};

function shareCoding(one: Tree, other: Tree): boolean {
  const texts = new Set(codings(one, 'code').map((coding) => JSON.stringify(coding)));
  return codings(other, 'code').some((coding) => texts.has(JSON.stringify(coding)));
}

function isAllergyError(allergy: Tree): boolean {
  return codings(allergy, 'verificationStatus').some(
    ({ system, code }) =>
      system === 'http://terminology.hl7.org/CodeSystem/allergyintolerance-verification' &&
      code === 'entered-in-error',
  );
}

function isPercentage(quantity: unknown): boolean {
  if (quantity === undefined) return true;
  const { code, system } = quantity as Tree; // asked only of what is sound
  return code === '%' && system === UCUM;
}
