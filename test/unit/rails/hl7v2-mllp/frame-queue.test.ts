/** The frames of one connection are answered in order, one at a time, and each leaves the queue (rules 7.2). */
import { describe, expect, test } from '@jest/globals';
import type { Frame } from '../../../../src/hl7v2/mllp.ts';
import { createFrameQueue } from '../../../../src/rails/hl7v2-mllp/frame-queue.ts';

const message = (text: string): Frame => ({ kind: 'message', bytes: new TextEncoder().encode(text) });
const textOf = (found: Frame): string =>
  found.kind === 'message' ? new TextDecoder().decode(found.bytes) : '';

describe('(rules 7.2) the queue of a connection', () => {
  test('answers in order, one at a time', async () => {
    const steps: string[] = [];
    const queue = createFrameQueue({
      async answer(found) {
        steps.push(`begin ${textOf(found)}`);
        await Promise.resolve();
        steps.push(`end ${textOf(found)}`);
      },
      failed: () => undefined,
      left: () => undefined,
    });
    for (const text of ['one', 'two']) queue.add(message(text));
    await queue.answered();
    expect(steps).toEqual(['begin one', 'end one', 'begin two', 'end two']);
  });

  test('counts what waits, and forgets it whether it was answered or not', async () => {
    const [errors, waited]: [unknown[], number[]] = [[], []];
    const queue = createFrameQueue({
      async answer(found) {
        if (textOf(found) === 'bad') throw new Error('no answer');
      },
      failed: (error) => errors.push(error),
      left: () => waited.push(queue.waiting.bytes),
    });
    for (const text of ['bad', 'good']) queue.add(message(text));
    expect(queue.waiting).toEqual({ frames: 2, bytes: 7 });
    await queue.answered();
    expect(errors).toEqual([new Error('no answer')]);
    expect(waited).toEqual([4, 0]);
    expect(queue.waiting).toEqual({ frames: 0, bytes: 0 });
  });
});
