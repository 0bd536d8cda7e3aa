/** The input of a message: the referral as it stands, and the choices of the link and the sender about the message. */
import { identifierOf } from '../../fhir/identifier.ts';
import type { Patient, Reference, Resource, ServiceRequest, Task } from '../../fhir/types.ts';
import type { SegmentValues } from '../build.ts';
import type { Ei } from '../datatypes.ts';
import type { Link } from '../link.ts';
import type { Namespaces } from '../mapping/authority.ts';
import { writeNumber } from '../mapping/identity.ts';
import { numbersToSend, writePatient, type PatientSystems } from '../mapping/patient.ts';
import { buildPid } from '../segments/pid.ts';
import type { Envelope } from './header.ts';

export interface ReferralResources {
  readonly task: Task;
  readonly request: ServiceRequest;
  readonly patient: Patient;
  /** A resource of the referral by reference; undefined when the server does not hold it or may not show it. */
  readonly resolve: (reference: Reference) => Resource | undefined;
}

export interface BuildingContext extends Envelope {
  readonly namespaces: Namespaces;
  /** The systems of the parties' own patient numbers; the server sends no other number of a patient. */
  readonly patientSystems: PatientSystems;
  /** The recipient's messages in which its own patient number follows the initiator's. */
  readonly recipientNumber: 'visits' | 'always' | 'never';
  readonly declineOrderControl: Link['declineOrderControl'];
  readonly noteReferralField: Link['noteReferralField'];
  /** The notice of 42 CFR 2.32, a text for each note: empty where nothing told is content of Part 2. */
  readonly notice: readonly string[];
  /** The days within which an order of this priority is to be performed when the order does not say so. */
  readonly performWithinDays: Readonly<Partial<Record<NonNullable<ServiceRequest['priority']>, number>>>;
}

export const BUILDING_DEFAULTS = {
  namespaces: {},
  patientSystems: { initiator: [], recipient: [] },
  recipientNumber: 'visits',
  declineOrderControl: 'UA',
  noteReferralField: 'ORC-2',
  notice: [],
  performWithinDays: { stat: 1, asap: 3, urgent: 7 },
} as const satisfies Partial<BuildingContext>;

/** The referral id as EI. */
export const placerNumber = (
  { request }: ReferralResources,
  { namespaces }: BuildingContext,
): Ei | undefined => writeNumber(identifierOf(request.identifier, 'PLAC'), namespaces);

/** The recipient's own number of the order. */
export const fillerNumber = (
  { request }: ReferralResources,
  { namespaces }: BuildingContext,
): Ei | undefined => writeNumber(identifierOf(request.identifier, 'FILL'), namespaces);

/** PID. `withRecipient`: whether the recipient's number may follow. */
export function buildPerson(
  { patient }: ReferralResources,
  { patientSystems, namespaces }: BuildingContext,
  withRecipient: boolean,
): SegmentValues {
  const systems = withRecipient ? patientSystems : { ...patientSystems, recipient: [] };
  return buildPid(writePatient(patient, numbersToSend(patient, systems), namespaces));
}
