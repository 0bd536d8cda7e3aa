import { expect, test } from '@jest/globals';
import { resourceOf } from '../../../src/ports/stored-resource.ts';

const version = (text: string | undefined) => ({ ref: 'Task/1', seq: 1, text });

test('the text of a version is parsed once, and that of another one by itself', () => {
  const one = version('{"resourceType":"Task","id":"1"}');
  expect(resourceOf(one)).toEqual({ resourceType: 'Task', id: '1' });
  expect(resourceOf(one)).toBe(resourceOf(one));
  expect(resourceOf({ ...one })).not.toBe(resourceOf(one));
  expect(resourceOf(version('{"resourceType":"Task","id":"2"}'))).toEqual({ resourceType: 'Task', id: '2' });
});

test('a tombstone is no resource', () => {
  expect([resourceOf(undefined), resourceOf(version(undefined))]).toEqual([undefined, undefined]);
});
