/** Granular scopes are a filter on every path (smart SM-26 to SM-39): what they leave out does not exist for the app. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import type { Caller } from '../../../src/operations/request.ts';
import * as make from '../../resources.ts';
import {
  callerOf,
  initiator,
  openWorld,
  refOf,
  refsOf,
  resourcesOf,
  type Headers,
  type Method,
  type Stored,
  type World,
  type WorldReply,
} from '../../world.ts';

const SYSTEM = 'http://terminology.hl7.org/CodeSystem/observation-category';
const inCategory = (code: string) => ({ category: [{ coding: [{ system: SYSTEM, code }] }] });
const only = (rights: string, code: string): string => `Observation.${rights}?category=${SYSTEM}|${code}`;

let world: World;
let [patient, other]: Stored[] = [];
let [laboratory, vital, moved, returned, gone, referring]: Stored[] = [];

const app = (scope: string, more: Partial<Caller> = {}): Caller =>
  callerOf('initiator', { scope, client: 'app', ...more });
/** Reads and searches laboratory results alone, and whole Patients. */
const reader = (): Caller => app(`user/${only('rs', 'laboratory')} user/Patient.rs`);
const ask = (
  caller: Caller,
  method: Method,
  url: string,
  body?: unknown,
  headers?: Headers,
): Promise<WorldReply> => world.ask(caller, method, url, body, headers);
const statusOf = async (...asked: Parameters<typeof ask>): Promise<number> => (await ask(...asked)).status;

const observe = (code: string, more: Record<string, unknown> = {}): Promise<Stored> =>
  world.create(initiator, make.observation(refOf(patient!), { ...inCategory(code), ...more }));

async function put(stored: Stored, code: string): Promise<Stored> {
  const { json } = await ask(initiator, 'PUT', refOf(stored), { ...stored, ...inCategory(code) });
  return json as Stored;
}

beforeAll(async () => {
  world = await openWorld();
  await world.seedDirectory('initiator', 'recipient');
  patient = await world.create(initiator, make.patient());
  other = await world.create(
    initiator,
    make.patient({ identifier: [{ system: make.MRN_SYSTEM, value: 'other' }] }),
  );
  laboratory = await observe('laboratory');
  vital = await observe('vital-signs');
  moved = await put(await observe('laboratory'), 'vital-signs');
  returned = await put(await put(await observe('laboratory'), 'vital-signs'), 'laboratory');
  gone = await observe('vital-signs');
  await ask(initiator, 'DELETE', refOf(gone));
  referring = await observe('laboratory', { hasMember: [make.to(refOf(vital))] });
});
afterAll(() => world.close());

const shown = (): Ref[] => [laboratory!, returned!, referring!].map(refOf).toSorted();

const count = async (scope: string, more: Partial<Caller> = {}): Promise<number | undefined> =>
  (await world.bundle(app(scope, more), 'Observation?_summary=count')).total;

