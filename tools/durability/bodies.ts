/** What the clients send: a marked referral as one transaction. */
import { randomUUID } from 'node:crypto';
import { MARKS } from './ledger.ts';

/** The system of the identifiers by which a Task belongs to a lane. */
export const LANE = 'urn:closeloop:durability:lane';

export const identifierOf = (mark: string) => [{ system: MARKS, value: mark }];

/** Patient, order and Task, each with the mark; the Task with the lane of the Subscription that is told of it. */
export function referral(mark: string, lane: number): object {
  const [patient, order] = [`urn:uuid:${randomUUID()}`, `urn:uuid:${randomUUID()}`];
  const identifier = identifierOf(mark);
  const at = new Date().toISOString();
  const requester = { reference: 'PractitionerRole/north' };
  const performer = { reference: 'PractitionerRole/south' };
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      entry(patient, { resourceType: 'Patient', identifier, name: [{ family: 'Sample' }] }),
      entry(order, {
        resourceType: 'ServiceRequest',
        identifier,
        status: 'active',
        intent: 'order',
        code: coded('http://snomed.info/sct', '306206005'),
        subject: { reference: patient },
        authoredOn: at,
        requester,
        performer: [performer],
      }),
      entry(`urn:uuid:${randomUUID()}`, {
        resourceType: 'Task',
        identifier: [...identifier, { system: LANE, value: String(lane) }],
        status: 'requested',
        intent: 'order',
        code: coded('http://hl7.org/fhir/CodeSystem/task-code', 'fulfill'),
        focus: { reference: order },
        for: { reference: patient },
        authoredOn: at,
        requester,
        owner: performer,
        note: [{ text: 'sent' }],
      }),
    ],
  };
}

const entry = (
  fullUrl: string,
  resource: { readonly resourceType: string; readonly [element: string]: unknown },
) => ({
  fullUrl,
  resource,
  request: { method: 'POST', url: resource.resourceType },
});

const coded = (system: string, code: string) => ({ coding: [{ system, code }] });
