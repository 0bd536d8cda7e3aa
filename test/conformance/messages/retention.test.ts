/** The content of messages at the end of its retention, and legal holds (baa-messaging MS40 to MS42). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { draftRetainedUntil, retainedUntil, type RetainedThread } from '../../../src/messaging/retention.ts';
import { sweepFiles } from '../../../src/operations/sweep-files.ts';
import { endRetention } from '../../../src/operations/messages/retention.ts';
import { readConfig } from '../../../src/server/config.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';
import { refOf } from '../../world.ts';

const SETTINGS = {
  retentionReferralYears: 10,
  retentionVendorYears: 6,
  retentionWorkforceYears: 8,
  retentionPatientYears: 12,
  retentionDraftDays: 30,
};
const DAY = 86_400_000;
const at = (instant: string): number => Date.parse(`${instant}T12:00:00.000Z`);

describe('(baa-messaging MS40) the content of a thread is kept until', () => {
  const LAST = at('2026-03-01');
  test.each<[string, RetainedThread, string | undefined]>([
    ['a referral', { kind: 'referral', lastAt: LAST, agreementEndedAt: undefined }, '2036-03-01'],
    ['the workforce', { kind: 'workforce', lastAt: LAST, agreementEndedAt: undefined }, '2034-03-01'],
    ['a patient', { kind: 'patient', lastAt: LAST, agreementEndedAt: undefined }, '2038-03-01'],
    ['a vendor in force', { kind: 'vendor', lastAt: LAST, agreementEndedAt: undefined }, undefined],
    [
      'a vendor until later',
      { kind: 'vendor', lastAt: LAST, agreementEndedAt: at('2027-01-31') },
      '2033-01-31',
    ],
    [
      'a vendor until before',
      { kind: 'vendor', lastAt: LAST, agreementEndedAt: at('2025-01-31') },
      '2032-03-01',
    ],
    ['a leap day', { kind: 'referral', lastAt: at('2024-02-29'), agreementEndedAt: undefined }, '2034-03-01'],
  ])('%s', (_kind, thread, until) => {
    expect(retainedUntil(thread, SETTINGS)).toBe(until === undefined ? undefined : at(until));
  });

  test('thirty days, of a draft', () => {
    expect(draftRetainedUntil(LAST, SETTINGS)).toBe(LAST + 30 * DAY);
  });

  test.each(['referral', 'vendor', 'workforce', 'patient'])(
    'no setting of %s undercuts six years: the server does not start',
    (kind) => {
      const flag = `--retention-${kind}-years`;
      expect(() => readConfig([flag, '5'], {})).toThrow(new RegExp(`retention${kind}Years`, 'i'));
      expect(() => readConfig([flag, '6'], {})).not.toThrow();
    },
  );
});

const to = (reference: string) => ({ reference });
let server: TestServer;
/** The token of a compliance officer of the initiator. */
let officer: string;
beforeAll(async () => {
  server = await openServer(['initiator', 'recipient']);
  const issuer = server.running.devIssuer;
  if (issuer === undefined) throw new Error('the test needs tokens');
  officer = await issuer.sign({
    subject: 'officer',
    client: 'officer',
    scope: 'system/*.cruds closeloop/compliance',
    organization: 'Organization/initiator',
  });
});
afterAll(() => server.close());

const run = (days: number): Promise<number> =>
  endRetention(
    {
      store: server.running.store,
      clock: { now: () => Date.now() + days * DAY },
      settings: { ...SETTINGS, retentionWorkforceYears: 6 },
    },
    new AbortController().signal,
  );

const header = (more: object = {}): Resource => ({
  resourceType: 'Communication',
  status: 'in-progress',
  sender: to('Organization/initiator'),
  recipient: [to('Organization/initiator'), to('Organization/recipient')],
  ...more,
});
const say = async (more: object): Promise<Ref> =>
  refOf(
    await server.create('initiator', {
      resourceType: 'Communication',
      status: 'in-progress',
      sender: to('Organization/initiator'),
      recipient: [to('Organization/recipient')],
      payload: [{ contentString: 'The xylophone is tuned.' }],
      ...more,
    }),
  );
const statusOf = async (ref: string): Promise<number> => (await server.ask('initiator', 'GET', ref)).status;
const YEARS = 366 * 6;

/** A thread of two messages. */
async function makeThread(): Promise<readonly [Ref, Ref, Ref]> {
  const thread = refOf(await server.create('initiator', header()));
  return [thread, await say({ partOf: [to(thread)] }), await say({ partOf: [to(thread)] })];
}

