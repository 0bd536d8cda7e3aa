/**
 * The search parameters with the time of care, by resource type, for `start` and `end` of Patient/$everything ("the
 * date range relates to care dates, not record currency dates"). A type without a row has no time of care (Coverage,
 * RelatedPerson) and is always in range.
 */
import type { Clause } from '../ports/query.ts';
import { parseDateRange } from './search/range.ts';

export const CARE_DATES: Readonly<Record<string, readonly string[]>> = {
  Account: ['period'],
  AdverseEvent: ['date'],
  AllergyIntolerance: ['onset', 'last-date', 'date'],
  Appointment: ['date'],
  Basic: ['created'],
  CarePlan: ['date'],
  CareTeam: ['date'],
  ChargeItem: ['occurrence', 'entered-date'],
  Claim: ['created'],
  ClaimResponse: ['created'],
  ClinicalImpression: ['date'],
  Communication: ['sent', 'received'],
  CommunicationRequest: ['occurrence', 'authored'],
  Composition: ['date', 'period'],
  Condition: ['onset-date', 'abatement-date', 'recorded-date'],
  Consent: ['date'],
  CoverageEligibilityRequest: ['created'],
  CoverageEligibilityResponse: ['created'],
  DetectedIssue: ['identified'],
  DeviceRequest: ['event-date', 'authored-on'],
  DiagnosticReport: ['date', 'issued'],
  DocumentManifest: ['created'],
  DocumentReference: ['period', 'date'],
  Encounter: ['date'],
  EpisodeOfCare: ['date'],
  ExplanationOfBenefit: ['created'],
  FamilyMemberHistory: ['date'],
  Flag: ['date'],
  Goal: ['start-date', 'target-date'],
  ImagingStudy: ['started'],
  Immunization: ['date'],
  ImmunizationEvaluation: ['date'],
  ImmunizationRecommendation: ['date'],
  Invoice: ['date'],
  List: ['date'],
  MeasureReport: ['date', 'period'],
  Media: ['created'],
  MedicationAdministration: ['effective-time'],
  MedicationDispense: ['whenhandedover', 'whenprepared'],
  MedicationRequest: ['date', 'authoredon'],
  MedicationStatement: ['effective'],
  NutritionOrder: ['datetime'],
  Observation: ['date'],
  Procedure: ['date'],
  Provenance: ['when', 'recorded'],
  QuestionnaireResponse: ['authored'],
  RequestGroup: ['authored'],
  ResearchSubject: ['date'],
  RiskAssessment: ['date'],
  ServiceRequest: ['occurrence', 'authored'],
  Specimen: ['collected'],
  SupplyRequest: ['date'],
  Task: ['period', 'authored-on'],
  VisionPrescription: ['datewritten'],
};

/**
 * The clause for resources whose care overlaps the days from `start` to `end`, and for those without a date: the server
 * rather shows such a record than withholds it. Undefined when every resource of the type is in range.
 */
export function careBetween(
  type: string,
  start: string | undefined,
  end: string | undefined,
): Clause | undefined {
  const params = Object.hasOwn(CARE_DATES, type) ? (CARE_DATES[type] ?? []) : [];
  const bounds = [start && `ge${start}`, end && `le${end}`].flatMap((text) => readBound(text));
  if (params.length === 0 || bounds.length === 0) return undefined;
  const within = params.map((param): Clause => ({
    kind: 'all',
    of: bounds.map((bound) => ({ kind: 'range', param, ...bound })),
  }));
  const undated = params.map((param): Clause => ({ kind: 'missing', param, missing: true }));
  return { kind: 'any', of: [...within, { kind: 'all', of: undated }] };
}

/** A date that was checked before. It is absolute, so the moment of reading does not matter. */
function readBound(text: string | undefined) {
  const range = text === undefined ? undefined : parseDateRange(text, 0);
  return range === undefined ? [] : [range];
}
