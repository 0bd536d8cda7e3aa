/**
 * Finds the content of a message that the server does not read (rules 7.8): whole segments, fields, components, further
 * repetitions. It walks the message against the table of what is read, so that it also finds content of which no
 * mapping thought.
 */
import { field, firstSegment, segmentsNamed, type Message, type Segment } from '../message.ts';
import {
  EXCHANGE_SEGMENTS,
  REPEATED,
  SECOND,
  segmentsTakenOf,
  takenOf,
  type Parts,
} from '../fields-taken.ts';
import { readObx } from '../segments/obx.ts';
import { withdrawnBy } from '../mapping/codes.ts';
import type { MessageFamily } from './message-family.ts';
import { isNumbered } from './note-content.ts';
import { isNoticeNote } from './notice.ts';
import { isQuestion } from './order.ts';

/** Content that is not read, by segment. */
interface Untaken {
  /** `NTE`, `PID` */
  readonly segment: string;
  /** `PID-16`, `NTE after PID`, `OBX[2]`; at most {@link PLACES_MAX}, and then `…`. */
  readonly places: readonly string[];
}

const PLACES_MAX = 12;
const SEGMENTS_MAX = 20;
/** The largest number of components that are looked at; no datatype has more. */
const COMPONENTS_MAX = 40;

/** Segments of which the server reads every one. */
const EVERY: ReadonlySet<string> = new Set(['NTE', 'OBX', 'DG1', 'PRD']);

type ReadFamily = Pick<MessageFamily, 'taken' | 'alsoTaken' | 'holds'>;

export function findUntaken(message: Message, family: ReadFamily): readonly Untaken[] {
  const found = new Map<string, Set<string>>();
  const add = (segment: string, place: string): void => {
    const places = found.get(segment) ?? new Set();
    if (!found.has(segment) && found.size >= SEGMENTS_MAX) return;
    found.set(segment, places);
    if (places.size < PLACES_MAX) places.add(place);
    else places.add('...');
  };
  const taken = takenIn(message, family);
  const segments = segmentsTakenOf(family.taken, family.alsoTaken);
  const isTakenObx = obxTaken(message, family);
  const counts = new Map<string, number>();
  let owner = 'MSH';
  let before = 'MSH';
  let isNotice = false;
  for (const segment of message.segments) {
    const { name } = segment;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    const isNote = name === 'NTE';
    isNotice = isNote && isNoticeNote(segment, isNotice);
    if (EXCHANGE_SEGMENTS.has(name)) {
      owner = name;
    } else if (isNotice) {
      // Its words are the label of what the message tells.
    } else if (isNote && !(isOrder(family) && isNoteOfOrder(owner, before, counts))) {
      add(name, `NTE after ${owner}`);
    } else if (name === 'OBX' && !isTakenObx(segment, count)) {
      add(name, `OBX[${count}]`);
    } else if (count > 1 && !EVERY.has(name)) {
      add(name, `${name}[${count}]`);
    } else if (!segments.has(name)) {
      add(name, name);
    } else {
      for (const place of fieldsUntaken(segment, taken, message)) add(name, place);
    }
    if (!isNote) owner = name;
    before = name;
  }
  return [...found].map(([segment, places]) => ({ segment, places: [...places] }));
}

const isOrder = ({ holds }: ReadFamily): boolean => holds === 'order';

/** Whether a note belongs to the order: notes right after the first OBR do. */
const isNoteOfOrder = (owner: string, before: string, counts: ReadonlyMap<string, number>): boolean =>
  owner === 'OBR' && counts.get('OBR') === 1 && (before === 'OBR' || before === 'NTE');

/**
 * Whether an OBX is read. Of an order the server reads the questions; of a note the document, which other findings
 * cover, or the lines of text.
 */
function obxTaken(message: Message, family: ReadFamily): (segment: Segment, count: number) => boolean {
  if (isOrder(family)) return (segment) => isQuestion(readObx(segment));
  if (family.holds !== 'note') return () => false;
  const kindOf = (segment: Segment) => readObx(segment).observationValue[0]?.kind ?? 'text';
  const hasDocument = segmentsNamed(message, 'OBX').some((segment) => kindOf(segment) === 'document');
  return (segment) => kindOf(segment) === (hasDocument ? 'document' : 'text');
}

/** The places that are read in this message: in a note in parts also OBX-4, when it gave their order. */
function takenIn(message: Message, family: ReadFamily): ReadonlyMap<string, Parts> {
  const taken = takenOf(family.taken, family.alsoTaken);
  if (family.holds !== 'note') return taken;
  const observations = segmentsNamed(message, 'OBX').map(readObx);
  const left = observations.filter((obx) => withdrawnBy(obx.observationResultStatus) === undefined);
  return isNumbered(left) ? new Map([...taken, ['OBX-4', 'all']]) : taken;
}

function fieldsUntaken(
  segment: Segment,
  taken: ReadonlyMap<string, Parts>,
  message: Message,
): readonly string[] {
  const { name, fields, syntax } = segment;
  const untaken: string[] = [];
  for (let n = 1; n < fields.length && untaken.length <= PLACES_MAX; n += 1) {
    const raw = fields[n] ?? '';
    const place = `${name}-${n}`;
    if (raw === '' || raw === '""') continue;
    const parts = taken.get(place);
    if (parts === undefined || isDifferent(place, raw, message)) {
      untaken.push(place);
      continue;
    }
    const end = syntax.repetition === '' ? -1 : raw.indexOf(syntax.repetition);
    if (end !== -1 && !isRepeated(place, segment)) untaken.push(`${place} beyond the first`);
    if (parts === 'all') continue;
    const one = end === -1 ? raw : raw.slice(0, end);
    for (const [index, part] of one.split(syntax.component, COMPONENTS_MAX).entries()) {
      const at = `${place}.${index + 1}`;
      if (part !== '' && (!parts.has(index + 1) || isDifferent(at, part, message))) untaken.push(at);
    }
  }
  return untaken;
}

/**
 * Whether every repetition is read. A text OBX-5 is lines; of codes and documents only the first repetition is read.
 */
const isRepeated = (place: string, segment: Segment): boolean =>
  REPEATED.has(place) || (place === 'OBX-5' && readObx(segment).observationValue[0]?.kind === 'text');

/** Whether a better place is filled with another value. */
function isDifferent(place: string, raw: string, message: Message): boolean {
  const better = SECOND[place];
  if (better === undefined) return false;
  const [name = '', at = ''] = better.split('-');
  const [n, component] = at.split('.');
  const segment = firstSegment(message, name);
  const said = segment === undefined ? '' : field(segment, Number(n));
  if (segment === undefined || said === '') return false;
  const { syntax } = segment;
  const firstOf = (value: string): string => value.split(syntax.component, 1)[0] ?? '';
  if (component !== undefined) return said.split(syntax.component)[Number(component) - 1] !== undefined;
  const all = syntax.repetition === '' ? [said] : said.split(syntax.repetition);
  return !all.some((one) => firstOf(one) === firstOf(raw));
}
