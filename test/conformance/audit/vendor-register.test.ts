/** The register of vendors: who works for an organization, under what agreement, at which risk; now and at any moment. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ASSURANCE, PAPER_SYSTEM } from '../../../src/agreements/papers.ts';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import type { AuditEntry } from '../../../src/ports/audit.ts';
import { askForPapers } from '../../../src/operations/vendors/lapsed-papers.ts';
import { registerCsv } from '../../../src/operations/vendors/register-csv.ts';
import { readRegister } from '../../../src/operations/vendors/register.ts';
import { PARTY_KIND_SYSTEM } from '../../../src/resources/parties/kinds.ts';
import { WORK_ITEM_SYSTEM } from '../../../src/resources/work-item-code.ts';
import { agreement, type AgreementSpec } from '../../agreements.ts';
import { buildWrite } from '../../contract/delivery-world.ts';
import { administrator, callerOf, openWorld, resourcesOf, type World } from '../../world.ts';
import { AUDIT_ROW } from '../../audit-row.ts';

const A: Ref = 'Organization/initiator';
const DAY = 86_400_000;
const clock = { at: Date.parse('2026-04-01T08:00:00Z'), now: () => clock.at };
const officer = callerOf('initiator', {
  serverScopes: ['closeloop/compliance'],
  user: 'Practitioner/officer',
});

let world: World;
beforeAll(async () => {
  world = await openWorld({ store: { clock }, engine: { clock } });
  await world.seedDirectory(
    'initiator',
    'billing',
    'missing',
    'lapsed',
    'payer',
    'specialist',
    'shredder',
    'stranger',
  );
  for (const vendor of ['billing', 'missing', 'lapsed']) await setKinds(vendor, 'business-associate');
  await setKinds('payer', 'health-plan');
  await put(
    'Contract/billing',
    agreement({ id: 'billing', principal: A, associate: 'Organization/billing' }),
    A,
  );
  await put(
    'Contract/lapsed',
    agreement({
      id: 'lapsed',
      principal: A,
      associate: 'Organization/lapsed',
      start: '2025-01-01',
      end: '2026-03-31',
    }),
    A,
  );
  await sub('shredder', 'Organization/billing', ['billing']);
  await sub('stranger', 'Organization/billing', ['legal']);
  await put('DocumentReference/soc2', paper('soc2', '2026-04-30'), A);
  await put('DocumentReference/flow', paper('data-flow', '2027-04-30'), A);
  await deliver('missing', { bytes: 1000, purposes: ['HOPERAT'] });
  await deliver('specialist', { bytes: 500 });
  await deliver('payer', { bytes: 300, purposes: ['HPAYMT'] });
  await deliver('billing', { bytes: 200, purposes: ['HPAYMT'] });
  clock.at = Date.parse('2026-06-01T08:00:00Z');
  await deliver('billing', { bytes: 50, purposes: ['HPAYMT'] });
  await deliver('lapsed', { outcome: '4', issue: 'agreement-not-active', purposes: ['HOPERAT'] });
});
afterAll(() => world.close());

/** An administrator says what an organization is. */
async function setKinds(id: string, ...kinds: readonly string[]): Promise<void> {
  const { json } = await world.ask(administrator, 'GET', `Organization/${id}`);
  const { type: _type, ...stored } = json ?? { resourceType: 'Organization' };
  const type = kinds.map((code) => ({ coding: [{ system: PARTY_KIND_SYSTEM, code }] }));
  expect((await world.ask(administrator, 'PUT', `Organization/${id}`, { ...stored, type })).status).toBe(200);
}

const ROW: AuditEntry = { ...AUDIT_ROW, viewers: [A] };

/** A resource as it stands in the store, whatever led there. */
async function put(ref: Ref, resource: Resource, custodian: Ref): Promise<void> {
  const current = await world.store.snapshot().read(ref, { everything: true });
  const text = JSON.stringify({ ...resource, id: ref.split('/')[1] });
  await world.store.commit({
    writes: [{ ...buildWrite(ref, current?.seq ?? 0, text), custodian }],
    preconditions: [],
    expects: [],
    audit: [ROW],
    outbox: [],
    deliveryOutcomes: [],
  });
}

const sub = (associate: string, principal: Ref, services: readonly string[]) => {
  const spec: AgreementSpec = {
    id: `sub-${associate}`,
    status: 'policy',
    kinds: ['subcontractor-baa'],
    signed: [],
  };
  const contract = agreement({ ...spec, principal, associate: `Organization/${associate}`, services });
  return put(`Contract/sub-${associate}`, contract, principal);
};

const paper = (code: string, end: string): Resource => ({
  resourceType: 'DocumentReference',
  status: 'current',
  category: [{ coding: [ASSURANCE] }],
  type: { coding: [{ system: PAPER_SYSTEM, code }] },
  author: [{ reference: 'Organization/billing' }],
  context: { period: { start: '2026-01-01', end } },
  content: [{ attachment: { title: code } }],
});

