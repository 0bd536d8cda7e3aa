/** What the clock brings to agreements, and what follows an end (baa-messaging BA5, BA9, BT07, BT10, BT11, BT16; MK7). */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { tickAgreements } from '../../../src/operations/agreements/tick.ts';
import { relabel } from '../../../src/operations/relabel.ts';
import type { AuditEntry } from '../../../src/ports/audit.ts';
import { auditedCommit } from '../../../src/ports/commit.ts';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { agreement, type AgreementSpec } from '../../agreements.ts';
import { administrator, resourcesOf, type Stored } from '../../world.ts';
import { because, billing, elm, openScene, said, type Scene } from './scene.ts';

let scene: Scene;
let made = 0;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());
beforeEach(() => {
  scene.now = Date.parse('2026-06-01T12:00:00Z');
});

const partsOf = () => ({
  store: scene.store,
  clock: { now: () => scene.now },
  newId: () => `item-${(made += 1)}`,
  selectRecipients: async () => [],
  committed: () => undefined,
});
const tick = () => tickAgreements(partsOf(), new AbortController().signal);
const at = (instant: string): Promise<void> => {
  scene.now = Date.parse(instant);
  return tick();
};

/** Each test has parties of its own, so that the agreements of others do not count. */
const put = async (spec: AgreementSpec = {}): Promise<Stored> => {
  made += 1;
  return scene.put({ id: `c${made}`, associate: `Organization/v${made}`, ...spec });
};
const itemsOf = async ({ id }: Stored): Promise<readonly Stored[]> =>
  resourcesOf(await scene.bundle(elm, `Task?focus=Contract/${id}&_sort=_lastUpdated`));
const saysOf = async (contract: Stored): Promise<readonly string[]> =>
  (await itemsOf(contract)).map(
    (item) => /(\d+) days ahead/.exec(String(item['description']))?.[1] ?? 'ended',
  );
const movesOf = async ({ id }: Stored): Promise<readonly string[]> => {
  const rows = await scene.store
    .snapshot()
    .audit({ viewer: undefined, names: [`Contract/${id}` as Ref], count: 100, oldestFirst: true });
  return rows.flatMap(({ entry: { event, transition } }) =>
    event === 'agreement-move' ? [`${transition?.tid} ${transition?.from} ${transition?.to}`] : [],
  );
};

describe('reminders (baa-messaging BA9)', () => {
  test('90, 60, 30 and 7 days before the end, exactly once each, also where the clock goes back', async () => {
    const contract = await put({ end: '2026-12-31' });
    const told: string[][] = [];
    for (const day of [
      '2026-10-02',
      '2026-10-03',
      '2026-10-03',
      '2026-09-01',
      '2026-11-02',
      '2026-10-20',
      '2026-12-02',
      '2026-12-25',
      '2026-12-26',
    ]) {
      await at(`${day}T00:00:00Z`);
      told.push([...(await saysOf(contract))]);
    }
    expect(told).toEqual([
      [],
      ['90'],
      ['90'],
      ['90'],
      ['90', '60'],
      ['90', '60'],
      ['90', '60', '30'],
      ['90', '60', '30', '7'],
      ['90', '60', '30', '7'],
    ]);
    const [item] = await itemsOf(contract);
    expect(item).toMatchObject({
      owner: { reference: 'Organization/elm' },
      restriction: { period: { end: '2027-01-01T00:00:00.000Z' } },
    });
    expect(item?.['description']).toContain('ends on 2026-12-31');
  });

  test('a clock that jumps over two of them makes two items', async () => {
    const contract = await put({ end: '2026-12-31' });
    await at('2026-11-10T00:00:00Z');
    await tick();
    expect(await saysOf(contract)).toEqual(['90', '60']);
  });

  test('two servers that look at once make one', async () => {
    const contract = await put({ end: '2026-12-31' });
    scene.now = Date.parse('2026-10-03T00:00:00Z');
    await Promise.all([tick(), tick()]);
    expect(await saysOf(contract)).toEqual(['90']);
  });

  test('of a day of review, where there is no end', async () => {
    const contract = agreement({ id: `r${(made += 1)}`, associate: `Organization/v${made}`, end: null });
    const reviewed = {
      ...contract,
      extension: [
        ...(contract['extension'] as object[]),
        { url: 'https://closeloop.dev/fhir/StructureDefinition/review-by', valueDate: '2026-12-31' },
      ],
    };
    const stored = await scene.putAsIs(reviewed);
    await at('2026-12-01T00:00:00Z');
    const [, , item] = await itemsOf(stored);
    expect(item?.['description']).toMatch(/is to be reviewed by 2026-12-31: 30 days ahead/);
  });

  test('none whose day was over when it was signed, and none of what is only offered', async () => {
    const short = await put({ end: '2026-12-31', signedOn: '2026-11-20T00:00:00Z' });
    const offered = await put({ end: '2026-12-31', status: 'offered', signed: [] });
    await at('2026-12-25T00:00:00Z');
    expect([await saysOf(short), await saysOf(offered)]).toEqual([['30', '7'], []]);
  });
});

