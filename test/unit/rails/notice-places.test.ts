/** Every rail says where the notice of 42 CFR 2.32 stands in what it sends, or that it has no place for it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { NOTICE_PLACES } from '../../../src/policies/part2/places.ts';

const RAILS = join(import.meta.dirname, '../../../src/rails');

test('(compliance P31) every rail of the registry declares its row', () => {
  const registry = readFileSync(join(RAILS, 'index.ts'), 'utf8');
  const rooms = [...registry.matchAll(/from '\.\/([a-z0-9-]+)\/index\.ts'/g)].flatMap(
    ([, room]) => room ?? [],
  );
  expect(rooms.length).toBeGreaterThanOrEqual(3);
  for (const room of rooms) {
    expect(readFileSync(join(RAILS, room, 'index.ts'), 'utf8')).toContain(
      `carriesNotice: NOTICE_PLACES${/^\w+$/.test(room) ? `.${room}` : `['${room}']`},`,
    );
    expect(Object.keys(NOTICE_PLACES)).toContain(room);
  }
});

test('(compliance P30) a row names the statement and its exact place, and what leaves for patients has none', () => {
  const { mail, sms, ...carrying } = NOTICE_PLACES;
  expect([mail, sms]).toEqual([false, false]);
  for (const { statement, statementAt } of Object.values(carrying)) {
    expect([1, 2]).toContain(statement);
    expect(statementAt.length).toBeGreaterThan(10);
  }
});
