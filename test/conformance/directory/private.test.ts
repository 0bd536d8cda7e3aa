/** What an organization says of others: private, reached by its referrals, resolved by numbers alone (docs/directory.md). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { STANDING_SYSTEM } from '../../../src/resources/parties/standing.ts';
import * as make from '../../resources.ts';
import { openServer, type Response, type TestServer } from '../../server.ts';

const NPI = make.NPI_SYSTEM;
const CL = 'https://closeloop.dev/fhir/StructureDefinition/';

let server: TestServer;
let patient: Ref;

beforeAll(async () => {
  server = await openServer();
  patient = refOf(await server.create('initiator', make.patient()));
});
afterAll(() => server.close());

const refOf = ({ resourceType, id }: Resource): Ref => `${resourceType}/${id ?? ''}`;
const party = (name: string, ...identifier: object[]): Resource => ({
  resourceType: 'Organization',
  name,
  ...(identifier.length > 0 && { identifier }),
});
const npi = (value: string) => ({ system: NPI, value });
const tagOf = (resource: Resource) =>
  resource.meta?.tag?.find(({ system }) => system === STANDING_SYSTEM)?.code;
const status = async (who: string, ref: string) => (await server.ask(who, 'GET', ref)).status;
const codesOf = ({ json }: Response): readonly string[] =>
  ((json as unknown as { issue?: { details?: { coding?: { code: string }[] } }[] }).issue ?? []).flatMap(
    ({ details }) => details?.coding?.map(({ code }) => code) ?? [],
  );
const outcome = { prefer: 'return=OperationOutcome' };

/** An order of the initiator, as its EHR sends it. */
const order = (performer: object, more: object = {}, who = 'initiator') =>
  server.ask(
    who,
    'POST',
    'ServiceRequest',
    make.serviceRequest(
      { subject: patient, requester: 'PractitionerRole/initiator', performer: 'x' },
      { performer: [performer], ...more },
    ),
    outcome,
  );
const items = async (code: string, about: Ref) =>
  (await server.search('initiator', `Task?code=${code}&focus=${about}`)).length;

describe('(directory DR22) parties that a member ships', () => {
  test.each([
    ['Organization', party('Payer Inc')],
    ['Practitioner', { resourceType: 'Practitioner', name: [{ family: 'Outside' }] }],
    [
      'PractitionerRole',
      { resourceType: 'PractitionerRole', organization: make.to('Organization/recipient') },
    ],
    [
      'Location',
      { resourceType: 'Location', name: 'Ward', managingOrganization: make.to('Organization/recipient') },
    ],
    [
      'HealthcareService',
      { resourceType: 'HealthcareService', providedBy: make.to('Organization/recipient') },
    ],
  ])('%s is stored as its own, and seen by nobody else', async (_type, resource: Resource) => {
    const tag = [{ system: STANDING_SYSTEM, code: 'member' }];
    const created = await server.ask('initiator', 'POST', resource.resourceType, {
      ...resource,
      meta: { tag },
    });
    expect(created.status).toBe(201);
    expect(tagOf(created.json)).toBe('private');
    const ref = refOf(created.json);
    expect([await status('initiator', ref), await status('recipient', ref)]).toEqual([200, 404]);
    const again = { ...created.json, language: 'de' };
    expect((await server.ask('stranger', 'PUT', ref, again)).status).toBe(404);
    expect((await server.ask('initiator', 'PUT', ref, again)).status).toBe(200);
    expect(await server.search('recipient', `${resource.resourceType}?_id=${ref.split('/')[1]}`)).toEqual([]);
    expect(
      (await server.search('initiator', `${resource.resourceType}?_tag=${STANDING_SYSTEM}|private`)).length,
    ).toBeGreaterThan(0);
  });

  test('(directory DR1) a forged standing is dropped, and that is said', async () => {
    const tag = [{ system: STANDING_SYSTEM, code: 'listed' }];
    const answer = await server.ask(
      'initiator',
      'POST',
      'Organization',
      { ...party('Forged'), meta: { tag } },
      outcome,
    );
    expect(answer.says).toContain('standing of Organization');
  });

  test('a member is written by itself, and another is told whose it is', async () => {
    const mine = { ...(await server.read('stranger', 'Organization/recipient')), alias: ['mine'] };
    const answer = await server.ask('stranger', 'PUT', 'Organization/recipient', mine);
    expect([answer.status, answer.code, answer.says]).toEqual([
      403,
      'not-custodian',
      'Organization/recipient is kept by another organization.',
    ]);
  });

  test('what an EHR sends passes in one transaction', async () => {
    const refs = await server.transact(
      'initiator',
      make.transaction(
        {
          method: 'POST',
          url: 'Organization',
          fullUrl: 'urn:uuid:00000000-0000-4000-8000-000000000001',
          resource: party('Blue Payer'),
        },
        {
          method: 'POST',
          url: 'Organization',
          fullUrl: 'urn:uuid:00000000-0000-4000-8000-000000000002',
          resource: { ...party('Cardiology Department'), partOf: make.to('Organization/initiator') },
        },
        {
          method: 'POST',
          url: 'Practitioner',
          fullUrl: 'urn:uuid:00000000-0000-4000-8000-000000000003',
          resource: {
            resourceType: 'Practitioner',
            identifier: [npi('1234567890')],
            name: [{ family: 'Typo' }],
          },
        },
        {
          method: 'POST',
          url: 'Coverage',
          resource: make.coverage(patient, 'urn:uuid:00000000-0000-4000-8000-000000000001'),
        },
      ),
    );
    expect(refs).toHaveLength(4);
  });

  test('(directory DR15) a wrong check digit is a warning, and leads nowhere', async () => {
    const answer = await server.ask(
      'initiator',
      'POST',
      'Organization',
      party('recipient', npi('1234567890')),
      outcome,
    );
    expect([answer.status, codesOf(answer)]).toEqual([201, ['identifier-check-digit']]);
  });
});

