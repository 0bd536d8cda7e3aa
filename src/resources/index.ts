/** The registry of resource types: one line each. Routes, search, validation, scopes, capability and docs follow. */
import { activityDefinition } from './activity-definition.ts';
import { allergyIntolerance } from './allergy-intolerance.ts';
import { appointment } from './appointment.ts';
import { appointmentResponse } from './appointment-response.ts';
import { auditEvent } from './audit-event.ts';
import { basic } from './basic.ts';
import { binary } from './binary.ts';
import { bundle } from './bundle.ts';
import { capabilityStatement } from './capability-statement.ts';
import { carePlan } from './care-plan.ts';
import { careTeam } from './care-team.ts';
import { claim } from './claim.ts';
import { claimResponse } from './claim-response.ts';
import { clinicalImpression } from './clinical-impression.ts';
import { codeSystem } from './code-system.ts';
import { communication } from './communication.ts';
import { communicationRequest } from './communication-request.ts';
import { composition } from './composition.ts';
import { conceptMap } from './concept-map.ts';
import { condition } from './condition.ts';
import { consent } from './consent.ts';
import { contract } from './contract.ts';
import { coverage } from './coverage.ts';
import { coverageEligibilityRequest } from './coverage-eligibility-request.ts';
import { coverageEligibilityResponse } from './coverage-eligibility-response.ts';
import { device } from './device.ts';
import { deviceRequest } from './device-request.ts';
import { diagnosticReport } from './diagnostic-report.ts';
import { documentManifest } from './document-manifest.ts';
import { documentReference } from './document-reference.ts';
import { encounter } from './encounter.ts';
import { endpoint } from './endpoint.ts';
import { episodeOfCare } from './episode-of-care.ts';
import { familyMemberHistory } from './family-member-history.ts';
import { flag } from './flag.ts';
import { goal } from './goal.ts';
import { group } from './group.ts';
import { healthcareService } from './healthcare-service.ts';
import { imagingStudy } from './imaging-study.ts';
import { immunization } from './immunization.ts';
import { library } from './library.ts';
import { list } from './list.ts';
import { location } from './location.ts';
import { measure } from './measure.ts';
import { measureReport } from './measure-report.ts';
import { media } from './media.ts';
import { medication } from './medication.ts';
import { medicationAdministration } from './medication-administration.ts';
import { medicationDispense } from './medication-dispense.ts';
import { medicationRequest } from './medication-request.ts';
import { medicationStatement } from './medication-statement.ts';
import { messageHeader } from './message-header.ts';
import { nutritionOrder } from './nutrition-order.ts';
import { observation } from './observation.ts';
import { operationDefinition } from './operation-definition.ts';
import { organization } from './organization.ts';
import { organizationAffiliation } from './organization-affiliation.ts';
import { patient } from './patient.ts';
import { planDefinition } from './plan-definition.ts';
import { practitioner } from './practitioner.ts';
import { practitionerRole } from './practitioner-role.ts';
import { procedure } from './procedure.ts';
import { provenance } from './provenance.ts';
import { questionnaire } from './questionnaire.ts';
import { questionnaireResponse } from './questionnaire-response.ts';
import { relatedPerson } from './related-person.ts';
import { requestGroup } from './request-group.ts';
import type { ResourceType } from './resource.ts';
import { riskAssessment } from './risk-assessment.ts';
import { schedule } from './schedule.ts';
import { searchParameter } from './search-parameter.ts';
import { serviceRequest } from './service-request.ts';
import { slot } from './slot.ts';
import { specimen } from './specimen.ts';
import { structureDefinition } from './structure-definition.ts';
import { subscription } from './subscription.ts';
import { task } from './task.ts';
import { valueSet } from './value-set.ts';

const DECLARED: readonly ResourceType[] = [
  activityDefinition,
  allergyIntolerance,
  appointment,
  appointmentResponse,
  auditEvent,
  basic,
  binary,
  bundle,
  capabilityStatement,
  carePlan,
  careTeam,
  claim,
  claimResponse,
  clinicalImpression,
  codeSystem,
  communication,
  communicationRequest,
  composition,
  conceptMap,
  condition,
  consent,
  contract,
  coverage,
  coverageEligibilityRequest,
  coverageEligibilityResponse,
  device,
  deviceRequest,
  diagnosticReport,
  documentManifest,
  documentReference,
  encounter,
  endpoint,
  episodeOfCare,
  familyMemberHistory,
  flag,
  goal,
  group,
  healthcareService,
  imagingStudy,
  immunization,
  library,
  list,
  location,
  measure,
  measureReport,
  media,
  medication,
  medicationAdministration,
  medicationDispense,
  medicationRequest,
  medicationStatement,
  messageHeader,
  nutritionOrder,
  observation,
  operationDefinition,
  organization,
  organizationAffiliation,
  patient,
  planDefinition,
  practitioner,
  practitionerRole,
  procedure,
  provenance,
  questionnaire,
  questionnaireResponse,
  relatedPerson,
  requestGroup,
  riskAssessment,
  schedule,
  searchParameter,
  serviceRequest,
  slot,
  specimen,
  structureDefinition,
  subscription,
  task,
  valueSet,
];

/** Every type served, by name. */
export const RESOURCE_TYPES: ReadonlyMap<string, ResourceType> = new Map(
  DECLARED.map((declared) => [declared.type, declared]),
);

export const SERVED_TYPES: ReadonlySet<string> = new Set(RESOURCE_TYPES.keys());

/** Types that are only ever a body, of an operation or a refusal: validated wherever they stand, and never stored. */
export const BODY_TYPES: ReadonlySet<string> = new Set(['OperationOutcome', 'Parameters']);

/** How a type is refused that has no address. */
export const refusalOfType = (type: string): 'type-not-stored' | 'type-unknown' =>
  BODY_TYPES.has(type) ? 'type-not-stored' : 'type-unknown';

/** Whether everyone sees resources of this type (rules 2.2c). */
export const isDirectory = (type: string): boolean => RESOURCE_TYPES.get(type)?.directory === true;
