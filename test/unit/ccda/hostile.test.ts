/** Documents that are none, lie, or mean harm: refused with a code, or read as far as they can be. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { Bundle, Resource } from '../../../src/fhir/types.ts';
import { OperationOutcomeError } from '../../../src/fhir/issue.ts';
import { readDocument } from '../../../src/operations/extended/ccda/read-document.ts';
import { plainOf } from '../../../src/fhir/literal.ts';
import { renderDocument } from '../../../src/ccda/render.ts';
import { judgeResource } from '../../../src/resources/validate.ts';
import { at, convert, FIXTURES, fixture, sectionsOf, type Edit } from './converted.ts';
import { documentOf } from './sections.ts';

const ROOT = '<ClinicalDocument xmlns="urn:hl7-org:v3"';
const DECLARATION = "<?xml version='1.0' encoding='UTF-8'?>";

const refused = async (source: string | Uint8Array): Promise<string> => {
  try {
    await convert(source);
  } catch (error) {
    if (error instanceof OperationOutcomeError) return error.code;
    throw error;
  }
  return 'read';
};

describe('(ccda 15) is refused', () => {
  const edited = (...edits: readonly Edit[]): string => fixture('referral-note', ...edits);
  test.each<[what: string, source: () => string | Uint8Array, code: string]>([
    ['a DOCTYPE', () => edited([ROOT, `<!DOCTYPE ClinicalDocument>${ROOT}`]), 'xml-invalid'],
    [
      'an entity of its own',
      () =>
        edited([ROOT, `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>${ROOT}`], ['Marisol', '&x;']),
      'xml-invalid',
    ],
    [
      'an entity that doubles',
      () => edited([ROOT, `<!DOCTYPE a [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>${ROOT}`]),
      'xml-invalid',
    ],
    ['a truncated document', () => edited().slice(0, 20_000), 'xml-invalid'],
    ['what is no XML', () => 'MSH|^~\\&|', 'xml-invalid'],
    ['nothing', () => '', 'xml-invalid'],
    ['another root', () => '<Bundle xmlns="http://hl7.org/fhir"/>', 'ccda-invalid'],
    [
      'a root of another namespace',
      () => edited([ROOT, '<ClinicalDocument xmlns="urn:hl7-org:v4"']),
      'ccda-invalid',
    ],
    ['no patient', () => edited([/<recordTarget>[\s\S]*<\/recordTarget>/, '']), 'ccda-invalid'],
    [
      'two patients',
      () => edited(['</recordTarget>', '</recordTarget><recordTarget><patientRole/></recordTarget>']),
      'ccda-invalid',
    ],
    ['no id', () => edited(['<id root="1355B0BE-BBED-5CA3-8E0E-3E994DF15D80"/>', '']), 'ccda-invalid'],
    [
      'an id without a value',
      () => edited(['<id root="1355B0BE-BBED-5CA3-8E0E-3E994DF15D80"/>', '<id nullFlavor="UNK"/>']),
      'ccda-invalid',
    ],
    [
      'a prefix that is not declared',
      () => edited([' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"', '']),
      'xml-invalid',
    ],
    [
      'an attribute twice',
      () => edited(['<realmCode code="US"/>', '<realmCode code="US" code="US"/>']),
      'xml-invalid',
    ],
    [
      'elements nested too deep',
      () => edited(['<structuredBody>', `<structuredBody>${'<x>'.repeat(300)}${'</x>'.repeat(300)}`]),
      'xml-invalid',
    ],
    [
      'sections nested too deep',
      () =>
        edited([
          '<structuredBody>',
          `<structuredBody>${'<component><section>'.repeat(40)}${'</section></component>'.repeat(40)}`,
        ]),
      'ccda-invalid',
    ],
    [
      'too many elements',
      () => edited(['<structuredBody>', `<structuredBody>${'<x/>'.repeat(200_001)}`]),
      'xml-invalid',
    ],
    ['a control character', () => edited(['Marisol', 'Mari\u0001sol']), 'xml-invalid'],
    [
      'bytes that are not their encoding',
      () => Buffer.from(edited(['Marisol', 'Marisé']), 'latin1'),
      'xml-invalid',
    ],
    [
      'an encoding that nobody knows',
      () => edited([DECLARATION, "<?xml version='1.0' encoding='EBCDIC-CP-US'?>"]),
      'media-type-unsupported',
    ],
  ])('%s', async (_what, source, code) => {
    expect(await refused(source())).toBe(code);
  });
});

describe('(ccda 15) bytes are read in the encoding that they declare', () => {
  const text = (encoding: string): string =>
    fixture(
      'referral-note',
      [DECLARATION, `<?xml version='1.0' encoding='${encoding}'?>`],
      ['<given>Marisol</given>', '<given>Zoé</given>'],
    );
  const utf16 = (source: string, bigEndian: boolean): Uint8Array => {
    const bytes = Buffer.from(`\ufeff${source}`, 'utf16le');
    return bigEndian ? bytes.swap16() : bytes;
  };
  test.each<[string, () => Uint8Array]>([
    ['UTF-8', () => Buffer.from(text('utf-8'), 'utf8')],
    ['UTF-8 with a byte order mark', () => Buffer.from(`\ufeff${text('utf8')}`, 'utf8')],
    ['ISO-8859-1', () => Buffer.from(text('ISO-8859-1'), 'latin1')],
    ['Windows-1252', () => Buffer.from(text('windows-1252'), 'latin1')],
    ['UTF-16, little end first', () => utf16(text('UTF-16'), false)],
    ['UTF-16, big end first', () => utf16(text('UTF-16'), true)],
    ['UTF-8 that says it is UTF-16', () => Buffer.from(text('UTF-16'), 'utf8')],
  ])('%s', async (_encoding, bytes) => {
    const { one } = await convert(bytes());
    expect(at(one('Patient'), 'name.0.given')).toEqual(['Zoé', 'J']);
  });
});

describe('(ccda 7) narrative brings nothing with it', () => {
  const PARAGRAPH = '<paragraph ID="ref1">';
  test.each<[what: string, put: string, absent: RegExp, present: RegExp]>([
    ['a script', '<script>alert(1)</script>', /<script/, /alert\(1\)/],
    ['an event handler', '<content onclick="alert(1)">x</content>', /onclick/, /<span>x<\/span>/],
    ['a link that runs', '<linkHtml href="javascript:alert(1)">x</linkHtml>', /javascript|<a/, /x/],
    ['a link that reads', '<linkHtml href="data:text/html,x">y</linkHtml>', /data:|<a/, /y/],
    [
      'an image elsewhere',
      '<renderMultiMedia referencedObject="http://evil.example/x.png"/>',
      /<img|evil/,
      /Right knee/,
    ],
    ['an element of HTML', '<iframe src="http://evil.example/">x</iframe>', /iframe|evil/, /x/],
    ['a style of its own', '<content styleCode="x;background:url(//evil)">z</content>', /evil|style=/, /z/],
  ])('%s', async (_what, put, absent, present) => {
    const { one } = await convert(fixture('referral-note', [PARAGRAPH, `${PARAGRAPH}${put}`]));
    const [section] = sectionsOf({ one });
    expect(at(section, 'text.div')).not.toMatch(absent);
    expect(at(section, 'text.div')).toMatch(present);
  });
});

describe('(ccda 15) a name of JavaScript where a code should be is a code that nobody knows', () => {
  const ATTRIBUTES = [
    'code',
    'codeSystem',
    'xsi:type',
    'nullFlavor',
    'use',
    'unit',
    'value',
    'styleCode',
    'align',
    'listType',
    'mediaType',
    'typeCode',
    'moodCode',
    'operator',
    'root',
  ];
  const WORDS = ['constructor', '__proto__', 'toString', 'hasOwnProperty'];
  const cases = ATTRIBUTES.flatMap((attribute) => WORDS.map((word) => [attribute, word] as const));
  test.each(cases)('%s="%s"', async (attribute, word) => {
    for (const name of FIXTURES) {
      const source = fixture(name).replaceAll(
        new RegExp(`(<(?!id |recordTarget)[^>]* ${attribute}=)"[^"]*"`, 'g'),
        `$1"${word}"`,
      );
      const { bundle } = await readDocument(Buffer.from(source), {
        newId: randomUUID,
        zone: undefined,
        now: '2025-04-01T00:00:00Z',
      });
      const plain = plainOf(bundle);
      expect(await judgeResource(plain as Bundle & Resource, {})).toEqual([]);
      expect(await renderDocument(Buffer.from(source))).not.toContain('[native code]');
      expect(JSON.stringify(plain)).not.toContain('[native code]');
    }
  });
});

test('(ccda 6) several codes of one concept that their system does not have: their words are kept', async () => {
  const flag = 'codeSystem="2.16.840.1.113883.5.83"';
  const source = fixture('referral-note', [
    /<interpretationCode [^>]*\/>/,
    `<interpretationCode code="odd" ${flag} displayName="Odd"><translation code="odder" ${flag}/><translation code="N" ${flag}/></interpretationCode>`,
  ]);
  const { bundle, losses } = await readDocument(Buffer.from(source), {
    newId: randomUUID,
    zone: undefined,
    now: '2025-04-01T00:00:00Z',
  });
  expect(JSON.stringify(plainOf(bundle))).toContain(
    '"interpretation":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation","code":"N"}],"text":"Odd"}]',
  );
  expect(losses.filter(({ what }) => what.includes('no such code'))).toHaveLength(2);
});

test.each<[what: string, text: string, html: string]>([
  [
    'a link within a link is its words',
    '<linkHtml href="https://a.example">a <linkHtml href="https://b.example">b</linkHtml></linkHtml>',
    '<a href="https://a.example">a b</a>',
  ],
  [
    'a paragraph with a paragraph is a block',
    '<paragraph>a <paragraph>b</paragraph></paragraph>',
    '<div>a <p>b</p></div>',
  ],
  [
    'a paragraph with a list is a block',
    '<paragraph>a <content><list><item>b</item></list></content></paragraph>',
    '<div>a <span><ul><li>b</li></ul></span></div>',
  ],
  [
    'a paragraph with words is one',
    '<paragraph>a <content>b</content></paragraph>',
    '<p>a <span>b</span></p>',
  ],
])('(ccda 7) %s', async (_what, text, html) => {
  const source = documentOf('problems', '<act/>').replace('<paragraph>Words</paragraph>', text);
  const { one, plain } = await convert(source);
  expect(JSON.stringify(sectionsOf({ one })).replaceAll('\\"', '"')).toContain(html);
  expect(await renderDocument(new TextEncoder().encode(source))).toContain(html);
  expect(await judgeResource(plain, {})).toEqual([]);
});