const deliver = (to: string, more: Partial<AuditEntry>) =>
  world.store.record({
    ...ROW,
    event: 'deliver',
    action: 'R',
    entities: ['Task/t'],
    patients: ['Patient/p'],
    delivery: {
      entry: '1-0',
      rail: 'capture',
      receiver: 'Endpoint/e',
      attempts: 1,
      from: A,
      to: `Organization/${to}`,
    },
    ...more,
  });

interface Part {
  readonly name: string;
  readonly part?: readonly Part[];
  readonly [value: string]: unknown;
}
const valueOf = ({ part, ...one }: Part): unknown =>
  part === undefined
    ? Object.entries(one).find(([name]) => name.startsWith('value'))?.[1]
    : Object.fromEntries(part.map((each) => [each.name, valueOf(each)]));
const partsOf = (line: Part, name: string): readonly unknown[] =>
  (line.part ?? []).filter((one) => one.name === name).map(valueOf);

async function register(query = ''): Promise<ReadonlyMap<string, Part>> {
  const { status, json } = await world.ask(officer, 'GET', `${A}/$vendor-register${query}`);
  expect(status).toBe(200);
  const lines = ((json?.['parameter'] ?? []) as readonly Part[]).filter(({ name }) => name === 'vendor');
  return new Map(lines.map((line) => [String(partsOf(line, 'name')[0]), line]));
}
const rowsOf = (line: Part | undefined): readonly unknown[] =>
  (line?.part ?? [])
    .filter(({ name }) => name === 'risk')
    .flatMap(({ part = [] }) =>
      part.filter(({ name }) => name === 'row').map((row) => partsOf(row, 'code')[0]),
    );

describe('(baa-messaging VR1) (baa-messaging VR2) the register', () => {
  test('has everybody who works for the organization or is told for operations, and nobody who only treats', async () => {
    const lines = await register();
    expect([...lines].map(([name, line]) => [name, partsOf(line, 'state')[0]])).toEqual([
      ['missing', 'none'],
      ['payer', 'none'],
      ['lapsed', 'expired'],
      ['billing', 'active'],
    ]);
    expect(rowsOf(lines.get('missing'))).toEqual([
      'no-agreement',
      'no-subcontractors',
      'no-data-flow',
      'no-attestation',
      'breach-notice',
    ]);
    expect(rowsOf(lines.get('lapsed'))).toEqual([
      'tried-after-end',
      'no-subcontractors',
      'no-data-flow',
      'no-attestation',
      'breach-notice',
    ]);
    expect(rowsOf(lines.get('billing'))).toEqual(['chain-broken', 'no-attestation', 'breach-notice']);
  });

  test('says what reached each, by days, what was blocked, and shows it', async () => {
    const lines = await register();
    const billing = lines.get('billing');
    expect(billing && partsOf(billing, 'passed')).toEqual([
      { days: 30, count: 1, bytes: 50 },
      { days: 90, count: 2, bytes: 250 },
      { days: 365, count: 2, bytes: 250 },
    ]);
    expect(partsOf(lines.get('lapsed') ?? { name: '' }, 'blocked')).toEqual([1]);
    const [row] = (lines.get('lapsed')?.part ?? [])
      .filter(({ name }) => name === 'risk')
      .flatMap(({ part = [] }) => part.filter(({ name }) => name === 'row'));
    expect(row && partsOf(row, 'evidence')).toEqual([expect.stringMatching(/^AuditEvent\/\d+-\d+$/)]);
  });

  test('has agreement, end and signers of one that is in force', async () => {
    const billing = (await register()).get('billing') ?? { name: '' };
    expect(partsOf(billing, 'agreement')).toEqual([
      { reference: expect.stringMatching(/^Contract\/billing\/_history\/\d+$/) },
    ]);
    expect(partsOf(billing, 'end')).toEqual(['2027-02-01T00:00:00.000Z']);
    expect(partsOf(billing, 'daysLeft')).toEqual([244]);
    expect(partsOf(billing, 'signer')).toHaveLength(2);
  });

  test('is a table by Accept: text/csv', async () => {
    const asked = { organization: A, at: clock.at, partyKindDefault: 'provider' } as const;
    const vendors = await readRegister(world.store, asked, new AbortController().signal);
    const [head = '', ...lines] = registerCsv(vendors, clock.at).split('\r\n');
    expect(head).toMatch(/^\uFEFForganization,name,side,services,state/);
    expect(lines.filter((line) => line !== '').map((line) => line.split(',')[1])).toEqual([
      'missing',
      'payer',
      'lapsed',
      'billing',
    ]);
  });

  test('is for the compliance officer of that organization alone', async () => {
    expect((await world.ask(callerOf('initiator'), 'GET', `${A}/$vendor-register`)).code).toBe(
      'scope-insufficient',
    );
    const other = callerOf('billing', { serverScopes: ['closeloop/compliance'], user: 'Practitioner/other' });
    expect((await world.ask(other, 'GET', `${A}/$vendor-register`)).code).toBe('scope-insufficient');
  });
});