describe('(directory DR23) a private party', () => {
  test('with a verified number is its member: the inbox works, and both see the record', async () => {
    const own = refOf(await server.create('initiator', party('Recipient', npi(make.npiOf('recipient')))));
    expect(await status('recipient', own)).toBe(404);
    const answer = await order(make.to(own));
    expect([answer.status, codesOf(answer)]).toEqual([201, expect.arrayContaining(['party-resolved'])]);
    expect(answer.says).toContain(`${own} was recognised by its verified NPI as Organization/recipient.`);
    const task = await server.read('recipient', answer.link ?? '');
    expect(task['owner']).toEqual({
      reference: own,
      extension: [{ url: `${CL}resolved-party`, valueReference: { reference: 'Organization/recipient' } }],
    });
    expect([await status('recipient', own), await status('stranger', own)]).toEqual([200, 404]);
    expect((await server.sentTo('recipient', refOf(task), 1)).length).toBe(1);
    const moved = await server.ask('recipient', 'PATCH', refOf(task), [
      { op: 'replace', path: '/status', value: 'accepted' },
    ]);
    expect(moved.status).toBe(200);
    // Another number later is no other recipient of what was sent.
    await server.ask('initiator', 'PUT', own, {
      ...party('Recipient', npi(make.npiOf('stranger'))),
      id: own.split('/')[1],
    });
    expect(await status('stranger', refOf(task))).toBe(404);
  });

  test('by its role and its person likewise, and the person is in no directory', async () => {
    const own = refOf(await server.create('initiator', party('Recipient', npi(make.npiOf('recipient')))));
    const person = refOf(
      await server.create('initiator', { resourceType: 'Practitioner', name: [{ family: 'Heart' }] }),
    );
    const role = refOf(
      await server.create('initiator', {
        resourceType: 'PractitionerRole',
        practitioner: make.to(person),
        organization: make.to(own),
      }),
    );
    for (const performer of [role, person]) {
      const answer = await order(make.to(performer), { identifier: [make.placer(performer)] });
      expect(await status('recipient', answer.link ?? 'Task/0')).toBe(200);
    }
    expect([await status('recipient', person), await status('stranger', person)]).toEqual([200, 404]);
    // Whoever sees the person cannot move her to another place.
    const hijack = await server.ask('recipient', 'POST', 'PractitionerRole', {
      resourceType: 'PractitionerRole',
      practitioner: make.to(person),
      organization: make.to('Organization/recipient'),
    });
    expect(hijack.status).toBe(201);
    const again = await order(make.to(person), { identifier: [make.placer('again')] });
    expect((await server.read('initiator', again.link ?? ''))['owner']).toMatchObject({
      extension: [{ valueReference: { reference: 'Organization/recipient' } }],
    });
  });

  test.each([
    ['without a number', party('Recipient')],
    ['with a number that nobody has', party('Recipient', npi('1467560003'))],
    ['with a wrong check digit', party('Recipient', npi('1234567890'))],
  ])('(directory DR24, DR28) %s holds the referral, and a person is asked', async (says, meant) => {
    const own = refOf(await server.create('initiator', meant));
    const answer = await order(make.to(own), { identifier: [make.placer(says)] });
    expect([answer.status, codesOf(answer)]).toEqual([201, expect.arrayContaining(['party-unresolved'])]);
    const task = answer.link ?? 'Task/0';
    expect(await server.read('initiator', task)).toMatchObject({ status: 'received' });
    expect([await status('recipient', task), await status('stranger', task)]).toEqual([404, 404]);
    const [item] = await server.search('initiator', `Task?code=party-unresolved&focus=${answer.location}`);
    expect(item).toMatchObject({ input: [{ valueReference: { reference: 'Organization/recipient' } }] });
    // The pick is a note on the private record; the next write of the Task sends it.
    const same = { url: `${CL}same-as`, valueReference: make.to('Organization/recipient') };
    await server.ask('initiator', 'PUT', own, { ...meant, id: own.split('/')[1], extension: [same] });
    const stored = await server.read('initiator', task);
    expect(
      (await server.ask('initiator', 'PUT', task, { ...stored, note: [{ text: 'picked' }] })).status,
    ).toBe(200);
    expect(await status('recipient', task)).toBe(200);
    expect((await server.sentTo('recipient', task as Ref, 1)).length).toBe(1);
  });

  test('(directory DR28) a number that is nobody’s holds the referral, until somebody is verified for it', async () => {
    const number = npi(make.npiOf('late'));
    const meant = { identifier: number, display: 'Late Clinic' };
    const first = await order(meant, { identifier: [make.placer('late-1')] });
    expect([first.status, codesOf(first)]).toEqual([201, expect.arrayContaining(['party-unresolved'])]);
    const task = await server.read('initiator', first.link ?? '');
    expect(task).toMatchObject({ status: 'received', owner: meant });
    expect(await items('party-unresolved', first.location ?? 'Task/0')).toBe(1);
    // The same number again is the same private record.
    await order(meant, { identifier: [make.placer('late-2')] });
    const own = await server.search('initiator', `Organization?identifier=${NPI}|${number.value}`);
    expect(own.map(({ name }) => name)).toEqual(['Late Clinic']);
    expect(await server.search('stranger', `Organization?identifier=${NPI}|${number.value}`)).toEqual([]);
    const late = { resourceType: 'Organization', id: 'late', name: 'Late Clinic', identifier: [number] };
    expect((await server.ask('administrator', 'PUT', 'Organization/late', late)).status).toBe(201);
    const noted = { ...task, note: [{ text: 'known now' }] };
    const renewed = await server.ask('initiator', 'PUT', refOf(task), noted);
    expect(renewed.json['owner']).toMatchObject({
      extension: [{ url: `${CL}resolved-party`, valueReference: { reference: 'Organization/late' } }],
    });
  });

  test('(directory DR25) whose name is another than that of its number is held', async () => {
    const own = refOf(await server.create('initiator', party('Hope Detox', npi(make.npiOf('recipient')))));
    const answer = await order(make.to(own), { identifier: [make.placer('check')] });
    expect([answer.status, codesOf(answer)]).toEqual([201, expect.arrayContaining(['party-check'])]);
    expect(await status('recipient', answer.link ?? 'Task/0')).toBe(404);
    expect(await items('party-check', answer.location ?? 'Task/0')).toBe(1);
  });

  test('(directory DR26) with the numbers of two is refused, and neither is named', async () => {
    const both = party('Recipient', npi(make.npiOf('recipient')), npi(make.npiOf('stranger')));
    const answer = await order(make.to(refOf(await server.create('initiator', both))));
    expect([answer.status, answer.code]).toEqual([422, 'party-ambiguous']);
    expect(answer.says).not.toMatch(/recipient|stranger/);
  });

  test('(directory DR29) of another is named in no order of one’s own', async () => {
    const own = refOf(await server.create('initiator', party('Recipient', npi(make.npiOf('recipient')))));
    await order(make.to(own), { identifier: [make.placer('onward')] });
    expect(await status('recipient', own)).toBe(200);
    const theirs = await server.create('recipient', make.patient());
    const onward = await server.ask(
      'recipient',
      'POST',
      'ServiceRequest',
      make.serviceRequest({
        subject: refOf(theirs),
        requester: 'PractitionerRole/recipient',
        performer: own,
      }),
    );
    expect([onward.status, onward.code]).toEqual([422, 'reference-not-found']);
    // What names it elsewhere does not carry it on.
    const note = refOf(
      await server.create(
        'recipient',
        make.communication([refOf(theirs)], { subject: make.to(refOf(theirs)), recipient: [make.to(own)] }),
      ),
    );
    const sent = await server.ask(
      'recipient',
      'POST',
      'ServiceRequest',
      make.serviceRequest(
        {
          subject: refOf(theirs),
          requester: 'PractitionerRole/recipient',
          performer: 'PractitionerRole/stranger',
        },
        { supportingInfo: [make.to(note)] },
      ),
    );
    expect([await status('stranger', sent.link ?? ''), await status('stranger', note)]).toEqual([200, 200]);
    expect(await status('stranger', own)).toBe(404);
  });

  test('(directory DR3) a payer in a Coverage is told with the referral that brings it, and with no other', async () => {
    const payer = refOf(await server.create('initiator', party('Blue Payer')));
    const coverage = refOf(await server.create('initiator', make.coverage(patient, payer)));
    await order(make.to('PractitionerRole/recipient'), { identifier: [make.placer('none')] });
    expect(await status('recipient', payer)).toBe(404);
    await order(make.to('PractitionerRole/recipient'), {
      identifier: [make.placer('payer')],
      insurance: [make.to(coverage)],
    });
    expect([await status('recipient', payer), await status('stranger', payer)]).toEqual([200, 404]);
    expect((await server.search('recipient', 'Organization?name=Blue Payer')).length).toBe(1);
    expect(await server.search('stranger', 'Coverage?payor.name=Blue')).toEqual([]);
  });
});