describe('reads', () => {
  test('(smart SM-26) a search finds, counts and links what the scope leaves', async () => {
    const bundle = await world.bundle(reader(), 'Observation?_total=accurate');
    expect(refsOf(bundle).toSorted()).toEqual(shown());
    expect(bundle.total).toBe(3);
    expect(JSON.stringify(bundle.link)).not.toContain('category');
    expect((await world.bundle(reader(), 'Observation?_summary=count')).total).toBe(3);
    expect((await world.bundle(reader(), 'Observation?category=vital-signs&_total=accurate')).total).toBe(0);
    expect((await world.bundle(reader(), 'Observation?category:missing=false&_summary=count')).total).toBe(3);
    expect(
      (await world.bundle(reader(), `Observation?subject=${refOf(patient!)}&_total=accurate`)).total,
    ).toBe(3);
    expect((await world.bundle(reader(), 'Observation?_sort=code&_count=2&_total=accurate')).total).toBe(3);
    expect((await world.bundle(reader(), `Observation?_id=${vital!.id}&_total=accurate`)).total).toBe(0);
    expect(
      (await world.bundle(reader(), `Observation?_filter=category%20eq%20vital-signs&_summary=count`)).total,
    ).toBe(0);
    expect((await world.bundle(reader(), `Patient/${patient!.id}/Observation?_summary=count`)).total).toBe(3);
  });

  test('(smart SM-27) a read of what does not match is 404, also where it was deleted', async () => {
    const cases = [laboratory, vital, moved, returned, gone].map((one) => refOf(one!));
    expect(await Promise.all(cases.map((ref) => statusOf(reader(), 'GET', ref)))).toEqual([
      200, 404, 404, 200, 404,
    ]);
    expect(await statusOf(initiator, 'GET', refOf(gone!))).toBe(410);
  });

  test('(smart SM-28) vread and history show versions that match, of what matches now', async () => {
    const versions = resourcesOf(await world.bundle(initiator, `${refOf(returned!)}/_history`));
    const statuses = versions.map(({ meta }) =>
      statusOf(reader(), 'GET', `${refOf(returned!)}/_history/${meta?.versionId}`),
    );
    expect(await Promise.all(statuses)).toEqual([200, 404, 200]);
    const history = await world.bundle(reader(), `${refOf(returned!)}/_history`);
    expect([history.total, history.entry?.length]).toEqual([2, 2]);
    const first = resourcesOf(await world.bundle(initiator, `${refOf(moved!)}/_history`)).at(-1);
    expect(await statusOf(reader(), 'GET', `${refOf(moved!)}/_history`)).toBe(404);
    expect(await statusOf(reader(), 'GET', `${refOf(moved!)}/_history/${first?.meta?.versionId}`)).toBe(404);
    expect(await statusOf(reader(), 'GET', `${refOf(gone!)}/_history`)).toBe(404);
  });

  test('(smart SM-29) the history of the type, and of all, has those versions alone', async () => {
    const counted = [...shown(), refOf(returned!)].toSorted();
    const ofType = await world.bundle(reader(), 'Observation/_history');
    expect(refsOf(ofType).toSorted()).toEqual(counted);
    expect(ofType.total).toBe(4);
    const everything = app(`user/*.s user/${only('rs', 'laboratory')}`);
    expect((await world.bundle(everything, 'Observation/_history')).total).toBeGreaterThan(4);
    const security = app('user/*.rs?_security=http://example.org|none');
    expect((await world.bundle(security, '_history')).total).toBe(0);
    expect((await world.bundle(security, 'Observation')).entry ?? []).toEqual([]);
    expect((await world.bundle(security, '?_type=Observation,Patient')).entry ?? []).toEqual([]);
  });

  test('(smart SM-33) includes leave out what does not match', async () => {
    const brought = refsOf(
      await world.bundle(reader(), `Observation?_id=${referring!.id}&_include=Observation:has-member`),
    );
    expect(brought).toEqual([refOf(referring!)]);
    const back = refsOf(
      await world.bundle(reader(), `Patient?_id=${patient!.id}&_revinclude=Observation:subject`),
    );
    expect(back.toSorted()).toEqual([...shown(), refOf(patient!)].toSorted());
    const iterated = 'Observation:has-member&_revinclude=Observation:subject';
    const both = refsOf(
      await world.bundle(reader(), `Patient?_id=${patient!.id}&_include:iterate=${iterated}`),
    );
    expect(both).not.toContain(refOf(vital!));
  });

  test('(smart SM-34) a chain and _has ask what is left of the far type, and refuse a type without a scope', async () => {
    const chained = (code: string) =>
      world.bundle(reader(), `Observation?has-member.category=${code}&_total=accurate`);
    expect((await chained('vital-signs')).total).toBe(0);
    expect((await world.bundle(initiator, 'Observation?has-member.category=vital-signs')).entry).toHaveLength(
      1,
    );
    const has = (code: string) => world.bundle(reader(), `Patient?_has:Observation:subject:category=${code}`);
    expect((await has('vital-signs')).entry ?? []).toEqual([]);
    expect(refsOf(await has('laboratory'))).toEqual([refOf(patient!)]);
    const without = await ask(
      app(`user/${only('rs', 'laboratory')}`),
      'GET',
      'Observation?subject.family=Chalmers',
    );
    expect([without.status, without.code]).toEqual([403, 'scope-insufficient']);
  });

  test('(smart SM-22) the union of scopes: another scope never takes anything away', async () => {
    const of = refOf(patient!);
    const all = await count('user/Observation.rs');
    expect(await count(`user/${only('s', 'laboratory')} user/${only('s', 'vital-signs')}`)).toBe(all);
    expect(await count(`user/${only('s', 'laboratory')} user/Observation.s`)).toBe(all);
    expect(
      await count(`user/${only('s', 'laboratory')} patient/Observation.s`, {
        patient: of,
        user: 'Practitioner/1',
      }),
    ).toBe(all);
    expect(
      await count(`user/${only('s', 'laboratory')} patient/Observation.s`, {
        patient: refOf(other!),
        user: 'Practitioner/1',
      }),
    ).toBe(3);
    expect(await count(`patient/${only('s', 'laboratory')}`, { patient: of })).toBe(3);
    expect(await count(`patient/${only('s', 'laboratory')}`, { patient: refOf(other!) })).toBe(0);
  });

  test('(smart SM-74) a search with a scope and no result is 200', async () => {
    expect(await statusOf(reader(), 'GET', `Observation?subject=${refOf(other!)}`)).toBe(200);
  });
});

