/** Nobody writes in the name of another organization (rules 2.11). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { administrator, initiator, openWorld, refOf, type Stored, type World } from '../../world.ts';

let world: World;
let patient: Stored;
let version: number | undefined;
beforeAll(async () => {
  world = await openWorld();
  await world.seedDirectory('initiator', 'recipient');
  patient = await world.create(initiator, make.patient());
  ({ version } = await world.ask(administrator, 'GET', 'Organization/recipient'));
});
afterAll(() => world.close());

const provenance = (agent: object, more: object = {}): Resource => ({
  resourceType: 'Provenance',
  target: [make.to(refOf(patient))],
  recorded: '2026-11-22T09:00:00Z',
  agent: [agent],
  ...more,
});
const signed = (who: object, more: object = {}) => ({
  signature: [
    {
      type: [{ system: 'urn:iso-astm:E1762-95:2013', code: '1.2.840.10065.1.12.1.1' }],
      when: '2026-11-22T09:00:00Z',
      who,
      ...more,
    },
  ],
});
const signatureOf = (who: object) => signed(who).signature[0];
const verification = (more: object): Resource => ({
  resourceType: 'VerificationResult',
  status: 'validated',
  ...more,
});
const OWN = make.to('Organization/initiator');

/** By element: a resource that names this actor there. */
const NAMING: Readonly<Record<string, (who: object) => Resource>> = {
  'Provenance.agent.who': (who) => provenance({ who }),
  'Provenance.agent.onBehalfOf': (who) => provenance({ who: OWN, onBehalfOf: who }),
  'Provenance.signature.who': (who) => provenance({ who: OWN }, signed(who)),
  'Provenance.signature.onBehalfOf': (who) => provenance({ who: OWN }, signed(OWN, { onBehalfOf: who })),
  'Communication.sender': (who) => make.communication([refOf(patient)], { sender: who }),
  'Consent.performer': (who) => make.consent(refOf(patient), { performer: [who] }),
  'Consent.organization': (who) => make.consent(refOf(patient), { organization: [who] }),
  'Contract.signer.signature.who': (who) => ({
    resourceType: 'Contract',
    signer: [{ type: { code: 'x' }, party: OWN, ...signed(who) }],
  }),
  'VerificationResult.attestation.who': (who) => verification({ attestation: { who } }),
  'VerificationResult.attestation.onBehalfOf': (who) => verification({ attestation: { onBehalfOf: who } }),
  'VerificationResult.validator.organization': (who) => verification({ validator: [{ organization: who }] }),
  'VerificationResult.validator.attestationSignature.who': (who) =>
    verification({ validator: [{ organization: OWN, attestationSignature: signatureOf(who) }] }),
  'VerificationResult.attestation.proxySignature.who': (who) =>
    verification({ attestation: { proxySignature: signatureOf(who) } }),
  'MessageHeader.sender': (who) => ({
    resourceType: 'MessageHeader',
    eventCoding: { system: 'http://example.org/events', code: 'x' },
    source: { endpoint: 'http://example.org/' },
    sender: who,
  }),
};

/** The other organization: itself, a version of it, a role of it, by its number, and behind one's own reference. */
const NUMBER = {
  identifier: { system: 'http://hl7.org/fhir/sid/us-npi', value: make.npiOf('recipient') },
};
const forged = (): readonly { readonly reference?: string; readonly identifier?: object }[] => [
  make.to('Organization/recipient'),
  make.to(`Organization/recipient/_history/${version}`),
  make.to('PractitionerRole/recipient'),
  NUMBER,
  { ...OWN, ...NUMBER },
];

