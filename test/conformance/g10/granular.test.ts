/** (g)(10), ported, not certified: 9.23, 9.25 scopes that are narrowed by category, 9.26 a person who narrows them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CATEGORIES } from './clinical.ts';
import { found, openG10World, type G10World, type Json } from './world.ts';

let world: G10World;
beforeAll(async () => {
  world = await openG10World();
}, 60_000);
afterAll(() => world.close());

type Category = (typeof CATEGORIES)[number];
const scopeOf = ([type, system, code]: Category): string => `patient/${type}.rs?category=${system}|${code}`;
const FIRST = new Set(['encounter-diagnosis', 'health-concern', 'laboratory', 'social-history']);
const LAUNCH = 'openid fhirUser launch/patient offline_access';
const others = ['Patient', 'Encounter', 'Procedure', 'Goal'].map((type) => `patient/${type}.rs`);

const idsOf = (all: readonly Json[]): readonly string[] => all.map(({ id }) => String(id)).toSorted();
const codesOf = (all: readonly Json[]): readonly string[] =>
  all.map(({ code }) => (code as { readonly text: string }).text).toSorted(); // as the world wrote them

describe.each([
  ['9.23 the first group', CATEGORIES.filter(([, , code]) => FIRST.has(code))],
  ['9.25 the second group', CATEGORIES.filter(([, , code]) => !FIRST.has(code))],
])('%s', (_name, granted) => {
  let tokens: Json;
  const all = new Map<string, readonly Json[]>();
  const scope = [LAUNCH, ...others, ...granted.map(scopeOf)].join(' ');
  beforeAll(async () => {
    const back = await world.herself.authorize({ client_id: 'symmetric', scope });
    tokens = (await world.redeem('symmetric', back)).json;
    for (const type of ['Condition', 'Observation'])
      all.set(type, (await world.server.search('recipient', `${type}?patient=${world.patient}`)) as never);
  });

  test('g10 9.23, 9.25 the scopes are received as they were asked for', () => {
    expect(String(tokens['scope']).split(' ').toSorted()).toEqual(scope.split(' ').toSorted());
  });

  test.each(['Condition', 'Observation'])(
    'g10 9.23, 9.25 a search for %s finds the granted categories',
    async (type) => {
      const codes = granted.flatMap(([of, , code]) => (of === type ? [code] : [])).toSorted();
      for (const query of ['', `&category=${codes.join(',')}`, '&_sort=_lastUpdated', '&_total=accurate']) {
        const answered = await world.get(tokens, `${type}?patient=${world.patient}${query}`);
        expect([answered.status, codesOf(found(answered))]).toEqual([200, codes]);
      }
    },
  );

  test.each(['Condition', 'Observation'])(
    'g10 9.23, 9.25 of %s these are read, and no others',
    async (type) => {
      const seen = idsOf(found(await world.get(tokens, `${type}?patient=${world.patient}`)));
      for (const id of idsOf(all.get(type) ?? [])) {
        const { status } = await world.get(tokens, `${type}/${id}`);
        expect([id, status]).toEqual([id, seen.includes(id) ? 200 : 404]);
      }
    },
  );

  test('g10 9.23, 9.25 other categories are not found by asking for them', async () => {
    const hidden = CATEGORIES.filter((one) => !granted.includes(one));
    for (const [type, system, code] of hidden) {
      const answered = await world.get(tokens, `${type}?patient=${world.patient}&category=${system}|${code}`);
      expect([answered.status, found(answered)]).toEqual([200, []]);
    }
  });

  test('g10 9.23, 9.25 the types without narrowing are as ever', async () => {
    expect(found(await world.get(tokens, `Procedure?patient=${world.patient}`))).toHaveLength(1);
    expect((await world.get(tokens, `Immunization?patient=${world.patient}`)).status).toBe(403);
  });
});

test('g10 9.26.4 whole types are asked for, and a person ticks parts of them', async () => {
  const asked = `${LAUNCH} patient/Patient.rs patient/Condition.rs patient/Observation.rs`;
  const parts = CATEGORIES.filter(([, , code]) => FIRST.has(code)).map(scopeOf);
  const back = await world.herself.authorize(
    { client_id: 'public', scope: asked },
    {
      ticks: (offered) => {
        expect(offered).toEqual(expect.arrayContaining(CATEGORIES.map(scopeOf)));
        return ['patient/Patient.rs', ...parts];
      },
    },
  );
  const tokens = (await world.redeem('public', back)).json;
  const received = String(tokens['scope']).split(' ');
  expect(received).toContain('patient/Patient.rs');
  expect(received).not.toContain('patient/Condition.rs');
  expect(received).not.toContain('patient/Observation.rs');
  expect(received).toEqual(expect.arrayContaining(parts));
  expect(found(await world.get(tokens, `Condition?patient=${world.patient}`))).toHaveLength(2);
  const refreshed = await world.refresh('public', tokens);
  expect(found(await world.get(refreshed.json, `Condition?patient=${world.patient}`))).toHaveLength(2);
});