const writer = (): Caller => app(`user/${only('cruds', 'laboratory')} user/Patient.rs`);
const body = (code: string, more: object = {}): Resource => ({
  ...make.observation(refOf(patient!)),
  ...inCategory(code),
  ...more,
});
const into = (code: string) => [{ op: 'replace', path: '/category/0/coding/0/code', value: code }];

describe('writes', () => {
  test('(smart SM-30) creates what matches, and names the scope of what does not', async () => {
    expect(await statusOf(writer(), 'POST', 'Observation', body('laboratory'))).toBe(201);
    const refused = await ask(writer(), 'POST', 'Observation', body('vital-signs'));
    expect([refused.status, refused.code]).toEqual([403, 'scope-insufficient']);
    expect(refused.issues[0]?.diagnostics).toContain(`user/${only('cruds', 'laboratory')}`);
    const bundle = make.transaction({ method: 'POST', url: 'Observation', resource: body('vital-signs') });
    expect(await statusOf(writer(), 'POST', '', bundle)).toBe(403);
  });

  test('(smart SM-31) moves nothing out of a scope or into it', async () => {
    const made = (await ask(writer(), 'POST', 'Observation', body('laboratory'))).json as Stored;
    expect(await statusOf(writer(), 'PUT', refOf(made), { ...made, status: 'amended' })).toBe(200);
    expect(await statusOf(writer(), 'PUT', refOf(made), { ...made, ...inCategory('vital-signs') })).toBe(403);
    expect(await statusOf(writer(), 'PATCH', refOf(made), into('vital-signs'))).toBe(403);
    expect(await statusOf(writer(), 'PATCH', refOf(vital!), into('laboratory'))).toBe(404);
    expect(await statusOf(writer(), 'PUT', refOf(vital!), { ...vital, ...inCategory('laboratory') })).toBe(
      404,
    );
    const readsAll = app(`user/${only('cud', 'laboratory')} user/Observation.rs user/Patient.rs`);
    expect(await statusOf(readsAll, 'PATCH', refOf(vital!), into('laboratory'))).toBe(403);
    expect(await statusOf(readsAll, 'DELETE', refOf(vital!))).toBe(403);
  });

  test('(smart SM-32) deletes what matches; the rest is as absent', async () => {
    const made = (await ask(writer(), 'POST', 'Observation', body('laboratory'))).json as Stored;
    expect(await statusOf(writer(), 'DELETE', refOf(made))).toBe(204);
    expect(await statusOf(writer(), 'GET', refOf(made))).toBe(410);
    expect(await statusOf(writer(), 'DELETE', refOf(vital!))).toBe(204);
    expect(await statusOf(initiator, 'GET', refOf(vital!))).toBe(200);
  });

  test('(smart SM-35) a condition finds what matches: what is hidden is created again', async () => {
    const identifier = [{ system: 'http://example.org/n', value: 'hidden' }];
    await world.create(initiator, body('vital-signs', { identifier }));
    const condition = { ifNoneExist: 'identifier=http://example.org/n|hidden' };
    expect(
      await statusOf(writer(), 'POST', 'Observation', body('laboratory', { identifier }), condition),
    ).toBe(201);
    expect(
      await statusOf(writer(), 'POST', 'Observation', body('laboratory', { identifier }), condition),
    ).toBe(200);
    expect(await statusOf(writer(), 'PATCH', `Observation?_id=${vital!.id}`, into('laboratory'))).toBe(404);
    expect(await statusOf(writer(), 'DELETE', `Observation?_id=${vital!.id}`)).toBe(204);
  });

  test('(smart SM-36) a reference to what is hidden is refused as one to nothing', async () => {
    const referTo = (ref: string) =>
      ask(writer(), 'POST', 'Observation', body('laboratory', { hasMember: [make.to(ref)] }));
    expect((await referTo(refOf(laboratory!))).status).toBe(201);
    const answers = await Promise.all([
      referTo(refOf(vital!)),
      referTo('Observation/absent'),
      referTo(refOf(moved!)),
    ]);
    expect(answers.map(({ status, code }) => [status, code])).toEqual(
      answers.map(() => [422, 'reference-not-found']),
    );
    expect((await referTo('Observation?category=vital-signs')).code).toBe('reference-not-found');
    const version = `${refOf(returned!)}/_history/${resourcesOf(await world.bundle(initiator, `${refOf(returned!)}/_history`))[1]?.meta?.versionId}`;
    expect((await referTo(version)).status).toBe(422);
    const blind = app('user/Observation.cruds');
    expect((await ask(blind, 'POST', 'Observation', body('laboratory'))).code).toBe('reference-not-found');
  });
});

