/** The numbers under which messages wait: asked of the store once (rules 7.5). */
import { describe, expect, test } from '@jest/globals';
import { createExpectedNumbers } from '../../../src/inbound/expected-numbers.ts';
import { ITEMS_MAX, type OpenItem } from '../../../src/inbound/work-items.ts';

const item = (value: string): OpenItem => ({
  ref: 'Task/1',
  task: { resourceType: 'Task', groupIdentifier: { system: 'urn:oid:2.999', value } },
  kind: 'message-parked',
  document: 'DocumentReference/1',
  link: 'north',
  receivedAt: 0,
});
const number = (value: string) => ({ system: 'urn:oid:2.999', value });

function counted(items: readonly OpenItem[]) {
  let asked = 0;
  const expected = createExpectedNumbers(async () => {
    asked += 1;
    return items;
  });
  return { expected, asked: () => asked };
}

describe('(rules 7.5) the numbers that are waited for', () => {
  test('are asked of the store once', async () => {
    const { expected, asked } = counted([item('R-1')]);
    expect([await expected.has(number('R-1')), await expected.has(number('R-2'))]).toEqual([true, false]);
    expect(await expected.isEmpty()).toBe(false);
    expect(asked()).toBe(1);
  });

  test('come and go', async () => {
    const { expected } = counted([]);
    expect(await expected.isEmpty()).toBe(true);
    await expected.add(number('R-1'));
    expect(await expected.has(number('R-1'))).toBe(true);
    expected.remove(number('R-1'));
    expect(await expected.isEmpty()).toBe(true);
  });

  test('may be any, where the store has more items than the server looks at', async () => {
    const { expected } = counted(Array.from({ length: ITEMS_MAX }, (_, n) => item(`R-${n}`)));
    expect(await expected.has(number('another'))).toBe(true);
  });
});
