/**
 * Emergency access (compliance 12): who may open what a patient denies, for whom and how long; what stays closed; what the
 * keeper is told in the same commit, and the review.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref } from '../../../src/fhir/types.ts';
import type { Caller } from '../../../src/operations/request.ts';
import { findGrants, GRANT_KIND } from '../../../src/operations/emergency/grants.ts';
import { noticeOfOne } from '../../../src/operations/notice.ts';
import { jobEntry } from '../../../src/ports/audit.ts';
import { auditedCommit } from '../../../src/ports/commit.ts';
import { EVERYTHING } from '../../../src/ports/query.ts';
import type { Snapshot } from '../../../src/ports/store.ts';
import { handClock } from '../../contract/store-world.ts';
import * as make from '../../resources.ts';
import {
  administrator,
  callerOf,
  initiator,
  openWorld,
  recipient,
  SETTINGS,
  refOf,
  refsOf,
  type Stored,
  type World,
} from '../../world.ts';

const START = Date.UTC(2026, 5, 1);
const MINUTE = 60_000;
const clock = handClock(START);
let world: World;
beforeAll(async () => {
  world = await openWorld({ store: { clock }, engine: { clock } });
  await world.seedDirectory('initiator', 'recipient', 'stranger');
});
afterAll(() => world.close());

/** Another one with each scene: what a person did before counts. */
let doctor = 0;

/** A clinician of the recipient with a fresh login. */
const clinician = (more: Partial<Caller> = {}): Caller =>
  callerOf('recipient', {
    user: `Practitioner/dr-${doctor}`,
    subject: 'dr',
    session: 'sitting-1',
    authenticatedAt: clock.now() - MINUTE,
    methods: ['pwd', 'otp'],
    serverScopes: ['closeloop/break-glass'],
    purposes: ['TREAT'],
    ...more,
  });
const officer = (more: Partial<Caller> = {}): Caller =>
  callerOf('initiator', {
    user: 'Practitioner/officer',
    subject: 'officer',
    serverScopes: ['closeloop/privacy'],
    ...more,
  });

const actor = (reference: string) => ({ role: { coding: [{ code: 'IRCP' }] }, reference: { reference } });
const DENY = { provision: { type: 'deny', actor: [actor('Organization/recipient')] } };

interface Scene {
  readonly patient: Stored;
  readonly note: Stored;
  readonly order: Stored;
}

async function refer(consent: Record<string, unknown> | undefined = DENY): Promise<Scene> {
  doctor += 1;
  const patient = await world.create(initiator, make.patient());
  const binary = await world.create(initiator, make.binary());
  const note = await world.create(initiator, make.documentReference(refOf(patient), refOf(binary)));
  const parties = { requester: 'Organization/initiator', performer: 'Organization/recipient' };
  const supportingInfo = [make.to(refOf(note))];
  const order = await world.create(
    initiator,
    make.serviceRequest({ subject: refOf(patient), ...parties }, { supportingInfo }),
  );
  await world.create(initiator, make.consent(refOf(patient), consent));
  return { patient, note, order };
}

const EMERGENCY = {
  reason: { valueCode: 'medical-emergency' },
  nature: { valueString: 'Found unconscious' },
  personnel: { valueString: 'Dr Ada Ward' },
  affiliation: { valueString: 'Recipient Clinic' },
};
type Parameters = Readonly<Record<string, object>>;
const asParameters = (given: Parameters) => ({
  resourceType: 'Parameters',
  parameter: Object.entries(given).map(([name, value]) => ({ name, ...value })),
});
const breakGlass = (patient: Stored, who: Caller = clinician(), given: Parameters = EMERGENCY) =>
  world.ask(who, 'POST', `${refOf(patient)}/$break-glass`, asParameters(given));
const statusOf = async (who: Caller, url: string) => (await world.ask(who, 'GET', url)).status;
const rowsOf = (patient: Stored) =>
  world.store.snapshot().audit({ viewer: undefined, names: [refOf(patient)], count: 100 });

