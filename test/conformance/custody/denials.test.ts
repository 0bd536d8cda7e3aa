/**
 * A patient's denial on every way to read (rules 2.12): what a denied recipient finds, what it is told of the denial, and
 * what it received before. The random lives of `reach.property.test.ts` compare the same with brute force.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createPolicyGate } from '../../../src/delivery/policy-gate.ts';
import { createGates } from '../../../src/delivery/gates.ts';
import { denyByStoredConsents } from '../../../src/operations/renew-denials.ts';
import { AUDIT_ROW } from '../../audit-row.ts';
import { buildClaimed, buildEntry } from '../../contract/delivery-world.ts';
import { handClock } from '../../contract/store-world.ts';
import * as make from '../../resources.ts';
import {
  administrator,
  callerOf,
  initiator,
  openWorld,
  recipient,
  refOf,
  refsOf,
  stranger,
  type Stored,
  type World,
} from '../../world.ts';

const clock = handClock(Date.UTC(2026, 5, 1));
let world: World;
beforeAll(async () => {
  world = await openWorld({ store: { clock }, engine: { clock } });
  await world.seedDirectory('initiator', 'recipient', 'stranger');
});
afterAll(() => world.close());

interface Referred {
  readonly patient: Stored;
  readonly note: Stored;
  readonly order: Stored;
  readonly task: Stored;
}

async function refer(): Promise<Referred> {
  const patient = await world.create(initiator, make.patient());
  const binary = await world.create(initiator, make.binary());
  const note = await world.create(initiator, make.documentReference(refOf(patient), refOf(binary)));
  const parties = { requester: 'Organization/initiator', performer: 'Organization/recipient' };
  const supportingInfo = [make.to(refOf(note))];
  const order = await world.create(
    initiator,
    make.serviceRequest({ subject: refOf(patient), ...parties }, { supportingInfo }),
  );
  const { entry = [] } = await world.bundle(initiator, `Task?focus=${refOf(order)}`);
  return { patient, note, order, task: entry[0]?.resource as unknown as Stored }; // opened for the order
}

const actor = (reference: string) => ({
  role: { coding: [{ code: 'IRCP' }] },
  reference: { reference },
});
const DENY = { provision: { type: 'deny', actor: [actor('Organization/recipient')] } };
const deny = (patient: Stored, more: Record<string, unknown> = DENY): Promise<Stored> =>
  world.create(initiator, make.consent(refOf(patient), more));
const end = (consent: Stored) =>
  world.ask(initiator, 'PUT', refOf(consent), { ...consent, status: 'inactive' });

const statusOf = async (url: string, caller = recipient): Promise<number> =>
  (await world.ask(caller, 'GET', url)).status;
/** Total, what was found, and whether it was said that something is withheld. */
async function foundBy(url: string, caller = recipient) {
  const bundle = await world.bundle(caller, url);
  const outcomes = (bundle.entry ?? []).filter(({ search }) => search?.mode === 'outcome');
  const codes = outcomes.flatMap(({ resource }) =>
    (resource as unknown as { issue: { code: string }[] }).issue.map(({ code }) => code),
  );
  return {
    total: bundle.total,
    refs: refsOf(bundle).filter((ref) => !ref.startsWith('OperationOutcome/')),
    suppressed: codes.filter((code) => code === 'suppressed').length,
  };
}

