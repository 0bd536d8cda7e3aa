/**
 * Parser, escapes and framer against whatever comes; a failure prints its seed.
 */
import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from 'node:assert';
import { Buffer } from 'node:buffer';
import { expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import { proofOf } from '../../proof.ts';
import { buildAck } from '../../../src/hl7v2/ack.ts';
import { splitBatch } from '../../../src/hl7v2/batch.ts';
import { buildMessage } from '../../../src/hl7v2/build.ts';
import { asLatin1, encodeBytes } from '../../../src/hl7v2/charset.ts';
import { STANDARD, type Delimiters } from '../../../src/hl7v2/delimiters.ts';
import { escapeText, unescapeText } from '../../../src/hl7v2/escape.ts';
import { Hl7Fault } from '../../../src/hl7v2/fault.ts';
import {
  component,
  componentText,
  decodeMessage,
  encodeMessage,
  parseMessage,
  repetitions,
  text,
  wholeText,
  type Segment,
} from '../../../src/hl7v2/message.ts';
import { createDeframer, frame, type Frame } from '../../../src/hl7v2/mllp.ts';
import { SAMPLES } from './samples.ts';

const { runs: numRuns, seed, within } = proofOf('messages');
const RUNS = { numRuns, seed };

/** The result, or undefined for a fault; anything else that is thrown is a defect. */
function attempt<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Hl7Fault) return undefined;
    throw error;
  }
}

/** Characters that mean something somewhere, and a few that mean nothing. */
const ALPHABET = [
  ...Array.from('|^~\\&#$!@%"XFSTREPHNCMZ.brsp0DA9 aé日'),
  '\r',
  '\n',
  '\r\n',
  '\v',
  '\x1c',
  '\t',
  '\0',
  '\ufeff',
  '""',
  '\\X',
  '\\.br\\',
  '\rPID|',
  '\rMSH|',
  '\rZZZ|',
];
const chaos = fc
  .array(fc.constantFrom(...ALPHABET), { maxLength: 60, size: 'max' })
  .map((parts) => parts.join(''));
const heads = fc.constantFrom(
  'MSH',
  'MSH|',
  'MSH|^~\\&|',
  'MSH|^~\\&#|',
  'MSH$%*!@$',
  'MSH|^|',
  '\ufeffMSH|^~\\&|',
  '\r\nMSH|^~\\&|',
);
/** A sample with something else in it; `noise` takes the place of as many characters. */
const spoilt = (noise: fc.Arbitrary<string>) =>
  fc.tuple(fc.constantFrom(...SAMPLES), fc.nat(), noise).map(([[, source], at, other]) => {
    const cut = 9 + (at % (source.length - 9));
    return source.slice(0, cut) + other + source.slice(cut + other.length);
  });
const messages = fc.oneof(
  fc.tuple(heads, chaos).map((parts) => parts.join('')),
  spoilt(chaos),
  spoilt(chaos.map((noise) => noise.replaceAll(/[\r\n]/g, ' '))),
);

const value = fc.oneof(
  fc.array(fc.constantFrom(...ALPHABET), { maxLength: 8 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 8 }),
);
const unusual = fc
  .uniqueArray(fc.constantFrom(...Array.from('!#$%&()*+,-./:;<=>?@[\\]^_`{|}~')), {
    minLength: 6,
    maxLength: 6,
  })
  .map(
    ([
      field = '',
      componentMark = '',
      repetition = '',
      escapeMark = '',
      subcomponent = '',
      truncation = '',
    ]): Delimiters => ({
      field,
      component: componentMark,
      repetition,
      escape: escapeMark,
      subcomponent,
      truncation,
    }),
  );
const syntaxes = fc.oneof(fc.constant(STANDARD), unusual);

const charsets = fc.constantFrom('', 'UNICODE UTF-8', 'ASCII', '8859/1', '8859/8', '8859/15', 'nonsense');

const pieces = fc.oneof(
  fc.constantFrom('\v', '\x1c', '\x1c\r', '\r', '\n', 'MSH|', '\vMSH|a\r\x1c\r', '\vFHS', 'x'.repeat(30)),
  fc.string({ maxLength: 12 }),
);
/** What a block may hold, and what may stand between two. */
const content = fc
  .uint8Array({ maxLength: 40 })
  .map((bytes) => bytes.map((byte) => (byte === 0x1c ? 0x20 : byte)));
const between = fc.string({ maxLength: 5 }).map((noise) => noise.replaceAll('\v', '').replaceAll('\x1c', ''));

const envelopes = fc.oneof(heads, fc.constantFrom('FHS|', 'BHS|^~\\&', 'BTS|1', 'PID|'));
const some = <Item>(item: fc.Arbitrary<Item>) => fc.array(item, { minLength: 1, maxLength: 3 });

const lineEnds = (plain: string) => plain.replaceAll('\r\n', '\n');

/** One property, as often as asked. */
const hold = <Case>(property: fc.IProperty<Case>): void => fc.assert(property, RUNS);