describe('(compliance E1) the grant', () => {
  test('opens what the patient denies to this sitting alone, for its time', async () => {
    const { patient, note } = await refer();
    expect(await statusOf(clinician(), refOf(note))).toBe(403);
    const granted = await breakGlass(patient);
    expect([granted.status, granted.json?.['parameter']]).toEqual([
      201,
      expect.arrayContaining([
        { name: 'until', valueInstant: new Date(clock.now() + 30 * MINUTE).toISOString() },
      ]),
    ]);
    expect(await statusOf(clinician(), refOf(note))).toBe(200);
    for (const [who, other] of [
      ['another session of the same person', clinician({ session: 'sitting-2' })],
      ['another client', clinician({ client: 'other' })],
      ['another person', clinician({ user: 'Practitioner/other' })],
      ['the same without the duty', clinician({ serverScopes: [] })],
      ['a colleague', recipient],
    ] as const)
      expect([who, await statusOf(other, refOf(note))]).toEqual([who, 403]);
    clock.at += 30 * MINUTE - 1;
    expect(await statusOf(clinician(), refOf(note))).toBe(200);
    clock.at += 1;
    expect(await statusOf(clinician(), refOf(note))).toBe(403);
  });

  test('lasts as long as is said, up to the setting', async () => {
    const { patient } = await refer();
    const tooLong = await breakGlass(patient, clinician(), {
      ...EMERGENCY,
      minutes: { valuePositiveInt: 241 },
    });
    expect([tooLong.status, tooLong.code]).toEqual([400, 'parameter-invalid']);
    const longest = await breakGlass(patient, clinician(), {
      ...EMERGENCY,
      minutes: { valuePositiveInt: 240 },
    });
    expect(longest.status).toBe(201);
    clock.at += 241 * MINUTE;
  });

  test('the same key gives the same grant, and no second one', async () => {
    const { patient } = await refer();
    const ask = () =>
      world.ask(clinician(), 'POST', `${refOf(patient)}/$break-glass`, asParameters(EMERGENCY), {
        idempotencyKey: 'once',
      });
    const [first, again] = [await ask(), await ask()];
    expect([first.status, again.status]).toEqual([201, 201]);
    const grantOf = (resource: object | undefined) =>
      /"grant","valueString":"([^"]+)/.exec(JSON.stringify(resource))?.[1];
    expect(grantOf(again.json)).toBe(grantOf(first.json) ?? 'a grant');
    expect(await itemsOf('break-glass-review', patient)).toHaveLength(1);
    clock.at += 31 * MINUTE;
  });

  test.each(['reason', 'nature', 'personnel', 'affiliation'] as const)('needs %s', async (name) => {
    const { patient } = await refer();
    const { [name]: _left, ...rest } = EMERGENCY;
    const answer = await breakGlass(patient, clinician(), rest);
    expect([answer.status, answer.code]).toEqual([422, 'break-glass-incomplete']);
    expect(answer.issues[0]?.diagnostics).toBe(`missing: ${name}`);
  });

  test.each(['nature', 'personnel', 'affiliation'] as const)(
    'keeps %s whole, or refuses it',
    async (name) => {
      const { patient } = await refer();
      const given = { ...EMERGENCY, [name]: { valueString: 'x'.repeat(1001) } };
      const answer = await breakGlass(patient, clinician(), given);
      expect([answer.code, answer.issues[0]?.diagnostics]).toEqual([
        'parameter-invalid',
        `${name} has 1000 characters at most`,
      ]);
    },
  );
});

test('(compliance E3, L4) what holds records of another patient stays closed', async () => {
  const { patient, order } = await refer(undefined);
  const other = await world.create(initiator, make.patient());
  const holding = (subject: Stored, more: object) => ({
    resourceType: 'Bundle',
    type: 'collection',
    entry: [{ fullUrl: 'urn:uuid:1', resource: { ...make.observation(refOf(subject)), ...more } }],
  });
  const bundles: Stored[] = [];
  for (const subject of [patient, other]) bundles.push(await world.create(initiator, holding(subject, {})));
  const supportingInfo = bundles.map((one) => make.to(refOf(one)));
  const told = await world.ask(initiator, 'PUT', refOf(order), { ...order, supportingInfo });
  expect(told.status).toBe(200);
  const part2 = { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: '42CFRPart2' };
  for (const [place, subject] of [patient, other].entries()) {
    const { id, resourceType } = bundles[place] as Stored;
    await world.ask(initiator, 'PUT', `${resourceType}/${id}`, {
      id,
      ...holding(subject, { meta: { security: [part2] } }),
    });
  }
  const statuses = () => Promise.all(bundles.map((one) => statusOf(clinician(), refOf(one))));
  expect(await statuses()).toEqual([404, 404]);
  expect((await breakGlass(patient)).status).toBe(201);
  expect(await statuses()).toEqual([200, 404]);
  clock.at += 31 * MINUTE;
});

