/** Rules 7.8: every element and every field, changed alone, is seen on the other side or stands in the published losses. */
import { describe, expect, test } from '@jest/globals';
import { CROSSWALK } from '../../../src/hl7v2/crosswalk.ts';
import { ELEMENTS_LOST, FIELDS_LOST, IMPLIED, placesOf } from '../../../src/hl7v2/losses.ts';
import { isTaken } from '../../../src/hl7v2/fields-taken.ts';
import { parseMessage } from '../../../src/hl7v2/message.ts';
import { readMessage } from '../../../src/hl7v2/messages/read-message.ts';
import { FULL, readingContext, trip, type World } from './messages/full.ts';
import { changesOf, emptied, textOf, WIRES } from './messages/wire.ts';

// — elements, to a party that is told by messages

type Key = string | number;

interface Leaf {
  /** `Patient.name[0].family` */
  readonly path: string;
  readonly keys: readonly Key[];
}

function leavesOf(value: unknown, path: string, keys: readonly Key[]): readonly Leaf[] {
  if (typeof value !== 'object' || value === null) return [{ path, keys }];
  const isList = Array.isArray(value);
  return Object.entries(value).flatMap(([key, item]) =>
    leavesOf(item, isList ? `${path}[${key}]` : `${path}.${key}`, [...keys, isList ? Number(key) : key]),
  );
}

const NAMES: Readonly<Record<keyof World, string>> = {
  patient: 'Patient',
  practitioner: 'Practitioner',
  request: 'ServiceRequest',
  task: 'Task',
  appointment: 'Appointment',
  note: 'note',
};

/** Not data: what a resource is, and what a contained one is called. */
const isName = ({ path }: Leaf): boolean =>
  path.endsWith('.resourceType') || path === 'Appointment.contained[0].id';

const LEAVES = Object.entries(NAMES)
  .flatMap(([key, name]) => leavesOf(FULL[key as keyof World], name, [key]))
  .filter((leaf) => !isName(leaf));

/** Where another value of the kind is not made by appending a letter. */
const OTHER: Readonly<Record<string, string>> = {
  female: 'male',
  home: 'temp',
  work: 'temp',
  mobile: 'home',
  official: 'usual',
  maiden: 'nickname',
  phone: 'fax',
  email: 'phone',
  urgent: 'stat',
  R: 'V',
  N: 'R',
  final: 'preliminary',
  booked: 'cancelled',
  physical: 'postal',
  'application/hl7-cda+xml': 'application/pdf',
  '2106-3': '2054-5',
  '2186-5': '2135-2',
  ATND: 'CALLBCK',
  CALLBCK: 'ENT',
};

function another(value: unknown, path: string): unknown {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  const text = String(value);
  if (/^\d{4}-\d\d-\d\d/.test(text)) return `${Number(text.slice(0, 4)) + 1}${text.slice(4)}`;
  return path === 'note.data' ? 'AAAA' : (OTHER[text] ?? `${text}x`);
}

function changed(world: World, { keys, path }: Leaf): World {
  const copy = structuredClone(world) as unknown;
  let place = copy as Record<Key, unknown>;
  for (const key of keys.slice(0, -1)) place = place[key] as Record<Key, unknown>;
  const last = keys.at(-1) ?? '';
  place[last] = another(place[last], path);
  return copy as World;
}

/** `Patient.name` covers `Patient.name[0].family`; `[1+]` items from the second on. */
function covers(row: string, path: string): boolean {
  const [wanted, given] = [row.split('.'), path.split('.')];
  return wanted.every((part, index) => isSameStep(part, given[index] ?? ''));
}