describe('(compliance L2) a denial that names the recipient', () => {
  test('(harmony Z3) is 403 for what its referral reaches and 404 for a stranger; ended, all is there again', async () => {
    const { patient, note, order, task } = await refer();
    const all = [patient, note, order, task].map(refOf);
    const consent = await deny(patient);
    for (const ref of all) {
      const refused = await world.ask(recipient, 'GET', ref);
      expect([ref, refused.status, refused.code]).toEqual([ref, 403, 'disclosure-denied']);
      expect(await statusOf(`${ref}/_history`)).toBe(403);
      expect(await statusOf(`${ref}/_history/${task.meta?.versionId}`)).toBe(403);
      expect([await statusOf(ref, stranger), await statusOf(ref, initiator)]).toEqual([404, 200]);
    }
    expect(await statusOf(`${refOf(patient)}/$everything`)).toBe(403);
    expect(await statusOf(`${refOf(patient)}/Observation`)).toBe(403);
    expect(await statusOf(`${refOf(order)}/$timeline`)).toBe(403);
    expect(await statusOf('Patient/never-was')).toBe(404);
    await end(consent);
    for (const ref of all) expect([ref, await statusOf(ref)]).toEqual([ref, 200]);
  });

  test('decides hits, totals, chains, includes and histories', async () => {
    const { patient, note, order, task } = await refer();
    const urls = [
      `Task?_id=${task.id}`,
      `Task?focus:ServiceRequest.subject=${refOf(patient)}`,
      `Patient?_has:Task:patient:_id=${task.id}`,
      `DocumentReference?subject=${refOf(patient)}`,
      `ServiceRequest?_id=${order.id}&_include=ServiceRequest:subject&_revinclude=Task:focus`,
      `Task/_history?_count=1000`,
    ];
    const findable = async () => {
      const found = await Promise.all(urls.map((url) => world.bundle(recipient, url)));
      return found.flatMap(refsOf).filter((ref) => [patient, note, order, task].map(refOf).includes(ref))
        .length;
    };
    expect(await findable()).toBe(8);
    const untold = await refer();
    await deny(untold.patient);
    expect((await foundBy('Task/_history?_count=1000')).refs).not.toContain(refOf(untold.task));
    expect(await foundBy(`Task?_id=${untold.task.id}&_total=accurate`)).toMatchObject({ total: 0, refs: [] });
    expect(await foundBy(`Task?patient=${refOf(untold.patient)}&_total=accurate`)).toMatchObject({
      total: 0,
      refs: [],
    });
    expect(await foundBy(`Task?focus:ServiceRequest.subject=${refOf(untold.patient)}`)).toMatchObject({
      refs: [],
    });
    expect(await foundBy(`Patient?_has:Task:patient:_id=${untold.task.id}`)).toMatchObject({ refs: [] });
  });

  test('selects nothing by conditional references, and admits no reference', async () => {
    const { patient } = await refer();
    await deny(patient);
    const about = (subject: string) => ({
      resourceType: 'Basic',
      code: { text: 'note' },
      subject: make.to(subject),
    });
    for (const subject of [refOf(patient), `Patient?_id=${patient.id}`]) {
      const answer = await world.ask(recipient, 'POST', 'Basic', about(subject));
      expect([subject, answer.code]).toEqual([subject, 'reference-not-found']);
    }
  });

  test('holds for writes: what is not seen is not changed', async () => {
    const { patient, task } = await refer();
    await deny(patient);
    const patch = [{ op: 'replace', path: '/status', value: 'rejected' }];
    const answers = [
      await world.ask(recipient, 'PUT', refOf(task), { ...task, status: 'accepted' }),
      await world.ask(recipient, 'PATCH', refOf(task), patch),
    ];
    expect(answers.map(({ status, code }) => [status, code])).toEqual([
      [403, 'disclosure-denied'],
      [403, 'disclosure-denied'],
    ]);
  });

  test('takes no party from a referral that has ended', async () => {
    const { patient, note, task } = await refer();
    await world.ask(initiator, 'PATCH', refOf(task), [
      { op: 'replace', path: '/status', value: 'entered-in-error' },
    ]);
    const consent = await deny(patient);
    const input = [make.parameter(refOf(note))];
    const edit = await world.ask(initiator, 'PATCH', refOf(task), [
      { op: 'add', path: '/input', value: input },
    ]);
    expect([edit.status, await statusOf(refOf(task))]).toEqual([200, 403]);
    await end(consent);
    expect(await statusOf(refOf(task))).toBe(200);
  });

  test('takes what is reached through the denied alone', async () => {
    const { patient, note } = await refer();
    const [attachment] = (note['content'] as { attachment: { url: string } }[]).map(
      (one) => one.attachment.url,
    );
    expect(await statusOf(String(attachment))).toBe(200);
    const again = await refer();
    const [untold = ''] = (again.note['content'] as { attachment: { url: string } }[]).map(
      (one) => one.attachment.url,
    );
    await deny(again.patient);
    await deny(patient);
    expect([await statusOf(untold), await statusOf(untold, stranger)]).toEqual([403, 404]);
  });

  test('(compliance C4) begins and ends by the clock, without a write', async () => {
    const { patient, order } = await refer();
    const period = { start: '2026-07', end: '2026-07' };
    await deny(patient, { provision: { ...DENY.provision, period } });
    const before = await foundBy(`ServiceRequest?_id=${order.id}`);
    expect(before.refs).toHaveLength(1);
    clock.at = Date.parse('2026-07-01T00:00:00Z');
    expect((await foundBy(`DocumentReference?subject=${refOf(patient)}`)).refs).toEqual([]);
    clock.at = Date.parse('2026-08-01T00:00:00Z');
    expect((await foundBy(`DocumentReference?subject=${refOf(patient)}`)).refs).toHaveLength(1);
  });
});