describe('(baa-messaging MS41) at the end', () => {
  test('content and versions are gone with 410, the audit stays, and the store verifies', async () => {
    const thread = await makeThread();
    const [, message] = thread;
    expect(await run(YEARS - 30)).toBe(0);
    expect(await run(YEARS)).toBe(3);
    for (const ref of thread) {
      expect(await statusOf(ref)).toBe(410);
      expect(await statusOf(`${ref}/_history/1`)).not.toBe(200);
    }
    const rows = await server.search('initiator', `AuditEvent?entity=${message}`);
    expect(rows.length).toBeGreaterThan(1);
    expect((await server.running.store.verify()).filter(({ ok }) => !ok)).toEqual([]);
    expect(await run(YEARS)).toBe(0);
  });

  test('a draft goes after its days, and a younger one stays', async () => {
    const draft = await say({ status: 'preparation' });
    expect(await run(29)).toBe(0);
    expect(await statusOf(draft)).toBe(200);
    expect(await run(31)).toBe(1);
    expect(await statusOf(draft)).toBe(410);
  });

  test('the bytes that were too large for the log go with what named them', async () => {
    const { store } = server.running;
    const idsThere = async (): Promise<readonly string[]> => {
      const ids: string[] = [];
      for await (const { id } of store.files.list()) ids.push(id);
      return ids;
    };
    const headers = { 'content-type': 'text/plain' };
    const large = await server.ask('initiator', 'POST', 'Binary', Buffer.alloc(300_000, 'x'), { headers });
    const own = refOf(large.json);
    const patch = [{ op: 'replace', path: '/contentType', value: 'text/plain;charset=utf-8' }];
    expect((await server.ask('initiator', 'PATCH', own, patch)).status).toBe(200);
    await say({ payload: [{ contentAttachment: { contentType: 'text/plain', url: own } }] });
    expect(await idsThere()).toHaveLength(1);
    expect(await run(YEARS)).toBe(2);
    expect(await statusOf(own)).toBe(410);
    await sweepFiles(store, Date.now() + DAY, new AbortController().signal);
    expect(await idsThere()).toEqual([]);
    expect((await store.verify()).filter(({ ok }) => !ok)).toEqual([]);
  });

  test('a file that another record shows as well stays, and one of its own goes', async () => {
    const file = async () => refOf(await server.create('initiator', make.binary()));
    const [own, shared] = [await file(), await file()];
    await say({
      payload: [own, shared].map((url) => ({ contentAttachment: { contentType: 'text/plain', url } })),
    });
    const other = await say({ payload: [{ contentAttachment: { contentType: 'text/plain', url: shared } }] });
    await byOfficer(`${other}/$hold`, hold('case 1'));
    await run(YEARS);
    expect(await statusOf(other)).toBe(200);
    expect(await statusOf(shared)).toBe(200);
    expect(await statusOf(own)).toBe(410);
  });
});

const byOfficer = (url: string, body: Resource): Promise<globalThis.Response> =>
  fetch(
    `${server.running.base.replace(/^https:..[^/]+/, `http://127.0.0.1:${server.running.port}`)}/${url}`,
    {
      method: 'POST',
      headers: { authorization: `Bearer ${officer}`, 'content-type': 'application/fhir+json' },
      body: JSON.stringify(body),
    },
  );

const hold = (matter: string): Resource => ({
  resourceType: 'Parameters',
  parameter: [{ name: 'matter', valueString: matter }],
});

describe('(baa-messaging MS42) what is held is kept whole', () => {
  test('a thread, until the hold is lifted', async () => {
    const [thread, message] = await makeThread();
    const held = await byOfficer(`${thread}/$hold`, hold('case 2'));
    expect(held.status).toBe(200);
    expect(await run(YEARS)).toBe(0);
    expect(await statusOf(message)).toBe(200);
    await byOfficer(`${thread}/$unhold`, hold('case 2'));
    expect(await run(YEARS)).toBe(3);
    expect(await statusOf(message)).toBe(410);
  });

  test('a file, and with it the thread that carries it', async () => {
    const file = refOf(await server.create('initiator', make.binary('held')));
    const message = await say({
      payload: [{ contentAttachment: { contentType: 'text/plain', url: file } }],
    });
    expect((await byOfficer(`${file}/$hold`, hold('case 4'))).status).toBe(200);
    expect(await run(YEARS)).toBe(0);
    expect([await statusOf(file), await statusOf(message)]).toEqual([200, 200]);
    await byOfficer(`${file}/$unhold`, hold('case 4'));
    expect(await run(YEARS)).toBe(2);
  });

  test('a draft, and everything that its keeper keeps', async () => {
    for (const what of ['', 'Organization/initiator']) {
      const draft = await say({ status: 'preparation' });
      const held = what === '' ? draft : what;
      await byOfficer(`${held}/$hold`, hold('case 3'));
      expect((await server.ask('initiator', 'DELETE', draft)).status).toBe(409);
      expect(await run(YEARS)).toBe(0);
      await byOfficer(`${held}/$unhold`, hold('case 3'));
      expect(await run(31)).toBe(1);
    }
  });
});