describe('(directory DR27) who asks', () => {
  test('an EHR’s own record of itself is taken for it, with a warning', async () => {
    const self = refOf(await server.create('initiator', party('Our clinic')));
    const answer = await order(make.to('PractitionerRole/recipient'), {
      requester: make.to(self),
      identifier: [make.placer('alias')],
    });
    expect([answer.status, codesOf(answer)]).toEqual([201, expect.arrayContaining(['party-resolved'])]);
    expect(await status('recipient', answer.link ?? 'Task/0')).toBe(200);
  });

  test.each([
    [
      'its private record with that number',
      async () =>
        make.to(refOf(await server.create('initiator', party('Recipient', npi(make.npiOf('recipient')))))),
    ],
    ['the number itself', async () => ({ identifier: npi(make.npiOf('recipient')) })],
  ])('another organization is not named as requester by %s', async (_says, requester) => {
    const answer = await order(make.to('PractitionerRole/stranger'), { requester: await requester() });
    expect([answer.status, answer.code]).toEqual([403, 'sender-mismatch']);
  });

  test('a Task without requester and owner takes them from its order', async () => {
    const request = await server.create(
      'initiator',
      make.serviceRequest(
        {
          subject: patient,
          requester: 'PractitionerRole/initiator',
          performer: 'PractitionerRole/recipient',
          placer: 'derived',
        },
        { status: 'draft' },
      ),
    );
    const {
      requester: _r,
      owner: _o,
      ...bare
    } = make.task({ focus: refOf(request), for: patient, requester: 'x', owner: 'x' });
    const task = await server.create('initiator', bare as Resource);
    expect([task['requester'], task['owner']]).toEqual([
      make.to('PractitionerRole/initiator'),
      make.to('PractitionerRole/recipient'),
    ]);
    expect(await status('recipient', refOf(task))).toBe(200);
  });
});