describe('(harmony Z3) the mark of a searchset', () => {
  test('follows the caller, the patient and the denial, and no other parameter', async () => {
    const { patient } = await refer();
    const ref = refOf(patient);
    const urls = [
      `Observation?patient=${ref}`,
      `Condition?subject=${ref}&code=http://snomed.info/sct|86406008`,
      `DocumentReference?patient=${patient.id}&_count=0`,
      `Task?patient=${ref}&_summary=count`,
      `Patient?_id=${patient.id}`,
      `?_type=Observation,Condition&patient=${ref}`,
    ];
    const marks = async (caller = recipient) =>
      (await Promise.all(urls.map((url) => foundBy(url, caller)))).map(({ suppressed }) => suppressed);
    expect(await marks()).toEqual(urls.map(() => 0));
    const consent = await deny(patient);
    expect(await marks()).toEqual(urls.map(() => 1));
    expect([await marks(stranger), await marks(initiator), await marks(administrator)]).toEqual(
      Array.from({ length: 3 }, () => urls.map(() => 0)),
    );
    expect((await foundBy('Observation?status=final')).suppressed).toBe(0);
    expect((await foundBy('Observation?patient=Patient/never-was')).suppressed).toBe(0);
    await end(consent);
    expect(await marks()).toEqual(urls.map(() => 0));
  });

  test('is about what a referral reaches, not about what one reached before', async () => {
    const { patient, order } = await refer();
    const other = await world.create(initiator, make.patient());
    const note = await world.create(initiator, make.observation(refOf(other)));
    await deny(other);
    const marks = async () => (await foundBy(`Observation?patient=${refOf(other)}`)).suppressed;
    const carry = (...refs: readonly Stored[]) =>
      world.ask(initiator, 'PUT', refOf(order), {
        ...order,
        subject: make.to(refOf(patient)),
        supportingInfo: refs.length === 0 ? undefined : refs.map((one) => make.to(refOf(one))),
      });
    expect((await carry(note)).status).toBe(200);
    expect(await marks()).toBe(1);
    expect((await carry()).status).toBe(200);
    expect(await marks()).toBe(0);
  });

  test('is about what there is, not about what was deleted', async () => {
    const { patient, order, task } = await refer();
    const other = await world.create(initiator, make.patient());
    const note = await world.create(initiator, make.observation(refOf(other)));
    await deny(other);
    const carried = { ...order, subject: make.to(refOf(patient)), supportingInfo: [make.to(refOf(note))] };
    expect((await world.ask(initiator, 'PUT', refOf(order), carried)).status).toBe(200);
    const marks = async () => (await foundBy(`Observation?patient=${refOf(other)}`)).suppressed;
    expect(await marks()).toBe(1);
    const ended = [
      { op: 'replace', path: '/status', value: 'rejected' },
      { op: 'remove', path: '/businessStatus' },
    ];
    expect((await world.ask(recipient, 'PATCH', refOf(task), ended)).status).toBe(200);
    expect((await world.ask(initiator, 'DELETE', refOf(note))).status).toBeLessThan(300);
    expect(await marks()).toBe(0);
  });
});

describe('(harmony Z4) what was received stays received', () => {
  test('the version that was opened, with a header where there is a later one; nothing that was not', async () => {
    const { patient, note, order } = await refer();
    const opened = await world.ask(recipient, 'GET', refOf(note));
    await deny(patient);
    expect((await world.ask(recipient, 'GET', refOf(note))).headers['X-Withheld']).toBeUndefined();
    expect((await foundBy(`DocumentReference?subject=${refOf(patient)}`)).refs).toEqual([refOf(note)]);
    const later = await world.ask(initiator, 'PUT', refOf(note), { ...note, description: 'later' });
    const read = await world.ask(recipient, 'GET', refOf(note));
    expect([read.status, read.version, read.headers['X-Withheld']]).toEqual([
      200,
      opened.version,
      'newer-version',
    ]);
    expect(await statusOf(`${refOf(note)}/_history/${opened.version}`)).toBe(200);
    expect(await statusOf(`${refOf(note)}/_history/${later.version}`)).toBe(403);
    expect((await foundBy(`${refOf(note)}/_history`)).total).toBe(1);
    expect((await foundBy(`DocumentReference?subject=${refOf(patient)}`)).refs).toEqual([]);
    expect(await statusOf(refOf(order))).toBe(403);
  });

  test('what the recipient wrote itself; not what the server wrote in consequence', async () => {
    const { patient, order, task } = await refer();
    const { json } = await world.ask(recipient, 'GET', refOf(task));
    const accepted = await world.ask(recipient, 'PUT', refOf(task), { ...json, status: 'accepted' });
    expect(accepted.status).toBe(200);
    await deny(patient);
    expect((await world.ask(recipient, 'GET', refOf(task))).version).toBe(accepted.version);
    expect(await statusOf(refOf(order))).toBe(403);
  });
});

