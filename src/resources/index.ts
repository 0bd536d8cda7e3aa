/** The registry of resource types: one line each. Routes, search, validation, scopes, capability and docs follow. */
import { appointment } from './appointment.ts';
import { auditEvent } from './audit-event.ts';
import { basic } from './basic.ts';
import { binary } from './binary.ts';
import { bundle } from './bundle.ts';
import { communication } from './communication.ts';
import { composition } from './composition.ts';
import { condition } from './condition.ts';
import { consent } from './consent.ts';
import { contract } from './contract.ts';
import { coverage } from './coverage.ts';
import { documentReference } from './document-reference.ts';
import { endpoint } from './endpoint.ts';
import { healthcareService } from './healthcare-service.ts';
import { location } from './location.ts';
import { observation } from './observation.ts';
import { organization } from './organization.ts';
import { patient } from './patient.ts';
import { practitionerRole } from './practitioner-role.ts';
import { practitioner } from './practitioner.ts';
import { provenance } from './provenance.ts';
import { relatedPerson } from './related-person.ts';
import type { ResourceType } from './resource.ts';
import { serviceRequest } from './service-request.ts';
import { subscription } from './subscription.ts';
import { task } from './task.ts';

const DECLARED: readonly ResourceType[] = [
  appointment,
  auditEvent,
  basic,
  binary,
  bundle,
  communication,
  composition,
  condition,
  consent,
  contract,
  coverage,
  documentReference,
  endpoint,
  healthcareService,
  location,
  observation,
  organization,
  patient,
  practitioner,
  practitionerRole,
  provenance,
  relatedPerson,
  serviceRequest,
  subscription,
  task,
];

/** Every type served, by name. */
export const RESOURCE_TYPES: ReadonlyMap<string, ResourceType> = new Map(
  DECLARED.map((declared) => [declared.type, declared]),
);

export const SERVED_TYPES: ReadonlySet<string> = new Set(RESOURCE_TYPES.keys());

/** Whether everyone sees resources of this type (rules 2.2c). */
export const isDirectory = (type: string): boolean => RESOURCE_TYPES.get(type)?.directory === true;
