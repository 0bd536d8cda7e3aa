/**
 * Batches (HL7 v2.5.1, 2.10.3): `[FHS] { [BHS] { message } [BTS] } [FTS]`, taken apart into messages, byte for byte. Works
 * on bytes because each message may have a character set of its own.
 */
import { asLatin1, fromLatin1 } from './charset.ts';
import { Hl7Fault } from './fault.ts';
import { prefixOf, splitLines, type Line } from './lines.ts';

/**
 * The messages of a batch; of a single message, itself. Throws {@link Hl7Fault} when there is none, when a line belongs to
 * no message, and when a trailer counted otherwise (BTS-1, FTS-1): what arrived is then not what was sent.
 */
export function splitBatch(bytes: Uint8Array): readonly Uint8Array[] {
  const source = asLatin1(bytes);
  const prefix = prefixOf(source.startsWith(UTF8_MARK) ? source.slice(UTF8_MARK.length) : source);
  const start = source.startsWith(UTF8_MARK) ? UTF8_MARK.length + prefix.length : prefix.length;
  if (source.startsWith('MSH', start) && !HEADER_INSIDE.test(source.slice(start + 3))) return [bytes];
  const walk: Walk = { messages: [], message: undefined, inBatch: 0, batches: 0, separator: '|' };
  for (const line of splitLines(source, start)) (STEPS[line.text.slice(0, 3)] ?? addLine)(walk, line);
  if (walk.messages.length === 0) throw new Hl7Fault('100', 'there is no message');
  return walk.messages.map((lines) => fromLatin1(lines.join('')));
}

const UTF8_MARK = '\xef\xbb\xbf';
const HEADER_INSIDE = /[\r\n](?:MSH|FHS|BHS|BTS|FTS)/;

interface Walk {
  readonly messages: string[][];
  /** The message being read; undefined outside of one. */
  message: string[] | undefined;
  /** Messages since the last BHS. */
  inBatch: number;
  batches: number;
  /** Of the header segment before. */
  separator: string;
}

const STEPS: Readonly<Record<string, (walk: Walk, line: Line) => void>> = {
  FHS: openFile,
  BHS: openBatch,
  MSH: openMessage,
  BTS: (walk, line) => checkCount(walk, line, 'BTS', walk.inBatch),
  FTS: (walk, line) => checkCount(walk, line, 'FTS', Math.max(walk.batches, 1)),
};

function openFile(walk: Walk, line: Line): void {
  walk.message = undefined;
  walk.separator = line.text.charAt(3);
}

function openBatch(walk: Walk, line: Line): void {
  openFile(walk, line);
  walk.batches += 1;
  walk.inBatch = 0;
}

function openMessage(walk: Walk, line: Line): void {
  walk.message = [line.text, line.end];
  walk.messages.push(walk.message);
  walk.inBatch += 1;
}

function addLine({ message }: Walk, line: Line): void {
  if (message === undefined)
    throw new Hl7Fault('100', 'there is a line in the batch that belongs to no message');
  message.push(line.text, line.end);
}

function checkCount(walk: Walk, line: Line, segment: string, counted: number): void {
  walk.message = undefined;
  const claimed = line.text.split(walk.separator)[1]?.trim() ?? '';
  if (claimed !== '' && Number(claimed) !== counted)
    throw new Hl7Fault('102', `it says ${Number(claimed)}, and there are ${counted}`, {
      segment,
      segmentIndex: 1,
      field: 1,
    });
}