test('(directory DR35) a bundle brings two hundred parties, and no more', async () => {
  const bundle = (count: number) =>
    make.transaction(
      ...Array.from({ length: count }, (_, n) => ({
        method: 'POST' as const,
        url: 'Organization',
        resource: party(`Clinic ${n}`),
      })),
    );
  const refused = await server.ask('initiator', 'POST', '', bundle(201));
  expect([refused.status, refused.code]).toEqual([422, 'too-many-parties']);
  expect((await server.ask('initiator', 'POST', '', bundle(200))).status).toBe(200);
});

test('(directory DR7) an organization that has closed takes no new referral, and goes on with what it has', async () => {
  const before = await order(make.to('PractitionerRole/stranger'), { identifier: [make.placer('open')] });
  const closed = [{ op: 'replace', path: '/active', value: false }];
  expect((await server.ask('stranger', 'PATCH', 'Organization/stranger', closed)).status).toBe(200);
  const after = await order(make.to('PractitionerRole/stranger'), { identifier: [make.placer('closed')] });
  expect([after.status, after.code]).toEqual([422, 'party-inactive']);
  expect(after.text).not.toContain('successor');
  const url = 'https://closeloop.dev/fhir/StructureDefinition/replaced-by';
  const extension = [{ url, valueReference: make.to('Organization/recipient') }];
  const names = [{ op: 'add', path: '/extension', value: extension }];
  expect((await server.ask('stranger', 'PATCH', 'Organization/stranger', names)).status).toBe(200);
  const told = await order(make.to('PractitionerRole/stranger'), { identifier: [make.placer('replaced')] });
  expect([told.code, told.text]).toEqual([
    'party-inactive',
    expect.stringContaining('its successor is Organization/recipient'),
  ]);
  const accept = [{ op: 'replace', path: '/status', value: 'accepted' }];
  expect((await server.ask('stranger', 'PATCH', before.link ?? '', accept)).status).toBe(200);
  const again = [{ op: 'replace', path: '/active', value: true }];
  expect((await server.ask('stranger', 'PATCH', 'Organization/stranger', again)).code).toBe(
    'party-protected',
  );
  expect((await server.ask('administrator', 'PATCH', 'Organization/stranger', again)).status).toBe(200);
});

