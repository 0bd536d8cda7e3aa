/** Acknowledgments to what is a message, and to what is none. */
import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import {
  acknowledgmentAsked,
  buildAck,
  isAcknowledgment,
  isAsked,
  recoverHeader,
  type AckInput,
} from '../../../src/hl7v2/ack.ts';
import { readLocation } from '../../../src/hl7v2/fault.ts';
import { encodeMessage, parseMessage } from '../../../src/hl7v2/message.ts';
import { sample } from './samples.ts';

const AT = Date.UTC(2025, 2, 14, 14, 5, 13);

const answer = (received: string | Buffer, rest: Partial<AckInput> = {}) => {
  const bytes = typeof received === 'string' ? Buffer.from(received) : received;
  return encodeMessage(buildAck({ received: bytes, code: 'AA', controlId: 'ACK-1', at: AT, ...rest })).split(
    '\r',
  );
};

describe('an answer', () => {
  test('to a message', () => {
    expect(answer(sample('pcc-55-request'))).toEqual([
      'MSH|^~\\&||^2.999.20.1^ISO||^2.999.10.1^ISO|20250314140513+0000||ACK^O19^ACK|ACK-1|P|2.5.1',
      'MSA|AA|LFM-000910',
      '',
    ]);
  });

  test('with everything there is to say', () => {
    const errors = [
      {
        location: readLocation('PID-3.4'),
        code: '204',
        severity: 'E',
        userCode: 'unknown-patient',
        says: 'not | known',
      },
      { location: readLocation('OBX[2]'), code: '101', severity: 'W' },
      { code: '207', severity: 'I', says: 'later' },
    ] as const;
    const sendingFacility = { namespaceId: 'HERE' };
    expect(answer(sample('pcc-55-request'), { code: 'AE', errors, sendingFacility })).toEqual([
      'MSH|^~\\&||HERE||^2.999.10.1^ISO|20250314140513+0000||ACK^O19^ACK|ACK-1|P|2.5.1',
      'MSA|AE|LFM-000910',
      'ERR||PID^1^3^1^4|204^Unknown key identifier^HL70357|E|unknown-patient^^L|||not \\F\\ known',
      'ERR||OBX^2|101^Required field missing^HL70357|W',
      'ERR|||207^Application internal error^HL70357|I||||later',
      '',
    ]);
  });

  test.each<[string, string | Buffer, string, string]>([
    ['own delimiters', 'MSH$%*!@$A$B%1$$$$$ORM%O01$a!F!b$T$2.3\r', 'MSH$%*!@$$$A$B%1$', 'MSA$AA$a!F!b'],
    ['delimiters without escape', 'MSH|^~|A|B||||||x\\y|P|2.3\r', 'MSH|^~\\&|||A|B|', 'MSA|AA|x\\E\\y'],
    ['no encoding characters', 'MSH||A|B|||||ADT^A01|7|P|2.5\r', 'MSH|^~\\&|||A|B|', 'MSA|AA|7'],
    [
      'impossible encoding characters',
      'MSH|ABCDEFGH|A|B|||||ADT^A01|7|P|2.5\r',
      'MSH|^~\\&|||A|B|',
      'MSA|AA|7',
    ],
    [
      'lines that are no segments',
      'MSH|^~\\&|A|B|||||ADT^A01|7|P|2.5\rwhat is this\r',
      'MSH|^~\\&|||A|B|',
      'MSA|AA|7',
    ],
    [
      'something before it',
      'HELLO\r\n\vMSH|^~\\&|A|B|||||ADT^A01|7|P|2.5\x1c\r',
      'MSH|^~\\&|||A|B|',
      'MSA|AA|7',
    ],
    ['half of it', 'MSH|^~\\&|A|B|||||AD', 'MSH|^~\\&|||A|B|', 'MSA|AA'],
    [
      'bytes that are no UTF-8',
      Buffer.from('MSH|^~\\&|\xe9|B|||||ADT^A01|7|P|2.5\r', 'latin1'),
      'MSH|^~\\&|||é|B|',
      'MSA|AA|7',
    ],
    [
      'another character set',
      Buffer.from(`MSH|^~\\&|\xe9|B|||||ADT^A01|7|P|2.5${'|'.repeat(6)}8859/5\r`, 'latin1'),
      'MSH|^~\\&|||щ|B|',
      'MSA|AA|7',
    ],
    ['no message at all', 'GET / HTTP/1.1\r\n\r\n', 'MSH|^~\\&|||||2025', 'MSA|AA'],
    ['nothing', '', 'MSH|^~\\&|||||2025', 'MSA|AA'],
    ['a word with MSH in it', 'xMSH|^~\\&|A', 'MSH|^~\\&|||||2025', 'MSA|AA'],
  ])('to %s', (_what, received, header, msa) => {
    const lines = answer(received);
    expect(lines[0]?.slice(0, header.length)).toBe(header);
    expect(lines[1]).toBe(msa);
    expect(parseMessage(lines.join('\r')).segments).toHaveLength(2);
  });

  test('before version 2.5 the words are in MSA-3 too', () => {
    const errors = [{ code: '101', severity: 'E', says: 'no patient' }] as const;
    expect(answer('MSH|^~\\&|A|B|||||ADT^A01|7|P|2.3.1\r', { code: 'AE', errors })[1]).toBe(
      'MSA|AE|7|no patient',
    );
    expect(answer('MSH|^~\\&|A|B|||||ADT^A01|7|P|2.5\r', { code: 'AE', errors })[1]).toBe('MSA|AE|7');
  });

  test('nothing of theirs can add a segment to the answer', () => {
    const evil = 'MSH|^~\\&|A\\X0D\\MSA|B|||||ADT^A01|7\\X0D\\ERR\\F\\|P|2.5\r';
    const { segments } = parseMessage(answer(evil).join('\r'));
    expect(segments.map(({ name }) => name)).toEqual(['MSH', 'MSA']);
    expect(recoverHeader(Buffer.from(evil)).msh?.messageControlId).toBe('7\rERR|');
  });
});

