/**
 * The table of the places of a message that the server reads, and of those that need no report: numbering, the exchange
 * itself, and values that stand elsewhere in the same message. The server reports everything else to the sender (rules
 * 7.8). Places as in losses.ts; a test changes each of them alone.
 */

/** MSH-9.1 of the messages, or all; and the places, by segment. */
type Row = readonly [messages: string, places: string];

// prettier-ignore
const ROWS: readonly Row[] = [
  ['all',             'PID-1 PID-3.1 PID-3.4 PID-3.5 PID-5.1..7 PID-7.1 PID-8.1 PID-10.1..3 PID-11.1..7 PID-11.9 PID-13.1..8 PID-13.12 PID-14.1..8 PID-14.12 PID-15.1..6 PID-22.1..3'],
  ['all',             'EVN-1 EVN-2 PV1-1 PV1-2'],
  ['OMG OSU MDM',     'ORC-1 ORC-2 ORC-3 ORC-5 ORC-9.1'],
  ['OMG',             'ORC-12.1..7 ORC-12.9 ORC-12.10 ORC-12.13 ORC-28.1..3 TQ1-1 TQ1-6 TQ1-8.1 TQ1-9.1..3 TQ1-14'],
  ['OSU',             'ORC-12 ORC-16'],
  ['OMG REF MDM',     'OBR-1 OBR-2 OBR-3 OBR-4.1..6 OBR-4.8 OBR-4.9 OBR-16'],
  ['OMG REF',         'OBR-5 OBR-31 NTE-1 NTE-3 DG1-1 DG1-3 DG1-4 OBX-1 OBX-2 OBX-3 OBX-5 OBX-11 OBX-29'],
  ['SIU',             'SCH-2 SCH-6 SCH-7 SCH-11.4 SCH-11.5 SCH-16.1..7 SCH-16.9 SCH-16.10 SCH-16.13 SCH-20.1..7 SCH-20.9 SCH-20.10 SCH-20.13 SCH-25 SCH-26 SCH-27'],
  ['SIU',             'TQ1-1 TQ1-7.1 TQ1-8.1 RGS-1 RGS-2 AIP-1 AIP-2 AIP-3.1..7 AIP-3.9 AIP-3.10 AIP-3.13 AIP-6 AIP-9 AIP-10 AIL-1 AIL-2 AIL-3.1..3 AIL-3.7..9'],
  ['MDM',             'TXA-1 TXA-2 TXA-3 TXA-4 TXA-6.1 TXA-12 TXA-14 TXA-15 TXA-16 TXA-17 TXA-18 TXA-19 TXA-25 OBX-1 OBX-2 OBX-3 OBX-5 OBX-11 OBX-14'],
  ['REF',             'RF1-2 RF1-6 RF1-8.1 RF1-9.1 RF1-10 RF1-11 PRD-1 PRD-2 PRD-7'],
  ['ADT',             'MRG-1'],
];

/** Segments about the exchange: acknowledgments, errors and software. */
export const EXCHANGE_SEGMENTS: ReadonlySet<string> = new Set(['MSH', 'MSA', 'ERR', 'SFT', 'UAC']);

/** Places that the server reads when the better place is empty, and reports when the two differ. */
export const SECOND: Readonly<Record<string, string>> = {
  'OBR-3': 'ORC-3',
  'OBR-5': 'TQ1-9',
  'OBR-16': 'ORC-12',
  'DG1-3': 'OBR-31',
  'DG1-4': 'OBR-31',
  'SCH-11.4': 'TQ1-7',
  'SCH-11.5': 'TQ1-8',
  'AIP-6': 'TQ1-7',
  'TXA-4': 'TXA-6',
  'TXA-16': 'TXA-25',
  'OBX-14': 'TXA-6',
  'AIL-3.1': 'AIL-3.9',
  'AIL-3.2': 'AIL-3.9',
  'AIL-3.3': 'AIL-3.9',
  'AIL-3.7': 'AIL-3.9',
  'AIL-3.8': 'AIL-3.9',
};

/** Fields of which the server reads every repetition; of the others it reads the first. */
export const REPEATED: ReadonlySet<string> = new Set([
  'PID-3',
  'PID-5',
  'PID-10',
  'PID-11',
  'PID-13',
  'PID-14',
  'PID-22',
  'OBR-31',
  'NTE-3',
  'RF1-10',
  'PRD-1',
  'MRG-1',
]);

/** The parts of a field that are read: all of it, or these components. */
export type Parts = 'all' | ReadonlySet<number>;

const byFamily = new Map<string, ReadonlyMap<string, Parts>>();

/**
 * The places that are read in the messages of a family (MSH-9.1), by field: `PID-3`. An order is one family, however it
 * is sent. `also`: further places, written as in the rows.
 */
export function takenOf(family: string, also = ''): ReadonlyMap<string, Parts> {
  const name = family === 'ORM' ? 'OMG' : family;
  const key = `${name} ${also}`;
  const known = byFamily.get(key);
  if (known !== undefined) return known;
  const taken = new Map<string, Parts>();
  for (const [messages, places] of ROWS) {
    if (messages === 'all' || messages.split(' ').includes(name)) {
      for (const place of places.split(' ')) addPlace(taken, place);
    }
  }
  if (also !== '') for (const place of also.split(' ')) addPlace(taken, place);
  byFamily.set(key, taken);
  return taken;
}

const segmentsByFamily = new Map<string, ReadonlySet<string>>();

/** The segments of which anything is read, in the messages of a family. */
export function segmentsTakenOf(family: string, also = ''): ReadonlySet<string> {
  const key = `${family} ${also}`;
  const known = segmentsByFamily.get(key);
  if (known !== undefined) return known;
  const segments = new Set(
    [...takenOf(family, also).keys()].map((place) => place.slice(0, place.indexOf('-'))),
  );
  segmentsByFamily.set(key, segments);
  return segments;
}

function addPlace(taken: Map<string, Parts>, place: string): void {
  const [, field = '', from, to = from] = /^([A-Z0-9]{3}-\d+)(?:\.(\d+)(?:\.\.(\d+))?)?$/.exec(place) ?? [];
  if (from === undefined) return void taken.set(field, 'all');
  const known = taken.get(field);
  const parts = new Set(known === undefined || known === 'all' ? [] : known);
  for (let n = Number(from); n <= Number(to); n += 1) parts.add(n);
  taken.set(field, parts);
}

/** Whether a place is read, or needs no report; for a subcomponent its component decides. */
export function isTaken(family: string, place: string): boolean {
  const [, name = '', n = '', component] = /^([A-Z0-9]{3})-(\d+)(?:\.(\d+))?/.exec(place) ?? [];
  if (EXCHANGE_SEGMENTS.has(name)) return true;
  const parts = takenOf(family).get(`${name}-${n}`);
  if (parts === undefined || parts === 'all') return parts === 'all';
  return component === undefined || parts.has(Number(component));
}
