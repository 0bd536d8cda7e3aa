/**
 * The registry of resource types: a row of `types/plain.ts` for each that is data only, a file and a line here for each that
 * has code of its own. Routes, search, validation, scopes, capability and docs follow.
 */
import { appointment } from './types/appointment.ts';
import { auditEvent } from './types/audit-event.ts';
import { bundle } from './types/bundle.ts';
import { careTeam } from './types/care-team.ts';
import { communication, communicationRequest } from './types/communication.ts';
import { consent } from './types/consent.ts';
import { contract } from './types/contract.ts';
import { device } from './types/device.ts';
import { endpoint } from './types/endpoint.ts';
import { healthcareService } from './types/healthcare-service.ts';
import { listType } from './types/list.ts';
import { location } from './types/location.ts';
import { organization } from './types/organization.ts';
import { organizationAffiliation } from './types/organization-affiliation.ts';
import { PLAIN_TYPES } from './types/plain.ts';
import { practitionerRole } from './types/practitioner-role.ts';
import { provenance } from './types/provenance.ts';
import type { ResourceType } from './resource.ts';
import { serviceRequest } from './types/service-request.ts';
import { subscription } from './types/subscription.ts';
import { task } from './types/task.ts';

const DECLARED: readonly ResourceType[] = [
  ...PLAIN_TYPES,
  appointment,
  auditEvent,
  bundle,
  careTeam,
  communication,
  communicationRequest,
  consent,
  contract,
  device,
  endpoint,
  healthcareService,
  listType,
  location,
  organization,
  organizationAffiliation,
  practitionerRole,
  provenance,
  serviceRequest,
  subscription,
  task,
];

const byType = (a: ResourceType, b: ResourceType): number => (a.type < b.type ? -1 : 1);

/** Every type served, by name, in the order of names. */
export const RESOURCE_TYPES: ReadonlyMap<string, ResourceType> = new Map(
  DECLARED.toSorted(byType).map((declared) => [declared.type, declared]),
);

export const SERVED_TYPES: ReadonlySet<string> = new Set(RESOURCE_TYPES.keys());

/**
 * Types that are only ever the body of an operation or a refusal. The server validates them wherever they stand, and
 * never stores them.
 */
export const BODY_TYPES: ReadonlySet<string> = new Set(['OperationOutcome', 'Parameters']);

/** The refusal of a type that has no address. */
export const refusalOfType = (type: string): 'type-not-stored' | 'type-unknown' =>
  BODY_TYPES.has(type) ? 'type-not-stored' : 'type-unknown';

/** Whether everyone sees resources of this type (rules 2.2c). */
export const isDirectory = (type: string): boolean => RESOURCE_TYPES.get(type)?.directory === true;