describe('what hangs on others', () => {
  const LETTER = 'http://loinc.org|11488-4';
  const documents = (code: string): string =>
    `user/DocumentReference.rs?type=${code} user/Binary.cruds user/Patient.rs`;
  const typed = (code: string) => ({ type: { coding: [{ system: 'http://loinc.org', code }] } });

  test('(smart SM-37) a file is read as the document that it belongs to', async () => {
    const [letter, note, loose] = await Promise.all(
      ['letter', 'note', 'loose'].map((text) => world.create(initiator, make.binary(text))),
    );
    const document = make.documentReference(refOf(patient!), refOf(letter!), typed('11488-4'));
    await world.create(initiator, document);
    const hidden = await world.create(
      initiator,
      make.documentReference(refOf(patient!), refOf(note!), typed('11506-3')),
    );
    const guarded = await world.create(
      initiator,
      make.binary('guarded', { securityContext: make.to(refOf(hidden)) }),
    );
    const files = [letter, note, loose, guarded].map((one) => refOf(one!));
    const statuses = (caller: Caller, behind = '') =>
      Promise.all(files.map((file) => statusOf(caller, 'GET', `${file}${behind}`)));
    const narrowed = app(documents(LETTER));
    expect(await statuses(narrowed)).toEqual([200, 404, 200, 404]);
    expect(await statuses(narrowed, '/_history')).toEqual([200, 404, 200, 404]);
    expect(await statuses(app(`${documents(LETTER)} user/DocumentReference.r`))).toEqual([
      200, 200, 200, 200,
    ]);
    expect(await statuses(app('user/Binary.r'))).toEqual([404, 404, 200, 404]);
    expect((await world.bundle(narrowed, 'Binary')).entry ?? []).toEqual([]);
    const everything = app(`${documents(LETTER)} user/Observation.rs`);
    const all = refsOf(await world.bundle(everything, `${refOf(patient!)}/$everything`));
    expect(files.map((file) => all.includes(file))).toEqual([true, false, false, false]);
  });

  test('(smart 4.2) $everything and $meta keep to what the scopes leave', async () => {
    const all = refsOf(await world.bundle(reader(), `${refOf(patient!)}/$everything`));
    expect(all).toEqual(expect.arrayContaining(shown()));
    expect(all.filter((ref) => ref.startsWith('Observation/'))).not.toContain(refOf(vital!));
    expect(await statusOf(reader(), 'GET', `${refOf(vital!)}/$meta`)).toBe(404);
    const tag = {
      resourceType: 'Parameters',
      parameter: [{ name: 'meta', valueMeta: { tag: [{ system: 'http://x', code: 'y' }] } }],
    };
    expect(await statusOf(writer(), 'POST', `${refOf(vital!)}/$meta-add`, tag)).toBe(404);
    const readsAll = app(`user/${only('u', 'laboratory')} user/Observation.rs`);
    expect(await statusOf(readsAll, 'POST', `${refOf(vital!)}/$meta-add`, tag)).toBe(403);
  });

  test('(smart SM-39) a Bundle is seen by its own scope, with all that is inside', async () => {
    const inside = {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [
        {
          fullUrl: 'urn:uuid:a1b2c3d4-0000-4000-8000-000000000000',
          resource: make.observation('Patient/x', inCategory('vital-signs')),
        },
      ],
    };
    const stored = await world.create(initiator, inside);
    expect(await statusOf(app('user/Bundle.r'), 'GET', refOf(stored))).toBe(200);
  });

  test('(smart SM-40) a scope that cannot be evaluated grants nothing', async () => {
    const answer = await ask(app('user/Observation.rs?code:below=x'), 'GET', 'Observation');
    expect([answer.status, answer.code]).toEqual([403, 'scope-insufficient']);
  });
});

