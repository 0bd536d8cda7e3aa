/** A running folder of format 1 at its first start with standings and a register (docs/directory.md). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readConfig } from '../../../src/server/config.ts';
import { createLog } from '../../../src/http/log.ts';
import type { Resource } from '../../../src/fhir/types.ts';
import type { Clause } from '../../../src/ports/query.ts';
import { rowsIn, registerRowsOf } from '../../../src/resources/parties/register.ts';
import { STANDING_SYSTEM, standingOf } from '../../../src/resources/parties/standing.ts';
import { start, type Running } from '../../../src/server/compose.ts';
import { createFindOrganization } from '../../../src/server/organizations.ts';
import { verifyChain } from '../../../src/stores/embedded/verify/audit-chain.ts';

const FOLDER = new URL('../../fixtures/folder-format-1/store.db.gz', import.meta.url);
const NPI = 'http://hl7.org/fhir/sid/us-npi';
const EVERYTHING = { everything: true } as const;

let folder: string;
let running: Running;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'closeloop-upgrade-'));
  writeFileSync(join(folder, 'store.db'), gunzipSync(readFileSync(FOLDER)));
  const links = [
    {
      port: 0,
      links: [
        {
          name: 'engine',
          addresses: ['127.0.0.1'],
          senders: [{ facility: '2.999.360.7', organization: 'Organization/linked' }],
          receivers: [{ facility: '2.999.360.1', organization: 'Organization/initiator' }],
        },
      ],
    },
  ];
  writeFileSync(join(folder, 'links.json'), JSON.stringify(links));
  await begin();
});

afterAll(async () => {
  await running.stop();
  rmSync(folder, { recursive: true });
});

async function begin(): Promise<void> {
  const argv = ['--demo', '--port', '0', '--data-dir', folder, '--hl7-links', join(folder, 'links.json')];
  const log = createLog(
    'error',
    (lines) => process.stderr.write(lines),
    () => Date.now(),
  );
  running = await start(readConfig(argv, {}), log);
}

const organization = async (id: string): Promise<Resource> => {
  const version = await running.store.snapshot().read(`Organization/${id}`, EVERYTHING);
  return JSON.parse(version?.text ?? '{}') as Resource; // a stored text
};
const rows = async (id: string) =>
  (await registerRowsOf(running.store.snapshot(), `Organization/${id}`))
    .map(({ value, state, how }) => [value, state, how])
    .toSorted(([one = ''], [other = '']) => (one < other ? -1 : 1));

test.each([
  [
    'initiator',
    'member',
    [
      ['1234567893', 'verified', 'migration'],
      ['urn:oid:2.999.360.1', 'verified', 'migration'],
    ],
  ],
  [
    'recipient',
    'member',
    [
      ['05D0642827', 'asserted', 'migration'],
      ['1679576722', 'verified', 'migration'],
    ],
  ],
  [
    'stranger',
    'member',
    [
      ['1467560003', 'asserted', 'migration'],
      ['1999999984', 'asserted', 'migration'],
      ['urn:oid:2.999.360.1', 'asserted', 'migration'],
    ],
  ],
  ['listed', 'listed', [['1999999984', 'verified', 'migration']]],
  ['linked', 'member', [['urn:oid:2.999.360.7', 'verified', 'migration']]],
  ['elm-west', 'listed', []],
  ['twin-1', 'listed', [['1245319599', 'asserted', 'migration']]],
  ['twin-2', 'listed', [['1245319599', 'asserted', 'migration']]],
  ['typo', 'listed', [['1234567890', 'asserted', 'migration']]],
] as const)(
  '(directory DR10) %s becomes %s, and its identifiers are what somebody else said',
  async (id, standing, said) => {
    expect(standingOf(await organization(id))).toBe(standing);
    expect(await rows(id)).toEqual(said);
  },
);

test('(directory DR11) what an organization wrote into itself is in its text no more, everything else is', async () => {
  const shown = ((await organization('stranger'))['identifier'] ?? []) as readonly object[];
  expect(shown).toEqual([{ system: 'https://stranger.example.org/sites', value: 'only' }]);
  expect(await organization('initiator')).toMatchObject({ alias: ['Elm Street'] });
});

test('(directory DR12) each assertion is one work item of an administrator', async () => {
  const asserted = await rowsIn(running.store.snapshot(), 'register', 'asserted');
  const { matches } = await running.store.snapshot().search({
    type: 'Task',
    where: { kind: 'token', param: 'code', code: 'identifier-claim' },
    sort: [],
    sight: EVERYTHING,
    count: 100,
    offset: 0,
    total: false,
  });
  expect(asserted).toHaveLength(7);
  expect(matches.map(({ custodian }) => custodian)).toEqual(Array.from({ length: 7 }, () => ''));
});

test('(directory DR2) a token by a verified identifier names its member; by an asserted one, or of a listed one, nobody', async () => {
  const find = createFindOrganization(running.store);
  expect(await find({ system: NPI, value: '1234567893' })).toBe('Organization/initiator');
  for (const name of [
    { system: NPI, value: '1467560003' },
    { system: NPI, value: '1999999984' },
    { reference: 'Organization/listed' },
  ] as const) {
    expect(await find(name)).toBeUndefined();
  }
  expect(await find({ reference: 'Organization/stranger' })).toBe('Organization/stranger');
});

test('(directory DR1) persons, roles and endpoints bear their standing, and are found by it', async () => {
  const find = async (type: string, where: Clause) => {
    const query = { type, where, sort: [], sight: EVERYTHING, count: 100, offset: 0, total: false };
    return (await running.store.snapshot().search(query)).matches;
  };
  const tagged = (code: string): Clause => ({ kind: 'token', param: '_tag', system: STANDING_SYSTEM, code });
  expect((await find('Practitioner', tagged('listed'))).length).toBe(2);
  expect((await find('PractitionerRole', tagged('member'))).length).toBe(4);
  for (const type of ['Practitioner', 'PractitionerRole', 'Endpoint'])
    for (const { text } of await find(type, { kind: 'all', of: [] })) expect(text).toContain(STANDING_SYSTEM);
  // What an organization said of its own person's number stays what it said.
  expect(await rowsIn(running.store.snapshot(), 'practitioner-register', 'verified')).toEqual([]);
});

test('it is done once, referrals stay as they were, and the chain holds', async () => {
  const written = async () =>
    (
      await running.store
        .snapshot()
        .history({ type: 'Organization', count: 1, offset: 0, sight: EVERYTHING, total: true })
    ).total;
  const before = await written();
  await running.stop();
  await begin();
  expect(await written()).toBe(before);
  const { matches } = await running.store.snapshot().search({
    type: 'Task',
    where: { kind: 'token', param: 'code', code: 'fulfill' },
    sort: [],
    sight: { everything: false, organization: 'Organization/recipient' },
    count: 10,
    offset: 0,
    total: false,
  });
  expect(matches).toHaveLength(3);
  expect((await verifyChain(folder)).faults).toEqual([]);
});
