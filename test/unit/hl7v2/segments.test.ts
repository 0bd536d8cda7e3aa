/** Segments and datatypes: read and built from the same tables, and both judged by another project's tables. */
import { describe, expect, test } from '@jest/globals';
import { SEGMENT_SPECS } from 'node-hl7-client/hl7';
import { buildMessage, NULL, type SegmentValues } from '../../../src/hl7v2/build.ts';
import { STANDARD } from '../../../src/hl7v2/delimiters.ts';
import {
  encodeMessage,
  encodeSegment,
  parseMessage,
  parseSegment,
  type Segment,
} from '../../../src/hl7v2/message.ts';
import { buildAil, readAil } from '../../../src/hl7v2/segments/ail.ts';
import { buildAip, readAip } from '../../../src/hl7v2/segments/aip.ts';
import { buildDg1, readDg1 } from '../../../src/hl7v2/segments/dg1.ts';
import { buildErr, readErr } from '../../../src/hl7v2/segments/err.ts';
import { buildEvn, readEvn } from '../../../src/hl7v2/segments/evn.ts';
import { buildMrg, readMrg } from '../../../src/hl7v2/segments/mrg.ts';
import { buildMsa, readMsa } from '../../../src/hl7v2/segments/msa.ts';
import { buildMsh, readMsh } from '../../../src/hl7v2/segments/msh.ts';
import { buildNte, readNte } from '../../../src/hl7v2/segments/nte.ts';
import { buildObr, readObr } from '../../../src/hl7v2/segments/obr.ts';
import { buildObx, readObx } from '../../../src/hl7v2/segments/obx.ts';
import { buildOrc, readOrc } from '../../../src/hl7v2/segments/orc.ts';
import { buildPid, readPid } from '../../../src/hl7v2/segments/pid.ts';
import { buildPrd, readPrd } from '../../../src/hl7v2/segments/prd.ts';
import { buildPv1, readPv1 } from '../../../src/hl7v2/segments/pv1.ts';
import { buildRf1, readRf1 } from '../../../src/hl7v2/segments/rf1.ts';
import { buildRgs, readRgs } from '../../../src/hl7v2/segments/rgs.ts';
import { buildSch, readSch } from '../../../src/hl7v2/segments/sch.ts';
import { buildTq1, readTq1 } from '../../../src/hl7v2/segments/tq1.ts';
import { buildTxa, readTxa } from '../../../src/hl7v2/segments/txa.ts';
import { sample, SAMPLES } from './samples.ts';

/** What a segment reads to, in its own words. */
type Read = (segment: Segment) => object;

const KINDS: Readonly<Record<string, { read: Read; again: (segment: Segment) => SegmentValues }>> = {
  AIL: { read: readAil, again: (segment) => buildAil(readAil(segment)) },
  AIP: { read: readAip, again: (segment) => buildAip(readAip(segment)) },
  DG1: { read: readDg1, again: (segment) => buildDg1(readDg1(segment)) },
  ERR: { read: readErr, again: (segment) => buildErr(readErr(segment)) },
  EVN: { read: readEvn, again: (segment) => buildEvn(readEvn(segment)) },
  MRG: { read: readMrg, again: (segment) => buildMrg(readMrg(segment)) },
  MSA: { read: readMsa, again: (segment) => buildMsa(readMsa(segment)) },
  MSH: { read: readMsh, again: (segment) => buildMsh(readMsh(segment)) },
  NTE: { read: readNte, again: (segment) => buildNte(readNte(segment)) },
  OBR: { read: readObr, again: (segment) => buildObr(readObr(segment)) },
  OBX: { read: readObx, again: (segment) => buildObx(readObx(segment)) },
  ORC: { read: readOrc, again: (segment) => buildOrc(readOrc(segment)) },
  PID: { read: readPid, again: (segment) => buildPid(readPid(segment)) },
  PRD: { read: readPrd, again: (segment) => buildPrd(readPrd(segment)) },
  PV1: { read: readPv1, again: (segment) => buildPv1(readPv1(segment)) },
  RF1: { read: readRf1, again: (segment) => buildRf1(readRf1(segment)) },
  RGS: { read: readRgs, again: (segment) => buildRgs(readRgs(segment)) },
  SCH: { read: readSch, again: (segment) => buildSch(readSch(segment)) },
  TQ1: { read: readTq1, again: (segment) => buildTq1(readTq1(segment)) },
  TXA: { read: readTxa, again: (segment) => buildTxa(readTxa(segment)) },
};

