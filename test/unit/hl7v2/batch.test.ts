/** Batches, taken apart byte for byte. */
import { Buffer } from 'node:buffer';
import { expect, test } from '@jest/globals';
import { buildBatchAnswer, MESSAGES_MAX, openBatch, splitBatch } from '../../../src/hl7v2/batch.ts';
import { sample } from './samples.ts';

const split = (source: string) =>
  splitBatch(Buffer.from(source, 'latin1')).map((bytes) => Buffer.from(bytes).toString('latin1'));

const ONE = 'MSH|^~\\&|A\rPID|1\r';
const TWO = 'MSH$%*!@$\xe9\rPID$2\r';
const FHS = 'FHS|^~\\&|A\r';
const BHS = 'BHS|^~\\&|A\r';

test.each<[string, string, string[]]>([
  ['one message', ONE, [ONE]],
  ['one message, with a byte order mark', `\xef\xbb\xbf${ONE}`, [`\xef\xbb\xbf${ONE}`]],
  ['a file', `${FHS}${BHS}${ONE}${TWO}BTS|2\rFTS|1\r`, [ONE, TWO]],
  ['two batches', `${FHS}${BHS}${ONE}BTS|1\r${BHS}${TWO}${ONE}BTS|2\rFTS|2\r`, [ONE, TWO, ONE]],
  ['no file, no counts', `${BHS}${ONE}BTS\r`, [ONE]],
  ['no batch in the file', `${FHS}${ONE}FTS|1\r`, [ONE]],
  ['no trailers', `${BHS}${ONE}${TWO}`, [ONE, TWO]],
  ['messages one after the other', ONE + TWO, [ONE, TWO]],
  ['with LF and blank lines', `${BHS}\n${ONE}\n`.replaceAll('\r', '\n'), [`${ONE}\n`.replaceAll('\r', '\n')]],
  ['a batch with nothing in it', `${FHS}${BHS}BTS|0\rFTS|1\r`, []],
  ['a file with nothing in it', `${FHS}FTS|0\r`, []],
  ['own delimiters', `FHS#^~\\&\rBHS#^~\\&\r${ONE}BTS#1#well\rFTS#1\r`, [ONE]],
])('%s', (_what, source, messages) => {
  expect(split(source)).toEqual(messages);
});

test.each([
  ['fewer than were sent', `${BHS}${ONE}BTS|2\r`, { code: '102', segment: 'BTS', field: 1 }],
  ['fewer batches', `${FHS}${BHS}${ONE}BTS|1\rFTS|2\r`, { code: '102', segment: 'FTS' }],
  ['a count that is none', `${BHS}${ONE}BTS|many\r`, { code: '102', segment: 'BTS' }],
  ['messages that are not there', `${FHS}${BHS}BTS|1\rFTS|1\r`, { code: '102', segment: 'BTS' }],
  ['batches that are not there', `${FHS}FTS|1\r`, { code: '102', segment: 'FTS' }],
  ['a trailer without a header', 'BTS|0\r', { code: '100' }],
  ['a line that is nobody’s', `${BHS}PID|1\r${ONE}`, { code: '100' }],
  ['a line after a trailer', `${BHS}${ONE}BTS|1\rNTE|1\r`, { code: '100' }],
  ['nothing', '', { code: '100' }],
  ['too many', ONE.repeat(MESSAGES_MAX + 1), { code: '104' }],
])('%s', (_what, source, expected) => {
  expect(() => split(source)).toThrow(expect.objectContaining(expected));
});

test('every sample is itself', () => {
  const source = sample('pcc-60-appointment-booked');
  expect(split(source)).toEqual([source]);
});

// prettier-ignore
const ANSWERS: readonly [string, string, string[][], string][] = [
  ['a batch', 'BHS|^~\\&|App|^1.2^ISO|Ours|^3.4^ISO|2026||||B-1\rMSH|^~\\&\rBTS|1\r', [['ACK\r']],
    'BHS|^~\\&|Ours|^3.4^ISO|App|^1.2^ISO|19700101000000+0000||||C-1|B-1\rACK\rBTS|1\r'],
  ['a file of two batches, of which one asks for nothing', 'FHS$%~\\&$F\rBHS|^~\\&|A\rMSH|^~\\&\rBHS|^~\\&|B\rMSH|^~\\&\rFTS$2\r', [['ACK\r'], []],
    'FHS$%~\\&$$$F$$19700101000000+0000$$$$C-3\rBHS|^~\\&|||A||19700101000000+0000||||C-1\rACK\rBTS|1\rBHS|^~\\&|||B||19700101000000+0000||||C-2\rBTS|0\rFTS$2\r'],
  ['an empty batch', 'BHS|^~\\&|App|A|Ours|B|2026||||B-1\rBTS|0\r', [[]],
    'BHS|^~\\&|Ours|B|App|A|19700101000000+0000||||C-1|B-1\rBTS|0\r'],
  ['an empty file', 'FHS|^~\\&|App|A|Ours|B|2026||||F-1\rFTS|0\r', [],
    'FHS|^~\\&|Ours|B|App|A|19700101000000+0000||||C-1|F-1\rFTS|0\r'],
  ['messages one after the other', 'MSH|^~\\&|A|B|C|D|2026||ADT^A08|1|P\rMSH|^~\\&\r', [['1\r', '2\r']],
    'BHS|^~\\&|C|D|A|B|19700101000000+0000||||C-1\r1\r2\rBTS|2\r'],
];

test.each(ANSWERS)('the answer to %s', (_what, source, told, answer) => {
  let count = 0;
  const built = buildBatchAnswer(openBatch(Buffer.from(source)), {
    groups: told.map((group) => group.map((text) => Buffer.from(text))),
    at: 0,
    newControlId: () => `C-${(count += 1)}`,
  });
  expect(Buffer.from(built).toString()).toBe(answer);
});
