/**
 * Regular expressions of value set filters (http://hl7.org/fhir/R4/valueset-filter-operator.html#regex). Clients write
 * them, so the matcher walks sets of states: the time is bounded by the product of both lengths, whatever the
 * expression. It knows characters, dots, classes, groups, alternatives and repetitions. The whole text has to match.
 */

/** The largest number of characters of an expression, and of states of its automaton. */
const PATTERN_MAX = 256;
const STATES_MAX = 512;

/** The condition of a step on a character. */
type Accepts = (character: string) => boolean;

/** A step that takes a character, or forks without taking one. */
type State = { readonly accepts: Accepts; next: number } | { readonly fork: number[] };

interface CompiledPattern {
  /** Whether the whole text matches; calls `spend` with the work done. */
  readonly matches: (text: string, spend: (work: number) => void) => boolean;
}

/** Undefined when the text is no such expression, or too long. */
export function compilePattern(source: string): CompiledPattern | undefined {
  if (source.length > PATTERN_MAX) return undefined;
  const reader: Reader = { characters: Array.from(source), at: 0, states: [] };
  try {
    // `^` and `$` around the whole change nothing, because the whole text has to match.
    if (reader.characters[0] === '^') reader.at = 1;
    const tree = readAlternatives(reader);
    if (reader.characters[reader.at] === '$' && reader.at === reader.characters.length - 1) reader.at += 1;
    if (reader.at < reader.characters.length) return undefined;
    const start = build(reader, tree, END);
    return { matches: (text, spend) => run(reader.states, start, text, spend) };
  } catch (error) {
    if (error instanceof NotAPattern) return undefined;
    throw error;
  }
}

class NotAPattern extends Error {}

const END = -1;

interface Reader {
  readonly characters: readonly string[];
  at: number;
  readonly states: State[];
}

type Tree =
  | { readonly kind: 'one'; readonly accepts: Accepts }
  | { readonly kind: 'all' | 'any'; readonly of: readonly Tree[] }
  | { readonly kind: 'repeat'; readonly tree: Tree; readonly min: number; readonly max: number };

function readAlternatives(reader: Reader, depth = 0): Tree {
  if (depth > 32) throw new NotAPattern();
  const branches = [readSequence(reader, depth)];
  while (reader.characters[reader.at] === '|') {
    reader.at += 1;
    branches.push(readSequence(reader, depth));
  }
  return { kind: 'any', of: branches };
}

function readSequence(reader: Reader, depth: number): Tree {
  const parts: Tree[] = [];
  for (;;) {
    const character = reader.characters[reader.at];
    const isLast = character === '$' && reader.at === reader.characters.length - 1;
    if (character === undefined || character === '|' || character === ')' || isLast) break;
    parts.push(readRepeated(reader, depth));
  }
  return { kind: 'all', of: parts };
}

function readRepeated(reader: Reader, depth: number): Tree {
  const tree = readOne(reader, depth);
  const times = readTimes(reader);
  return times === undefined ? tree : { kind: 'repeat', tree, ...times };
}

const SIGNS: Readonly<Record<string, readonly [number, number]>> = {
  '*': [0, Infinity],
  '+': [1, Infinity],
  '?': [0, 1],
};