const kindOf = (name: string) => {
  const kind = KINDS[name];
  if (kind === undefined) throw new Error(`no segment ${name}`);
  return kind;
};

const parse = (line: string): Segment => parseSegment(line, { ...STANDARD, charset: 'ASCII' });

describe('what a sample says is read whole: built from what was read, it is the same bytes', () => {
  test.each(SAMPLES)('%s', (_name, source) => {
    const { segments } = parseMessage(source);
    const built = buildMessage(segments.map((segment) => kindOf(segment.name).again(segment)));
    expect(encodeMessage(built)).toBe(source);
  });
});

/** Names that say more, or less, than the other table's. */
const RENAMED: Readonly<Record<string, string>> = {
  primaryactivityprovider: 'primaryactivityprovidercodename',
  originator: 'originatorcodename',
  locationtype: 'locationtypeail',
  diagnosiscode: 'diagnosiscodedg1',
};

const words = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]|- (?:[a-z]{2}\w)$/g, '');

describe('every field has the number that the standard gives its name', () => {
  test.each(Object.keys(KINDS))('%s', (name) => {
    const spec = SEGMENT_SPECS[name];
    if (spec === undefined) throw new Error(`no ${name} in the other project`);
    const numbers = Array.from({ length: 60 }, (_, index) => index + 1).filter(
      (n) => name !== 'MSH' || n > 2,
    );
    const line = numbers.map((n) => `v${n}`).join('|');
    const read = kindOf(name).read(parse(name === 'MSH' ? `MSH|^~\\&|${line}` : `${name}|${line}`));
    for (const [key, value] of Object.entries(read)) {
      const number = Number(/"v(\d+)"/.exec(JSON.stringify(value))?.[1]);
      const theirs = spec.fields.find(({ num }) => num === number);
      if (theirs === undefined) continue;
      const ours = words(key);
      const known = words(theirs.name).replace(new RegExp(`^setid${name.toLowerCase()}$`), 'setid');
      expect([number, RENAMED[ours] ?? ours]).toEqual([number, known]);
    }
  });

  test.each(Object.keys(KINDS))('%s: every field that is read is built in its place', (name) => {
    const numbers = Array.from({ length: 60 }, (_, index) => index + 1).filter(
      (n) => name !== 'MSH' || n > 2,
    );
    for (const n of numbers) {
      const gap = '|'.repeat(name === 'MSH' ? n - 2 : n);
      const segment = parse(name === 'MSH' ? `MSH|^~\\&${gap}ASCII` : `${name}${gap}ASCII`);
      const isRead = JSON.stringify(kindOf(name).read(segment)).includes('"ASCII"');
      const [, built] = buildMessage([buildMsh({}), kindOf(name).again(segment)]).segments;
      const [msh] = name === 'MSH' ? buildMessage([kindOf(name).again(segment)]).segments : [];
      const line = encodeSegment(msh ?? built ?? segment);
      expect(line.endsWith(`${gap}ASCII`)).toBe(isRead);
    }
  });
});

