/** Messages in ER7: what was parsed encodes back byte for byte; everything is counted as HL7 counts; faults have a place. */
import { describe, expect, test } from '@jest/globals';
import { Hl7Fault } from '../../../src/hl7v2/fault.ts';
import {
  component,
  componentText,
  encodeMessage,
  field,
  firstSegment,
  isNull,
  NULL_VALUE,
  parseMessage,
  repetitions,
  segmentsNamed,
  text,
  wholeComponentText,
  wholeText,
  type Segment,
} from '../../../src/hl7v2/message.ts';
import { SAMPLES } from './samples.ts';

const MSH = 'MSH|^~\\&|A|B|||20250314||OMG^O19|1|P|2.5.1';

/** The second segment of a message. */
function second(line: string, header = MSH): Segment {
  const [, segment] = parseMessage(`${header}\r${line}\r`).segments;
  if (segment === undefined) throw new Error('there is no second segment');
  return segment;
}

function faultOf(source: string): Hl7Fault {
  try {
    parseMessage(source);
  } catch (error) {
    if (error instanceof Hl7Fault) return error;
  }
  throw new Error('it is a message');
}

describe('what was parsed encodes back', () => {
  test('there are fourteen samples', () => expect(SAMPLES).toHaveLength(14));

  test.each(SAMPLES)('%s', (_name, source) => {
    expect(encodeMessage(parseMessage(source))).toBe(source);
  });

  test.each([
    ['CR', `${MSH}\rPID|1\r`, ['MSH', 'PID']],
    ['LF', `${MSH}\nPID|1\n`, ['MSH', 'PID']],
    ['CR LF', `${MSH}\r\nPID|1\r\n`, ['MSH', 'PID']],
    ['CR LF and LF mixed', `${MSH}\r\nPID|1\nPV1|1\rNTE|1`, ['MSH', 'PID', 'PV1', 'NTE']],
    ['CR, and CR LF at the end', `${MSH}\rPID|1\r\n`, ['MSH', 'PID']],
    ['a lone LF in a message with CR is part of the value', `${MSH}\rNTE|1||a\nPID|1\r`, ['MSH', 'NTE']],
    ['no end', `${MSH}\rPID|1`, ['MSH', 'PID']],
    ['nothing but MSH', 'MSH|^~\\&', ['MSH']],
    ['a byte order mark', `\ufeff${MSH}\rPID|1\r`, ['MSH', 'PID']],
    ['blank lines before', `\r\n \t\n${MSH}\rPID|1\r`, ['MSH', 'PID']],
    ['blank lines between', `${MSH}\r\r\n  \t\rPID|1\r`, ['MSH', 'PID']],
    ['blank lines after', `${MSH}\rPID|1\r\r\r   `, ['MSH', 'PID']],
    ['the ends of an MLLP block', `\v${MSH}\rPID|1\r\x1c\r`, ['MSH', 'PID']],
    ['the ends of an MLLP block, no CR before', `\v${MSH}\rPID|1\x1c\r`, ['MSH', 'PID']],
    ['trailing delimiters', `${MSH}||||\rPID|1||~^&^~||||\r`, ['MSH', 'PID']],
    ['a name alone', `${MSH}\rPID\rPV1|\r`, ['MSH', 'PID', 'PV1']],
    ['Z segments', `${MSH}\rZPI|a|^b\rZ01\r`, ['MSH', 'ZPI', 'Z01']],
    ['spaces at the end of a value', `${MSH}\rNTE|1||a  \rPID|1\r`, ['MSH', 'NTE', 'PID']],
    ['own delimiters', 'MSH$%*!@$A$B\rPID$1$$a%b@c*d\r', ['MSH', 'PID']],
    ['a truncation character', `MSH|^~\\&#|A\rPID|1||a#\r`, ['MSH', 'PID']],
    ['fewer encoding characters', 'MSH|^|A\rPID|1||a~b&c\\d\r', ['MSH', 'PID']],
  ])('%s', (_what, source, names) => {
    const message = parseMessage(source);
    expect(message.segments.map(({ name }) => name)).toEqual(names);
    expect(encodeMessage(message)).toBe(source);
  });
});

