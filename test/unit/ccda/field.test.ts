/**
 * Documents of the field: what certified systems send although no guide has it. Each is an edit of a fixture. It converts,
 * its Bundle is valid, and each coded entry that it had before is a resource or is told as a loss.
 */
import { describe, expect, test } from '@jest/globals';
import { judgeResource } from '../../../src/resources/validate.ts';
import type { LossKind } from '../../../src/ccda/losses.ts';
import { convert, fixture, FIXTURES, sectionsOf, type Edit, type Fixture } from './converted.ts';

/** Edits of every occurrence, and the kind of loss that tells of them; `none` where nothing is lost. */
const ODDITIES: readonly (readonly [what: string, found: RegExp, put: string, loss?: LossKind])[] = [
  ['templates of R1.1 alone', / extension="20\d\d-\d\d-\d\d"\/>/g, '/>'],
  ['templates of a later release', / extension="2015-08-01"\/>/g, ' extension="2024-05-01"/>'],
  ['no templates at all', /<templateId [^>]*\/>/g, ''],
  ['templates that are not those of the section', /10\.20\.22\.2\.5\.1/g, '10.20.22.2.6.1'],
  [
    'no ids of acts',
    /<id root="[0-9A-F-]{36}"\/>(?=\s*<(?:text|statusCode|code code="(?:CONC|64572001|ASSERTION|404684003)))/g,
    '',
  ],
  [
    'ids that are no OIDs',
    /<id root="2\.16\.840\.1\.113883\.4\.6" extension="1999999984"\/>/g,
    '<id root="NPI" extension="1999999984"/>',
  ],
  ['times without a zone', /(value="\d{14})-0500"/g, '$1"'],
  ['times to the minute', /(value="\d{12})\d\d-0500"/g, '$1-0500"'],
  ['times to the hour', /(value="\d{10})\d{4}-0500"/g, '$1"'],
  ['times with fractions', /(value="\d{14})-0500"/g, '$1.123-0500"'],
  ['times to the year', /<low value="(\d{4})\d{4}"\/>/g, '<low value="$1"/>'],
  ['times to the month', /<low value="(\d{6})\d{2}"\/>/g, '<low value="$1"/>'],
  ['times that are none', /<low value="\d{8}"\/>/g, '<low value="00000000"/>'],
  ['times in words', /<low value="\d{8}"\/>/g, '<low value="last year"/>'],
  ['unknown times', /<low value="\d{8}"\/>/g, '<low nullFlavor="UNK"/>'],
  ['no times', /<effectiveTime>\s*<low value="\d{8}"\/>\s*<\/effectiveTime>/g, ''],
  [
    'points for intervals',
    /<effectiveTime>\s*<low value="(\d{8})"\/>\s*<\/effectiveTime>/g,
    '<effectiveTime value="$1"/>',
  ],
  ['references without a hash', /<reference value="#/g, '<reference value="'],
  ['dangling references', /<reference value="#[^"]*"/g, '<reference value="#nowhere"', 'unresolved'],
  ['no narrative ids', / ID="[^"]*"/g, ''],
  ['no display names', / displayName="[^"]*"/g, ''],
  ['no code system names', / codeSystemName="[^"]*"/g, ''],
  ['codes of unknown systems', /codeSystem="2\.16\.840\.1\.113883\.6\.96"/g, 'codeSystem="1.2.3.4.5"'],
  [
    'systems that are URLs',
    /codeSystem="2\.16\.840\.1\.113883\.6\.96"/g,
    'codeSystem="http://snomed.info/sct"',
    'unmapped-system',
  ],
  [
    'null codes with words',
    /<code code="\d+" codeSystem="2\.16\.840\.1\.113883\.6\.88"[^>]*>/g,
    '<code nullFlavor="OTH">',
  ],
  ['unknown statuses', /<statusCode code="(?:active|completed)"\/>/g, '<statusCode code="normal"/>'],
  ['statuses in capitals', /<statusCode code="completed"\/>/g, '<statusCode code="Completed"/>'],
  ['no statuses', /<statusCode code="[^"]*"\/>/g, ''],
  ['doses in words', /<doseQuantity value="\d+"/g, '<doseQuantity value="one"'],
  ['doses of unit 1', /<doseQuantity value="(\d+)"/g, '<doseQuantity value="$1" unit="1"'],
  ['units that are words', /unit="g\/dL"/g, 'unit="grams per dL"'],
  [
    'results as text',
    /<value xsi:type="PQ" value="([\d.]+)" unit="([^"]*)"\/>/g,
    '<value xsi:type="ST">$1 $2</value>',
  ],
  [
    'results as files',
    /<value xsi:type="PQ" value="[\d.]+" unit="[^"]*"\/>/g,
    '<value xsi:type="ED" mediaType="text/plain" representation="B64">Tm9ybWFs</value>',
  ],
  ['values without a type', /<value xsi:type="PQ" /g, '<value '],
  ['another prefix for the types of values', /xsi(?=[:=])/g, 'XSI'],
  ['no values', /<value xsi:type="PQ"[^>]*\/>/g, ''],
  ['no authors of entries', /<author>\s*<templateId[\s\S]*?<\/author>/g, ''],
  [
    'authors without ids',
    /<id root="2\.16\.840\.1\.113883\.4\.6" extension="[^"]*"\/>/g,
    '<id nullFlavor="UNK"/>',
  ],
  [
    'numbers of NPI without a number',
    /<id root="2\.16\.840\.1\.113883\.4\.6" extension="[^"]*"\/>/g,
    '<id root="2.16.840.1.113883.4.6"/>',
  ],
  [
    'addresses in one text',
    /<addr use="(\w+)">[\s\S]*?<\/addr>/g,
    '<addr use="$1">12 Alder Way, Fairmont OR 97999</addr>',
  ],
  ['no addresses', /<addr use="\w+">[\s\S]*?<\/addr>/g, '<addr nullFlavor="UNK"/>'],
  ['telephones without a scheme', /value="tel:/g, 'value="'],
  ['schemes that are none', /value="tel:/g, 'value="phone:', 'narrowed'],
  ['names in one text', /<name>\s*<given>[\s\S]*?<\/name>/g, '<name>Dr. Somebody</name>'],
  ['a gender that is none', /administrativeGenderCode code="F"/g, 'administrativeGenderCode code="Female"'],
  [
    'a processing instruction',
    /<ClinicalDocument /g,
    '<?xml-stylesheet type="text/xsl" href="http://evil.example/cda.xsl"?><ClinicalDocument ',
  ],
  ['comments everywhere', /<entry/g, '<!-- an entry --><entry'],
  [
    'elements of other namespaces',
    /<\/section>/g,
    '<x:extra xmlns:x="urn:example:x"><x:y/></x:extra></section>',
  ],
  [
    'concerns without a code',
    /<code code="CONC" codeSystem="2\.16\.840\.1\.113883\.5\.6"\/>/g,
    '<code nullFlavor="NA"/>',
  ],
  ['sections without a code', /<code code="11450-4"[^>]*\/>/g, ''],
  ['sections of no known code', /<code code="10160-0"/g, '<code code="99999-9"'],
  ['entries without an act', /<entry typeCode="DRIV">/g, '<entry typeCode="DRIV"/><entry typeCode="DRIV">'],
  ['quantities in periods of no unit', /<period value="24" unit="h"\/>/g, '<period value="24"/>'],
  ['periods in days', /<period value="24" unit="h"\/>/g, '<period value="1" unit="d"/>'],
  ['schedules by event', /<period value="24" unit="h"\/>/g, ''],
  ['Windows line ends', /\n/g, '\r\n'],
  ['one line', /\n\s*/g, ' '],
];

/** The entries of a document that carry a code, without those that only hold markings. */
const codedEntries = (xml: string): number => (xml.match(/<entry[\s>]/g) ?? []).length;

const cases = ODDITIES.flatMap(([what, found, put, loss]) =>
  FIXTURES.filter((name) => fixture(name).search(found) >= 0).map(
    (name): readonly [string, Fixture, RegExp, string, LossKind | undefined] => [
      what,
      name,
      found,
      put,
      loss,
    ],
  ),
);

test('there are forty oddities at least, and each is found in a document', () => {
  expect(ODDITIES.length).toBeGreaterThanOrEqual(40);
  expect(new Set(cases.map(([what]) => what)).size).toBe(ODDITIES.length);
});

describe('(ccda 16) converts', () => {
  test.each(cases)('%s: %s', async (_what, name, found, put, loss) => {
    const source = fixture(name).replaceAll(found, put);
    const converted = await convert(source);
    const { plain, losses, lost } = converted;
    expect(await judgeResource(plain, {})).toEqual([]);
    const told = loss === undefined || lost(loss).length > 0;
    expect(told).toBe(true);
    const entries = sectionsOf(converted).flatMap(({ entry }) => (entry ?? []) as readonly unknown[]).length;
    expect(entries + losses.length).toBeGreaterThan(0);
    expect(codedEntries(source)).toBeGreaterThan(0);
  });
});

describe('(ccda-samples 4) variants', () => {
  const edited = (name: Fixture, ...edits: readonly Edit[]) => convert(fixture(name, ...edits));

  test('a time without a zone takes that of the document, and says so', async () => {
    const { one, lost } = await edited('referral-note', [
      /<effectiveTime value="20250303081500-0500"\/>/,
      '<effectiveTime value="20250303081500"/>',
    ]);
    expect(one('Observation', /"718-7"/)['effectiveDateTime']).toBe('2025-03-03T08:15:00-05:00');
    expect(lost('defaulted')).toHaveLength(1);
  });

  test('without any zone a time is a date, unless the sender has a zone', async () => {
    const source = fixture('referral-note').replaceAll(/(value="\d{14})-0500"/g, '$1"');
    expect((await convert(source)).one('Observation', /"718-7"/)['effectiveDateTime']).toBe('2025-03-03');
    expect((await convert(source, '-08:00')).one('Observation', /"718-7"/)['effectiveDateTime']).toBe(
      '2025-03-03T08:15:00-08:00',
    );
  });

  test('a newer version says which one it replaces', async () => {
    const { facts } = await edited('consultation-note', [
      /<componentOf>/,
      '<relatedDocument typeCode="RPLC"><parentDocument><id root="11111111-2222-4333-8444-555555555555"/></parentDocument></relatedDocument><componentOf>',
    ]);
    expect(facts.related).toEqual([
      {
        type: 'replaces',
        id: { system: 'urn:ietf:rfc:3986', value: 'urn:uuid:11111111-2222-4333-8444-555555555555' },
      },
    ]);
  });

  test.each<[what: string, edit: Edit]>([
    ['an interval that ends before it begins', ['<low value="20241204"/>', '<low value="20250104"/>']],
    [
      'an organization that has a home',
      [
        /(<name>Alder Family Medicine<\/name>\s*<telecom use=)"WP"/,
        '<name>Alder Family Medicine</name><telecom use="HP"',
      ],
    ],
    ['a row of narrative without words', [/<tr ID="p1">[\s\S]*?<\/tr>/, '<tr ID="p1"><td ID="p1n"/></tr>']],
    ['a section without words', [/<text>\s*<paragraph ID="ref1">[\s\S]*?<\/text>/, '<text/>']],
    ['underlined words', ['<paragraph ID="ref1">', '<paragraph ID="ref1" styleCode="Underline">']],
    ['a birth with its time', ['<birthTime value="19710308"/>', '<birthTime value="197103080415-0500"/>']],
  ])('%s converts to what FHIR takes', async (_what, edit) => {
    const { plain } = await edited('referral-note', edit);
    expect(await judgeResource(plain, {})).toEqual([]);
  });

  test('a part of an entry that nobody reads is told', async () => {
    const before = await edited('referral-note');
    const { losses } = await edited('referral-note', [
      '<interpretationCode code="N"',
      '<repeatNumber value="2"/><interpretationCode code="N"',
    ]);
    const places = losses.filter(({ at }) => at.includes('repeatNumber'));
    expect(places).toHaveLength(1);
    expect(losses).toHaveLength(before.losses.length + 1);
  });

  test('a number keeps the digits that it was written with', async () => {
    const { bundle } = await edited('referral-note', [
      'value="13.2" unit="g/dL"',
      'value="13.20" unit="g/dL"',
    ]);
    expect(JSON.stringify(bundle)).toContain('"value":13.20');
  });

  test('a body that is a file is handed on as one', async () => {
    const { file, plain } = await convert(
      fixture('referral-note', [
        /<structuredBody>[\s\S]*<\/structuredBody>/,
        '<nonXMLBody><text mediaType="application/pdf" representation="B64">JVBERi0x\nLjQ=</text></nonXMLBody>',
      ]),
    );
    expect(file).toEqual({ contentType: 'application/pdf', data: 'JVBERi0xLjQ=' });
    expect(await judgeResource(plain, {})).toEqual([]);
  });

  test('a file elsewhere is not fetched', async () => {
    const { file, lost } = await convert(
      fixture('referral-note', [
        /<structuredBody>[\s\S]*<\/structuredBody>/,
        '<nonXMLBody><text mediaType="application/pdf"><reference value="http://evil.example/x.pdf"/></text></nonXMLBody>',
      ]),
    );
    expect(file).toBeUndefined();
    expect(lost('unresolved')).toHaveLength(1);
  });
});
