/**
 * A referral to a program of 42 CFR Part 2: what is a record of Part 2 and what is not, the program's answers with and without a
 * consent, and what each party sees (compliance P1 to P4, P13, L5, L6; harmony Z4).
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Consent, Extension, Resource } from '../../../src/fhir/types.ts';
import { handClock } from '../../contract/store-world.ts';
import { actor, consentOf, withProvision } from '../../unit/policies/consent/consents.ts';
import * as make from '../../resources.ts';
import { administrator, callerOf, openWorld, refOf, refsOf, type Stored, type World } from '../../world.ts';

const KIND = 'https://closeloop.dev/fhir/CodeSystem/party-kind';
const FLAG = 'https://closeloop.dev/fhir/StructureDefinition/part2-program';
const [elm, detox, third] = ['elm', 'detox', 'third'].map((id) => callerOf(id)) as [
  ReturnType<typeof callerOf>,
  ReturnType<typeof callerOf>,
  ReturnType<typeof callerOf>,
];
const clock = handClock(Date.UTC(2026, 1, 1));

let world: World;
beforeAll(async () => {
  world = await openWorld({ store: { clock }, engine: { clock } });
  await world.seedDirectory('elm', 'detox', 'third', 'general', 'works');
  await kind('detox', 'part2-program');
});
afterAll(() => world.close());

const kind = (id: string, code: string) =>
  world.ask(administrator, 'PUT', `Organization/${id}`, {
    ...make.organization(id),
    type: [{ coding: [{ system: KIND, code }] }],
  });

/** As much of an issue as is read here. */
interface Issue {
  readonly details: { readonly coding: readonly { readonly code: string }[] };
  readonly diagnostics?: string;
  readonly expression?: readonly string[];
}

interface Referred {
  readonly patient: Stored;
  readonly order: Stored;
  readonly task: Stored;
}

async function refer(to = 'detox', from = elm): Promise<Referred> {
  const patient = await world.create(from, make.patient());
  const parties = { requester: from.organization!, performer: `Organization/${to}` as const };
  const order = await world.create(from, make.serviceRequest({ subject: refOf(patient), ...parties }));
  const { entry = [] } = await world.bundle(from, `Task?focus=${refOf(order)}`);
  return { patient, order, task: entry[0]?.resource as unknown as Stored }; // opened for the order
}

async function consentTo(patient: Stored, recipient = 'elm', given: Partial<Consent> = {}): Promise<Stored> {
  const paper = await world.create(
    detox,
    make.documentReference(refOf(patient), 'https://example.org/paper'),
  );
  const consent = withProvision(
    consentOf('part2-tpo', {
      patient: { reference: refOf(patient) },
      performer: [{ reference: refOf(patient) }],
      organization: [{ reference: 'Organization/detox' }],
      sourceReference: { reference: refOf(paper) },
      ...given,
    }),
    { actor: [actor('CST', 'Organization/detox'), actor('IRCP', `Organization/${recipient}`)] },
  );
  return world.create(detox, consent);
}

const move = (task: Stored, more: object, caller = detox) =>
  world.ask(caller, 'PUT', refOf(task), { ...task, ...more });
const ACCEPT = { status: 'accepted', businessStatus: undefined };
const DECLINE = { status: 'rejected', businessStatus: undefined, statusReason: { text: 'no bed' } };

const labelsOf = (resource: Resource | undefined): string =>
  (resource?.meta?.security ?? []).map(({ code }) => code).join(' ');
const read = async (caller: typeof elm, ref: string) => world.ask(caller, 'GET', ref);
const status = async (caller: typeof elm, ref: string): Promise<number> => (await read(caller, ref)).status;

