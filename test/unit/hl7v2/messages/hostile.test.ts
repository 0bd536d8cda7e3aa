/** Whatever is sent: reading ends, says where it is wrong, and makes nothing that is not valid FHIR. */
import { describe, expect, test } from '@jest/globals';
import * as fc from '../../../chance.ts';
import { proofOf } from '../../../proof.ts';
import type { Resource } from '../../../../src/fhir/types.ts';
import { Hl7Fault } from '../../../../src/hl7v2/fault.ts';
import { parseMessage } from '../../../../src/hl7v2/message.ts';
import { readMessage } from '../../../../src/hl7v2/messages/read-message.ts';
import type {
  UnreadMessage,
  NoteReading,
  MessageReading,
  RequestReading,
} from '../../../../src/hl7v2/messages/reading.ts';
import { validateResource } from '../../../../src/resources/validate.ts';
import { sample } from '../samples.ts';
import { readingContext } from './full.ts';
import { textOf, WIRES } from './wire.ts';

const read = (text: string): MessageReading | UnreadMessage =>
  readMessage(parseMessage(text), readingContext());

const madeBy = (reading: MessageReading | UnreadMessage): readonly Resource[] => {
  if (reading.kind === 'fault') return [];
  const placed = 'resources' in reading ? reading.resources.map(({ resource }) => resource) : [];
  const others = [reading.patient?.resource, 'appointment' in reading ? reading.appointment : undefined];
  return [...placed, ...others.filter((one) => one !== undefined).map((one) => one as object as Resource)];
};

/** A field as nobody should send it. */
const junk = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    '',
    '""',
    '^^^^',
    '~~~',
    '&&&',
    '   ',
    '\\X00\\\\X1B\\',
    '\\',
    '__proto__',
    'constructor',
    'toString',
    '-1^d',
    '1e308^a',
    '99999999^mo',
    '99999999999999',
    '20250230',
    '00000000',
    '20250101250000',
    '19000101-9999',
    '2.999.1^ISO',
    'a b^javascript:alert(1)^http://x y',
    '^http://[::1',
    '\ud800',
  ),
);

const LINES = Object.entries(WIRES).map(
  ([type, wire]) => [type, textOf(wire).split('\r').slice(0, -1)] as const,
);

const { runs, seed, within } = proofOf('fields');

describe('a message with any fields at all', () => {
  test.each(LINES)(
    '%s is read, and makes valid resources or none that are applied',
    (_type, lines) => {
      const places = fc.array(fc.tuple(fc.nat(lines.length - 1), fc.integer({ min: 1, max: 31 }), junk), {
        minLength: 1,
        maxLength: 6,
      });
      fc.assert(
        fc.property(places, (edits) => {
          const text = lines
            .map((line, index) =>
              edited(
                line,
                edits.filter(([at]) => at === index),
              ),
            )
            .join('\r');
          const reading = readUnlessNone(text);
          if (reading === undefined) return;
          expect(reading.findings.length).toBeLessThanOrEqual(50);
          if (reading.findings.some(({ severity }) => severity === 'E')) return;
          const wrong = madeBy(reading).flatMap((one) => validateResource(one, { profiles: 'none' }));
          expect(wrong).toEqual([]);
        }),
        { numRuns: runs, seed },
      );
    },
    within(100),
  );
});

/** Undefined for what is no message at all. */
function readUnlessNone(text: string): MessageReading | UnreadMessage | undefined {
  try {
    return read(text);
  } catch (error) {
    if (error instanceof Hl7Fault) return undefined;
    throw error;
  }
}

function edited(line: string, edits: readonly (readonly [number, number, string])[]): string {
  const fields = line.split('|');
  const isHeader = fields[0] === 'MSH';
  for (const [, n, value] of edits) {
    const at = isHeader ? n - 1 : n;
    if (at < (isHeader ? 2 : 1) || at >= fields.length || (isHeader && n === 9)) continue;
    fields[at] = value.replaceAll(/[|\r\n]/g, '');
  }
  return fields.join('|');
}

const question = (n: number) =>
  `OBX|${n}|TX|REFQ^Referral question^L||Question ${n}||||||O||||||||||||||||||QST\r`;