describe('(compliance E2) who may', () => {
  test.each([
    ['a system', { user: undefined }],
    ['a patient', { user: 'Patient/p' }],
    ['without the duty', { serverScopes: [] }],
    ['an old login', { authenticatedAt: START - 60 * MINUTE }],
    ['one factor', { methods: ['pwd'] }],
    ['an administrator', { administrator: true }],
  ])('%s may not, whoever the patient is', async (_name, more) => {
    const { patient } = await refer();
    for (const ref of [refOf(patient), 'Patient/never-was']) {
      const answer = await world.ask(clinician(more), 'POST', `${ref}/$break-glass`, asParameters(EMERGENCY));
      expect([ref, answer.status, answer.code]).toEqual([ref, 403, 'break-glass-refused']);
    }
  });
});

describe('(compliance E3) what stays closed', () => {
  test('whom no referral reaches, and what one keeps oneself', async () => {
    const unreached = await world.create(initiator, make.patient());
    expect((await breakGlass(unreached)).status).toBe(404);
    const own = await world.create(recipient, make.patient());
    expect((await breakGlass(own)).code).toBe('break-glass-refused');
  });

  test('another patient of the same keeper, who denies as well', async () => {
    const [one, other] = [await refer(), await refer()];
    expect((await breakGlass(one.patient)).status).toBe(201);
    expect(await statusOf(clinician(), refOf(one.note))).toBe(200);
    expect(await statusOf(clinician(), refOf(other.note))).toBe(403);
    expect(await statusOf(clinician(), refOf(other.patient))).toBe(403);
    clock.at += 31 * MINUTE;
  });

  test('what lasts in an emergency: a denial of the patient who paid in full', async () => {
    const { patient, note } = await refer();
    const restriction = {
      denies: true,
      lasting: true,
      types: ['DocumentReference'],
      exceptions: [],
    } as const;
    await world.store.commit(
      auditedCommit([jobEntry('self-pay')], {
        denials: [
          {
            source: 'Consent/self-pay',
            denial: { patient: refOf(patient), restriction, actors: {}, foundBy: [] },
          },
        ],
      }),
    );
    expect((await breakGlass(patient)).status).toBe(201);
    expect(await statusOf(clinician(), refOf(patient))).toBe(200);
    expect(await statusOf(clinician(), refOf(note))).toBe(403);
    clock.at += 31 * MINUTE;
  });

  test('nothing is written in the widened sight', async () => {
    const { patient, note } = await refer();
    await breakGlass(patient);
    const about = { resourceType: 'Basic', code: { text: 'note' }, subject: make.to(refOf(patient)) };
    expect((await world.ask(clinician(), 'POST', 'Basic', about)).code).toBe('reference-not-found');
    expect(await statusOf(clinician(), refOf(note))).toBe(200);
    clock.at += 31 * MINUTE;
  });
});

describe('(compliance E4) what is read under it', () => {
  test('bears NORDSCLCD, says what it was told for, and is recorded as BTG', async () => {
    const { patient, note, order } = await refer();
    await breakGlass(patient);
    const read = await world.ask(clinician(), 'GET', refOf(note));
    expect(read.json?.meta?.security).toContainEqual(expect.objectContaining({ code: 'NORDSCLCD' }));
    expect(read.headers['Warning']).toContain('164.522(a)(1)(iv)');
    const found = await world.bundle(
      clinician(),
      `DocumentReference?patient=${refOf(patient)}&_total=accurate`,
    );
    expect([found.total, refsOf(found)[0]]).toEqual([1, refOf(note)]);
    expect(JSON.stringify(found)).toContain('emergency-only');
    expect(JSON.stringify(found)).not.toContain('"suppressed"');
    for (const url of [
      `${refOf(patient)}/$everything`,
      `${refOf(order)}/$timeline`,
      `${refOf(note)}/_history`,
      `ServiceRequest?_id=${order.id}&_include=ServiceRequest:subject`,
    ])
      expect([url, await statusOf(clinician(), url)]).toEqual([url, 200]);
    const row = (await rowsOf(patient)).find(({ entry }) => entry.event === 'read')?.entry;
    expect([row?.purposes, row?.grant !== undefined]).toEqual([['BTG'], true]);
    clock.at += 31 * MINUTE;
    // What was opened in an emergency alone was not received: it is withheld again.
    for (const ref of [note, patient, order].map(refOf))
      expect([ref, await statusOf(clinician(), ref)]).toEqual([ref, 403]);
  });

  test('what the caller sees without it is as ever', async () => {
    const { patient, note } = await refer({
      provision: {
        type: 'deny',
        actor: [actor('Organization/recipient')],
        class: [{ system: 'http://hl7.org/fhir/resource-types', code: 'DocumentReference' }],
      },
    });
    await breakGlass(patient);
    const seen = await world.ask(clinician(), 'GET', refOf(patient));
    expect(JSON.stringify(seen.json)).not.toContain('NORDSCLCD');
    expect(seen.headers['Warning']).toBeUndefined();
    expect(JSON.stringify((await world.ask(clinician(), 'GET', refOf(note))).json)).toContain('NORDSCLCD');
    // What is no stored record bears no mark.
    const definition = await world.ask(clinician(), 'GET', 'OperationDefinition/break-glass');
    expect([definition.status, definition.headers['Warning']]).toEqual([200, undefined]);
    expect(JSON.stringify(definition.json)).not.toContain('NORDSCLCD');
    clock.at += 31 * MINUTE;
  });
});