const PROPERTIES: Readonly<Record<string, () => void>> = {
  'a text is a message that encodes back, or a fault': () =>
    hold(
      fc.property(messages, (source) => {
        const message = attempt(() => parseMessage(source));
        if (message === undefined) return;
        equal(encodeMessage(message), source);
        for (const segment of message.segments)
          for (let n = 1; n < segment.fields.length; n += 1) {
            wholeText(segment, n);
            for (const one of repetitions(segment, n)) componentText(component(one, 4), 2);
          }
      }),
    ),

  'bytes that begin with MSH are a message that encodes back, or a fault': () =>
    hold(
      fc.property(charsets, fc.uint8Array({ maxLength: 80, size: 'max' }), (charset, noise) => {
        const head = Buffer.from(`MSH|^~\\&|||||||OMG^O19|1|P|2.5.1||||||${charset}|`);
        const bytes = Buffer.concat([head, noise]);
        const read = attempt(() => {
          const decoded = decodeMessage(bytes);
          return { ...decoded, message: parseMessage(decoded.text) };
        });
        if (read !== undefined) ok(bytes.equals(encodeBytes(encodeMessage(read.message), read.charset)));
      }),
    ),

  'answering anything is an answer': () =>
    hold(
      fc.property(fc.oneof(messages, chaos), (source) => {
        const errors = [{ code: '100', severity: 'E', says: source }] as const;
        const answer = buildAck({ received: Buffer.from(source), code: 'AE', controlId: 'A', at: 0, errors });
        const { segments } = parseMessage(encodeMessage(answer));
        deepEqual(
          segments.map(({ name }) => name),
          ['MSH', 'MSA', 'ERR'],
        );
      }),
    ),

  'messages come out of a batch as they went in': () =>
    hold(
      fc.property(some(some(fc.constantFrom(...SAMPLES))), (batches) => {
        const sent = batches.map((batch) => batch.map(([, source]) => source));
        const whole = sent.map((batch) => `BHS|^~\\&\r${batch.join('')}BTS|${batch.length}\r`).join('');
        const found = splitBatch(Buffer.from(`FHS|^~\\&\r${whole}FTS|${batches.length}\r`));
        deepEqual(found.map(asLatin1), sent.flat());
      }),
    ),

  'what comes out of a batch stood in it, in order': () =>
    hold(
      fc.property(fc.array(fc.tuple(envelopes, chaos)), (parts) => {
        const bytes = Buffer.from(parts.map(([head, rest]) => `${head}${rest}\r`).join(''));
        let at = 0;
        for (const message of attempt(() => splitBatch(bytes)) ?? []) {
          const found = bytes.indexOf(message, at);
          ok(found >= at);
          at = found + message.length;
        }
      }),
    ),

  'what is written is read again, but for CR LF, which is one line break': () =>
    hold(
      fc.property(value, syntaxes, (plain, delimiters) => {
        const syntax = { ...delimiters, charset: 'UNICODE UTF-8' as const };
        equal(unescapeText(escapeText(plain, syntax), syntax), lineEnds(plain));
      }),
    ),

  'no value adds a segment, a field, a repetition, a component or a block, and none is lost': () =>
    hold(
      fc.property(some(some(some(value))), syntaxes, (values, delimiters) => {
        const fields = Object.fromEntries(values.map((one, index) => [index + 1, one]));
        const around = [
          { name: 'MSH', fields: { 10: '1' } },
          { name: 'ZZZ', fields: fields },
          { name: 'ZZY', fields: { 1: 'end' } },
        ];
        const built = buildMessage(around, delimiters);
        const sent = encodeMessage(built);
        const { segments } = parseMessage(sent);
        deepEqual(segments.map(shape), built.segments.map(shape));
        const [, segment, last] = segments;
        const read = values.map((field, f) =>
          field.map((repetition, r) =>
            repetition.map((_, c) => (segment && text(segment, f + 1, r + 1, c + 1)) ?? ''),
          ),
        );
        deepEqual(
          read,
          values.map((field) => field.map((repetition) => repetition.map(lineEnds))),
        );
        equal(last && text(last, 1), 'end');
        const bytes = attempt(() => encodeBytes(sent, built.syntax.charset)) ?? Buffer.alloc(0);
        const blocks = createDeframer({ bytesMax: 100_000 }).push(frame(bytes));
        deepEqual(blocks, [{ kind: 'message', bytes: new Uint8Array(bytes) }]);
      }),
    ),

  'however a stream is cut, the same comes out of it': () =>
    hold(
      fc.property(
        fc.array(pieces, { maxLength: 20 }),
        some(fc.integer({ min: 1, max: 9 })),
        (parts, sizes) => {
          const stream = Buffer.from(parts.join(''));
          const whole = createDeframer({ bytesMax: 40 });
          const cut = createDeframer({ bytesMax: 40 });
          const found: Frame[] = [];
          for (let at = 0, turn = 0; at < stream.length; turn += 1) {
            const size = sizes[turn % sizes.length] ?? 1;
            found.push(...cut.push(stream.subarray(at, at + size)));
            at += size;
          }
          deepEqual(found, whole.push(stream));
          deepEqual(cut.pending, whole.pending);
        },
      ),
    ),

  'what is put into blocks comes out of them, whatever stands between': () =>
    hold(
      fc.property(fc.array(fc.tuple(between, content)), (parts) => {
        const stream = Buffer.concat(parts.flatMap(([noise, bytes]) => [Buffer.from(noise), frame(bytes)]));
        const found = createDeframer({ bytesMax: 40 }).push(stream);
        const delivered = found.flatMap((one) => (one.kind === 'message' ? [one.bytes] : []));
        deepEqual(
          delivered,
          parts.map(([, bytes]) => bytes),
        );
      }),
    ),
};

const shape = ({ name, fields }: Segment) => [name, fields.length];

test.each(Object.entries(PROPERTIES))(
  '%s',
  (_name, property) => {
    expect(property).not.toThrow();
  },
  within(2),
);

test('most of the texts that are tried are messages', () => {
  const tried = fc.sample(messages, { ...RUNS, numRuns: 1000 });
  const read = tried.filter((source) => attempt(() => parseMessage(source)) !== undefined);
  expect(read.length).toBeGreaterThan(400);
});
