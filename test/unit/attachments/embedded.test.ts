/** Files that are written within a text (baa-messaging MS12). */
import { expect, test } from '@jest/globals';
import { embeddedFiles } from '../../../src/attachments/embedded.ts';
import { EICAR } from '../../malware-scanners.ts';

const base64 = EICAR.toString('base64');
const lines = (base64.match(/.{1,76}/g) ?? []) as string[];

test.each([
  ['an ED of HL7 v2', `MSH|^~\\&|A\rOBX|1|ED|X||^application^pdf^Base64^${base64}|\rOBX|2|ST|next\r`],
  ['an ED with line breaks', `OBX|1|ED|X||^application^pdf^Base64^${lines.join('\\.br\\')}\rOBX|2|ST|next\r`],
  ['an ED in hexadecimal digits', `OBX|1|ED|X||^application^pdf^Hex^${EICAR.toString('hex')}|`],
  ['a body of a clinical document', `<text representation="B64">\r\n  ${lines.join('\r\n  ')}\r\n</text>`],
  ['a resource', JSON.stringify({ data: base64 })],
  ['a resource with escaped slashes', JSON.stringify({ data: base64 }).replaceAll('/', '\\/')],
  ['base64 of base64', Buffer.from(`see ${base64} here`).toString('base64')],
])('%s', (_name, text) => {
  const found = embeddedFiles(Buffer.from(text), 50) ?? [];
  expect(found.some((file) => Buffer.from(file).includes(EICAR))).toBe(true);
});

test('words and numbers are no files', () => {
  const text =
    'Pneumonoultramicroscopicsilicovolcanoconiosis was not seen. 2.16.840.1.113883.4.6 20250314090000.1';
  expect(embeddedFiles(Buffer.from(text.slice(46)), 50)).toEqual([]);
});

test('too many files', () => {
  const text = Array.from(
    { length: 60 },
    (_, index) => `"${Buffer.from(`${index} ${'x'.repeat(60)}`).toString('base64')}"`,
  );
  expect(embeddedFiles(Buffer.from(text.join()), 50)).toBeUndefined();
});

test('ten megabytes of one file take no more than a moment', () => {
  const began = performance.now();
  expect(embeddedFiles(Buffer.from(Buffer.alloc(7_500_000, 'letter').toString('base64')), 50)).toBeDefined();
  expect(performance.now() - began).toBeLessThan(5_000);
});