const itemsOf = async (code: string, patient: Stored) =>
  (await world.bundle(initiator, `Task?code=${code}&patient=${refOf(patient)}`)).entry?.map(
    ({ resource }) => resource as unknown as Stored, // Tasks
  ) ?? [];

describe('(compliance E5) who keeps the patient', () => {
  test('has the work item, the Communication, the Provenance and the event of the same commit', async () => {
    const { patient } = await refer();
    const before = world.store.status().seq;
    await breakGlass(patient);
    expect(world.store.status().seq).toBe(before + 1);
    const [item] = await itemsOf('break-glass-review', patient);
    expect(item).toMatchObject({
      status: 'requested',
      restriction: { period: { end: new Date(clock.now() + 72 * 60 * MINUTE).toISOString() } },
    });
    const told = JSON.stringify(item?.['input']);
    for (const fact of ['Found unconscious', 'Dr Ada Ward', 'Recipient Clinic', clinician().user])
      expect(told).toContain(fact);
    const about = await world.bundle(initiator, `Communication?patient=${refOf(patient)}`);
    expect(about.entry).toHaveLength(1);
    expect((await world.bundle(initiator, `Provenance?target=Task/${item?.id}`)).entry).toHaveLength(1);
    const row = (await rowsOf(patient)).find(({ entry }) => entry.event === 'break-glass')?.entry;
    expect(row).toMatchObject({ purposes: ['BTG'], viewers: ['Organization/initiator'], outcome: '0' });
    expect(JSON.stringify(row)).not.toContain('unconscious');
    // The other side sees none of it.
    for (const url of [`Task/${item?.id}`, refOf(about.entry?.[0]?.resource as unknown as Stored)])
      expect([url, await statusOf(clinician(), url)]).toEqual([url, 404]);
    clock.at += 31 * MINUTE;
  });
});