describe('bounds', () => {
  const request = sample('pcc-55-request').replaceAll('\n', '');
  test('ten thousand questions: a hundred are taken, and it is said', () => {
    const text = request + Array.from({ length: 10_000 }, (_, n) => question(n)).join('');
    const reading = read(text) as RequestReading;
    const order = reading.resources.find(({ resource }) => resource.resourceType === 'ServiceRequest');
    expect(order?.resource['orderDetail']).toHaveLength(100);
    expect(reading.findings.map(({ says }) => says)).toContain(
      'only the first hundred questions were taken; all are in the kept message',
    );
  });

  test('ten thousand patient numbers without an authority: fifty findings', () => {
    const text = request.replace(
      'MQ-40417^^^&2.999.10.1.5&ISO^MR',
      Array.from({ length: 10_000 }, () => 'X').join('~'),
    );
    expect(read(text).findings).toHaveLength(50);
  });

  test('a second order is no part of the first', () => {
    const again = request.slice(request.indexOf('ORC|'));
    expect(read(request + again).findings).toContainEqual(
      expect.objectContaining({ location: 'ORC[2]', severity: 'E' }),
    );
  });

  test('no finding repeats what the message says', () => {
    const secret = 'Quintero40417';
    const texts = Object.values(WIRES).map((wire) =>
      textOf(wire).replaceAll(/\|X/g, `|${secret}`).replaceAll('^R', `^${secret}`),
    );
    const said = texts.map((text) => JSON.stringify(read(text).findings));
    expect(said.join('')).not.toContain(secret);
    expect(said.join('').length).toBeGreaterThan(100);
  });

  test('a note of twenty megabytes is read once', () => {
    const data = Buffer.alloc(15_000_000, 7).toString('base64');
    const text = textOf(WIRES['MDM'] ?? []).replace('PENsaW5pY2FsRG9jdW1lbnQvPg==', data);
    const { document } = read(text) as NoteReading;
    expect(document?.data.length).toBe(data.length);
  });
});

describe('a document', () => {
  // prettier-ignore
  const CONTENTS = [
    ['app^text^xml^Base64^PENsaW5pY2FsRG9jdW1lbnQvPg==',    'application/hl7-cda+xml', '<ClinicalDocument/>'],
    ['^TEXT^XML^A^<!-- a -->\\.br\\<c:ClinicalDocument/>',      'application/hl7-cda+xml', '<!-- a -->\n<c:ClinicalDocument/>'],
    ['^application^hl7-cda+xml^A^<ClinicalDocument/>',         'application/hl7-cda+xml', '<ClinicalDocument/>'],
    ['^application^xml^A^<?xml?><ClinicalDocument/>',          'application/hl7-cda+xml', '<?xml?><ClinicalDocument/>'],
    ['^^^A^<ClinicalDocument/>',                               'application/hl7-cda+xml', '<ClinicalDocument/>'],
    ['^application^hl7-cda+xml^A^<a><ClinicalDocument/></a>',  'text/xml', '<a><ClinicalDocument/></a>'],
    ['^text^html^A^<ClinicalDocument/>',                       'text/html', '<ClinicalDocument/>'],
    ['^application^PDF^Base64^JVBERi0xLjQ=',                  'application/pdf', '%PDF-1.4'],
    ['^AP^PDF^Base64^JVBERi0xLjQ',                            'application/pdf', '%PDF-1.4'],
    ['^multipart^x^Base64^JVBERi0xLjQ=',                      'application/pdf', '%PDF-1.4'],
    ['^TEXT^^A^Seen today.\\.br\\Well.',                      'text/plain',      'Seen today.\nWell.'],
    ['^TEXT^x-hl7-cda-level-one^A^<ClinicalDocument/>',       'application/hl7-cda+xml', '<ClinicalDocument/>'],
    ['^image^JPEG^Hex^4A4B',                                  'image/jpeg',      'JK'],
    ['^application^msword^Base64^AAAA',                       'application/octet-stream', '\0\0\0'],
  ] as const;

  test.each(CONTENTS)('%s is %s', (value, contentType, content) => {
    const text = textOf(WIRES['MDM'] ?? []).replace(/app\^text\^xml\^Base64\^[^|]*/, () => value);
    const { document } = read(text) as NoteReading;
    expect(document?.contentType).toBe(contentType);
    expect(Buffer.from(document?.data ?? '', 'base64').toString()).toBe(content);
  });

  test('lines of text are one text', () => {
    const [first = '', ...rest] = textOf(WIRES['MDM'] ?? [])
      .split('\r')
      .filter((line) => !line.startsWith('OBX'));
    const text = [
      first,
      ...rest.filter(Boolean),
      'OBX|1|TX|11488-4^Note^LN||Seen today.',
      'OBX|2|TX|||Well & truly.',
      '',
    ].join('\r');
    const { document } = read(text) as NoteReading;
    expect(Buffer.from(document?.data ?? '', 'base64').toString()).toBe('Seen today.\nWell & truly.');
  });

  test.each([
    ['^text^xml^Base64^not base64!', 'OBX-5.4'],
    ['^text^xml^Hex^zz', 'OBX-5.4'],
    ['^text^xml^Base64^', 'OBX-5'],
  ])('%s is no document, and %s says so', (value, location) => {
    const text = textOf(WIRES['MDM'] ?? []).replace(/app\^text\^xml\^Base64\^[^|]*/, value);
    const { document, findings } = read(text) as NoteReading;
    expect(document).toBeUndefined();
    expect(findings).toContainEqual(expect.objectContaining({ location, severity: 'E' }));
  });
});

