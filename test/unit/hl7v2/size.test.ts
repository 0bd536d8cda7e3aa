/** Large and hostile messages cost time in proportion to their size: anything worse would not end within the test's time. */
import { Buffer } from 'node:buffer';
import { expect, test } from '@jest/globals';
import { buildAck } from '../../../src/hl7v2/ack.ts';
import { splitBatch } from '../../../src/hl7v2/batch.ts';
import {
  decodeMessage,
  encodeMessage,
  parseMessage,
  repetitions,
  wholeText,
} from '../../../src/hl7v2/message.ts';
import { createDeframer, frame } from '../../../src/hl7v2/mllp.ts';
import { readObx } from '../../../src/hl7v2/segments/obx.ts';

const HEADER = 'MSH|^~\\&|A|B|||20250314||MDM^T02|1|P|2.5.1\r';

test('a document of ten megabytes, in pieces, there and back', () => {
  const content = 'QUJD'.repeat(2_500_000);
  const source = `${HEADER}OBX|1|ED|a||^application^pdf^Base64^${content}||||||F\r`;
  const stream = frame(Buffer.from(source));
  const deframer = createDeframer({ bytesMax: 20_000_000 });
  const found = Array.from({ length: Math.ceil(stream.length / 1460) }, (_, index) =>
    deframer.push(stream.subarray(index * 1460, (index + 1) * 1460)),
  ).flat();
  const [block] = found;
  if (block?.kind !== 'message') throw new Error('no message');
  const message = parseMessage(decodeMessage(block.bytes).text);
  const [, obx] = message.segments;
  const [value] = obx === undefined ? [] : readObx(obx).observationValue;
  expect(value?.kind === 'document' && value.document.content === content).toBe(true);
  expect(encodeMessage(message) === source).toBe(true);
});

test.each([
  ['\\'],
  ['\\X41\\'],
  ['\\X41'],
  ['\\XC3\\'],
  ['\\q'],
  ['\\.br\\'],
  ['\r'],
  ['\r\n'],
  ['\n'],
  [' \r'],
  ['\x1c'],
  ['\x1c\r\r\r\r\r\r'],
  ['|'],
  ['~'],
  ['^'],
  ['\rNTE|1'],
  ['\v'],
  ['\vMSH'],
])('a million characters of %j', (part) => {
  const source = `${HEADER}NTE|1||${part.repeat(1_000_000 / part.length)}`;
  const bytes = Buffer.from(source);
  const message = parseMessage(source);
  const [, note] = message.segments;
  if (note === undefined) throw new Error('no note');
  expect(encodeMessage(message) === source).toBe(true);
  expect(wholeText(note, 3)?.length ?? 0).toBeLessThanOrEqual(1_000_000);
  expect(repetitions(note, 3).length).toBeLessThanOrEqual(1_000_001);
  expect(splitBatch(bytes)).toEqual([bytes]);
  expect(buildAck({ received: bytes, code: 'AA', controlId: '1', at: 0 }).segments).toHaveLength(2);
});

test('a million blocks of one byte, and one of a million in single bytes', () => {
  const small = Buffer.alloc(4_000_000, '\va\x1c\r');
  expect(createDeframer({ bytesMax: 10 }).push(small)).toHaveLength(1_000_000);
  const deframer = createDeframer({ bytesMax: 2_000_000 });
  const large = frame(Buffer.alloc(1_000_000, 'x'));
  let found = 0;
  for (let at = 0; at < large.length; at += 1) found += deframer.push(large.subarray(at, at + 1)).length;
  expect(found).toBe(1);
});

test('a field that repeats without end is told by its place; lines of a text may be many', () => {
  const many = 'a~'.repeat(30_000);
  expect(() => parseMessage(`${HEADER}PID|1||${many}\r`)).toThrow(
    'PID[1]-3: a field repeats at most 20000 times',
  );
  const [, note] = parseMessage(`${HEADER}NTE|1||${many}\r`).segments;
  expect(note === undefined ? 0 : repetitions(note, 3).length).toBe(30_001);
});

test('of lines that are no segments the first is told, and the rest is not split', () => {
  expect(() => parseMessage(`${HEADER}${'xx\r'.repeat(5_000_000)}`)).toThrow('line 2, is not a segment');
});