/** elm refers to detox, a program of 42 CFR Part 2, which keeps an Observation on elm's Patient. */
describe('at the organization that keeps the patient', () => {
  const [elm, detox, lab, other] = ['elm', 'detox', 'lab', 'other'].map((id) => callerOf(id)) as [
    Caller,
    Caller,
    Caller,
    Caller,
  ];
  beforeAll(async () => {
    await world.seedDirectory('elm', 'detox', 'lab', 'other');
    const system = 'https://closeloop.dev/fhir/CodeSystem/party-kind';
    const type = [{ coding: [{ system, code: 'part2-program' }] }];
    const program = { ...make.organization('detox'), type };
    await world.ask(administrator, 'PUT', 'Organization/detox', program);
  });

  const doctorOf = ({ organization }: Caller): Caller => clinician({ organization });
  const orderTo = (performer: Caller, patient: Stored, requester = elm): Promise<Stored> => {
    const parties = { requester: requester.organization!, performer: performer.organization! };
    return world.create(requester, make.serviceRequest({ subject: refOf(patient), ...parties }));
  };
  const kept = (order: Stored, patient: Stored): Promise<Stored> =>
    world.create(detox, make.observation(refOf(patient), { basedOn: [make.to(refOf(order))] }));

  async function referToDetox() {
    doctor += 1;
    const patient = await world.create(elm, make.patient());
    const order = await orderTo(detox, patient);
    return { patient, order };
  }
  /** What an organization was told of an emergency: the reviews, the messages, the proofs. */
  async function toldTo(who: Caller, patient: Stored) {
    const reviews = await world.bundle(who, `Task?code=break-glass-review&patient=${refOf(patient)}`);
    const [review] = refsOf(reviews);
    const proofs = review === undefined ? [] : refsOf(await world.bundle(who, `Provenance?target=${review}`));
    const messages = await world.bundle(who, `Communication?patient=${refOf(patient)}`);
    return { review, counts: [refsOf(reviews).length, refsOf(messages).length, proofs.length] };
  }

  test('(compliance E1; 42 CFR 2.51) what a program keeps of the patient is opened', async () => {
    const { patient, order } = await referToDetox();
    const secret = await kept(order, patient);
    expect(await statusOf(doctorOf(elm), refOf(secret))).toBe(404);
    expect((await breakGlass(patient, doctorOf(elm))).status).toBe(201);
    const opened = await world.ask(doctorOf(elm), 'GET', refOf(secret));
    expect([opened.status, opened.headers['Warning']]).toEqual([200, expect.stringContaining('2.51')]);
    expect(await statusOf(elm, refOf(secret))).toBe(404);
    clock.at += 31 * MINUTE;
    expect(await statusOf(doctorOf(elm), refOf(secret))).toBe(404);
  });

  test('(compliance E1, L6) the answer does not tell whether something is withheld', async () => {
    const [withheld, nothing] = [await referToDetox(), await referToDetox()];
    await kept(withheld.order, withheld.patient);
    const answers = [];
    for (const { patient } of [withheld, nothing]) {
      const before = world.store.status().seq;
      const { status, json, headers } = await breakGlass(patient, doctorOf(elm));
      const said = JSON.stringify(json).replace(/"grant","valueString":"[^"]+"/, '');
      const { counts } = await toldTo(detox, patient);
      answers.push({ status, said, warning: headers['Warning'], counts });
      expect(world.store.status().seq).toBeGreaterThan(before);
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[0]).toMatchObject({ status: 201, counts: [1, 1, 1] });
    const unsent = await world.create(elm, make.patient());
    expect((await breakGlass(unsent, doctorOf(elm))).code).toBe('break-glass-refused');
    clock.at += 31 * MINUTE;
  });

  test('(compliance E5) each other party is told in the same commit, and nobody else', async () => {
    const { patient, order } = await referToDetox();
    await kept(order, patient);
    await orderTo(lab, patient);
    const elsewhere = await world.create(elm, make.patient());
    await orderTo(other, elsewhere);
    const before = world.store.status().seq;
    expect((await breakGlass(patient, doctorOf(elm))).status).toBe(201);
    expect(world.store.status().seq).toBe(before + 1);
    const [toDetox, toLab, toOther, toElm] = [
      await toldTo(detox, patient),
      await toldTo(lab, patient),
      await toldTo(other, patient),
      await toldTo(elm, patient),
    ];
    expect([toDetox.counts, toLab.counts]).toEqual([
      [1, 1, 1],
      [1, 1, 1],
    ]);
    expect([toOther.counts, toElm.counts]).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    // None of them sees, nor is named, the review of another.
    expect(await statusOf(lab, toDetox.review ?? '')).toBe(404);
    const row = (await rowsOf(patient)).find(({ entry }) => entry.event === 'break-glass')?.entry;
    expect(row?.entities).toEqual([refOf(patient)]);
    expect(row?.viewers.toSorted()).toEqual(['Organization/detox', 'Organization/lab']);
    clock.at += 31 * MINUTE;
  });

  test('(compliance E5) who keeps the patient and who keeps a part are both told', async () => {
    const { patient } = await referToDetox();
    await orderTo(lab, patient);
    // The lab refers the patient of elm to the program.
    const onward = await orderTo(detox, patient, lab);
    const secret = await kept(onward, patient);
    expect((await breakGlass(patient, doctorOf(lab))).status).toBe(201);
    expect(await statusOf(doctorOf(lab), refOf(secret))).toBe(200);
    for (const who of [elm, detox]) expect((await toldTo(who, patient)).counts).toEqual([1, 1, 1]);
    clock.at += 31 * MINUTE;
  });

  test('(compliance E6) a grant that an earlier program wrote is reviewed by the one who was told', async () => {
    const body = { patient: 'Patient/p', discloser: 'Organization/elm', review: 'Task/r', result: 'given' };
    const records = async () => [{ key: 'k', version: 1, body }];
    const snapshot = { ...world.store.snapshot(), records } as unknown as Snapshot; // as it was stored then
    expect(await findGrants(snapshot, 'review', 'Task/r')).toEqual([
      {
        key: 'k',
        version: 1,
        patient: 'Patient/p',
        reviews: [{ discloser: 'Organization/elm', review: 'Task/r', result: 'given' }],
      },
    ]);
  });

  test('(compliance E6) each reviews for itself, and one that finds it not justified ends it', async () => {
    const { patient, order } = await referToDetox();
    const secret = await kept(order, patient);
    await orderTo(lab, patient);
    const from = new Date(clock.at).toISOString().slice(0, 10);
    await breakGlass(patient, doctorOf(elm));
    const officerOf = ({ organization }: Caller): Caller =>
      officer({ organization, serverScopes: ['closeloop/privacy', 'closeloop/compliance'] });
    const end = async (who: Caller, result: string) => {
      const given = { result: { valueCode: result }, note: { valueString: 'Seen.' } };
      const { review } = await toldTo(who, patient);
      return (await world.ask(officerOf(who), 'POST', `${review}/$review`, asParameters(given))).status;
    };
    const report = async (who: Caller): Promise<string> => {
      const { json } = await world.ask(officerOf(who), 'GET', `$break-glass-report?from=${from}`);
      const lines = (json?.['parameter'] ?? []) as readonly object[]; // Parameters
      return lines.map((line) => JSON.stringify(line)).find((line) => line.includes(refOf(patient))) ?? '';
    };
    expect(await end(lab, 'justified')).toBe(200);
    expect(await statusOf(doctorOf(elm), refOf(secret))).toBe(200);
    expect([await report(lab), await report(detox), await report(elm)]).toEqual([
      expect.stringContaining('"justified"'),
      expect.stringContaining('"open"'),
      expect.stringContaining('"open"'),
    ]);
    expect(await end(detox, 'not-justified')).toBe(200);
    expect(await statusOf(doctorOf(elm), refOf(secret))).toBe(404);
    expect(await report(lab)).toContain('"justified"');
    expect(await report(elm)).toContain('"not-justified"');
  });
});