test('(baa-messaging VR4) a subcontractor is declared by its Contract in preparation, one for other services stays unseen', async () => {
  const billing = (await register()).get('billing') ?? { name: '' };
  expect(partsOf(billing, 'subcontractor')).toEqual([
    {
      organization: { reference: 'Organization/shredder' },
      name: 'shredder',
      service: 'billing',
      state: 'staging',
    },
  ]);
});

test('(baa-messaging VR3) an earlier moment is answered from history', async () => {
  const before = await register('?asOf=2026-04-20');
  expect(rowsOf(before.get('billing'))).toEqual(['chain-broken', 'breach-notice']); // the SOC 2 report held then
  expect(partsOf(before.get('lapsed') ?? { name: '' }, 'blocked')).toEqual([0]);
  await put(
    'Contract/billing',
    agreement({
      id: 'billing',
      status: 'revoked',
      principal: A,
      associate: 'Organization/billing',
      reason: { code: 'material-breach', effective: '2026-06-01' },
    }),
    A,
  );
  clock.at += DAY;
  expect(partsOf((await register()).get('billing') ?? { name: '' }, 'state')).toEqual(['revoked']);
  const then = (await register('?asOf=2026-05-31')).get('billing') ?? { name: '' };
  expect(partsOf(then, 'state')).toEqual(['active']);
});

test('(baa-messaging VR7) an open incident that names the vendor counts, a closed one does not', async () => {
  const incident = (status: string): Resource => ({
    resourceType: 'Task',
    status,
    intent: 'order',
    code: { coding: [{ system: WORK_ITEM_SYSTEM, code: 'incident' }] },
    owner: { reference: A },
    input: [{ type: { text: 'Vendor' }, valueReference: { reference: 'Organization/billing' } }],
  });
  await put('Task/incident', incident('requested'), A);
  clock.at += DAY;
  expect(rowsOf((await register()).get('billing'))).toContain('open-incident');
  await put('Task/incident', incident('completed'), A);
  clock.at += DAY;
  expect(rowsOf((await register()).get('billing'))).not.toContain('open-incident');
});

test('(baa-messaging VR7) one call lists what reached a vendor after its agreement was revoked, whom it is about, and the clocks', async () => {
  const from = new Date(clock.at).toISOString();
  for (const patient of ['Patient/one', 'Patient/two', 'Patient/two'] as const) {
    clock.at += 1000;
    await deliver('billing', {
      patients: [patient],
      entities: [`${patient}/_history/1`],
      purposes: ['HPAYMT'],
    });
  }
  await deliver('billing', { outcome: '4', issue: 'agreement-not-active', patients: ['Patient/three'] });
  await deliver('missing', { patients: ['Patient/four'], entities: ['Patient/four/_history/1'] });
  clock.at += 1000;
  const query = `vendor=Organization/billing&from=${from.slice(0, 10)}&discovered=${from}`;
  const { json, status } = await world.ask(officer, 'GET', `$incident-sheet?${query}`);
  expect(status).toBe(200);
  const parts = (json?.['parameter'] ?? []) as readonly Part[];
  const of = (name: string) => parts.filter((one) => one.name === name).map(valueOf);
  expect(of('touched')).toEqual([
    expect.objectContaining({
      version: 'Patient/one/_history/1',
      recipient: 'Organization/billing',
      count: 1,
      agreement: 'revoked',
    }),
    expect.objectContaining({
      version: 'Patient/two/_history/1',
      recipient: 'Organization/billing',
      count: 2,
      agreement: 'revoked',
    }),
  ]);
  expect(of('affected')).toEqual([{ reference: 'Patient/one' }, { reference: 'Patient/two' }]);
  expect(of('clock').map((one) => (one as { tells: string }).tells)).toEqual([
    'individuals',
    'secretary',
    'covered-entity',
  ]);
  expect(of('clock')[0]).toMatchObject({
    by: new Date(Date.parse(from) + 60 * DAY).toISOString(),
    law: '45 CFR 164.404(b)',
  });
  for (const nobody of ['Patient/one', 'Organization/bilingual'])
    expect((await world.ask(officer, 'GET', `$incident-sheet?vendor=${nobody}`)).code).toBe(
      'parameter-invalid',
    );
});

test('(baa-messaging VR5) a paper that has lapsed is one work item, however often the job runs', async () => {
  const parts = {
    store: world.store,
    clock,
    newId: randomUUID,
    selectRecipients: async () => [],
    committed: () => undefined,
  };
  for (let run = 0; run < 3; run += 1) await askForPapers(parts, new AbortController().signal);
  const { json } = await world.ask(officer, 'GET', `Task?code=${WORK_ITEM_SYSTEM}|vendor-paper`);
  const items = resourcesOf(json as never);
  expect(items).toMatchObject([
    { focus: { reference: 'DocumentReference/soc2' }, owner: { reference: A }, status: 'requested' },
  ]);
  expect(items[0]?.['description']).toContain('2026-04-30');
});
