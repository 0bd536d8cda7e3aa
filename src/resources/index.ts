/** The registry of resource types: one line each. Routes, search, validation, scopes, capability and docs follow. */
import { activityDefinition } from './types/activity-definition.ts';
import { allergyIntolerance } from './types/allergy-intolerance.ts';
import { appointment } from './types/appointment.ts';
import { appointmentResponse } from './types/appointment-response.ts';
import { auditEvent } from './types/audit-event.ts';
import { basic } from './types/basic.ts';
import { binary } from './types/binary.ts';
import { bundle } from './types/bundle.ts';
import { capabilityStatement } from './types/capability-statement.ts';
import { carePlan } from './types/care-plan.ts';
import { careTeam } from './types/care-team.ts';
import { claim } from './types/claim.ts';
import { claimResponse } from './types/claim-response.ts';
import { clinicalImpression } from './types/clinical-impression.ts';
import { codeSystem } from './types/code-system.ts';
import { communication } from './types/communication.ts';
import { communicationRequest } from './types/communication-request.ts';
import { composition } from './types/composition.ts';
import { conceptMap } from './types/concept-map.ts';
import { condition } from './types/condition.ts';
import { consent } from './types/consent.ts';
import { contract } from './types/contract.ts';
import { coverage } from './types/coverage.ts';
import { coverageEligibilityRequest } from './types/coverage-eligibility-request.ts';
import { coverageEligibilityResponse } from './types/coverage-eligibility-response.ts';
import { device } from './types/device.ts';
import { deviceRequest } from './types/device-request.ts';
import { diagnosticReport } from './types/diagnostic-report.ts';
import { documentManifest } from './types/document-manifest.ts';
import { documentReference } from './types/document-reference.ts';
import { encounter } from './types/encounter.ts';
import { endpoint } from './types/endpoint.ts';
import { episodeOfCare } from './types/episode-of-care.ts';
import { familyMemberHistory } from './types/family-member-history.ts';
import { flag } from './types/flag.ts';
import { goal } from './types/goal.ts';
import { group } from './types/group.ts';
import { healthcareService } from './types/healthcare-service.ts';
import { imagingStudy } from './types/imaging-study.ts';
import { immunization } from './types/immunization.ts';
import { library } from './types/library.ts';
import { list } from './types/list.ts';
import { location } from './types/location.ts';
import { measure } from './types/measure.ts';
import { measureReport } from './types/measure-report.ts';
import { media } from './types/media.ts';
import { medication } from './types/medication.ts';
import { medicationAdministration } from './types/medication-administration.ts';
import { medicationDispense } from './types/medication-dispense.ts';
import { medicationRequest } from './types/medication-request.ts';
import { medicationStatement } from './types/medication-statement.ts';
import { messageHeader } from './types/message-header.ts';
import { nutritionOrder } from './types/nutrition-order.ts';
import { observation } from './types/observation.ts';
import { operationDefinition } from './types/operation-definition.ts';
import { organization } from './types/organization.ts';
import { organizationAffiliation } from './types/organization-affiliation.ts';
import { patient } from './types/patient.ts';
import { planDefinition } from './types/plan-definition.ts';
import { practitioner } from './types/practitioner.ts';
import { practitionerRole } from './types/practitioner-role.ts';
import { procedure } from './types/procedure.ts';
import { provenance } from './types/provenance.ts';
import { questionnaire } from './types/questionnaire.ts';
import { questionnaireResponse } from './types/questionnaire-response.ts';
import { relatedPerson } from './types/related-person.ts';
import { requestGroup } from './types/request-group.ts';
import type { ResourceType } from './resource.ts';
import { riskAssessment } from './types/risk-assessment.ts';
import { schedule } from './types/schedule.ts';
import { searchParameter } from './types/search-parameter.ts';
import { serviceRequest } from './types/service-request.ts';
import { slot } from './types/slot.ts';
import { specimen } from './types/specimen.ts';
import { structureDefinition } from './types/structure-definition.ts';
import { subscription } from './types/subscription.ts';
import { task } from './types/task.ts';
import { valueSet } from './types/value-set.ts';

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
