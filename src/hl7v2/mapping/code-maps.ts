/**
 * Translates codes of a link by ConceptMaps, by field, before anything else reads the message. The translated code
 * replaces the sent one; the kept message still has the sent code. A link names the maps, and the server reads them
 * from the store.
 */
import { escapeText, unescapeText, type Syntax } from '../escape.ts';
import type { Message, Segment } from '../message.ts';
import { systemOfCodingSystem } from './codes.ts';

/** A row of a map. */
export interface MapRow {
  /** The system of the code; undefined when the map does not name it. */
  readonly source: string | undefined;
  readonly code: string;
  readonly target: {
    readonly system: string | undefined;
    readonly code: string;
    readonly display: string | undefined;
  };
}

/** A map as stored: `canonical` includes its version. */
export interface CodeMap {
  readonly canonical: string;
  readonly rows: readonly MapRow[];
}

/** Maps by field (`OBR-31`). */
export type CodeMaps = Readonly<Record<string, CodeMap>>;

/** A code that its field's map lacks. */
export interface UnmappedCode {
  readonly field: string;
  readonly code: string;
  /** CWE.3 as sent. */
  readonly system: string;
  readonly canonical: string;
}

/** The result of the maps for a message. */
export interface Translated {
  readonly message: Message;
  /** The maps that translated something. */
  readonly used: readonly string[];
  readonly unmapped: readonly UnmappedCode[];
}

/** The number of codes of one message that are looked up. */
const UNMAPPED_MAX = 20;

interface Walk {
  readonly used: Set<string>;
  readonly unmapped: Map<string, UnmappedCode>;
}

export function translateCodes(message: Message, maps: CodeMaps): Translated {
  const walk: Walk = { used: new Set(), unmapped: new Map() };
  const places = Object.entries(maps).map(([place, map]) => ({
    place,
    map,
    name: place.slice(0, 3),
    n: Number(place.slice(4)),
  }));
  const segments = message.segments.map((segment) => {
    const own = places.filter(({ name }) => name === segment.name);
    if (own.length === 0) return segment;
    const fields = [...segment.fields];
    for (const { place, map, n } of own) {
      const raw = fields[n] ?? '';
      if (raw !== '' && raw !== '""') fields[n] = translateField(raw, segment, place, map, walk);
    }
    return { ...segment, fields };
  });
  return { message: { ...message, segments }, used: [...walk.used], unmapped: [...walk.unmapped.values()] };
}

function translateField(raw: string, { syntax }: Segment, place: string, map: CodeMap, walk: Walk): string {
  const parts = syntax.repetition === '' ? [raw] : raw.split(syntax.repetition);
  return parts.map((part) => translateOne(part, syntax, place, map, walk)).join(syntax.repetition);
}

/** CWE.1 to CWE.3, and CWE.4 to CWE.6. */
const TRIPLETS: readonly number[] = [0, 3];

function translateOne(part: string, syntax: Syntax, place: string, map: CodeMap, walk: Walk): string {
  const components = part.split(syntax.component);
  const isBare = components.length === 1;
  for (const at of TRIPLETS) {
    const code = unescapeText(components[at] ?? '', syntax).trim();
    if (code === '') continue;
    const name = unescapeText(components[at + 2] ?? '', syntax).trim();
    const known = isLocal(name) ? undefined : systemOfCodingSystem(name === '' ? undefined : name, '');
    const isAsked = known === undefined || map.rows.some(({ source }) => source === known);
    const row = map.rows.find(
      (one) => one.code === code && (known === undefined || one.source === undefined || one.source === known),
    );
    if (row === undefined) {
      if (isAsked) addUnmapped(walk, { field: place, code, system: name, canonical: map.canonical });
      continue;
    }
    walk.used.add(map.canonical);
    const { target } = row;
    components[at] = escapeText(target.code, syntax);
    if (isBare && (target.system === undefined || BARE.has(place))) continue;
    const words = components[at + 1] ?? '';
    while (components.length < 9) components.push('');
    // The words of the sender's code stay as the text that people read.
    if (components[8] === '' && at === 0) components[8] = words;
    components[at + 1] = target.display === undefined ? words : escapeText(target.display, syntax);
    components[at + 2] = target.system === undefined ? '' : escapeText(target.system, syntax);
  }
  while (components.at(-1) === '') components.pop();
  return components.join(syntax.component);
}

/** Fields that hold a code of one table and nothing else (IS, ID). */
const BARE: ReadonlySet<string> = new Set(['PID-8', 'OBR-5', 'TXA-17', 'TXA-18']);

const isLocal = (name: string): boolean => name === 'L' || name.startsWith('99');

function addUnmapped({ unmapped }: Walk, code: UnmappedCode): void {
  if (unmapped.size < UNMAPPED_MAX) unmapped.set(`${code.field} ${code.system} ${code.code}`, code);
}
