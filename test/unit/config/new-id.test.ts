/** Ids of new resources (ADR 0042). */
import { expect, test } from '@jest/globals';
import { createNewId } from '../../../src/server/new-id.ts';

const beginningOf = (id: string): string => id.slice(0, 6);

test('256 ids in a row begin alike, and nothing else of them is', () => {
  const newId = createNewId();
  const ids = Array.from({ length: 1024 }, newId);
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(ids.map((id) => id.slice(6))).size).toBe(ids.length);
  for (let i = 0; i < ids.length; i += 256) {
    expect(new Set(ids.slice(i, i + 256).map(beginningOf)).size).toBe(1);
  }
  expect(new Set(ids.map(beginningOf)).size).toBe(4);
});

test('two sources begin differently', () => {
  expect(beginningOf(createNewId()())).not.toBe(beginningOf(createNewId()()));
});
