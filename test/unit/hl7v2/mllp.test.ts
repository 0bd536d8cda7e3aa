/** MLLP blocks out of a stream, however it is cut. */
import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { Hl7Fault } from '../../../src/hl7v2/fault.ts';
import { createDeframer, frame, type Frame } from '../../../src/hl7v2/mllp.ts';

/** VT is ‹, FS is ›, CR is ¶. */
const bytes = (drawn: string) =>
  Buffer.from(drawn.replaceAll('‹', '\v').replaceAll('›', '\x1c').replaceAll('¶', '\r'), 'latin1');

/** What was found, in a line each. */
const shown = (frames: readonly Frame[]) =>
  frames.map((found) => {
    if (found.kind === 'garbage') return `garbage ${found.bytesSkipped}`;
    const content = found.kind === 'message' ? found.bytes : found.head;
    return `${found.kind} ${Buffer.from(content).toString('latin1').replaceAll('\r', '¶').replaceAll('\v', '‹')}`;
  });

describe('blocks', () => {
  test.each<[string, string[]]>([
    ['‹MSH|a¶›¶', ['message MSH|a¶']],
    ['‹MSH|a¶›¶‹MSH|b¶›¶', ['message MSH|a¶', 'message MSH|b¶']],
    ['‹a›‹b›¶\n‹c›', ['message a', 'message b', 'message c']],
    ['‹›¶', ['message ']],
    ['GET /¶\n‹a›¶', ['garbage 5', 'message a']],
    ['‹a›¶xyz‹b›¶', ['message a', 'garbage 3', 'message b']],
    ['››‹a›¶', ['garbage 2', 'message a']],
    ['¶\n¶\n‹a›¶¶\n', ['message a']],
    ['‹0123456789›¶‹a›¶', ['message 0123456789', 'message a']],
    ['‹0123456789x›¶‹a›¶', ['oversize 0123456789', 'message a']],
    ['‹0123456789‹MSH|x›¶‹a›¶', ['oversize 0123456789', 'message a']],
    ['‹one‹two›¶', ['message one‹two']],
    ['‹MSH|‹MSH|b›¶‹a›¶', ['restarted MSH|‹MSH|b', 'message a']],
    ['‹a', []],
    ['abc', []],
    ['', []],
  ])('%s', (drawn, expected) => {
    const stream = bytes(drawn);
    expect(shown(createDeframer({ bytesMax: 10 }).push(stream))).toEqual(expected);
    for (let size = 1; size < stream.length; size += 1) {
      const deframer = createDeframer({ bytesMax: 10 });
      const found: Frame[] = [];
      for (let at = 0; at < stream.length; at += size)
        found.push(...deframer.push(stream.subarray(at, at + size)));
      expect(shown(found)).toEqual(expected);
    }
  });

  test('FS delivers; its CR may come later, or never', () => {
    const deframer = createDeframer({ bytesMax: 10 });
    expect(shown(deframer.push(bytes('‹a›')))).toEqual(['message a']);
    expect(deframer.push(bytes('¶'))).toEqual([]);
    expect(deframer.pending).toEqual({ bytesInside: 0, bytesOutside: 0 });
  });

  test('what is left when a peer is lost', () => {
    const deframer = createDeframer({ bytesMax: 10 });
    deframer.push(bytes('xy‹abc'));
    expect(deframer.pending).toEqual({ bytesInside: 3, bytesOutside: 0 });
    deframer.push(bytes('›¶zz'));
    expect(deframer.pending).toEqual({ bytesInside: 0, bytesOutside: 2 });
  });

  test('a message is a copy: the chunk may be used again', () => {
    const chunk = bytes('‹abc›¶');
    const [found] = createDeframer({ bytesMax: 10 }).push(chunk);
    chunk.fill(0);
    expect(shown(found === undefined ? [] : [found])).toEqual(['message abc']);
  });

  test('a message after a long one, and the long one stays as it is', () => {
    const deframer = createDeframer({ bytesMax: 1_000_000 });
    const long = Buffer.alloc(200_000, 'x');
    const [first] = [
      ...deframer.push(frame(long).subarray(0, 1000)),
      ...deframer.push(frame(long).subarray(1000)),
    ];
    const [next] = deframer.push(frame(Buffer.from('short')));
    expect(first?.kind === 'message' && Buffer.from(first.bytes).equals(long)).toBe(true);
    expect(shown(next === undefined ? [] : [next])).toEqual(['message short']);
  });

  test('a long message grows in memory that threads share, and a beginning in it is seen across chunks', () => {
    const deframer = createDeframer({ bytesMax: 1_000_000 });
    const parts = [
      Buffer.alloc(200_000, 'x'),
      Buffer.from('\vM'),
      Buffer.from('SH'),
      Buffer.alloc(200_000, 'y'),
    ];
    const push = (some: readonly Buffer[]): readonly Frame[] =>
      [bytes('‹'), ...some, bytes('›')].flatMap((chunk) => deframer.push(chunk));
    expect(push(parts).map(({ kind }) => kind)).toEqual(['restarted']);
    const [found] = push(parts.toSpliced(1, 1));
    if (found?.kind !== 'message') throw new Error('it is a message');
    expect(found.bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(Buffer.from(found.bytes).equals(Buffer.concat(parts.toSpliced(1, 1)))).toBe(true);
  });
});

test('a block', () => {
  expect([...frame(Buffer.from('a\r'))]).toEqual([0x0b, 0x61, 0x0d, 0x1c, 0x0d]);
  expect(() => frame(bytes('a›b'))).toThrow(Hl7Fault);
});