describe('values', () => {
  const [, pid, orc, , obr] = parseMessage(sample('pcc-55-request')).segments;
  if (pid === undefined || orc === undefined || obr === undefined)
    throw new Error('the sample is another one');

  test.each(['__proto__', 'valueOf', 'hasOwnProperty', 'constructor'])(
    'OBX-2 %s is read as text',
    (valueType) => {
      const [, obx] = parseMessage(`MSH|^~\\&|\rOBX|1|${valueType}|Q||yes\r`).segments;
      expect(readObx(obx as Segment).observationValue).toEqual([{ kind: 'text', text: 'yes' }]);
    },
  );

  test('ORC', () => {
    expect(readOrc(orc)).toMatchObject({
      orderControl: 'NW',
      placerOrderNumber: {
        entityIdentifier: 'R-2025-00731',
        universalId: '2.999.10.1.15',
        universalIdType: 'ISO',
      },
      fillerOrderNumber: undefined,
      dateTimeOfTransaction: '20250314090300-0500',
      orderingProvider: [
        {
          idNumber: '1999999984',
          familyName: { surname: 'Okafor' },
          givenName: 'Ngozi',
          secondAndFurtherGivenNames: 'R',
          degree: 'MD',
          assigningAuthority: { universalId: '2.16.840.1.113883.4.6', universalIdType: 'ISO' },
          nameTypeCode: 'L',
          identifierTypeCode: 'NPI',
        },
      ],
    });
  });

  test('PID and OBR', () => {
    expect(readPid(pid)).toMatchObject({
      patientIdentifierList: [
        {
          idNumber: 'MQ-40417',
          assigningAuthority: { universalId: '2.999.10.1.5' },
          identifierTypeCode: 'MR',
        },
      ],
      patientName: [{ familyName: { surname: 'Quintero' }, givenName: 'Marisol', nameTypeCode: 'L' }],
      patientAddress: [{ streetAddress: { streetOrMailingAddress: '12 Alder Way' }, city: 'Fairmont' }],
      race: [],
    });
    expect(readObr(obr).reasonForStudy).toEqual([
      expect.objectContaining({ identifier: '396275006', text: 'Osteoarthritis', nameOfCodingSystem: 'SCT' }),
      expect.objectContaining({ identifier: undefined, text: 'Knee pain limiting stairs' }),
    ]);
  });

  test('null reads as nothing, whole or in part; a first component stands for a value that grew', () => {
    expect(readOrc(parse('ORC|OK^more|""|a^""^c|^^^'))).toMatchObject({
      orderControl: 'OK',
      placerOrderNumber: undefined,
      placerGroupNumber: undefined,
      fillerOrderNumber: { entityIdentifier: 'a', namespaceId: undefined, universalId: 'c' },
    });
  });

  test('a null is sent as such, and only when it is meant', () => {
    const built = buildMessage([
      buildMsh({}),
      { name: 'ZZZ', fields: { 1: NULL, 2: '""', 3: [[NULL, 'a']] } },
    ]);
    expect(encodeMessage(built).split('\r')[1]).toBe(String.raw`ZZZ|""|\X2222\|""^a`);
  });

  test.each([
    ['TX', 'a & b^c', [{ kind: 'text', text: 'a & b^c' }]],
    [
      'FT',
      String.raw`one\.br\two~three`,
      [
        { kind: 'text', text: 'one\ntwo' },
        { kind: 'text', text: 'three' },
      ],
    ],
    ['CWE', 'a^b^L', [{ kind: 'code', code: expect.objectContaining({ identifier: 'a', text: 'b' }) }]],
    ['NM', '37.50', [{ kind: 'text', text: '37.50' }]],
    [
      'ED',
      '^application^pdf^Base64^JVBERi0=',
      [{ kind: 'document', document: expect.objectContaining({ dataSubtype: 'pdf', content: 'JVBERi0=' }) }],
    ],
    ['TX', '', []],
  ])('OBX-5 of type %s: %s', (type, value, expected) => {
    const obx = readObx(parse(`OBX|1|${type}|a||${value}`));
    expect(obx.observationValue).toEqual(expected);
    expect(readObx(buildMessage([buildMsh({}), buildObx(obx)]).segments[1] ?? orc)).toEqual(obx);
  });
});

/** The MSH of a message with one note. */
const headerOf = (text: string, characterSet: string[] = []) =>
  readMsh(
    parse(
      encodeMessage(buildMessage([buildMsh({ characterSet }), buildNte({ comment: [text] })])).split(
        '\r',
      )[0] ?? '',
    ),
  );

describe('a message', () => {
  test('begins with MSH', () => expect(() => buildMessage([buildMsa({})])).toThrow(TypeError));

  test('says UNICODE UTF-8 when it needs more than ASCII, unless it says what it is', () => {
    expect(headerOf('plain').characterSet).toEqual([]);
    expect(headerOf('é').characterSet).toEqual(['UNICODE UTF-8']);
    expect(headerOf('é', ['8859/1']).characterSet).toEqual(['8859/1']);
    expect(() => headerOf('é', ['UTF-32'])).toThrow(expect.objectContaining({ code: '103' }));
  });

  test('own delimiters', () => {
    const own = {
      field: '$',
      component: '%',
      repetition: '*',
      escape: '!',
      subcomponent: '@',
      truncation: '',
    };
    const built = buildMessage(
      [
        buildMsh({ messageType: { messageCode: 'OSU', triggerEvent: 'O51' } }),
        buildNte({ comment: ['5$|'] }),
      ],
      own,
    );
    expect(encodeMessage(built)).toBe('MSH$%*!@$$$$$$$OSU%O51\rNTE$$$5!F!|\r');
  });

  test('without the delimiters that it needs, there is none', () => {
    const poor = { ...STANDARD, subcomponent: '', escape: '' };
    const named = {
      patientIdentifierList: [
        { idNumber: 'a', assigningAuthority: { universalId: '1', universalIdType: 'ISO' } },
      ],
    };
    expect(() => buildMessage([buildMsh({}), buildPid(named)], poor)).toThrow(TypeError);
  });
});
