/** The hashes of files inside of what leaves: the same bytes are found under any name and in any wrapping. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { fileHashesOf } from '../../../src/delivery/file-hashes.ts';
import { buildMessage } from '../../../src/hl7v2/build.ts';
import { filesInMessage } from '../../../src/hl7v2/files-in-message.ts';
import { encodeMessage, parseMessage } from '../../../src/hl7v2/message.ts';
import { filesIn } from '../../../src/resources/files-in.ts';
import { zipOf } from '../direct/xdm/archives.ts';

const FILE = Buffer.from('%PDF-1.7 the same bytes');
const BASE64 = FILE.toString('base64');
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const hashesOf = async (files: Iterable<Uint8Array>) => (await fileHashesOf(files)).fileHashes ?? [];
const inJson = (resource: object) => hashesOf(filesIn(JSON.stringify(resource)));

describe('(baa-messaging MS51) the bytes of a file are found', () => {
  test.each<[string, object]>([
    ['in a Binary', { resourceType: 'Binary', contentType: 'application/pdf', data: BASE64 }],
    ['in a document, under another name', { content: [{ attachment: { title: 'cat.png', data: BASE64 } }] }],
    [
      'written as base64 in lines',
      { payload: [{ contentAttachment: { data: BASE64.replace(/(.{8})/g, '$1\r\n') } }] },
    ],
    ['in an extension', { extension: [{ url: 'urn:x', valueBase64Binary: BASE64 }] }],
    ['in a contained resource of an entry', { entry: [{ resource: { contained: [{ data: BASE64 }] } }] }],
  ])('%s', async (_, resource) => {
    expect(await inJson(resource)).toEqual([sha256(FILE)]);
  });

  test('in an archive, in an archive in it, and not where there are more archives than anybody needs', async () => {
    let archive = zipOf([
      { name: 'x.pdf', bytes: FILE },
      { name: 'note.txt', bytes: Buffer.from('a note') },
    ]);
    const depths: boolean[] = [];
    for (let depth = 1; depth <= 4; depth += 1) {
      const hashes = await hashesOf([archive]);
      expect(hashes).toContain(sha256(archive));
      depths.push(hashes.includes(sha256(FILE)));
      archive = zipOf([{ name: 'inner.zip', bytes: archive, stored: true }]);
    }
    expect(depths).toEqual([true, true, true, false]);
  });

  test('in OBX-5 of a message as it is written', async () => {
    const message = buildMessage([{ name: 'MSH', fields: {} }] as never);
    const text = `${encodeMessage(message).split('\r')[0] ?? ''}\rOBX|1|ED|x||^application^pdf^Base64^${BASE64}~^text^plain^A^no file|\rOBX|2|ST|x||${BASE64}\r`;
    expect(await hashesOf(filesInMessage(parseMessage(text)))).toEqual([sha256(FILE)]);
  });
});

test('an archive that cannot be read is known by its own hash alone, and a number in `data` is no file', async () => {
  const broken = Buffer.concat([Buffer.from('PK\u0003\u0004'), FILE]);
  expect(await hashesOf([broken])).toEqual([sha256(broken)]);
  expect(await inJson({ valueSampledData: { origin: { value: 0 }, data: '1 2 3' } })).toEqual([]);
  expect(await inJson({ resourceType: 'Patient', name: [{ text: 'data' }] })).toEqual([]);
});

test('one row holds at most 256 hashes', async () => {
  const files = Array.from({ length: 300 }, (_, at) => Buffer.from(`file ${at}`));
  expect(await hashesOf(files)).toHaveLength(256);
});