describe('(compliance E6) the review', () => {
  const end = (item: Ref, result: string, who: Caller = officer(), note = 'Seen in the chart.') =>
    world.ask(
      who,
      'POST',
      `${item}/$review`,
      asParameters({ result: { valueCode: result }, note: { valueString: note } }),
    );

  test('is for another person with the duty, and ends by its operation alone', async () => {
    const { patient } = await refer();
    await breakGlass(patient);
    const [item] = await itemsOf('break-glass-review', patient);
    const ref = refOf(item!);
    expect((await end(ref, 'justified', officer({ serverScopes: [] }))).code).toBe('scope-insufficient');
    expect((await end(ref, 'justified', officer({ user: clinician().user }))).code).toBe(
      'break-glass-refused',
    );
    expect((await end(ref, 'justified', officer({ user: undefined }))).code).toBe('break-glass-refused');
    expect((await world.ask(initiator, 'PUT', ref, { ...item, status: 'completed' })).code).toBe(
      'field-frozen',
    );
    expect((await world.ask(initiator, 'DELETE', ref)).code).toBe('deletion-refused');
    expect((await world.ask(administrator, 'PUT', ref, { ...item, status: 'completed' })).code).toBe(
      'field-frozen',
    );
    expect((await end(ref, 'justified')).status).toBe(200);
    expect((await world.ask(initiator, 'GET', ref)).json).toMatchObject({
      status: 'completed',
      output: [{ valueCode: 'justified' }, { valueString: 'Seen in the chart.' }],
    });
    expect((await end(ref, 'justified')).code).toBe('field-frozen');
    expect(await statusOf(clinician(), refOf(patient))).toBe(200);
    clock.at += 31 * MINUTE;
  });

  test('what was not justified ends at once and opens an incident', async () => {
    const { patient } = await refer();
    await breakGlass(patient);
    const [item] = await itemsOf('break-glass-review', patient);
    expect((await end(refOf(item!), 'not-justified', officer(), ' ')).code).toBe('field-missing');
    expect((await end(refOf(item!), 'not-justified', officer(), 'x'.repeat(4001))).code).toBe(
      'parameter-invalid',
    );
    expect((await end(refOf(item!), 'not-justified')).status).toBe(200);
    expect(await itemsOf('incident', patient)).toHaveLength(1);
    expect(await statusOf(clinician(), refOf(patient))).toBe(403);
  });
});

describe('(compliance E7) a Consent that denies emergencies by name', () => {
  test('leaves the grounds of law, and the reply says so', async () => {
    const BTG = [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'BTG' }];
    const { patient } = await refer({ provision: { type: 'deny', purpose: BTG } });
    const refused = await breakGlass(patient, clinician(), {
      ...EMERGENCY,
      reason: { valueCode: 'imminent-threat' },
    });
    expect([refused.status, refused.code]).toEqual([403, 'break-glass-refused']);
    const passed = await breakGlass(patient);
    expect(passed.status).toBe(201);
    expect(passed.text ?? JSON.stringify(passed.json)).toContain('denies emergency access');
  });

  test('counts among however many that have ended', async () => {
    const BTG = [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'BTG' }];
    const { patient } = await refer(undefined);
    const ended = { ...make.consent(refOf(patient)), status: 'inactive' };
    const endedOnes = () =>
      make.transaction(
        ...Array.from({ length: 100 }, () => ({ method: 'POST', url: 'Consent', resource: ended }) as const),
      );
    for (let i = 0; i < 2; i += 1)
      expect((await world.ask(initiator, 'POST', '', endedOnes())).status).toBe(200);
    await world.create(
      initiator,
      make.consent(refOf(patient), { provision: { type: 'deny', purpose: BTG } }),
    );
    for (let i = 0; i < 2; i += 1)
      expect((await world.ask(initiator, 'POST', '', endedOnes())).status).toBe(200);
    const given = { ...EMERGENCY, reason: { valueCode: 'imminent-threat' } };
    expect((await breakGlass(patient, clinician(), given)).code).toBe('break-glass-refused');
  });
});

