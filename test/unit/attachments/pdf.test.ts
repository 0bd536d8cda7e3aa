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

describe('what is harmless', () => {
  test.each([
    ['a link that a person follows, and a place that is shown first', PDF],
    [
      'an action that goes to a page',
      pdfOf('<< /OpenAction << /S /GoTo /D [3 0 R /Fit] >> >>', '<< /S /URI >>'),
    ],
    ['names that begin alike', pdfOf('<< /JSX 1 /Launcher 2 /Encrypted 3 >>')],
    ['an object stream', inStream('<< /Type /Page >>')],
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