describe('counting', () => {
  test('MSH-1 is the separator, MSH-2 the encoding characters, undivided', () => {
    const [msh] = parseMessage(MSH).segments;
    if (msh === undefined) throw new Error('no MSH');
    expect([1, 2, 3, 9, 12, 13].map((n) => field(msh, n))).toEqual([
      '|',
      '^~\\&',
      'A',
      'OMG^O19',
      '2.5.1',
      '',
    ]);
    expect([text(msh, 1), text(msh, 2), wholeText(msh, 2), text(msh, 3)]).toEqual([
      '|',
      '^~\\&',
      '^~\\&',
      'A',
    ]);
    expect(repetitions(msh, 2).map(({ raw }) => raw)).toEqual(['^~\\&']);
  });

  const pid = second('PID|1||a^b&c&d^e~f~^g|""||x & y ^ z');

  test.each<[number[], string | undefined]>([
    [[3], 'a'],
    [[3, 1, 2], 'b'],
    [[3, 1, 2, 3], 'd'],
    [[3, 1, 2, 4], undefined],
    [[3, 1, 3], 'e'],
    [[3, 1, 4], undefined],
    [[3, 2], 'f'],
    [[3, 3], undefined],
    [[3, 3, 2], 'g'],
    [[3, 4], undefined],
    [[2], undefined],
    [[99], undefined],
    [[4], NULL_VALUE],
  ])('text(%j)', ([n = 0, ...rest], expected) => {
    expect(text(pid, n, ...rest)).toBe(expected);
  });

  test('composites', () => {
    const [one, two, three, ...more] = repetitions(pid, 3);
    if (one === undefined || two === undefined || three === undefined) throw new Error('three repetitions');
    expect(more).toEqual([]);
    expect([1, 2, 3, 4].map((n) => componentText(one, n))).toEqual(['a', 'b', 'e', undefined]);
    expect([1, 2, 3].map((n) => componentText(component(one, 2), n))).toEqual(['b', 'c', 'd']);
    expect(componentText(component(component(one, 2), 1), 1)).toBe('b');
    expect([two.raw, three.raw]).toEqual(['f', '^g']);
    expect(repetitions(pid, 2)).toEqual([]);
  });

  test('free text keeps what nobody escaped', () => {
    expect(wholeText(pid, 6)).toBe('x & y ^ z');
    expect(text(pid, 6)).toBe('x ');
    const [words] = repetitions(second('OBX|1|CWE|^knee & hip^L'), 3);
    expect(words && wholeComponentText(words, 2)).toBe('knee & hip');
    expect(words && componentText(words, 2)).toBe('knee ');
  });

  test('null is not empty', () => {
    expect([isNull(pid, 4), isNull(pid, 2), isNull(pid, 3)]).toEqual([true, false, false]);
    const [deleted] = repetitions(pid, 4);
    expect(deleted && componentText(deleted, 1)).toBeUndefined();
  });

  test('segments by name', () => {
    const message = parseMessage(`${MSH}\rOBX|1\rNTE|1\rOBX|2\r`);
    expect(segmentsNamed(message, 'OBX').map((obx) => text(obx, 1))).toEqual(['1', '2']);
    expect(text(firstSegment(message, 'OBX') ?? pid, 1)).toBe('1');
    expect(firstSegment(message, 'PID')).toBeUndefined();
  });
});

describe('no message', () => {
  test.each<[string, string, Partial<Hl7Fault>]>([
    ['nothing', '', { code: '100' }],
    ['another first segment', 'PID|1\r', { code: '100', segment: 'MSH', segmentIndex: 1 }],
    ['no separator', 'MSH', { code: '102', field: 1 }],
    ['a letter for a separator', 'MSHA^~\\&A', { code: '102', field: 1 }],
    ['a space for a separator', 'MSH ^~\\& ', { code: '102', field: 1 }],
    ['no encoding characters', 'MSH||A', { code: '101', field: 2 }],
    ['six encoding characters', 'MSH|^~\\&#!|A', { code: '102', field: 2 }],
    ['letters as encoding characters', 'MSH|ABCD|A', { code: '102', field: 2 }],
    ['one character with two meanings', 'MSH|^^\\&|A', { code: '102', field: 2 }],
    [
      'a line that is no segment',
      `${MSH}\rPID|1\rmore text\r`,
      { code: '100', segment: 'PID', segmentIndex: 1 },
    ],
    ['names in lower case', `${MSH}\rpid|1\r`, { code: '100', segment: 'MSH' }],
    ['two messages', `${MSH}\r${MSH}\r`, { code: '100', segment: 'MSH', segmentIndex: 2 }],
    ['a batch inside', `${MSH}\rBHS|^~\\&\r`, { code: '100', segment: 'BHS', segmentIndex: 1 }],
  ])('%s', (_what, source, expected) => {
    expect(faultOf(source)).toMatchObject(expected);
  });

  test('a fault says nothing of the patient', () => {
    const fault = faultOf(`${MSH}\rQuintero^Marisol\r`);
    expect(`${fault.message} ${fault.says}`).not.toMatch(/Quintero|Marisol/);
    expect(fault.message).toBe('MSH[1]: the line after this segment, line 2, is not a segment');
  });
});
