/** Users of an issuer that an installation had before there were roles (identity ID-8). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { rolesOfToken } from '../../../src/identity/granted.ts';
import { beginRoles, readRoleSettings } from '../../../src/server/role-default.ts';
import { readConfig } from '../../../src/server/config.ts';
import { openWorld, type World } from '../../world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const ISSUER = ['--issuer', 'https://login.example.org', '--jwks-uri', 'https://login.example.org/keys'];
const USER = {
  claimed: [],
  user: 'Practitioner/1',
  isClient: false,
  levels: ['user'],
  administrator: false,
} as const;

test('keep their rights by a record that is named until the operator decides', async () => {
  const config = readConfig(ISSUER, {});
  const said: string[] = [];
  const log = { write: (_level: string, text: string) => void said.push(text) } as never; // nothing else is asked
  const begin = (isOlder: boolean) =>
    beginRoles({ store: world.store, config, clock: { now: () => 0 }, isOlder });
  await begin(true);
  await begin(false);
  const undecided = await readRoleSettings(world.store, config, log);
  expect(undecided).toMatchObject({ rolesUndecided: true, defaultRole: 'none' });
  expect(said).toEqual([expect.stringContaining('defaultRole is not set')]);
  expect(rolesOfToken({ ...USER, claimed: ['clinician'] }, undecided)).toBeUndefined();

  for (const [given, roles] of [
    ['none', []],
    ['front-desk', ['front-desk']],
    ['unrestricted', undefined],
  ] as const) {
    const decided = readConfig([...ISSUER, '--default-role', given], {});
    const settings = await readRoleSettings(world.store, decided, log);
    expect(rolesOfToken(USER, settings)).toEqual(roles);
    expect(rolesOfToken({ ...USER, claimed: ['clinician'] }, settings)).toEqual(['clinician']);
  }
  expect(said).toHaveLength(1);
});

test('have none in an installation that begins with roles, or that had no issuer', async () => {
  const fresh = await openWorld();
  const config = readConfig(ISSUER, {});
  await beginRoles({ store: fresh.store, config, clock: { now: () => 0 }, isOlder: false });
  const settings = await readRoleSettings(fresh.store, config, { write: () => undefined } as never); // says nothing
  expect(settings.rolesUndecided).toBe(false);
  expect(rolesOfToken(USER, settings)).toEqual([]);
  expect(rolesOfToken({ ...USER, levels: ['system'] }, settings)).toBeUndefined();
  expect(rolesOfToken({ ...USER, user: 'https://here.example.org/fhir/Patient/1' }, settings)).toEqual([
    'patient',
  ]);
  expect(rolesOfToken({ ...USER, user: 'RelatedPerson/1' }, settings)).toEqual(['proxy']);
  expect(
    rolesOfToken({ ...USER, claimed: ['nurse'] }, { ...settings, roleTable: ['nurse=coordinator'] }),
  ).toEqual(['coordinator']);
  expect(
    rolesOfToken({ ...USER, claimed: ['boss'] }, { ...settings, roleTable: ['boss=sys-admin'] }),
  ).toEqual([]);
  expect(rolesOfToken({ ...USER, administrator: true }, settings)).toEqual(['sys-admin']);
  await fresh.close();
});