describe('scopes for one patient', () => {
  const opened = (scope: string): Caller => app(scope, { patient: refOf(patient!) });

  test('(smart SM-24) a link to another record grants nothing', async () => {
    const linked = await world.create(
      initiator,
      make.patient({ link: [{ other: make.to(refOf(patient!)), type: 'replaces' }] }),
    );
    const { json } = await ask(initiator, 'GET', refOf(patient!));
    const link = [{ other: make.to(refOf(linked)), type: 'replaced-by' }];
    expect(await statusOf(initiator, 'PUT', refOf(patient!), { ...json, link })).toBe(200);
    const result = await world.create(initiator, make.observation(refOf(linked), inCategory('laboratory')));
    expect(await statusOf(opened('patient/*.rs'), 'GET', refOf(result))).toBe(404);
    expect(await statusOf(opened('patient/*.rs'), 'GET', refOf(patient!))).toBe(200);
  });

  test('(smart SM-25) types outside the compartment give the directory alone', async () => {
    const medication = await world.create(initiator, { resourceType: 'Medication', code: { text: 'x' } });
    const both = opened('patient/Medication.rs patient/PractitionerRole.rs patient/Organization.rs');
    expect(await statusOf(both, 'GET', refOf(medication))).toBe(404);
    expect(await statusOf(both, 'GET', 'PractitionerRole/recipient')).toBe(200);
    expect(await statusOf(both, 'GET', 'Organization/recipient')).toBe(200);
  });

  test('(smart SM-22) narrowed, they are within the compartment and the query', async () => {
    const narrowed = opened(`patient/${only('rs', 'laboratory')}`);
    expect(await statusOf(narrowed, 'GET', refOf(laboratory!))).toBe(200);
    expect(await statusOf(narrowed, 'GET', refOf(vital!))).toBe(404);
    const elsewhere = await world.create(
      initiator,
      make.observation(refOf(other!), inCategory('laboratory')),
    );
    expect(await statusOf(narrowed, 'GET', refOf(elsewhere))).toBe(404);
  });
});