describe('(compliance P1) the flag', () => {
  test('an organization adds it to itself, and does not remove it', async () => {
    const general = callerOf('general');
    const flagged = {
      ...make.organization('general'),
      type: [{ coding: [{ system: KIND, code: 'part2-program' }] }],
    };
    expect((await world.ask(general, 'PUT', 'Organization/general', flagged)).status).toBe(200);
    expect(
      await world.ask(general, 'PUT', 'Organization/general', make.organization('general')),
    ).toMatchObject({
      status: 403,
      code: 'party-kind-protected',
    });
    expect(
      (await world.ask(administrator, 'PUT', 'Organization/general', make.organization('general'))).status,
    ).toBe(200);
  });

  test('of a unit: an administrator lowers it', async () => {
    const general = callerOf('general');
    const unit = {
      resourceType: 'HealthcareService',
      id: 'detox-unit',
      active: true,
      name: 'Detox unit',
      providedBy: { reference: 'Organization/general' },
    };
    const flag = { extension: [{ url: FLAG, valueBoolean: true }] };
    expect((await world.ask(administrator, 'PUT', 'HealthcareService/detox-unit', unit)).status).toBe(201);
    expect(
      (await world.ask(general, 'PUT', 'HealthcareService/detox-unit', { ...unit, ...flag })).status,
    ).toBe(200);
    expect(await world.ask(general, 'PUT', 'HealthcareService/detox-unit', unit)).toMatchObject({
      status: 403,
      code: 'party-kind-protected',
    });
    expect(await world.ask(general, 'DELETE', 'HealthcareService/detox-unit')).toMatchObject({ status: 403 });
  });
});

describe('(compliance P2, P3) source and code', () => {
  const OPIOID = { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'F11.20' }] };
  const KNEE = { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'M17.1' }] };
  test.each<[string, object, string]>([
    ['elm', OPIOID, 'N SUD ETH OPIOIDUD'],
    ['elm', KNEE, ''],
    ['detox', OPIOID, 'R SUD ETH OPIOIDUD 42CFRPart2 PERSISTLABEL'],
    ['detox', KNEE, 'R 42CFRPart2 PERSISTLABEL'],
  ])('%s', async (source, code, expected) => {
    const caller = callerOf(source);
    const patient = await world.create(caller, make.patient());
    const stored = await world.create(caller, make.condition(refOf(patient), { code }));
    const same = (labels: string): readonly string[] => labels.split(' ').filter(Boolean).toSorted();
    expect(same(labelsOf(stored))).toEqual(same(expected));
    const again = await world.ask(caller, 'PUT', refOf(stored), { ...stored, meta: undefined });
    expect(same(labelsOf(again.json))).toEqual(same(expected));
  });

  test('the directory is never one of Part 2', async () => {
    const service = await world.create(administrator, {
      resourceType: 'HealthcareService',
      providedBy: { reference: 'Organization/detox' },
    });
    expect(labelsOf(service)).toBe('');
  });

  test('a flagged unit taints what it authored, and nothing else of its organization', async () => {
    const general = callerOf('general');
    const role = {
      ...make.practitionerRole('addiction'),
      organization: { reference: 'Organization/general' },
      extension: [{ url: FLAG, valueBoolean: true }],
    };
    expect((await world.ask(administrator, 'PUT', 'PractitionerRole/addiction', role)).status).toBe(201);
    const patient = await world.create(general, make.patient());
    const plain = await world.create(general, make.observation(refOf(patient)));
    const performer = [{ reference: 'PractitionerRole/addiction' }];
    const authored = await world.create(general, make.observation(refOf(patient), { performer }));
    expect([labelsOf(plain), labelsOf(authored)]).toEqual(['', 'R 42CFRPart2 PERSISTLABEL']);
  });

  test('nobody lowers it, not even with the scope and a reason', async () => {
    const officer = callerOf('detox', { serverScopes: ['closeloop/label-downgrade'] });
    const patient = await world.create(detox, make.patient());
    const answer = await world.ask(officer, 'POST', `${refOf(patient)}/$meta-delete`, {
      resourceType: 'Parameters',
      parameter: [
        {
          name: 'meta',
          valueMeta: {
            security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: '42CFRPart2' }],
          },
        },
      ],
    });
    expect(answer).toMatchObject({ status: 403, code: 'label-protected' });
  });
});