test('(directory DR31) a condition on a number selects whom it is verified for, else one’s own', async () => {
  const number = make.npiOf('recipient');
  const copies = ['one', 'two'].map((name) => server.create('initiator', party(name, npi(number))));
  const [own] = (await Promise.all(copies)).map(refOf);
  const named = async (query: string) =>
    server.ask('initiator', 'POST', 'Coverage', make.coverage(patient, query));
  const answer = await named(`Organization?identifier=${NPI}|${number}`);
  expect([answer.status, answer.json['payor']]).toEqual([201, [make.to('Organization/recipient')]]);
  const found = await server.ask('initiator', 'POST', 'Organization', party('again', npi(number)), {
    ifNoneExist: `identifier=${NPI}|${number}`,
  });
  expect([found.status, refOf(found.json)]).toEqual([200, 'Organization/recipient']);
  expect(own).not.toBe('Organization/recipient');
  // Of a number that nobody is verified for, two of one's own stay two.
  for (const name of ['three', 'four']) await server.create('initiator', party(name, npi('1467560003')));
  expect((await named(`Organization?identifier=${NPI}|1467560003`)).status).toBe(412);
});

test('an order to a department is its clinic’s', async () => {
  const ward = {
    resourceType: 'Organization',
    id: 'ward',
    name: 'Ward',
    partOf: make.to('Organization/recipient'),
  };
  await server.ask('administrator', 'PUT', 'Organization/ward', ward);
  const answer = await order(make.to('Organization/ward'), { identifier: [make.placer('ward')] });
  expect(await status('recipient', answer.link ?? 'Task/0')).toBe(200);
});
