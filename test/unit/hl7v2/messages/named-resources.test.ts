/** Only what `namedBy` and `leadingOn` lead to is read for a message: so every resource that a message asks for is among it. */
import { expect, test } from '@jest/globals';
import type { Appointment, Reference, Resource } from '../../../../src/fhir/types.ts';
import { leadingOn } from '../../../../src/hl7v2/mapping/clinician.ts';
import type { ReferralEvent } from '../../../../src/hl7v2/messages/build-messages.ts';
import { resourcesNamedBy } from '../../../../src/hl7v2/messages/named-resources.ts';
import { LATE_NOTE, TRANSACTIONS } from '../../../../src/referral/transactions.ts';
import { to } from '../../../resources.ts';
import { built, FULL, referralOf } from './full.ts';

const ROLE = 'PractitionerRole/dr';
const { appointment, note } = FULL;
const participant: Appointment['participant'] = [
  { actor: to('Location/context'), status: 'accepted' },
  { actor: to('PractitionerRole/unknown'), status: 'accepted' },
  ...appointment.participant,
];
const request = {
  ...FULL.request,
  reasonCode: [],
  reasonReference: [to('Condition/1'), to('DiagnosticReport/1')],
};
/** What stands behind the requester of each: a clinician with a name; none, so that organizations are asked for a contact. */
const WORLDS: Readonly<Record<string, Readonly<Record<string, Partial<Resource>>>>> = {
  'a clinician': {
    [ROLE]: { practitioner: to('Practitioner/dr'), organization: to('Organization/o') },
    'Practitioner/dr': { name: [{ family: 'Okafor' }] },
  },
  'an organization': {
    [ROLE]: { practitioner: to('Practitioner/dr'), organization: to('Organization/o') },
    'Practitioner/dr': {},
    'Organization/o': { partOf: to('Organization/above') },
    'Organization/above': { contact: [{ name: { family: 'Okafor' } }] },
  },
  'a service': {
    [ROLE]: { resourceType: 'HealthcareService', providedBy: to('Organization/o') },
    'Organization/o': { contact: [{ name: { family: 'Okafor' } }] },
  },
};

const events: readonly ReferralEvent['event'][] = [
  ...new Set(TRANSACTIONS.map(({ event }) => event)),
  LATE_NOTE,
];
const cases = events.flatMap((event) => Object.keys(WORLDS).map((world) => [event, world] as const));

test.each(cases)('%s with %s behind the reference', (event, world) => {
  const find = ({ reference = '' }: Reference): Resource | undefined => {
    const found = WORLDS[world]?.[reference];
    return found && { resourceType: reference.split('/')[0] ?? '', ...found };
  };
  const asked = new Set<string>();
  const resolve = (reference: Reference): Resource | undefined => {
    if (reference.reference !== undefined) asked.add(reference.reference);
    return find(reference);
  };
  const visit = { ...appointment, participant };
  const referral = { ...referralOf({ ...FULL, request }), resolve };
  built({ event, from: 'accepted', referral, appointment: visit, note });

  const reached = new Set<string>();
  let edge = resourcesNamedBy(event, { task: referral.task, request, appointment: visit });
  while (edge.length > 0) {
    for (const { reference } of edge) if (reference !== undefined) reached.add(reference);
    edge = edge.flatMap((one) => leadingOn(find(one) ?? { resourceType: 'None' }));
  }
  expect([...asked].filter((one) => !reached.has(one))).toEqual([]);
  const namesPeople = event === 'send-referral-package' || event === 'send-cancellation-request';
  expect(asked.has(ROLE)).toBe(namesPeople || reached.has('Location/context'));
});