describe('(compliance E8) a habit is no emergency', () => {
  test('the sixth grant of a day needs a second person', async () => {
    const busy = (more: Partial<Caller> = {}) => clinician({ user: 'Practitioner/busy', ...more });
    const colleague = clinician({ user: 'Practitioner/second', subject: 'second', session: 'sitting-9' });
    const scene = await refer();
    for (let count = 0; count < 5; count += 1)
      expect((await breakGlass(scene.patient, busy())).status).toBe(201);
    expect((await breakGlass(scene.patient, busy({ session: 'again' }))).code).toBe('break-glass-refused');
    const confirm = (who: Caller) =>
      world.ask(
        who,
        'POST',
        `${refOf(scene.patient)}/$confirm-break-glass`,
        asParameters({ user: { valueString: 'Practitioner/busy' } }),
      );
    expect((await confirm(busy())).code).toBe('break-glass-refused');
    expect((await confirm(clinician({ ...colleague, methods: ['pwd'] }))).code).toBe('break-glass-refused');
    expect((await confirm(colleague)).status).toBe(200);
    expect((await breakGlass(scene.patient, busy())).status).toBe(201);
    expect((await breakGlass(scene.patient, busy())).code).toBe('break-glass-refused');
    clock.at += 24 * 60 * MINUTE;
    expect((await breakGlass(scene.patient, busy({ authenticatedAt: clock.now() }))).status).toBe(201);
    const grants = await world.store.snapshot().records(GRANT_KIND, 'discloser', 'Organization/initiator');
    expect(grants.map(({ body }) => (body as { confirmedBy?: string }).confirmedBy)).toContain(
      'Practitioner/second',
    );
  });
});

describe('(audit-compliance AU30) the report', () => {
  test('says what was opened under each grant, its review, and how often a person needs one', async () => {
    const { patient, note } = await refer();
    const from = new Date(clock.at).toISOString().slice(0, 10);
    await breakGlass(patient);
    await world.ask(clinician(), 'GET', refOf(note));
    await world.ask(initiator, 'GET', refOf(note));
    const [item] = await itemsOf('break-glass-review', patient);
    await world.ask(
      officer(),
      'POST',
      `${refOf(item!)}/$review`,
      asParameters({ result: { valueCode: 'justified' } }),
    );
    const ask = (who: Caller) => world.ask(who, 'GET', `$break-glass-report?from=${from}`);
    expect((await ask(officer())).code).toBe('scope-insufficient');
    const { json } = await ask(officer({ serverScopes: ['closeloop/compliance'] }));
    const text = JSON.stringify(json?.['parameter']);
    for (const said of [
      `{"name":"user","valueString":"${clinician().user}"}`,
      '{"name":"result","valueString":"justified"}',
      '{"name":"reviewer","valueString":"Practitioner/officer"}',
      `{"name":"opened","valueString":"${refOf(note)}/_history/`,
      '{"name":"openedCount","valueInteger":1}',
    ])
      expect(text).toContain(said);
    // The side that broke the glass sees its own grant, not who reviewed it.
    const other = await ask(clinician({ serverScopes: ['closeloop/compliance'] }));
    expect(JSON.stringify(other.json)).toContain(clinician().user);
    expect(JSON.stringify(other.json)).not.toContain('Practitioner/officer');
  });
});