describe('(rules 2.11) another organization as actor is 403, naming the element', () => {
  test.each(Object.entries(NAMING))('%s', async (element, naming) => {
    const isOrganization = element.endsWith('organization');
    for (const who of forged().filter(({ reference = '' }) => !isOrganization || reference.startsWith('O'))) {
      const resource = naming(who);
      const type = resource.resourceType;
      const own = await world.create(initiator, naming(OWN));
      const entry = { method: 'POST', url: type, resource } as const;
      const answers = [
        await world.ask(initiator, 'POST', type, resource),
        await world.ask(initiator, 'PUT', refOf(own), { ...resource, id: own.id }),
        await world.ask(initiator, 'PUT', `${type}?_id=${own.id}`, resource),
        await world.ask(initiator, 'POST', '', make.transaction(entry)),
      ];
      for (const { code, issues, text } of answers) {
        expect(code).toBe('sender-mismatch');
        expect(text).toContain(element);
        expect(issues[0]?.diagnostics).toContain(element);
      }
      const { text } = await world.ask(initiator, 'POST', '', make.batch(entry));
      expect(text).toContain('sender-mismatch');
    }
  });

  test('in a patch, and by what is contained', async () => {
    const own = await world.create(initiator, NAMING['Communication.sender']?.(OWN) ?? {});
    const patch = [{ op: 'replace', path: '/sender/reference', value: 'Organization/recipient' }];
    expect((await world.ask(initiator, 'PATCH', refOf(own), patch)).code).toBe('sender-mismatch');
    const other = make.to('Organization/recipient');
    const number = [{ system: make.NPI_SYSTEM, value: make.npiOf('recipient') }];
    for (const contained of [
      [{ resourceType: 'PractitionerRole', organization: other }],
      [{ resourceType: 'HealthcareService', providedBy: other }],
      [{ resourceType: 'Device', owner: other }],
      [{ resourceType: 'Organization', name: 'Recipient', identifier: number }],
      [
        { resourceType: 'PractitionerRole', organization: make.to('#o') },
        { resourceType: 'Organization', id: 'o', name: 'Recipient', identifier: number },
      ],
    ]) {
      const [first, ...others] = contained;
      const resource = make.communication([refOf(patient)], {
        contained: [{ ...first, id: 'r' }, ...others],
        sender: make.to('#r'),
      });
      const answer = await world.ask(initiator, 'POST', 'Communication', resource);
      expect([first?.resourceType, answer.code]).toEqual([first?.resourceType, 'sender-mismatch']);
    }
  });

  test('AppointmentResponse.actor, which is no Organization', async () => {
    const participant = [{ actor: make.to(refOf(patient)), status: 'accepted' }];
    const visit = await world.create(initiator, {
      resourceType: 'Appointment',
      status: 'proposed',
      participant,
    });
    const response = (role: string) => ({
      resourceType: 'AppointmentResponse',
      appointment: make.to(refOf(visit)),
      participantStatus: 'accepted',
      actor: make.to(`PractitionerRole/${role}`),
    });
    const ask = (role: string) => world.ask(initiator, 'POST', 'AppointmentResponse', response(role));
    expect((await ask('initiator')).status).toBe(201);
    expect((await ask('recipient')).code).toBe('sender-mismatch');
  });

  test('by what is contained becoming another’s under the same reference', async () => {
    const role = { resourceType: 'PractitionerRole', id: 'r', organization: OWN };
    const more = { contained: [role], sender: make.to('#r') };
    const own = await world.create(initiator, make.communication([refOf(patient)], more));
    const path = '/contained/0/organization/reference';
    const patch = [{ op: 'replace', path, value: 'Organization/recipient' }];
    expect((await world.ask(initiator, 'PATCH', refOf(own), patch)).code).toBe('sender-mismatch');
    expect((await world.ask(initiator, 'PUT', refOf(own), { ...own, language: 'de' })).status).toBe(200);
  });

  test('one’s own, a person, an administrator’s word and what stood there pass', async () => {
    const practitioner = { resourceType: 'Practitioner' };
    const person = await world.create(administrator, practitioner);
    const answers = [
      await world.ask(
        initiator,
        'POST',
        'Provenance',
        provenance({ who: make.to('PractitionerRole/initiator') }),
      ),
      await world.ask(
        initiator,
        'POST',
        'Provenance',
        provenance({ who: make.to(refOf(person)), onBehalfOf: OWN }),
      ),
      await world.ask(
        initiator,
        'POST',
        'Consent',
        make.consent(refOf(patient), { performer: [make.to(refOf(patient))] }),
      ),
      await world.ask(
        administrator,
        'POST',
        'Provenance',
        provenance({ who: make.to('Organization/recipient') }),
      ),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
  });
});