describe('(compliance P4) the program’s answers', () => {
  test('are refused without a consent: nothing is stored, nothing is shown', async () => {
    const { task, patient } = await refer();
    expect(labelsOf(task)).toBe('');
    const refused = await move(task, ACCEPT);
    expect(refused).toMatchObject({ status: 422, code: 'consent-needed' });
    const { issue: issues } = refused.json as unknown as { readonly issue: readonly Issue[] };
    const [issue] = issues;
    const codes = issue?.details.coding.map(({ code }) => code);
    expect(codes).toEqual(['consent-needed', 'part2-disclosure', 'privacy-precondition']);
    expect(issue?.expression).toEqual(['Task.status']);
    expect(String(issue?.diagnostics)).toContain('42 CFR 2.31');
    expect(refused.text).not.toContain(refOf(patient));
    expect((await read(elm, refOf(task))).json?.['status']).toBe(task['status']);
    expect((await world.bundle(elm, `${refOf(task)}/_history`)).total).toBe(1);
  });

  test('pass with one that covers them, labelled, and both parties see them', async () => {
    const { task, patient } = await refer();
    await consentTo(patient);
    const accepted = await move(task, ACCEPT);
    expect(accepted.status).toBe(200);
    expect(labelsOf(accepted.json)).toBe('R 42CFRPart2 PERSISTLABEL');
    expect([await status(elm, refOf(task)), await status(detox, refOf(task))]).toEqual([200, 200]);
    // The initiator goes on with its own record, and the program goes on seeing its own words.
    const noted = await move(accepted.json as Stored, { note: [{ text: 'thank you' }] }, elm);
    expect(noted.status).toBe(200);
    expect(await status(detox, refOf(task))).toBe(200);
  });

  test('pass in one transaction with the consent (K3)', async () => {
    const { task, patient } = await refer();
    const paper = await world.create(
      detox,
      make.documentReference(refOf(patient), 'https://example.org/paper'),
    );
    const consent = withProvision(
      consentOf('part2-specific', {
        patient: { reference: refOf(patient) },
        performer: [{ reference: refOf(patient) }],
        organization: [{ reference: 'Organization/detox' }],
        sourceReference: { reference: refOf(paper) },
      }),
      { actor: [actor('CST', 'Organization/detox'), actor('IRCP', 'Organization/elm')] },
    );
    const bundle = {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        { resource: consent, request: { method: 'POST', url: 'Consent' } },
        { resource: { ...task, ...ACCEPT }, request: { method: 'PUT', url: refOf(task) } },
      ],
    };
    expect((await world.ask(detox, 'POST', '', bundle)).status).toBe(200);
    // (P11, P30) Not received under a TPO consent: it goes no further without another.
    expect(labelsOf((await read(elm, refOf(task))).json)).toContain('NORDSCLCD');
  });

  test('a decline before anything else says nothing of a patient (TID 03)', async () => {
    const { task } = await refer();
    const declined = await move(task, DECLINE);
    expect(declined.status).toBe(200);
    expect(labelsOf(declined.json)).toBe('');
  });

  test('expiry counts by the clock', async () => {
    const { task, patient } = await refer();
    await consentTo(patient);
    clock.at = Date.UTC(2026, 3, 1) + 86_400_000;
    expect(await move(task, ACCEPT)).toMatchObject({ status: 422, code: 'consent-needed' });
    expect((await move(task, ACCEPT)).issues[0]?.diagnostics).toContain('expired');
    clock.at = Date.UTC(2026, 1, 1);
    expect((await move(task, ACCEPT)).status).toBe(200);
  });

  test('visits and messages likewise', async () => {
    const { order, task, patient } = await refer();
    const visit = make.appointment(refOf(order), refOf(patient));
    const message = make.communication([refOf(task)]);
    const needed = { status: 422, code: 'consent-needed' };
    expect(await world.ask(detox, 'POST', 'Communication', message)).toMatchObject(needed);
    await consentTo(patient);
    expect((await move(task, ACCEPT)).status).toBe(200);
    clock.at = Date.UTC(2026, 3, 2);
    expect(await world.ask(detox, 'POST', 'Appointment', visit)).toMatchObject(needed);
    clock.at = Date.UTC(2026, 1, 1);
    for (const answer of [message, visit]) {
      const stored = await world.create(detox, answer);
      expect(labelsOf(stored)).toBe('R 42CFRPart2 PERSISTLABEL');
      expect(await status(elm, refOf(stored))).toBe(200);
    }
  });

  test('a provider that is no program answers as before', async () => {
    const { task } = await refer('third');
    const accepted = await move(task, ACCEPT, third);
    expect([accepted.status, labelsOf(accepted.json)]).toEqual([200, '']);
  });
});