describe('changes of state by the clock', () => {
  test('the start is on record, once (baa-messaging BT07)', async () => {
    const contract = await put({ start: '2026-07-01', end: '2027-06-30', movedAt: '2026-05-01T00:00:00Z' });
    await at('2026-06-30T23:59:59.999Z');
    expect(await movesOf(contract)).toEqual([]);
    await at('2026-07-01T00:00:00Z');
    await tick();
    expect(await movesOf(contract)).toEqual(['BT07 pending active']);
  });

  test('the end is written for the record, the associate sees it, and what was told is asked back (baa-messaging BT10)', async () => {
    const contract = await put({
      associate: 'Organization/billing-co',
      start: '2026-02-01',
      end: '2026-06-30',
      movedAt: '2026-05-01T00:00:00Z',
    });
    await at('2026-06-30T23:59:59.999Z');
    expect((await scene.stored(`Contract/${contract.id}`))['status']).toBe('executed');
    await at('2026-07-01T00:00:00Z');
    await tick();
    const seen = await scene.ask(billing, 'GET', `Contract/${contract.id}`);
    expect(seen.json).toMatchObject({
      status: 'terminated',
      legalState: { coding: [{ code: 'terminated' }] },
    });
    expect(await movesOf(contract)).toEqual(['BT10 active expired']);
    expect(await saysOf(contract)).toEqual(['90', '60', '30', '7', 'ended']);
  });

  test('start and end that one look finds are both on record', async () => {
    const contract = await put({ start: '2026-07-01', end: '2026-07-31', movedAt: '2026-05-01T00:00:00Z' });
    await at('2026-09-01T00:00:00Z');
    expect(await movesOf(contract)).toEqual(['BT07 pending active', 'BT10 active expired']);
  });

  test('where another agreement is in force, nothing is asked back (baa-messaging BT15)', async () => {
    const old = await put({ end: '2026-08-31' });
    const [subject] = old['subject'] as { reference: string }[];
    await put({ associate: subject?.reference ?? '', start: '2026-08-01', end: '2027-07-31' });
    await at('2026-09-01T00:00:00Z');
    expect((await scene.stored(`Contract/${old.id}`))['status']).toBe('terminated');
    expect(await saysOf(old)).toEqual([]);
  });

  test('a revocation that takes effect later is on record when it does (baa-messaging BT11)', async () => {
    const contract = await scene.put({ id: `c${(made += 1)}` });
    const reply = await scene.ask(billing, 'PUT', `Contract/${contract.id}`, {
      ...because(contract, 'service-ended', 'The office closes.', '2026-06-10T00:00:00Z'),
      status: 'revoked',
    });
    expect(said(reply)).toBe('200');
    await at('2026-06-09T23:59:59.999Z');
    expect(await movesOf(contract)).toEqual(['BT11 active active']);
    await at('2026-06-10T00:00:00Z');
    await tick();
    expect(await movesOf(contract)).toEqual(['BT11 active active', 'BT11 active revoked']);
  });
});

const deliver = (entry: string, rail: string, to: Ref, outcome: AuditEntry['outcome'] = '0'): AuditEntry => ({
  event: 'deliver',
  action: 'R',
  outcome,
  agent: { organization: '', client: 'server', subject: 'server' },
  requestId: entry,
  entities: ['Task/1/_history/3', 'Endpoint/x'],
  patients: [],
  viewers: ['Organization/elm'],
  delivery: { entry, rail, receiver: 'Endpoint/x', attempts: 1, from: 'Organization/elm', to },
});

describe('what follows an end', () => {
  test('the work item of a revocation lists the copies that left, with their ids, and asks for the statement (baa-messaging MK7)', async () => {
    await scene.store.commit(
      auditedCommit([
        deliver('d-mail', 'direct-project', 'Organization/billing-co'),
        deliver('d-fax', 'fax', 'Organization/billing-co'),
        deliver('d-v2', 'hl7v2-mllp', 'Organization/billing-co'),
        deliver('d-refused', 'fax', 'Organization/billing-co', '4'),
        deliver('d-other', 'fax', 'Organization/oak'),
      ]),
    );
    const contract = await scene.put({ id: `c${(made += 1)}` });
    expect(
      said(
        await scene.ask(elm, 'PUT', `Contract/${contract.id}`, {
          ...because(contract, 'material-breach', 'Reports came late.'),
          status: 'revoked',
        }),
      ),
    ).toBe('200');
    const [item] = await itemsOf(contract);
    expect(item?.['description']).toMatch(/164\.504\(e\)\(2\)\(ii\)\(J\)/);
    const listed = ((item?.['input'] ?? []) as { valueString: string }[]).map(
      ({ valueString }) => valueString.split(' ')[1] ?? '',
    );
    expect(listed.toSorted()).toEqual(['d-fax', 'd-mail', 'd-v2']);
    const { entry = [] } = await scene.bundle(billing, `Task?focus=Contract/${contract.id}`);
    expect(entry).toEqual([]);
  });

  test('an error that an administrator marks lists what was told while it counted (baa-messaging BT16)', async () => {
    const contract = await scene.put({ id: `c${(made += 1)}` });
    expect(
      said(
        await scene.ask(administrator, 'PUT', `Contract/${contract.id}`, {
          ...because(contract, 'other', 'The wrong vendor.'),
          status: 'entered-in-error',
        }),
      ),
    ).toBe('200');
    const [item] = await itemsOf(contract);
    expect(item?.['description']).toMatch(/entered in error/);
    expect(JSON.stringify(item?.['input'])).toContain('d-mail');
  });
});

test('a version that the server writes hides an agreement from nobody who saw it', async () => {
  const contract = await scene.put({ id: `c${(made += 1)}` });
  const security = [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'HIV' }];
  const labelsFor = (resource: Resource) =>
    resource.id === contract.id ? { security, entries: new Map() } : undefined;
  await relabel({
    store: scene.store,
    clock: { now: () => scene.now },
    newId: () => `x${(made += 1)}`,
    labelsFor,
  });
  const seen = await scene.ask(billing, 'GET', `Contract/${contract.id}`);
  expect([
    seen.status,
    seen.version === undefined ? 0 : Number(seen.version) > Number(contract.meta?.versionId),
  ]).toEqual([200, true]);
});