const lines = (name: string) => sample(name).replaceAll('\n', '').split('\r');
const without = (name: string, segment: string, field: number) =>
  lines(name)
    .map((line) => (line.startsWith(segment) ? line.split('|').with(field, '').join('|') : line))
    .join('\r');
const severityOf = (text: string, location: string) =>
  read(text).findings.find((finding) => finding.location === location)?.severity;

describe('severities (rules 7.7)', () => {
  // prettier-ignore
  const MISSING = [
    ['pcc-55-request', 'PID',  3, 'PID-3',  'E'],
    ['pcc-55-request', 'ORC', 12, 'OBR-16', undefined],
    ['pcc-55-request', 'OBR',  4, 'OBR-4',  'E'],
    ['pcc-55-request', 'OBR', 31, 'OBR-31', 'E'],
    ['pcc-55-request', 'TQ1',  8, 'TQ1-8',  'W'],
    ['pcc-55-request', 'MSH',  9, 'MSH-10', 'E'],
    ['pcc-55-request', 'MSH', 20, 'MSH-21', 'W'],
    ['pcc-55-request', 'ORC',  2, 'ORC-2',  undefined], // OBR-2 has it
    ['pcc-55-accept',  'ORC',  2, 'ORC-2',  'E'],
    ['pcc-55-decline', 'ORC', 16, 'ORC-16', 'W'],
    ['pcc-60-appointment-booked', 'SCH', 26, 'SCH-26', 'E'],
    ['pcc-60-appointment-booked', 'SCH',  2, 'SCH-2',  'E'],
    ['pcc-60-appointment-booked', 'TQ1',  7, 'TQ1-7',  undefined], // AIP-6 has it
  ] as const;

  test.each(MISSING)('%s without %s-%s: %s %s', (name, segment, field, location, severity) => {
    expect(severityOf(without(name, segment, field), location)).toBe(severity);
  });

  test('an ORM without OBR-31, ORC-12 and OBR-4 is applied with warnings', () => {
    const text = lines('pcc-55-request')
      .join('\r')
      .replace('OMG^O19^OMG_O19', 'ORM^O01^ORM_O01')
      .replaceAll(/(\|[^|]*Okafor[^|]*)/g, '|')
      .replace('57133-1^Referral note^LN', '')
      .replace(/396275006[^|\r]*/, '');
    const reading = read(text);
    expect(reading).toMatchObject({ event: 'send-referral-package' });
    expect(reading.findings.map(({ location, severity }) => `${location} ${severity}`)).toEqual([
      'ORC-12 W',
      'OBR-4 W',
      'OBR-31 W',
      'ORC W',
    ]);
  });
});
