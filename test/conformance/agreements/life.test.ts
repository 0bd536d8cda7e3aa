/** An agreement from its beginning to its end, by its two parties, and what neither may do (baa-messaging BA1–BA3, BA6). */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { standingOfAgreement } from '../../../src/agreements/state.ts';
import type { Resource } from '../../../src/fhir/types.ts';
import { agreement, REQUIRED_TERMS, signer, type AgreementSpec } from '../../agreements.ts';
import { organization } from '../../resources.ts';
import { administrator, callerOf, type Stored } from '../../world.ts';
import { because, billing, elm, oak, openScene, said, type Scene } from './scene.ts';

const NOW = '2026-06-01T12:00:00Z';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

const begin = async (spec: AgreementSpec = {}): Promise<Stored> =>
  scene.create(elm, agreement({ status: 'policy', signed: [], ...spec }));

const put = async (caller: typeof elm, resource: Resource): Promise<Stored> => {
  const reply = await scene.ask(caller, 'PUT', `Contract/${resource.id}`, resource);
  if (reply.status !== 200) throw new Error(said(reply));
  return scene.stored(`Contract/${resource.id}`);
};
const tried = async (caller: typeof elm, resource: Resource): Promise<string> =>
  said(await scene.ask(caller, 'PUT', `Contract/${resource.id}`, resource));

const own = (side: 'principal' | 'associate', more: AgreementSpec = {}) =>
  signer(side, side === 'principal' ? 'Organization/elm' : 'PractitionerRole/billing-co', {
    signedOn: NOW,
    ...more,
  });
const signed = (contract: Resource, status: string, ...by: object[]): Resource => ({
  ...contract,
  status,
  signer: [...((contract['signer'] as object[] | undefined) ?? []), ...by],
});
const offer = async (spec: AgreementSpec = {}): Promise<Stored> =>
  put(elm, { ...(await begin(spec)), status: 'offered' });
