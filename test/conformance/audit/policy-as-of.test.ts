/** Which rules were in force when (audit-compliance AU61). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { recordPolicy } from '../../../src/operations/policy-record.ts';
import { readConfig } from '../../../src/server/config.ts';
import { policyPartsOf } from '../../../src/server/policy-parts.ts';
import { handClock } from '../../contract/store-world.ts';
import { administrator, callerOf, initiator, openWorld, type World } from '../../world.ts';

const DAY = 24 * 60 * 60_000;
const clock = handClock(Date.UTC(2026, 5, 1, 12));
let world: World;
beforeAll(async () => {
  world = await openWorld({ store: { clock }, engine: { clock } });
});
afterAll(() => world.close());

const partsOf = (...argv: readonly string[]) => policyPartsOf(readConfig(['--demo', ...argv], {}));
const ask = async (date: string, who = administrator) => {
  const { json, code } = await world.ask(who, 'GET', `$policy-as-of?date=${date}`);
  const lines = (
    (json?.['parameter'] ?? []) as { name: string; part?: { name: string; valueString: string }[] }[]
  )
    .flatMap(({ part }) => (part === undefined ? [] : [part]))
    .map((part) => Object.fromEntries(part.map(({ name, valueString }) => [name, valueString])));
  return { code, rules: new Map(lines.map(({ name, says, digest }) => [name, { says, digest }])) };
};

describe('(audit-compliance AU61) the rules in force', () => {
  test('are on record from the first look, and anew with each change', async () => {
    await recordPolicy({ store: world.store, clock }, partsOf());
    clock.at += DAY;
    const before = world.store.status().seq;
    await recordPolicy({ store: world.store, clock }, partsOf());
    expect(world.store.status().seq).toBe(before);
    await recordPolicy({ store: world.store, clock }, partsOf('--party-kind-default', 'none'));
    expect((await ask('2026-06-01')).rules.get('setting partyKindDefault')?.says).toBe('"provider"');
    expect((await ask('2026-06-02')).rules.get('setting partyKindDefault')?.says).toBe('"none"');
    expect((await ask('2026-05-31')).code).toBe('not-found');
    const rows = await world.store.snapshot().audit({ viewer: undefined, names: [], count: 100 });
    expect(rows.find(({ entry }) => entry.event === 'setting-changed')?.entry).toMatchObject({
      query: expect.stringMatching(/^setting partyKindDefault: [0-9a-f]{64} → [0-9a-f]{64}$/),
    });
  });

  test('name every table of rules by its digest, and no secret', async () => {
    const { rules } = await ask('2026-06-02');
    for (const table of ['bases', 'labels', 'payloads', 'consent kinds', 'consent statements', 'policies'])
      expect([table, rules.get(`table ${table}`)?.digest?.length]).toEqual([table, 64]);
    expect(new Set([...rules.values()].map(({ digest }) => digest)).size).toBeGreaterThan(10);
    clock.at += 1;
    await recordPolicy({ store: world.store, clock }, partsOf('--metrics-token', 'very-secret'));
    clock.at += 1;
    expect(JSON.stringify([...(await ask('2026-06-03')).rules])).not.toContain('very-secret');
  });

  test('are known before they are on record, and since when as soon as they are', async () => {
    const policyParts = partsOf();
    const fresh = await openWorld({ store: { clock }, engine: { clock, policyParts: () => policyParts } });
    const now = async () => {
      const { json } = await fresh.ask(administrator, 'GET', '$policy-as-of');
      return (json?.['parameter'] ?? []) as { readonly name: string; readonly valueInstant?: string }[];
    };
    const names = async () => (await now()).map(({ name }) => name);
    expect(new Set(await names())).toEqual(new Set(['rule']));
    expect((await fresh.ask(administrator, 'GET', '$policy-as-of?date=2026-05-31')).code).toBe('not-found');
    await recordPolicy({ store: fresh.store, clock }, policyParts);
    expect((await now())[0]).toEqual({ name: 'since', valueInstant: new Date(clock.at).toISOString() });
    await recordPolicy(
      { store: fresh.store, clock: { now: () => clock.at + 1 } },
      partsOf('--party-kind-default', 'none'),
    );
    clock.at += 1;
    expect(await names()).not.toContain('since');
    await fresh.close();
  });

  test('are for administrators and compliance officers', async () => {
    expect((await ask('2026-06-02', initiator)).code).toBe('scope-insufficient');
    const officer = callerOf('initiator', { serverScopes: ['closeloop/compliance'] });
    expect((await ask('2026-06-02', officer)).code).toBeUndefined();
  });
});