function readTimes(reader: Reader): { readonly min: number; readonly max: number } | undefined {
  const sign = reader.characters[reader.at] ?? '';
  const known = SIGNS[sign];
  if (known !== undefined) {
    reader.at += 1;
    return { min: known[0], max: known[1] };
  }
  if (sign !== '{') return undefined;
  const close = reader.characters.indexOf('}', reader.at);
  const [, from, comma, to] =
    /^\{(\d{1,3})(,?)(\d{0,3})$/.exec(reader.characters.slice(reader.at, close).join('')) ?? [];
  if (close < 0 || from === undefined) throw new NotAPattern();
  reader.at = close + 1;
  const min = Number(from);
  const max = comma === '' ? min : to === '' ? Infinity : Number(to);
  if (max < min) throw new NotAPattern();
  return { min, max };
}

function readOne(reader: Reader, depth: number): Tree {
  const character = reader.characters[reader.at] ?? '';
  reader.at += 1;
  switch (character) {
    case '(':
      return readGroup(reader, depth);
    case '[':
      return { kind: 'one', accepts: readClass(reader) };
    case '.':
      return { kind: 'one', accepts: (each) => each !== '\n' };
    case '\\':
      return { kind: 'one', accepts: readEscape(reader) };
    case '*':
    case '+':
    case '?':
    case '{':
    case ']':
    case '}':
    case '^':
    case '$':
      throw new NotAPattern();
    default:
      return { kind: 'one', accepts: (each) => each === character };
  }
}

function readGroup(reader: Reader, depth: number): Tree {
  if (reader.characters[reader.at] === '?') {
    if (reader.characters[reader.at + 1] !== ':') throw new NotAPattern();
    reader.at += 2;
  }
  const tree = readAlternatives(reader, depth + 1);
  if (reader.characters[reader.at] !== ')') throw new NotAPattern();
  reader.at += 1;
  return tree;
}

const KINDS: Readonly<Record<string, RegExp>> = {
  d: /\d/,
  D: /\D/,
  w: /\w/,
  W: /\W/,
  s: /\s/,
  S: /\S/,
};

function readEscape(reader: Reader): Accepts {
  const character = reader.characters[reader.at] ?? '';
  reader.at += 1;
  const kind = KINDS[character];
  if (kind !== undefined) return (each) => kind.test(each);
  if (character === '' || /[A-Za-z0-9]/.test(character)) throw new NotAPattern();
  return (each) => each === character;
}

function readClass(reader: Reader): Accepts {
  const negated = reader.characters[reader.at] === '^';
  if (negated) reader.at += 1;
  const accepted: Accepts[] = [];
  while (reader.characters[reader.at] !== ']') accepted.push(readMember(reader));
  if (accepted.length === 0) throw new NotAPattern();
  reader.at += 1;
  return (each) => accepted.some((accepts) => accepts(each)) !== negated;
}

function readMember(reader: Reader): Accepts {
  const first = reader.characters[reader.at];
  if (first === undefined || first === '[') throw new NotAPattern();
  reader.at += 1;
  if (first === '\\') return readEscape(reader);
  const last = reader.characters[reader.at + 1];
  if (reader.characters[reader.at] !== '-' || last === ']' || last === undefined)
    return (each) => each === first;
  if (last === '\\' || last === '[' || last < first) throw new NotAPattern();
  reader.at += 2;
  return (each) => each >= first && each <= last;
}

/** Adds the states of a tree before the state `next`, and returns their start. */
function build(reader: Reader, tree: Tree, next: number): number {
  switch (tree.kind) {
    case 'one':
      return addState(reader, { accepts: tree.accepts, next });
    case 'all':
      return tree.of.reduceRight((after, part) => build(reader, part, after), next);
    case 'any':
      return addState(reader, { fork: tree.of.map((branch) => build(reader, branch, next)) });
    default:
      return buildRepeat(reader, tree, next);
  }
}

function buildRepeat(
  reader: Reader,
  { tree, min, max }: Extract<Tree, { kind: 'repeat' }>,
  next: number,
): number {
  let start = next;
  if (max === Infinity) {
    const fork: number[] = [next];
    start = addState(reader, { fork });
    fork.push(build(reader, tree, start));
  } else {
    for (let left = max - min; left > 0; left -= 1)
      start = addState(reader, { fork: [next, build(reader, tree, start)] });
  }
  for (let left = min; left > 0; left -= 1) start = build(reader, tree, start);
  return start;
}

function addState({ states }: Reader, state: State): number {
  if (states.length >= STATES_MAX) throw new NotAPattern();
  return states.push(state) - 1;
}

function run(states: readonly State[], start: number, text: string, spend: (work: number) => void): boolean {
  let current = openForks(states, [start]);
  for (const character of text) {
    spend(current.size + 1);
    const next: number[] = [];
    for (const at of current) {
      const state = states[at];
      if (state !== undefined && 'accepts' in state && state.accepts(character)) next.push(state.next);
    }
    if (next.length === 0) return false;
    current = openForks(states, next);
  }
  return current.has(END);
}

/** The states that are reachable without another character. */
function openForks(states: readonly State[], from: readonly number[]): ReadonlySet<number> {
  const met = new Set(from);
  for (const at of met) {
    const state = states[at];
    if (state !== undefined && 'fork' in state) for (const next of state.fork) met.add(next);
  }
  return met;
}