function isSameStep(wanted: string, given: string): boolean {
  const [, name, from, open] = /^([^[]+)(?:\[(\d+)(\+)?\])?$/.exec(wanted) ?? [];
  const [, other, at] = /^([^[]+)(?:\[(\d+)\])?$/.exec(given) ?? [];
  if (name !== other || from === undefined) return name === other;
  return open === undefined ? from === at : Number(at) >= Number(from);
}

const UNCHANGED = JSON.stringify(trip(FULL));
const isSeen = (leaf: Leaf): boolean => JSON.stringify(trip(changed(FULL, leaf))) !== UNCHANGED;
const SEEN = new Map(LEAVES.map((leaf) => [leaf.path, isSeen(leaf)]));
const PATHS = [...SEEN.keys()];
const PUBLISHED = [...IMPLIED, ...ELEMENTS_LOST].flatMap(({ paths }) => paths);

describe('an element changed alone', () => {
  test.each(PATHS)('%s is seen, or stands in the losses', (path) => {
    const isPublished = PUBLISHED.some((row) => covers(row, path));
    expect({ seen: SEEN.get(path), published: isPublished }).toEqual({
      seen: !isPublished,
      published: isPublished,
    });
  });

  test.each(PUBLISHED)('the loss %s is one of an element that the referral has', (row) => {
    expect(PATHS.filter((path) => covers(row, path))).not.toEqual([]);
  });

  test.each(CROSSWALK.filter(({ way }) => way === 'both').map(({ fhir }) => fhir))(
    'the crosswalk row %s is carried',
    (row) => {
      expect(PATHS.some((path) => covers(row, path) && SEEN.get(path) === true)).toBe(true);
    },
  );
});

// — fields, to a party that reads FHIR

function reading(text: string): string {
  return JSON.stringify({ ...readMessage(parseMessage(text), readingContext()), findings: [] });
}

const isWithin = (place: string, at: string): boolean => at === place || at.startsWith(`${place}.`);

describe.each(Object.entries(WIRES))('%s, a field changed alone', (type, wire) => {
  const before = reading(textOf(wire));
  const changes = Map.groupBy(changesOf(wire), ({ at }) => at);
  const seen = new Map(
    [...changes].map(([at, variants]) => [at, variants.some(({ text }) => reading(text) !== before)]),
  );
  const lost = FIELDS_LOST.filter(({ messages }) => messages === 'all' || messages.split(' ').includes(type));
  const places = lost.flatMap(placesOf);

  test('each is seen, or stands in the losses', () => {
    const unsaid = [...seen].filter(
      ([at, isRead]) => !isRead && !places.some((place) => isWithin(place, at)),
    );
    expect(unsaid.map(([at]) => at)).toEqual([]);
  });

  test('each that is seen is taken, so that nobody is told that it is not', () => {
    const denied = [...seen].filter(([at, isRead]) => isRead && !isTaken(type, at));
    expect(denied.map(([at]) => at)).toEqual([]);
  });

  test('none that stands in the losses is seen', () => {
    const denied = [...seen].filter(([at, isRead]) => isRead && places.some((place) => isWithin(place, at)));
    expect(denied.map(([at]) => at)).toEqual([]);
  });
});

// — what is read where the best place is empty

interface Fallback {
  readonly type: string;
  /** Segments that are left out, and fields that are emptied. */
  readonly without: readonly string[];
  readonly from: string;
}

const FALLBACKS: readonly Fallback[] = [
  { type: 'OMG', without: ['ORC-2'], from: 'OBR-2' },
  { type: 'OMG', without: ['ORC-12'], from: 'OBR-16' },
  { type: 'OMG', without: ['OBR-31'], from: 'DG1-3' },
  { type: 'OMG', without: ['OBR-31', 'DG1-3'], from: 'DG1-4' },
  { type: 'OMG', without: ['TQ1-9'], from: 'OBR-5' },
  { type: 'SIU', without: ['TQ1'], from: 'SCH-11' },
  { type: 'SIU', without: ['TQ1', 'SCH-11'], from: 'AIP-6' },
  { type: 'SIU', without: ['AIL-3.9'], from: 'AIL-3.2' },
  { type: 'MDM', without: ['ORC'], from: 'TXA-14' },
  { type: 'MDM', without: ['OBX-3'], from: 'TXA-2' },
  { type: 'MDM', without: ['TXA-6'], from: 'TXA-4' },
  { type: 'MDM', without: ['TXA-6', 'TXA-4'], from: 'OBX-14' },
  { type: 'MDM', without: ['TXA-25'], from: 'TXA-16' },
];

test.each(FALLBACKS)('$type without $without is read from $from', ({ type, without, from }) => {
  const wire = emptied(WIRES[type] ?? [], without);
  const before = reading(textOf(wire));
  const changes = changesOf(wire).filter(({ at }) => isWithin(from, at));
  expect(changes.some(({ text }) => reading(text) !== before)).toBe(true);
});

test('every field of the crosswalk is in one of these messages', () => {
  const sent = Object.values(WIRES).flatMap((wire) => changesOf(wire).map(({ at }) => at));
  const fields = CROSSWALK.flatMap(({ v2 }) => v2);
  expect(fields.filter((place) => !sent.some((at) => isWithin(place, at)))).toEqual([]);
});
