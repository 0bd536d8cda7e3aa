/** The two organizations of the demonstration, as every part of it names them. */
import type { HumanName, Ref } from '../../src/fhir/types.ts';

export type Side = 'initiator' | 'recipient';

export interface DemoOrganization {
  readonly ref: Ref;
  readonly role: Ref;
  /** The contact person, who may sign in. */
  readonly practitioner: Ref;
  readonly endpoint: Ref;
  readonly name: string;
  /** The contact person: the ordering provider (ORC-12) of an order that names no clinician. */
  readonly contact: HumanName;
  /** Its OID (the arc 2.999 is for examples): MSH-4 of its HL7 v2 messages, and the system of its referral IDs. */
  readonly oid: string;
  /** The OID under which it numbers its patients (PID-3.4). */
  readonly authority: string;
}

const organization = (side: Side, name: string, oid: string, contact: HumanName): DemoOrganization => ({
  ref: `Organization/demo-${side}`,
  role: `PractitionerRole/demo-${side}`,
  practitioner: `Practitioner/demo-${side}`,
  endpoint: `Endpoint/demo-${side}`,
  name,
  contact,
  oid,
  authority: `${oid}.5`,
});

export const ORGANIZATIONS: Readonly<Record<Side, DemoOrganization>> = {
  initiator: organization('initiator', 'Elm Street Family Medicine', '2.999.360.1', {
    family: 'Okafor',
    given: ['Ngozi'],
  }),
  recipient: organization('recipient', 'Riverside Nutrition Services', '2.999.360.2', {
    family: 'Sato',
    given: ['Emi'],
  }),
};