describe('(harmony Z7) whose denial counts', () => {
  test('not the recipient’s; the patient’s own, toward whoever is denied', async () => {
    const { patient, order } = await refer();
    await world.create(recipient, make.consent(refOf(patient), { provision: { type: 'deny' } }));
    expect(await statusOf(refOf(order))).toBe(200);
    const again = await refer();
    const person = callerOf('initiator', { user: refOf(again.patient) });
    await world.create(person, make.consent(refOf(again.patient), { provision: { type: 'deny' } }));
    expect(await statusOf(refOf(again.order))).toBe(403);
  });

  test('an actor stands for the organization that it works for now', async () => {
    const { patient, order } = await refer();
    const { json: role } = await world.ask(administrator, 'GET', 'PractitionerRole/recipient');
    const worker = await world.create(administrator, {
      resourceType: 'PractitionerRole',
      organization: role?.['organization'],
    });
    const denial = { provision: { type: 'deny', actor: [actor(refOf(worker))] } };
    await deny(patient, denial);
    expect(await statusOf(refOf(order))).toBe(403);
    const elsewhere = { ...worker, organization: make.to('Organization/stranger') };
    expect((await world.ask(administrator, 'PUT', refOf(worker), elsewhere)).status).toBe(200);
    expect(await statusOf(refOf(order))).toBe(200);
  });
});

test('(compliance L7) a delivery is withheld by the policy, and by what leads to its subject', async () => {
  const { patient, task, note } = await refer();
  const policies = createPolicyGate({
    clock,
    partyKindDefault: 'provider',
    communityNeedsAuthorization: false,
  });
  const criteria = () => ({ base: 'https://referrals.example.org/fhir', now: clock.at });
  const ask = createGates({ criteria, policies, clock });
  const binary = String(
    (note['content'] as { attachment: { url: string } }[])[0]?.attachment.url,
  ) as 'Binary/1';
  const decided = async (subject: Stored | 'Binary/1') => {
    const snapshot = world.store.snapshot();
    const ref = typeof subject === 'string' ? subject : refOf(subject);
    const sight = { everything: false, organization: 'Organization/recipient' } as const;
    const entry = { ...buildClaimed(buildEntry('capture', 'Endpoint/recipient', ref), snapshot.seq), sight };
    const { permitted, policy } = await ask(entry, snapshot, snapshot);
    return [permitted, policy];
  };
  expect([await decided(task), await decided(binary)]).toEqual([
    [true, 'treatment'],
    [true, 'treatment'],
  ]);
  await deny(patient);
  expect([await decided(task), await decided(binary)]).toEqual([
    [false, 'patient-consent'],
    [false, 'patient-consent'],
  ]);
});

test('(compliance L2) a folder of an earlier format puts its Consents in force when it starts', async () => {
  const { patient, order } = await refer();
  const consent = await deny(patient);
  await world.store.commit({
    writes: [],
    preconditions: [],
    expects: [],
    outbox: [],
    deliveryOutcomes: [],
    audit: [{ ...AUDIT_ROW, event: 'admin' }],
    denials: [{ source: refOf(consent), denial: undefined }],
  });
  expect((await foundBy(`ServiceRequest?_id=${order.id}&_elements=id`)).refs).toHaveLength(1);
  expect(await denyByStoredConsents(world.store)).toBeGreaterThan(0);
  expect((await foundBy(`DocumentReference?subject=${refOf(patient)}`)).refs).toEqual([]);
  expect(await denyByStoredConsents(world.store)).toBeUndefined();
});
