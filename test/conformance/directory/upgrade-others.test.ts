/** Persons and roles of a folder of format 1 at its first start (docs/directory.md). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { buildWrite } from '../../../src/operations/write/commit.ts';
import { upgradeCommit } from '../../../src/operations/upgrade.ts';
import { tagOthers } from '../../../src/operations/upgrade-others.ts';
import { resolveParty } from '../../../src/resources/party.ts';
import { partyWorldOf } from '../../../src/resources/party-world.ts';
import { standingOf } from '../../../src/resources/parties/standing.ts';
import * as make from '../../resources.ts';
import { openWorld, type World } from '../../world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await world.seedDirectory('a', 'b');
});
afterAll(() => world.close());

const npi = (name: string) => ({ system: make.NPI_SYSTEM, value: make.npiOf(name) });
const person = (id: string, ...identifier: readonly object[]): Resource => ({
  resourceType: 'Practitioner',
  id,
  ...(identifier.length > 0 && { identifier }),
});
const role = (id: string, of: string, organization: string): Resource => ({
  resourceType: 'PractitionerRole',
  id,
  practitioner: make.to(`Practitioner/${of}`),
  organization: make.to(`Organization/${organization}`),
});

/** As format 1 kept it: without a tag. `by`: whose commit it was, '' for an administrator's. */
async function keep(resource: Resource, custodian: Ref | '', by: Ref | ''): Promise<void> {
  const ref: Ref = `${resource.resourceType}/${resource.id ?? ''}`;
  const after = { plain: resource, storing: resource };
  const planned = { ref, method: 'POST', base: 0, before: undefined, after, custodian } as const;
  const commit = upgradeCommit([buildWrite({ ...planned, origin: 'server', parties: [] })], [], []);
  const [row] = commit.audit;
  const agent = { organization: by, client: 'test', subject: 'ana' };
  await world.store.commit({ ...commit, ...(row !== undefined && { audit: [{ ...row, agent }] }) });
}
const parts = () => ({
  store: world.store,
  clock: { now: () => Date.now() },
  newId: () => 'x',
  named: [],
  identitySystems: [],
});
const placeOf = async (reference: object) => {
  const found = await resolveParty(reference, partyWorldOf(world.store.snapshot()));
  return found.kind === 'party' ? found.party : found.kind;
};

test('(directory DR1, DR10, DR19) numbers and roles count by an administrator’s word alone', async () => {
  await keep(person('listed', npi('listed')), '', '');
  await keep(role('at-a', 'listed', 'a'), 'Organization/a', '');
  await keep(role('at-b', 'listed', 'b'), 'Organization/b', 'Organization/b');
  await keep(person('own', npi('own')), 'Organization/a', 'Organization/a');
  await keep(person('twin-1', npi('twin')), '', '');
  await keep(person('twin-2', npi('twin')), '', '');
  const place = { resourceType: 'Location', id: 'ward', managingOrganization: make.to('Organization/a') };
  await keep(place, 'Organization/a', 'Organization/a');
  expect(await tagOthers(parts())).toEqual({ tagged: 7, verified: 1, claimed: 1 });
  expect([
    await placeOf({ identifier: npi('listed') }),
    await placeOf(make.to('Practitioner/listed')),
    await placeOf({ identifier: npi('own') }),
    await placeOf({ identifier: npi('twin') }),
    await placeOf(make.to('PractitionerRole/at-b')),
  ]).toEqual(['Organization/a', 'Organization/a', 'nobody', 'nobody', 'Organization/b']);
  const ward = await world.store.snapshot().read('Location/ward', { everything: true });
  expect(standingOf(JSON.parse(ward?.text ?? '{}') as Resource)).toBe('listed');
  expect(ward?.text).toContain('"code":"listed"');
  expect(await tagOthers(parts())).toBeUndefined();
});
