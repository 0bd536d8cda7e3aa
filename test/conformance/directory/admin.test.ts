/** Members and the register, settled at the machine; and what doctor says of them (docs/directory.md). */
import { afterAll, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examineParties } from '../../../tools/doctor/parties.ts';
import { readConfig } from '../../../src/server/config.ts';
import { directEndpoint } from '../../../tools/direct/endpoint.ts';

const folder = mkdtempSync(join(tmpdir(), 'closeloop-admin-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NPI = 'http://hl7.org/fhir/sid/us-npi';

function admin(...words: readonly string[]): readonly [status: number | null, out: string, wrong: string] {
  const argv = ['tools/admin.ts', ...words, '--data-dir', folder];
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  return [status, stdout, stderr];
}
const doctor = () =>
  examineParties(readConfig(['--data-dir', folder], {}, 'command')).map(({ says }) => says.split(' →')[0]);

test('(directory DR2, DR14) an import makes nobody a member, and a number is moved only when that is asked', () => {
  expect(admin('import', 'examples/directory.json')[0]).toBe(0);
  const kinds = expect.stringContaining('without a kind');
  expect(doctor()).toEqual(['0 members', '2 identifiers are verified', kinds]);
  expect(admin('member', 'add', 'Organization/elm-street')[1]).toBe(
    'Organization/elm-street is a member now\n',
  );
  const verify = ['register', 'verify', NPI, '1679576722', 'Organization/riverside'];
  const [status, , wrong] = admin(...verify);
  expect([status, wrong]).toEqual([1, 'identifier-taken: It is verified for Organization/elm-street.\n']);
  expect(admin(...verify, '--move')[0]).toBe(0);
  const [, listed] = admin('register', 'list');
  expect(listed).toContain(`verified\tOrganization/riverside\t${NPI}|1679576722\tadministrator`);
  expect(listed).not.toContain('elm-street');
  expect(doctor()).toEqual(['1 members', '2 identifiers are verified', kinds]);
  const typed = admin(
    'register',
    'verify',
    NPI,
    '1467560003',
    'Organization/riverside',
    '--entity-type',
    '1',
  );
  expect(typed).toEqual([
    0,
    '1467560003 is Organization/riverside\n',
    'npi-entity-type: The number was given to a person, and Organization/riverside is none.\n',
  ]);
  expect(admin('register', 'replace', NPI, '1679576722', '1467560003')[1]).toBe(
    '1679576722 leads to 1467560003 for a year\n',
  );
  expect(admin('register', 'expire', NPI, '1467560003')[1]).toBe('1467560003 addresses nobody\n');
  const [, ended] = admin('register', 'list');
  expect(ended).toMatch(/^expired\tOrganization\/riverside\t.*1679576722\t.*\treplaced by 1467560003$/m);
  expect(admin('register', 'verify', NPI, '1', 'Organization/riverside', '--entity-type', '3')[0]).toBe(2);
});

test('(directory DR10) an identifier has a system whose identifiers name a party, and a value', () => {
  const [status, , wrong] = admin('register', 'verify', 'urn:other', '12', 'Organization/riverside');
  expect([status, wrong]).toEqual([
    2,
    expect.stringContaining('urn:other is not a system whose identifiers'),
  ]);
  expect(admin('register', 'expire')[0]).toBe(2);
  expect(admin('register', 'verify', NPI, '1467560003', 'Patient/riverside')[2]).toContain(
    '"Patient/riverside" is not of the form Organization/id or Practitioner/id.',
  );
});

test.each([['member', 'add', 'Organization/riverside'], ['register', 'list'], ['reindex']])(
  'a folder without a store is left alone: %s',
  (...words) => {
    const none = join(folder, 'none');
    const argv = ['tools/admin.ts', ...words, '--data-dir', none];
    const { status, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
    expect([status, stderr, existsSync(none)]).toEqual([1, `There is no store in ${none}.\n`, false]);
  },
);

test('(rules 1.16) an import says whose each record is, also where it brings no referral', () => {
  const file = join(folder, 'patients.json');
  const write = (value: unknown) => writeFileSync(file, JSON.stringify(value));
  write({ resourceType: 'Patient', name: [{ family: 'Ames' }] });
  const [status, , wrong] = admin('import', file);
  expect([status, wrong]).toEqual([1, expect.stringContaining('whose record each resource is')]);
  expect(admin('import', file, '--custodian', 'Organization/elm-street')[0]).toBe(0);
  write([5]);
  expect(admin('import', file)[2]).toBe(
    'An import holds resources: something in the file is not a JSON object.\n',
  );
});

test('(directory DR44) a Direct address is verified at the machine, once', () => {
  const file = join(folder, 'direct.json');
  const address = 'intake@direct.elm-street.example.org';
  const endpoint = { ...directEndpoint('Organization/elm-street', address), id: 'elm-street-direct' };
  writeFileSync(file, JSON.stringify([endpoint]));
  expect(admin('import', file)[0]).toBe(0);
  const verify = ['verify-endpoint', 'Endpoint/elm-street-direct'];
  expect(admin(...verify)[1]).toBe('Endpoint/elm-street-direct is verified now\n');
  expect(admin(...verify)[1]).toBe('Endpoint/elm-street-direct was verified before\n');
  expect(admin('verify-endpoint', 'Endpoint/nowhere')[0]).toBe(1);
  expect(admin('verify-endpoint', 'Organization/elm-street')[0]).toBe(2);
});