const conclude = async (spec: AgreementSpec = {}): Promise<Stored> => {
  const first = await put(billing, signed(await offer(spec), 'executable', own('associate', spec)));
  return put(elm, signed(first, 'executed', own('principal', spec)));
};
/** An administrator says that an organization is a business associate. */
const worksForOthers = async (id: string): Promise<void> => {
  const type = [
    { coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/party-kind', code: 'business-associate' }] },
  ];
  const reply = await scene.ask(administrator, 'PUT', `Organization/${id}`, organization(id, { type }));
  expect(reply.status).toBe(200);
};
const stateOf = (contract: Resource): string => standingOfAgreement(contract, scene.now).state;

describe('from beginning to end', () => {
  test('prepared, offered, signed by both, suspended, resolved, revoked (baa-messaging BT01–BT13)', async () => {
    const states: string[] = [];
    const note = (contract: Stored): Stored => {
      states.push(`${String(contract['status'])} ${stateOf(contract)}`);
      return contract;
    };
    const prepared = note(await begin());
    const offered = note(await put(elm, { ...prepared, status: 'offered' }));
    const countered = note(
      await put(billing, { ...because(offered, 'other', 'Page 3 is missing.'), status: 'negotiable' }),
    );
    const again = note(await put(elm, { ...countered, status: 'policy' }));
    const anew = note(await put(elm, { ...again, status: 'offered' }));
    const first = note(await put(elm, signed(anew, 'executable', own('principal'))));
    const executed = note(await put(billing, signed(first, 'executed', own('associate'))));
    const disputed = note(
      await put(elm, { ...because(executed, 'other', 'Reports came late.'), status: 'disputed' }),
    );
    const resolved = note(
      await put(elm, { ...because(disputed, 'other', 'Reports come daily.'), status: 'resolved' }),
    );
    const revoked = note(
      await put(billing, { ...because(resolved, 'service-ended', ''), status: 'revoked' }).catch(
        () => resolved,
      ),
    );
    note(
      await put(billing, { ...because(revoked, 'service-ended', 'The office closes.'), status: 'revoked' }),
    );
    expect(states).toEqual([
      'policy staging',
      'offered pending',
      'negotiable pending',
      'policy staging',
      'offered pending',
      'executable pending',
      'executed active',
      'disputed pending',
      'resolved active',
      'resolved active',
      'revoked revoked',
    ]);
  });

  test('each move is an event of its own on record, with its row and its states (audit-compliance AU2)', async () => {
    const { id } = await conclude();
    const rows = await scene.store
      .snapshot()
      .audit({ viewer: 'Organization/billing-co', names: [`Contract/${id}`], count: 50 });
    const moves = rows.flatMap(({ entry }) => (entry.event === 'agreement-move' ? [entry.transition] : []));
    expect(moves.map((move) => `${move?.tid} ${move?.event} ${move?.from} ${move?.to}`).toReversed()).toEqual(
      ['BT02 offer staging pending', 'BT05 sign-first pending pending', 'BT06 sign-second pending active'],
    );
    const { entry = [] } = await scene.bundle(elm, `AuditEvent?entity=Contract/${id}`);
    expect(JSON.stringify(entry)).toContain(
      '{"system":"https://closeloop.dev/fhir/CodeSystem/agreement-transition","code":"BT01","display":"begin"}',
    );
  });

  test('a change or a withdrawn offer takes the signatures away (baa-messaging BT03, BT04)', async () => {
    const first = await put(elm, signed(await offer(), 'executable', own('principal')));
    const countered = await put(billing, { ...because(first, 'other', 'Too short.'), status: 'negotiable' });
    expect(countered['signer']).toBeUndefined();
    const second = await put(elm, signed(countered, 'executable', own('principal')));
    expect((await put(elm, { ...second, status: 'policy' }))['signer']).toBeUndefined();
  });

  test('a renewal names what it renews, may begin before that ends, and leaves no gap (baa-messaging BT15)', async () => {
    const old = await conclude();
    const next = await begin({ start: '2027-01-01', end: '2027-12-31' });
    expect(next['extension']).toContainEqual(
      expect.objectContaining({ extension: expect.arrayContaining([{ url: 'row', valueCode: 'BT01' }]) }),
    );
    const renewing = {
      ...agreement({ status: 'policy', signed: [], start: '2027-01-01', end: '2027-12-31' }),
      supportingInfo: [{ reference: `Contract/${old.id}` }],
    };
    const renewal = await scene.create(elm, renewing);
    expect((await scene.stored(`Contract/${renewal.id}`))['extension']).toContainEqual(
      expect.objectContaining({ extension: expect.arrayContaining([{ url: 'row', valueCode: 'BT15' }]) }),
    );
    const other = { ...renewing, subject: [{ reference: 'Organization/oak' }] };
    expect(said(await scene.ask(elm, 'POST', 'Contract', other))).toMatch(
      /^422 agreement-incomplete Needed: its supportingInfo names/,
    );
  });

  test('an amendment takes over what both have signed in a second agreement; until then the first stays (baa-messaging BT14)', async () => {
    const data = Buffer.from('%PDF-1.4\n% amended\n');
    const hash = createHash('sha256').update(data).digest('hex');
    const binary = await scene.create(elm, {
      resourceType: 'Binary',
      contentType: 'application/pdf',
      data: data.toString('base64'),
    });
    const document = `Binary/${binary.id}`;
    const first = await conclude();
    const second = await offer({ hash, document, services: ['billing', 'fax'] });
    const amended = (from: Resource): Resource => ({
      ...first,
      status: 'amended',
      legal: from['legal'],
      term: from['term'],
      signer: from['signer'],
      supportingInfo: [{ reference: `Contract/${second.id}` }],
    });
    expect(stateOf(first)).toBe('active');
    expect(await tried(elm, { ...amended(second), signer: first['signer'] })).toMatch(
      /^422 agreement-incomplete/,
    );
    const half = await put(billing, signed(second, 'executable', own('associate', { hash })));
    const whole = await put(elm, signed(half, 'executed', own('principal', { hash })));
    expect(await tried(billing, { ...amended(whole), applies: { start: '2020-01-01' } })).toMatch(
      /^422 agreement-incomplete/,
    );
    const done = await put(billing, amended(whole));
    expect([stateOf(done), standingOfAgreement(done, scene.now).services]).toEqual([
      'active',
      ['billing', 'fax'],
    ]);
  });
});

describe('what must be there', () => {
  test.each(REQUIRED_TERMS)(
    'an offer without the term %s is refused, with its paragraph (baa-messaging BA6)',
    async (term) => {
      const prepared = await begin({ holds: REQUIRED_TERMS.filter((code) => code !== term) });
      expect(await tried(elm, { ...prepared, status: 'offered' })).toMatch(
        new RegExp(String.raw`^422 agreement-incomplete Lacks 504\(e\).* ${term}\.$`),
      );
    },
  );

  // prettier-ignore
  test.each([
    ['a service', () => ({ ...agreement({ status: 'policy', signed: [] }), term: undefined })],
    ['two parties', () => ({ ...agreement({ status: 'policy', signed: [] }), subject: [{ reference: 'Organization/elm' }] })],
    ['one associate', () => ({ ...agreement({ status: 'policy', signed: [] }), subject: [{ reference: 'Organization/oak' }, { reference: 'Organization/billing-co' }] })],
    ['nobody’s signature yet', () => agreement({ status: 'policy', signed: ['principal'] })],
  ] as const)('it begins with %s (baa-messaging BT01)', async (_what, made) => {
    expect((await scene.ask(elm, 'POST', 'Contract', made())).code).toBe('agreement-incomplete');
  });

  // prettier-ignore
  test.each<readonly [string, AgreementSpec, object]>([
    ['a hash', { hash: 'none' }, {}],
    ['a document', {}, { legal: undefined }],
    ['a start', {}, { applies: { end: '2027' } }],
    ['a day of review where it has no end', { end: null }, {}],
  ])('it is offered with %s (baa-messaging BT02)', async (_what, spec, more) => {
    const prepared = await begin(spec);
    expect((await scene.ask(elm, 'PUT', `Contract/${prepared.id}`, { ...prepared, status: 'offered', ...more })).status).toBe(422);
  });

  test('without an end it is reviewed within 24 months (baa-messaging 1)', async () => {
    const prepared = await begin({ end: null });
    const reviewed = (day: string): Resource => ({
      ...prepared,
      status: 'offered',
      extension: [
        ...(prepared['extension'] as object[]),
        { url: 'https://closeloop.dev/fhir/StructureDefinition/review-by', valueDate: day },
      ],
    });
    expect(await tried(elm, reviewed('2028-06-02'))).toMatch(/24 months/);
    expect(await tried(elm, reviewed('2028-06-01'))).toBe('200');
  });

  test('the server writes the legal state, and refuses another (baa-messaging 1)', async () => {
    const prepared = await begin();
    const legalState = { coding: [{ system: 'http://hl7.org/fhir/contract-legalstate', code: 'executed' }] };
    expect(await tried(elm, { ...prepared, legalState })).toMatch(/^422 agreement-frozen legalState/);
  });

  test('nobody writes the last event but the server', async () => {
    const prepared = await begin();
    const forged = JSON.parse(JSON.stringify(prepared).replace('BT01', 'BT06')) as Resource;
    expect((await put(elm, { ...forged, title: 'Agreement' }))['extension']).toEqual(prepared['extension']);
  });
});

test('nobody offers or signs by a hash that is not that of the stored document (baa-messaging BT02, BT05)', async () => {
  const data = Buffer.from('%PDF-1.4\n% other\n');
  const binary = await scene.create(elm, {
    resourceType: 'Binary',
    contentType: 'application/pdf',
    data: data.toString('base64'),
  });
  const document = `Binary/${binary.id}`;
  const prepared = await begin({ document });
  expect(await tried(elm, { ...prepared, status: 'offered' })).toMatch(
    /^422 agreement-incomplete its content-hash is not/,
  );
  const hash = createHash('sha256').update(data).digest('hex');
  await offer({ document, hash });
  // From then on it stays.
  const exchanged = await scene.ask(elm, 'PUT', document, { ...binary, data: 'JVBERi0xLjUK' });
  expect(exchanged.code).toBe('agreement-frozen');
});

test.each([
  'https://files.example/baa.pdf',
  'Binary/agreement?x=1',
  'Binary/agreement#x',
  'Organization/elm',
])(
  'nobody offers or signs a document whose bytes are not here: %s (baa-messaging BT02)',
  async (document) => {
    const prepared = await begin({ document });
    expect(await tried(elm, { ...prepared, status: 'offered' })).toMatch(
      /^422 agreement-incomplete Needed: the url of its document names a Binary of this server/,
    );
  },
);

test('from Revoked nothing leads back, and the refusal says what to do (baa-messaging BA1)', async () => {
  const revoked = await put(elm, { ...because(await offer(), 'service-ended', 'Over.'), status: 'revoked' });
  expect(await tried(elm, { ...revoked, status: 'executed' })).toMatch(
    /^422 agreement-transition-not-allowed From Revoked nothing leads back: the principal renews it/,
  );
});

describe('who sees and who signs (baa-messaging BA2; harmony Z17)', () => {
  test('the principal reads the document of a counter offer (baa-messaging BT03)', async () => {
    const offered = await offer();
    const data = Buffer.from('%PDF-1.4\n% as the associate would have it\n');
    const binary = await scene.create(billing, {
      resourceType: 'Binary',
      contentType: 'application/pdf',
      data: data.toString('base64'),
    });
    const read = async (caller: typeof elm) => (await scene.ask(caller, 'GET', `Binary/${binary.id}`)).status;
    expect([await read(elm), await read(oak)]).toEqual([404, 404]);
    const hash = createHash('sha256').update(data).digest('hex');
    const { legal } = agreement({ document: `Binary/${binary.id}`, hash });
    await put(billing, { ...offered, legal, status: 'negotiable' } as Resource);
    expect([await read(elm), await read(billing), await read(oak)]).toEqual([200, 200, 404]);
  });

  test('the associate reads it from its offer on, with its document, and a stranger never', async () => {
    const prepared = await begin();
    const seen = async (caller: typeof elm) =>
      (await scene.ask(caller, 'GET', `Contract/${prepared.id}`)).status;
    expect([await seen(elm), await seen(billing), await seen(oak)]).toEqual([200, 404, 404]);
    await put(elm, { ...prepared, status: 'offered' });
    expect([await seen(billing), await seen(oak)]).toEqual([200, 404]);
    expect((await scene.ask(billing, 'GET', 'Binary/agreement')).status).toBe(200);
    expect((await scene.ask(oak, 'GET', 'Binary/agreement')).status).toBe(404);
    const found = await scene.bundle(billing, `Contract?subject=Organization/billing-co&_id=${prepared.id}`);
    expect(found.total).toBe(1);
    await put(elm, { ...(await scene.stored(`Contract/${prepared.id}`)), status: 'policy' });
    expect(await seen(billing)).toBe(404);
  });

  test('what was withdrawn before its offer stays unseen; what was rejected stays seen', async () => {
    const unseen = await put(elm, { ...because(await begin(), 'other', 'Not now.'), status: 'rejected' });
    const seen = await put(billing, { ...because(await offer(), 'other', 'No.'), status: 'rejected' });
    const asked = await Promise.all(
      [unseen, seen].map(({ id }) => scene.ask(billing, 'GET', `Contract/${id}`)),
    );
    expect(asked.map(({ status }) => status)).toEqual([404, 200]);
  });

  test('nobody signs for the other side, nor by the people of another', async () => {
    const offered = await offer();
    expect(await tried(billing, signed(offered, 'executable', own('principal')))).toMatch(
      /^403 not-your-signature/,
    );
    expect(await tried(elm, signed(offered, 'executable', own('associate')))).toMatch(
      /^403 not-your-signature/,
    );
    expect(await tried(elm, signed(offered, 'executable', own('principal'), own('associate')))).toMatch(
      /^403 not-your-signature/,
    );
    expect(
      await tried(
        billing,
        signed(offered, 'executable', signer('associate', 'PractitionerRole/oak', { signedOn: NOW })),
      ),
    ).toMatch(/^403 not-your-signature/);
    const first = await put(billing, signed(offered, 'executable', own('associate')));
    expect(await tried(elm, { ...signed(offered, 'executed', own('principal')) })).toMatch(
      /^403 not-your-signature/,
    );
    expect(await tried(elm, { ...first, signer: undefined, title: 'x' })).toMatch(/^403 not-your-signature/);
  });

  // prettier-ignore
  test.each<readonly [string, AgreementSpec]>([
    ['of another document', { signedHash: 'd'.repeat(64) }],
    ['of the day before', { signedOn: '2026-05-31T12:00:00Z' }],
    ['of tomorrow', { signedOn: '2026-06-02T12:00:00Z' }],
  ])('a signature %s is refused (baa-messaging BT05)', async (_what, more) => {
    expect(await tried(billing, signed(await offer(), 'executable', own('associate', more)))).toMatch(/^422 agreement-incomplete/);
  });

  test('a signature on paper is filed by one person and confirmed by another (baa-messaging BA2)', async () => {
    const paper = own('associate', { signedOn: '2026-05-20T09:00:00Z' });
    const [signature] = paper.signature;
    const document = { url: 'document', valueReference: { reference: 'Binary/agreement' } };
    const forged = { url: 'approver', valueReference: { reference: 'PractitionerRole/elm' } };
    const filed = {
      ...paper,
      signature: [
        {
          ...signature,
          extension: [
            ...(signature?.extension ?? []),
            {
              url: 'https://closeloop.dev/fhir/StructureDefinition/signed-paper',
              extension: [document, forged],
            },
          ],
        },
      ],
    };
    const first = await put(elm, signed(await offer(), 'executable', own('principal')));
    const machine = callerOf('elm');
    expect(await tried(machine, signed(first, 'executable', filed))).toMatch(
      /^403 not-your-signature a person files/,
    );
    expect(await tried(elm, signed(first, 'executable', filed))).toMatch(
      /^403 not-your-signature the associate is no party that works for others/,
    );
    await worksForOthers('billing-co');
    const recorded = await put(elm, signed(first, 'executable', filed));
    expect(JSON.stringify(recorded)).toContain(
      '"url":"recorder","valueReference":{"reference":"Practitioner/ada"}',
    );
    expect(JSON.stringify(recorded)).not.toContain('approver');
    expect(stateOf(recorded)).toBe('pending');
    expect(await tried(elm, { ...recorded, status: 'executed' })).toMatch(
      /^403 not-your-signature a signature on paper is confirmed by another/,
    );
    const second = callerOf('elm', { user: 'Practitioner/bea' });
    const executed = await put(second, { ...recorded, status: 'executed' });
    expect(JSON.stringify(executed)).toContain(
      '"url":"approver","valueReference":{"reference":"Practitioner/bea"}',
    );
    expect(stateOf(executed)).toBe('active');
  });

  test('of an agreement the associate writes nothing else', async () => {
    const contract = await conclude();
    for (const more of [
      { title: 'Ours' },
      { applies: { start: '2026-01-01' } },
      { supportingInfo: [{ display: 'x' }] },
    ])
      expect(await tried(billing, { ...contract, ...more })).toMatch(/^422 agreement-frozen/);
    expect(
      await tried(billing, {
        ...because(contract, 'service-ended', 'Over.'),
        status: 'revoked',
        title: 'Ours',
      }),
    ).toMatch(/^422 agreement-frozen/);
  });
});

describe('what stays as it was offered (baa-messaging BA3)', () => {
  // prettier-ignore
  test.each<readonly [string, object]>([
    ['applies', { applies: { start: '2026-02-01', end: '2029' } }],
    ['subject', { subject: [{ reference: 'Organization/oak' }] }],
    ['authority', { authority: [{ reference: 'Organization/oak' }] }],
    ['term', { term: [] }],
    ['legal', { legal: [{ contentAttachment: { url: 'Binary/agreement', title: 'x' } }] }],
    ['type', { type: { coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/contract-type', code: 'government-mou' }] } }],
    ['extension', { extension: [] }],
  ])('%s', async (element, more) => {
    const contract = await conclude();
    const change = Object.entries(more).map(([name, value]) => ({ op: Array.isArray(value) && value.length === 0 ? 'remove' : 'replace', path: `/${name}`, ...(Array.isArray(value) && value.length === 0 ? {} : { value }) }));
    const reply = await scene.ask(elm, 'PATCH', `Contract/${contract.id}`, change);
    expect([reply.status, reply.code]).toEqual([422, 'agreement-frozen']);
    expect(reply.issues[0]?.diagnostics).toContain(element);
  });

  test('title and attestations are the principal’s to change', async () => {
    const contract = await conclude();
    expect(await tried(elm, { ...contract, title: 'Billing', supportingInfo: [{ display: 'SOC 2' }] })).toBe(
      '200',
    );
  });

  test('it does not become a Contract of another sort', async () => {
    const { type: _type, ...other } = await conclude();
    expect(await tried(elm, { ...other, resourceType: 'Contract' })).toMatch(
      /^422 agreement-transition-not-allowed/,
    );
  });

  test('a Contract of another sort begins as an agreement or not at all', async () => {
    const { type: _type, ...plain } = agreement({ status: 'executed', signed: [] });
    const stored = await scene.create(elm, { ...plain, resourceType: 'Contract' });
    expect(await tried(elm, { ...agreement(), id: stored.id })).toMatch(
      /^422 agreement-transition-not-allowed/,
    );
    expect(await tried(elm, { ...agreement({ status: 'policy', signed: [] }), id: stored.id })).toBe('200');
  });

  test('two parts of one legal entity have no agreement with each other (compliance D2)', async () => {
    const above = { reference: 'Organization/elm' };
    const part = {
      resourceType: 'Organization',
      id: 'elm-east',
      active: true,
      name: 'Elm East',
      partOf: above,
      extension: [
        { url: 'https://closeloop.dev/fhir/StructureDefinition/same-legal-entity', valueBoolean: true },
      ],
    };
    expect((await scene.ask(administrator, 'PUT', 'Organization/elm-east', part)).status).toBeLessThan(300);
    const made = agreement({ status: 'policy', signed: [], associate: 'Organization/elm-east' });
    expect(said(await scene.ask(elm, 'POST', 'Contract', made))).toMatch(/one legal entity/);
  });
});
