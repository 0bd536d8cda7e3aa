/** Other people's parsers read what we read, where they read at all; and read from what we build what we put in. */
import { describe, expect, test } from '@jest/globals';
import { Hl7Message } from '@medplum/core';
import { Message as ClientMessage } from 'node-hl7-client';
import { createRequire } from 'node:module';
import { buildMessage } from '../../../src/hl7v2/build.ts';
import {
  encodeMessage,
  encodeSegment,
  field,
  parseMessage,
  repetitions,
  text,
  type Message,
  type Segment,
} from '../../../src/hl7v2/message.ts';
import { SAMPLES } from './samples.ts';

/** What we use of simple-hl7, which comes without types. */
interface SimpleHl7 {
  readonly Parser: new () => {
    parse(source: string): {
      readonly segments: readonly { readonly name: string; getField(n: number): string }[];
    };
  };
}
const simpleHl7: SimpleHl7 = createRequire(import.meta.url)('simple-hl7');

const firsts = ({ segments }: Message): readonly Segment[] =>
  segments.filter(({ name }, index) => segments.findIndex((other) => other.name === name) === index);

/** Every primitive value of the first repetitions, by its path: `PID.3.4.2`. */
function valuesOf(message: Message): [path: string, value: string][] {
  const found: [string, string][] = [];
  for (const segment of firsts(message))
    for (let n = segment.name === 'MSH' ? 3 : 1; n < segment.fields.length; n += 1)
      for (const [c, part] of (repetitions(segment, n)[0]?.raw ?? '').split('^').entries())
        for (const s of part.split('&').keys()) {
          const value = text(segment, n, 1, c + 1, s + 1);
          if (value !== undefined) found.push([`${segment.name}.${n}.${c + 1}.${s + 1}`, value]);
        }
  return found;
}

describe.each(SAMPLES)('%s', (_name, source) => {
  const message = parseMessage(source);

  test('@medplum/core: every field of every segment, and the same bytes', () => {
    const theirs = Hl7Message.parse(source.trimEnd());
    expect(theirs.toString()).toBe(source.trimEnd());
    expect(theirs.segments.map((segment) => segment.toString())).toEqual(message.segments.map(encodeSegment));
    for (const [index, segment] of message.segments.entries())
      for (let n = 2; n < segment.fields.length; n += 1)
        expect(theirs.segments[index]?.getField(n)?.toString()).toBe(field(segment, n));
  });

  test('node-hl7-client: every value', () => {
    const theirs = new ClientMessage({ text: source });
    const ours = valuesOf(message);
    expect(ours.length).toBeGreaterThan(15);
    expect(ours.map(([path]) => [path, theirs.get(path).toString()])).toEqual(ours);
  });

  test('simple-hl7: every segment, and every field that does not repeat', () => {
    const [, ...others] = message.segments;
    const theirs = new simpleHl7.Parser().parse(source).segments;
    expect(theirs.map(({ name }) => name)).toEqual(others.map(({ name }) => name));
    const single = others.flatMap((segment, index) =>
      segment.fields.flatMap((raw, n) => (n === 0 || raw.includes('~') ? [] : [{ index, n, raw }])),
    );
    expect(single.map(({ index, n }) => theirs[index]?.getField(n) ?? '')).toEqual(
      single.map(({ raw }) => raw),
    );
  });
});

test('node-hl7-client reads what we escaped', () => {
  const values = ['a|b', 'c^d', 'e&f', 'g~h', 'i\\j', '|^~\\&'];
  const built = buildMessage([
    { name: 'MSH', fields: { 7: '20250314', 9: [['ACK', 'A01', 'ACK']], 10: '1', 11: 'P', 12: '2.5.1' } },
    { name: 'ZZZ', fields: Object.fromEntries(values.map((value, index) => [index + 1, value])) },
  ]);
  const theirs = new ClientMessage({ text: encodeMessage(built) });
  expect(values.map((_, index) => theirs.get(`ZZZ.${index + 1}`).toString())).toEqual(values);
});
