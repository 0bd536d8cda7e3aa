/** Parties that MessageHeader, Consent and Contract name, and what follows from them (docs/directory.md). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { valuesAt } from '../../../src/resources/element.ts';
import { RESOLVED_PARTY } from '../../../src/resources/party.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';

let server: TestServer;
let patient: Ref;
/** The initiator's own record of the recipient. */
let known: Ref;

beforeAll(async () => {
  server = await openServer();
  patient = refOf(await server.create('initiator', make.patient()));
  known = await privately('Recipient', make.npiOf('recipient'));
});
afterAll(() => server.close());

const refOf = ({ resourceType, id }: Resource): Ref => `${resourceType}/${id ?? ''}`;
const npi = (value: string) => ({ system: make.NPI_SYSTEM, value });
const privately = async (name: string, number?: string): Promise<Ref> =>
  refOf(
    await server.create('initiator', {
      resourceType: 'Organization',
      name,
      ...(number !== undefined && { identifier: [npi(number)] }),
    }),
  );

const header = (more: object): Resource => ({
  resourceType: 'MessageHeader',
  eventCoding: { system: 'http://example.org/events', code: 'x' },
  source: { endpoint: 'http://example.org/' },
  ...more,
});
const contract = (more: object): Resource => ({ resourceType: 'Contract', ...more });
const actor = (reference: object) => ({ role: { coding: [{ code: 'IRCP' }] }, reference });

/** By element: a resource that names whom there. */
const NAMING: Readonly<Record<string, (who: object) => Resource>> = {
  'destination.receiver': (who) =>
    header({ destination: [{ endpoint: 'http://r.example.org/', receiver: who }] }),
  'signer.party': (who) =>
    contract({ signer: [{ type: { code: 'x' }, party: who, signature: [signature] }] }),
  'term.offer.party.reference': (who) =>
    contract({
      term: [
        {
          offer: { party: [{ reference: [make.to('Organization/initiator'), who], role: { text: 'x' } }] },
        },
      ],
    }),
  'provision.actor.reference': (who) =>
    make.consent(patient, { provision: { type: 'deny', actor: [actor(who)] } }),
  'provision.provision.actor.reference': (who) =>
    make.consent(patient, {
      provision: {
        type: 'permit',
        provision: [{ type: 'deny', actor: [actor({ display: 'x' }), actor(who)] }],
      },
    }),
};
const signature = {
  type: [{ system: 'urn:iso-astm:E1762-95:2013', code: '1.2.840.10065.1.12.1.1' }],
  when: '2026-11-22T09:00:00Z',
  who: make.to('Organization/initiator'),
};

const notedIn = (resource: Resource, element: string) =>
  valuesAt(resource, `${element}.extension`).flatMap((one) => {
    const { url, valueReference } = one as { url: string; valueReference: { reference: string } };
    return url === RESOLVED_PARTY ? [valueReference.reference] : [];
  });

describe.each(Object.entries(NAMING))('(directory DR23) %s', (element, naming) => {
  const send = (who: object) => {
    const resource = naming(who);
    return server.ask('initiator', 'POST', resource.resourceType, resource, {
      prefer: 'return=OperationOutcome',
    });
  };

  test('notes the party of a private record, keeps what was sent, and says so', async () => {
    const answer = await send(make.to(known));
    expect([answer.status, answer.says]).toEqual([
      201,
      expect.stringContaining(`${known} was recognised by its verified NPI as Organization/recipient.`),
    ]);
    const stored = await server.read('initiator', answer.location ?? '');
    expect(notedIn(stored, element)).toEqual(['Organization/recipient']);
    expect(valuesAt(stored, `${element}.reference`)).toContain(known);
  });

  test('notes the party of a number, and nothing where nobody is known', async () => {
    const byNumber = await send({ identifier: npi(make.npiOf('recipient')) });
    const unknown = await send(make.to(await privately('Nobody')));
    const otherwise = await send(make.to(await privately('Hope Detox', make.npiOf('recipient'))));
    expect([byNumber.status, unknown.status, otherwise.status]).toEqual([201, 201, 201]);
    const noted = async ({ location = 'x/0' }) => notedIn(await server.read('initiator', location), element);
    expect([await noted(byNumber), await noted(unknown), await noted(otherwise)]).toEqual([
      ['Organization/recipient'],
      [],
      [],
    ]);
  });

  test('a note of the client’s own is dropped', async () => {
    const forged = { url: RESOLVED_PARTY, valueReference: make.to('Organization/stranger') };
    const answer = await send({ ...make.to('Organization/recipient'), extension: [forged] });
    expect(notedIn(await server.read('initiator', answer.location ?? ''), element)).toEqual([]);
  });
});

test('(directory DR27) a sender by its own record is taken for the caller, and by another’s number refused', async () => {
  const self = await privately('Our clinic');
  const own = await server.ask('initiator', 'POST', 'MessageHeader', header({ sender: make.to(self) }), {
    prefer: 'return=OperationOutcome',
  });
  expect([own.status, own.says]).toEqual([201, expect.stringContaining('for your own organization')]);
  const forged = await server.ask('initiator', 'POST', 'MessageHeader', header({ sender: make.to(known) }));
  expect([forged.status, forged.code]).toEqual([403, 'sender-mismatch']);
});

test('(directory DR23) a Consent that denies a private record denies its party, whatever the record says later', async () => {
  const about = refOf(await server.create('initiator', make.patient()));
  const barred = await privately('Recipient', make.npiOf('recipient'));
  await server.create(
    'initiator',
    make.consent(about, { provision: { type: 'deny', actor: [actor(make.to(barred))] } }),
  );
  const changed = { resourceType: 'Organization', id: barred.split('/')[1], name: 'Somebody' };
  expect((await server.ask('initiator', 'PUT', barred, changed)).status).toBe(200);
  const order = make.serviceRequest({
    subject: about,
    requester: 'PractitionerRole/initiator',
    performer: 'PractitionerRole/recipient',
    placer: 'barred',
  });
  const refused = await server.ask('initiator', 'POST', 'ServiceRequest', order);
  expect([refused.status, refused.code]).toEqual([403, 'disclosure-denied']);
});
