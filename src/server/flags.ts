/**
 * The command line of the server and of every tool, read by Node's own parser. What is wrong is told, never thrown, so that
 * all of it can be said at once.
 */
import { parseArgs } from 'node:util';

/** Which flags there are: `--name value`, or `--name` and `--no-name` for a switch. */
export type FlagTable = Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>;

/** A flag as it was given. */
interface GivenFlag {
  readonly name: string;
  /** The value; of a switch `on` or `off`, or what was written. */
  readonly text: string;
  /** The flag as it was written, for a message. */
  readonly by: string;
}

/** Why a flag cannot be used. */
interface WrongFlag {
  readonly name: string;
  readonly by: string;
  readonly wrong: 'unknown' | 'valueless';
}

export interface ReadFlags {
  readonly given: readonly GivenFlag[];
  /** Arguments that are no flags. */
  readonly operands: readonly string[];
  readonly wrong: readonly WrongFlag[];
}

/** Older words that mean the same. */
const ALIASES: Readonly<Record<string, string>> = { data: 'data-dir' };

/** What may stand after a switch and is its value, not an operand. */
const SWITCH_VALUES = /^(on|off|true|false)$/;

export function readFlags(argv: readonly string[], table: FlagTable): ReadFlags {
  const { tokens } = parseArgs({
    args: [...argv],
    options: { ...table, ...aliasesOf(table) },
    strict: false,
    allowPositionals: true,
    allowNegative: true,
    tokens: true,
  });
  const given: GivenFlag[] = [];
  const operands: string[] = [];
  const wrong: WrongFlag[] = [];
  /** What stood before: a value may follow a switch, and something follows what is unknown. */
  let before: 'switch' | 'unknown' | undefined;
  for (const token of tokens) {
    if (token.kind === 'positional') {
      const last = given.at(-1);
      if (before === 'switch' && last !== undefined && SWITCH_VALUES.test(token.value)) {
        given.splice(-1, 1, { ...last, text: token.value });
      } else if (before !== 'unknown') operands.push(token.value);
    }
    before = undefined;
    if (token.kind !== 'option') continue;
    const { rawName: by, value, inlineValue = false } = token;
    const name = ALIASES[token.name] ?? token.name;
    const type = Object.hasOwn(table, name) ? table[name]?.type : undefined;
    const isNegated = by === `--no-${token.name}`;
    const isMissing = value === undefined || (!inlineValue && value.startsWith('--'));
    if (type === undefined || (isNegated && (type === 'string' || value !== undefined))) {
      wrong.push({ name, by, wrong: 'unknown' });
      before = inlineValue ? undefined : 'unknown';
    } else if (type === 'string' && isMissing) wrong.push({ name, by, wrong: 'valueless' });
    else {
      given.push({ name, text: value ?? (isNegated ? 'off' : 'on'), by });
      before = type === 'boolean' && value === undefined && !isNegated ? 'switch' : undefined;
    }
  }
  return { given, operands, wrong };
}

function aliasesOf(table: FlagTable): FlagTable {
  return Object.fromEntries(
    Object.entries(ALIASES).flatMap(([alias, name]) => {
      const meant = table[name];
      return meant === undefined ? [] : [[alias, meant]];
    }),
  );
}