test('(compliance P24) a program’s patient without the notice of 2.22: one work item, and nothing waits', async () => {
  const items = async (patient: Stored): Promise<number> =>
    refsOf(
      await world.bundle(
        detox,
        `Task?code=https://closeloop.dev/fhir/CodeSystem/work-item|part2-patient-notice&focus=${refOf(patient)}`,
      ),
    ).length;
  const own = await world.create(detox, make.patient());
  expect(await items(own)).toBe(1);
  const { task, patient } = await refer();
  expect(await items(patient)).toBe(0);
  await consentTo(patient);
  expect((await move(task, ACCEPT)).status).toBe(200);
  expect(await items(patient)).toBe(1);
  const informed = await refer();
  await consentTo(informed.patient);
  await world.create(
    detox,
    make.consent(refOf(informed.patient), {
      policyRule: {
        coding: [
          { system: 'https://closeloop.dev/fhir/CodeSystem/consent-kind', code: 'part2-patient-notice' },
        ],
      },
    }),
  );
  expect((await move(informed.task, ACCEPT)).status).toBe(200);
  expect(await items(informed.patient)).toBe(0);
});

describe('(compliance L6; harmony Z4) what is withheld', () => {
  async function shared() {
    const referred = await refer();
    const { patient, order } = referred;
    const consent = await consentTo(patient);
    await move(referred.task, ACCEPT);
    const note = await world.create(
      detox,
      make.communication([refOf(referred.task)], { subject: make.to(refOf(patient)), status: 'in-progress' }),
    );
    return { ...referred, order, consent, note };
  }

  test('is a 404 without a word, is not counted, and has no mark', async () => {
    const { note, consent, patient } = await shared();
    await world.ask(detox, 'PUT', refOf(consent), {
      ...consent,
      status: 'inactive',
      extension: [
        ...((consent['extension'] ?? []) as object[]),
        {
          url: 'https://closeloop.dev/fhir/StructureDefinition/revocation',
          extension: [
            { url: 'at', valueDateTime: '2026-02-01' },
            { url: 'by', valueReference: { reference: refOf(patient) } },
            { url: 'how', valueCode: 'written' },
          ],
        },
      ],
    });
    const [withheld, unknown] = [await read(elm, refOf(note)), await read(elm, 'Communication/unknown')];
    expect([withheld.status, withheld.code]).toEqual([404, 'not-found']);
    expect(withheld.text?.replaceAll(refOf(note), '')).toBe(
      unknown.text?.replaceAll('Communication/unknown', ''),
    );
    const bundle = await world.bundle(elm, `Communication?subject=${refOf(patient)}`);
    expect([bundle.total, bundle.entry ?? []]).toEqual([0, []]);
    expect(await status(detox, refOf(note))).toBe(200);
  });

  test('what was received stays, without a header; a later version is a 404', async () => {
    const { note, consent, patient } = await shared();
    expect(await status(elm, refOf(note))).toBe(200);
    const later = await world.ask(detox, 'PUT', refOf(note), { ...note, status: 'completed' });
    expect(later.status).toBe(200);
    clock.at = Date.UTC(2026, 3, 2);
    const received = await read(elm, refOf(note));
    expect([received.status, received.json?.['status'], received.headers['X-Withheld']]).toEqual([
      200,
      'in-progress',
      undefined,
    ]);
    expect(await read(elm, `${refOf(note)}/_history/${later.version}`)).toMatchObject({ status: 404 });
    expect(refsOf(await world.bundle(elm, `Communication?subject=${refOf(patient)}`))).toEqual([]);
    expect(await status(detox, refOf(consent))).toBe(200);
    clock.at = Date.UTC(2026, 1, 1);
  });

  test('(P13) the holder finds its own record by an ordinary search', async () => {
    const { task, order } = await shared();
    expect(refsOf(await world.bundle(elm, `Task?focus=${refOf(order)}`))).toEqual([refOf(task)]);
    expect(refsOf(await world.bundle(elm, 'Task?_security=42CFRPart2'))).toContain(refOf(task));
  });
});