describe('what is asked for', () => {
  test.each([
    [undefined, undefined, { mode: 'original', accept: 'never', application: 'always' }],
    ['NE', 'NE', { mode: 'enhanced', accept: 'never', application: 'never' }],
    ['AL', 'NE', { mode: 'enhanced', accept: 'always', application: 'never' }],
    ['AL', undefined, { mode: 'enhanced', accept: 'always', application: 'never' }],
    [undefined, 'AL', { mode: 'enhanced', accept: 'never', application: 'always' }],
    ['ER', 'SU', { mode: 'enhanced', accept: 'error', application: 'success' }],
    ['??', 'NE', { mode: 'enhanced', accept: 'always', application: 'never' }],
  ])('%s/%s', (acceptAcknowledgmentType, applicationAcknowledgmentType, expected) => {
    expect(acknowledgmentAsked({ acceptAcknowledgmentType, applicationAcknowledgmentType })).toEqual(
      expected,
    );
  });

  test.each([
    ['always', true, true],
    ['never', false, false],
    ['error', true, false],
    ['success', false, true],
  ] as const)('%s', (when, onError, onSuccess) => {
    expect([isAsked(when, 'error'), isAsked(when, 'success')]).toEqual([onError, onSuccess]);
  });
});

test.each([
  ['PID', { segment: 'PID', segmentIndex: 1, field: undefined, component: undefined }],
  ['ORC-2', { segment: 'ORC', segmentIndex: 1, field: 2, component: undefined }],
  ['OBX[3]-5.2', { segment: 'OBX', segmentIndex: 3, field: 5, component: 2 }],
  ['PID-3[2].4', { segment: 'PID', segmentIndex: 1, field: 3, repetition: 2, component: 4 }],
  ['OBX[2]-5[3]', { segment: 'OBX', segmentIndex: 2, field: 5, repetition: 3, component: undefined }],
  ['', undefined],
  ['somewhere', undefined],
])('the place %j', (place, expected) => {
  expect(readLocation(place)).toEqual(expected);
});

describe('(rules 7.2) an answer is known as one', () => {
  const head = (type: string) => `MSH|^~\\&||A||B|2025||${type}|X|P|2.5.1`;
  test.each([
    ['ACK', `${head('ACK')}\rMSA|AA|1\r`, true],
    ['with its event', `${head('ACK^O19^ACK')}\rMSA|AE|1\rERR||||E\r`, true],
    ['without MSA', `${head('ACK')}\r`, true],
    ['of deferred mode', `${head('MCF')}\r`, true],
    ['of an application', `${head('ORG^O20^ORG_O20')}\rMSA|AA|1\rPID|1\r`, true],
    ['after software segments', `${head('RRI^I12')}\rSFT|x\rSFT|y\rMSA|AA|1\rPID|1\r`, true],
    ['with other line ends', `${head('SRR^S12')}\r\nMSA|AA|1\r\n`, true],
    ['with other delimiters', 'MSH#^~\\&##A##B#2025##SRR^S12#X#P#2.5.1\rMSA#AA#1\r', true],
    ['an order', `${head('OMG^O19^OMG_O19')}\rPID|1\rORC|NW\r`, false],
    ['an order with MSA elsewhere', `${head('OMG^O19^OMG_O19')}\rPID|1\rMSA|AA|1\r`, false],
    ['a type of three other letters', `${head('BACK')}\rMSABC|1\r`, false],
    ['nothing', '', false],
  ])('%s', (_name, text, expected) => expect(isAcknowledgment(Buffer.from(text))).toBe(expected));
});
