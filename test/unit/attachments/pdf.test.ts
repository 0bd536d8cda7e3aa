/** PDF with active content (baa-messaging MS9), in every place and way of writing that readers understand. */
import { deflateSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { judgePdf } from '../../../src/attachments/pdf.ts';
import { PDF, pdfOf, streamOf } from './files.ts';

const detailOf = async (bytes: Uint8Array): Promise<string | undefined> => (await judgePdf(bytes))?.refused;

/** An object stream that holds one object. */
const inStream = (object: string, dictionary = '/Type /ObjStm /N 1 /First 4'): Buffer =>
  pdfOf('<< /Type /Catalog >>', streamOf(dictionary, `9 0 ${object}`));

const ACTIONS = [
  '<< /S /JavaScript /JS (app.alert\\(1\\)) >>',
  '<< /S /Rendition /JS 8 0 R >>',
  '<< /S /Launch /F (cmd.exe) >>',
  '<< /Type /EmbeddedFile >>',
  '<< /Names << /EmbeddedFiles 5 0 R >> >>',
  '<< /Subtype /RichMedia >>',
  '<< /AcroForm << /XFA [(a) 1 0 R] >> >>',
  '<< /OpenAction << /S /URI /URI (https://evil.example) >> >>',
  '<< /AA << /O << /S /URI /URI (https://evil.example) >> >> >>',
  '<< /S/J#61vaScript/J#53(x) >>',
  '<< /S /#4c#61#75#6E#63#68 >>',
  '<< /O#70enAction << /S /U#52I >> >>',
] as const;

describe('active content (baa-messaging MS9)', () => {
  test.each(ACTIONS)('%s is found', async (action) => {
    await expect(detailOf(pdfOf(action))).resolves.toBe('active-content');
    await expect(detailOf(inStream(action))).resolves.toBe('active-content');
    // An object stream that hides its type is known by its other keys.
    await expect(detailOf(inStream(action, '/Type 5 0 R /N 1 /First 4'))).resolves.toBe('active-content');
    await expect(detailOf(inStream(action, '/Type /Obj#53tm /N 1 /F#69rst 4'))).resolves.toBe(
      'active-content',
    );
  });

  test('an action on opening is found in an object of its own', async () => {
    const action = '<< /S /URI /URI (https://evil.example) >>';
    await expect(detailOf(pdfOf('<< /OpenAction 2 0 R >>', action))).resolves.toBe('active-content');
    const packed = streamOf('/Type /ObjStm /N 1 /First 4', `9 0 ${action}`);
    await expect(detailOf(pdfOf('<< /OpenAction 9 0 R >>', packed))).resolves.toBe('active-content');
  });

  test('a stream that only looks like one hides nothing', async () => {
    const hidden = pdfOf('(stream\n) % stream\n', '<< /S /JavaScript /JS (x) >>');
    await expect(detailOf(hidden)).resolves.toBe('active-content');
  });

  test('an encrypted PDF is refused', async () => {
    await expect(judgePdf(pdfOf('<< /Encrypt 5 0 R >>'))).resolves.toEqual({
      refused: 'type',
      says: 'A PDF is encrypted.',
    });
  });

  test.each([
    [
      'with a filter that is not looked through',
      '/Type /ObjStm /N 1 /First 4 /Filter [/ASCIIHexDecode /FlateDecode] /X',
    ],
    ['with a predictor', '/Type /ObjStm /N 1 /First 4 /DecodeParms << /Predictor 12 >>'],
  ])('an object stream %s is refused', async (_name, dictionary) => {
    await expect(detailOf(pdfOf(streamOf(dictionary, '9 0 null')))).resolves.toBe('active-content');
  });

  test('an object stream that does not expand, or too far, is refused', async () => {
    const broken = streamOf('/Type /ObjStm /N 1 /First 4', '', Buffer.from('not deflated'));
    await expect(detailOf(pdfOf(broken))).resolves.toBe('active-content');
    const bomb = streamOf('/Type /ObjStm /N 1 /First 4', '', deflateSync(Buffer.alloc(2_000_000, ' ')));
    await expect(judgePdf(pdfOf(bomb), { expandedBytes: 1_000_000, streams: 10 })).resolves.toMatchObject({
      refused: 'active-content',
    });
    await expect(judgePdf(pdfOf(bomb))).resolves.toBeUndefined();
  });
});

/** An object stream with a script, whose dictionary begins as said. */
const scripted = (dictionary: string, before = ''): Buffer =>
  pdfOf('<< /Type /Catalog >>', streamOf(dictionary, `${before}9 0 << /S /JavaScript /JS (x) >>`));

describe('object streams that hide (baa-messaging MS9)', () => {
  test.each([
    ['behind a long string', scripted(`/Type /ObjStm /N 1 /First 4 /X (${'a'.repeat(5000)})`)],
    ['behind a string that says obj', scripted('/Type /ObjStm /N 1 /First 4 /X ( obj)')],
    ['behind a string that says stream', scripted('/X (stream\n) /Type /ObjStm /N 1 /First 4')],
    ['by references', scripted('/N 7 0 R /First 8 0 R /X (\n1 0 obj)')],
    ['by blanks within', scripted('/X (stream\n)', ' '.repeat(900))],
    ['by a comment within', scripted('/X (stream\n)', `%${'c'.repeat(900)}\n`)],
    [
      'after a stream that only looks like one',
      pdfOf('(stream\n)', streamOf('/Type /ObjStm /N 1 /First 4', '9 0 << /S /JavaScript >>')),
    ],
    [
      'behind the word for its end',
      pdfOf(
        streamOf(
          '/Type /ObjStm /N 1 /First 4',
          '',
          deflateSync('9 0 << /X (\nendstream\nendobj) /S /J#61vaScript >>', { level: 0 }),
        ),
      ),
    ],
    [
      'by another filter',
      pdfOf('<< /Type /XRef >>', '<< /Filter /LZWDecode /X (stream) /N 7 0 R >>\nstream\n\nendstream'),
    ],
  ])('%s', async (_how, bytes) => {
    await expect(detailOf(bytes)).resolves.toBe('active-content');
  });
});

const LINK = '<< /S /URI /URI (https://evil.example) >>';

describe('what a PDF does on opening (baa-messaging MS9)', () => {
  test.each([
    [
      'opens a file of another place',
      ['<< /OpenAction << /S /GoToR /F (\\\\\\\\evil\\\\x) /D [0 /Fit] >> >>'],
    ],
    ['goes to a page, then to an address', [`<< /OpenAction << /S /GoTo /D [0] /Next ${LINK} >> >>`]],
    ['the same by references', ['<< /OpenAction 2 0 R >>', '<< /S /GoTo /D [0] /Next [3 0 R] >>', LINK]],
    ['the same by a reference alone', ['<< /OpenAction << /S /GoTo /Next 2 0 R >> >>', LINK]],
    ['by an event of a page', ['<< /AA 2 0 R >>', '<< /O 3 0 R >>', LINK]],
    ['behind a string that closes', ['<< /OpenAction << /X (>>) /S /URI /URI (https://evil.example) >> >>']],
    ['behind a comment', ['<< /OpenAction % words\n 2 0 R >>', LINK]],
    ['far behind', [`<< /OpenAction << /X (${'a'.repeat(5000)}) /S /URI >> >>`]],
    ['with a file within an annotation', ['<< /Subtype /FileAttachment >>']],
    ['with a file that is associated', ['<< /AF [<< /F (a.exe) /EF << /F 9 0 R >> >>] >>']],
  ])('%s', async (_what, objects) => {
    await expect(detailOf(pdfOf(...objects))).resolves.toBe('active-content');
  });
});

describe('what is harmless', () => {
  test.each([
    ['a link that a person follows, and a place that is shown first', PDF],
    [
      'an action that goes to a page',
      pdfOf('<< /OpenAction << /S /GoTo /D [3 0 R /Fit] >> >>', '<< /S /URI >>'),
    ],
    ['names that begin alike', pdfOf('<< /JSX 1 /Launcher 2 /Encrypted 3 >>')],
    ['an object stream', inStream('<< /Type /Page >>')],
    [
      'pages whose annotations link, bookmarks, and drawings that begin with numbers',
      pdfOf(
        '<< /OpenAction << /S /GoTo /D [2 0 R /Fit] >> /Outlines << /First 5 0 R >> >>',
        `<< /Type /Page /Annots [<< /A ${LINK} >>] >>`,
        streamOf('', '1 0 0 1 72 720 cm 0 0 m 10 10 l S'),
        '<< /Filter [/ASCII85Decode /FlateDecode] >>',
      ),
    ],
  ])('%s', async (_name, bytes) => {
    await expect(judgePdf(bytes)).resolves.toBeUndefined();
  });

  test('ten megabytes of chance are no script', async () => {
    // A fixed sequence that does not repeat.
    const noise = Buffer.alloc(10_000_000);
    let state = 1;
    for (let at = 0; at < noise.length; at += 1) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      noise[at] = state >>> 24;
    }
    await expect(detailOf(pdfOf(streamOf('/Subtype /Image', '', noise)))).resolves.toBeUndefined();
  });
});