describe('(compliance E3, P19) content that consent guards', () => {
  const labelled = async (codes: readonly string[]): Promise<{ patient: Stored; note: Stored }> => {
    doctor += 1;
    const patient = await world.create(initiator, make.patient());
    const binary = await world.create(initiator, make.binary());
    const plain = make.documentReference(refOf(patient), refOf(binary));
    const note = await world.create(initiator, plain);
    const parties = { requester: 'Organization/initiator', performer: 'Organization/recipient' };
    await world.create(
      initiator,
      make.serviceRequest(
        { subject: refOf(patient), ...parties },
        { supportingInfo: [make.to(refOf(note))] },
      ),
    );
    // Labelled afterwards, as a referral is not sent with what lacks its consent.
    const security = codes.map((code) => ({
      system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode',
      code,
    }));
    await world.ask(initiator, 'PUT', refOf(note), { ...note, meta: { security } });
    return { patient, note };
  };

  test('of 42 CFR Part 2 is opened without consent, with the words of 2.51', async () => {
    const { patient, note } = await labelled(['42CFRPart2']);
    expect(await statusOf(clinician(), refOf(note))).toBe(404);
    expect((await breakGlass(patient)).status).toBe(201);
    const opened = await world.ask(clinician(), 'GET', refOf(note));
    expect(opened.status).toBe(200);
    expect(opened.headers['Warning']).toContain('42 CFR 2.51');
    expect(JSON.stringify(opened.json?.meta)).toContain('NORDSCLCD');
    clock.at += 31 * MINUTE;
    expect(await statusOf(clinician(), refOf(note))).toBe(404);
  });

  test('the notice of 2.32 is left out for the patient of the grant alone', async () => {
    const [one, other] = [await labelled(['42CFRPart2']), await labelled(['42CFRPart2'])];
    const context = { store: world.store, clock, settings: SETTINGS };
    const under = { ...clinician(), emergency: [{ key: 'g', patient: refOf(one.patient) }] };
    const noticeOf = async ({ id }: Stored) => {
      const version = await world.store.snapshot().read(`DocumentReference/${id}`, EVERYTHING);
      if (version === undefined) throw new Error('it was stored');
      return (await noticeOfOne(context, under, version)).notice;
    };
    expect(await noticeOf(one.note)).toBe('none');
    expect(await noticeOf(other.note)).toMatchObject({ place: 'inside' });
  });

  test('psychotherapy notes stay closed, as if they were not there', async () => {
    const { patient, note } = await labelled(['PSYTHPN']);
    expect(await statusOf(clinician(), refOf(note))).toBe(404);
    expect((await breakGlass(patient)).status).toBe(201);
    expect(await statusOf(clinician(), refOf(note))).toBe(404);
    const found = await world.bundle(
      clinician(),
      `DocumentReference?patient=${refOf(patient)}&_total=accurate`,
    );
    expect(found.total).toBe(0);
    clock.at += 31 * MINUTE;
  });
});

describe('(compliance B20) the basis emergency is claimed for the patient of the grant', () => {
  const permitted = { provision: { type: 'permit' } };
  const claim = {
    url: 'https://closeloop.dev/fhir/StructureDefinition/disclosure-basis',
    extension: [
      {
        url: 'code',
        valueCoding: {
          system: 'https://closeloop.dev/fhir/CodeSystem/disclosure-basis',
          code: 'emergency',
        },
      },
    ],
  };
  /** Sends an order on that basis to a third organization. */
  const send = (patient: Stored, who: Caller = clinician()) =>
    world.ask(
      who,
      'POST',
      'ServiceRequest',
      make.serviceRequest(
        { subject: refOf(patient), requester: 'Organization/recipient', performer: 'Organization/stranger' },
        { extension: [claim] },
      ),
    );

  test('and for nobody else, nor by anybody else, nor when it is over', async () => {
    const [one, other] = [await refer(permitted), await refer(permitted)];
    expect((await send(one.patient)).code).toBe('basis-evidence-missing');
    expect((await breakGlass(one.patient)).status).toBe(201);
    const told = await send(other.patient);
    expect([told.status, told.code]).toEqual([422, 'basis-evidence-missing']);
    expect(told.text ?? JSON.stringify(told.json)).toContain('emergency access by $break-glass');
    expect((await send(one.patient, clinician({ session: 'sitting-2' }))).code).toBe(
      'basis-evidence-missing',
    );
    const sent = await send(one.patient);
    expect([sent.status, sent.code]).toEqual([201, undefined]);
    clock.at += 31 * MINUTE;
    expect((await send(one.patient)).code).toBe('basis-evidence-missing');
    // What was sent meanwhile can be ended.
    const { entry = [] } = await world.bundle(recipient, `Task?focus=ServiceRequest/${sent.json?.['id']}`);
    const task = entry[0]?.resource as unknown as Stored;
    const cancelled = await world.ask(recipient, 'PUT', refOf(task), {
      ...task,
      status: 'cancelled',
      statusReason: { text: 'Treated here' },
    });
    expect([cancelled.status, cancelled.code]).toEqual([200, undefined]);
  });
});
