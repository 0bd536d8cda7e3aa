/**
 * What of a resource a role is not shown (identity 4.3; 45 CFR 164.514(d)(2)). A masked element is replaced by the extension
 * data-absent-reason `masked`; whoever has several roles is shown what one of them is shown.
 */
import type { Role } from './roles.ts';

interface MaskRow {
  readonly roles: readonly Role[];
  readonly types: readonly string[];
  /** Names at the root of the resource; `statusReason.text` leads one step further. */
  readonly elements: readonly string[];
  /** Codes of `category` with which a resource is shown whole. */
  readonly unless?: readonly string[];
}

// prettier-ignore
export const MASKS: readonly MaskRow[] = [
  { roles: ['front-desk'], types: ['ServiceRequest'], elements: ['reasonCode', 'reasonReference', 'note', 'supportingInfo', 'orderDetail', 'text'] },
  { roles: ['front-desk'], types: ['Task'], elements: ['note', 'input', 'output', 'statusReason.text', 'text'] },
  { roles: ['front-desk'], types: ['Appointment'], elements: ['reasonCode', 'reasonReference', 'supportingInformation', 'text'] },
  { roles: ['front-desk'], types: ['Communication', 'CommunicationRequest'], elements: ['payload', 'note', 'reasonCode', 'reasonReference', 'text'], unless: ['scheduling'] },
  { roles: ['front-desk'], types: ['Patient'], elements: ['multipleBirthBoolean', 'multipleBirthInteger', 'photo', 'text'] },
  { roles: ['compliance'], types: ['ServiceRequest', 'Task', 'Appointment', 'AppointmentResponse'], elements: ['reasonCode', 'reasonReference', 'note', 'supportingInfo', 'supportingInformation', 'orderDetail', 'comment', 'input', 'output', 'text'] },
  { roles: ['compliance'], types: ['Communication', 'CommunicationRequest'], elements: ['payload', 'note', 'reasonCode', 'reasonReference', 'text'] },
  { roles: ['coordinator'], types: ['Endpoint'], elements: ['address', 'header'] },
];

/**
 * Security labels by which a resource is shown to clinicians alone: its type, id, status and labels are all that others see
 * (harmony Z5), and no search of theirs finds it.
 */
export const CLINICIAN_LABELS: ReadonlySet<string> = new Set(['PSYTHPN', 'sud-counseling-note', 'ADOL', 'V']);

/** What of a resource with such a label everybody sees. */
export const LABELLED_ELEMENTS: ReadonlySet<string> = new Set(['resourceType', 'id', 'meta', 'status']);

/** Roles that see what is labelled so. */
export const SEES_LABELLED: ReadonlySet<Role> = new Set(['clinician', 'patient', 'proxy']);

/** Roles for which a stated reason lifts the masks of elements, and no label (harmony Z8). */
export const LIFTED_BY_REASON: ReadonlySet<Role> = new Set(['compliance']);