test('(compliance S6, D1) another kind of a party changes what it sees at once: an employer needs an authorization', async () => {
  const works = callerOf('works');
  const coded = (code: string) => ({
    code: { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code }] },
  });
  const patient = await world.create(elm, make.patient());
  const hiv = await world.create(elm, make.condition(refOf(patient), coded('B20')));
  const knee = await world.create(elm, make.condition(refOf(patient), coded('M17.1')));
  await world.create(
    elm,
    make.serviceRequest(
      { subject: refOf(patient), requester: 'Organization/elm', performer: 'Organization/works' },
      { reasonReference: [make.to(refOf(hiv)), make.to(refOf(knee))] },
    ),
  );
  const conditions = `Condition?patient=${refOf(patient)}`;
  expect(await status(works, refOf(knee))).toBe(200);
  await kind('works', 'employer');
  expect(await read(works, refOf(hiv))).toMatchObject({ status: 403, code: 'disclosure-denied' });
  expect(await status(works, refOf(knee))).toBe(200);
  const bundle = await world.bundle(works, conditions);
  expect([bundle.total, (bundle.entry ?? []).map(({ search }) => search?.mode)]).toEqual([
    1,
    ['match', 'outcome'],
  ]);
  const paper = await world.create(elm, make.documentReference(refOf(patient), 'https://example.org/paper'));
  await world.create(
    elm,
    withProvision(
      consentOf('hipaa-auth', {
        patient: { reference: refOf(patient) },
        performer: [{ reference: refOf(patient) }],
        organization: [{ reference: 'Organization/elm' }],
        sourceReference: { reference: refOf(paper) },
      }),
      { actor: [actor('CST', 'Organization/elm'), actor('IRCP', 'Organization/works')] },
    ),
  );
  expect((await world.bundle(works, conditions)).total).toBe(2);
  expect(await status(works, refOf(hiv))).toBe(200);
  await world.ask(administrator, 'PUT', 'Organization/works', make.organization('works'));
});

/** The codes of the labels that each issue names. */
const needsOf = (outcome: Resource | undefined): readonly (readonly (string | undefined)[])[] =>
  ((outcome?.['issue'] ?? []) as readonly { readonly extension?: readonly Extension[] }[]).map(
    ({ extension = [] }) =>
      extension
        .flatMap((need) => need.extension ?? [])
        .filter(({ url }) => url === 'label')
        .map(({ valueCode }) => valueCode),
  );

test('(compliance K1) the labels that a consent must cover are those of the content, not how it is to be handled', async () => {
  const { task } = await refer();
  const answer = await move(task, ACCEPT);
  expect(needsOf(answer.json)).toEqual([['42CFRPart2']]);
  const patient = await world.create(detox, make.patient());
  const parties = { requester: 'Organization/detox', performer: 'Organization/elm' } as const;
  const order = make.serviceRequest({ subject: refOf(patient), ...parties });
  const sent = await world.ask(detox, 'POST', 'ServiceRequest', order);
  expect([sent.code, needsOf(sent.json)]).toEqual(['consent-needed', [['42CFRPart2']]]);
});
