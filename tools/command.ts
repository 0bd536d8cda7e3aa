/** The parts that all commands share: flags, help, and exit codes. */
import { readFileSync } from 'node:fs';
import { ConfigError, SETTING_FLAGS } from '../src/server/config.ts';
import { readFlags, type ReadFlags } from '../src/server/flags.ts';
import { SETTINGS } from '../src/server/settings.ts';
import { StoreRefused } from '../src/stores/log/durable-folder.ts';
import { troubleOf } from '../src/server/trouble.ts';

/** The command was called wrongly; the message says how. */
export class UsageError extends Error {}

/** The caller can remove the obstacle; the message names it. */
export class Trouble extends Error {}

/** Exit codes: done, trouble found or met, called wrongly. */
export const EXIT = { done: 0, trouble: 1, usage: 2 } as const;

/** A command's own flags; a switch has a default, a text may have one. */
export type Flags = Readonly<
  Record<
    string,
    | { readonly type: 'string'; readonly default?: string }
    | { readonly type: 'boolean'; readonly default: boolean }
  >
>;

export type FlagValues<F extends Flags> = {
  readonly [N in keyof F]: F[N] extends { readonly default: infer D }
    ? D extends boolean
      ? boolean
      : string
    : string | undefined;
};

/** The arguments of a call. */
export interface Called<F extends Flags> {
  readonly values: FlagValues<F>;
  /** Arguments that are no flags. */
  readonly operands: readonly string[];
  /** Settings of the server as it reads them from a command line; empty for commands that take none. */
  readonly settings: readonly string[];
}

export interface Command<F extends Flags> {
  readonly flags: F;
  /** Takes the server's settings, too. */
  readonly takesSettings?: boolean;
  /** The largest number of arguments that are not flags. */
  readonly operandsMax?: number;
  readonly run: (called: Called<F>) => Promise<number> | number;
}

/**
 * Runs a command; its result is the exit code. A fault that the caller can mend is one line on stderr, without a stack.
 *
 * @param source the command's own file: its opening comment is the help
 */
export async function runCommand<F extends Flags>(source: string, command: Command<F>): Promise<void> {
  // A reader of the output, such as head, may close it early.
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') process.exit(EXIT.done);
  });
  if (process.argv.slice(2).includes('--help')) {
    process.stdout.write(usageOf(source));
    return;
  }
  try {
    process.exitCode = await command.run(call(process.argv.slice(2), command));
  } catch (error) {
    process.exitCode = tell(error, source);
  }
}

/** Prints what went wrong, and returns the exit code. Throws again a fault that no caller can mend. */
function tell(error: unknown, source: string): number {
  if (error instanceof UsageError) {
    const [line = ''] = usageOf(source).match(/npm run [\w-]+/) ?? [];
    process.stderr.write(`${error.message} (${line} -- --help shows how to call it)\n`);
    return EXIT.usage;
  }
  const says = isForCaller(error) ? error.message : troubleOf(error);
  if (says === undefined) throw error;
  process.stderr.write(`${says}\n`);
  return EXIT.trouble;
}

const isForCaller = (error: unknown): error is Error =>
  error instanceof Trouble || error instanceof StoreRefused || error instanceof ConfigError;

function call<F extends Flags>(argv: readonly string[], command: Command<F>): Called<F> {
  const { flags, takesSettings = false, operandsMax = 0 } = command;
  const read = readFlags(argv, { ...(takesSettings && SETTING_FLAGS), ...flags });
  refuse(read, operandsMax);
  const isOwn = (name: string): boolean => Object.hasOwn(flags, name);
  const own = read.given.filter(({ name }) => isOwn(name));
  const values = Object.fromEntries(
    Object.entries(flags).map(([name, { type, default: fallback }]) => {
      const text = own.findLast((one) => one.name === name)?.text;
      return [name, type === 'string' ? (text ?? fallback) : isOn(text, fallback)];
    }),
  );
  return {
    values: values as FlagValues<F>, // a value of its kind for each flag
    operands: read.operands,
    settings: read.given.flatMap(({ name, text }) => (isOwn(name) ? [] : [`--${name}=${text}`])),
  };
}

/** @throws UsageError for the first thing that is wrong */
function refuse({ wrong: [wrong], operands }: ReadFlags, operandsMax: number): void {
  if (wrong?.wrong === 'unknown') throw new UsageError(`There is no flag ${wrong.by}.`);
  if (wrong?.wrong === 'valueless') throw new UsageError(`${wrong.by} needs a value.`);
  const more = operands[operandsMax];
  if (more !== undefined) throw new UsageError(`"${more}" is one argument too many.`);
}

function isOn(text: string | undefined, fallback: string | boolean | undefined): boolean {
  return text === undefined ? fallback === true : /^(on|true)$/.test(text);
}

/** The lines of the opening comment, which is also the help. */
export function usageOf(source: string): string {
  const [, comment = ''] = /^\/\*\*([\s\S]*?)\*\//.exec(readFileSync(source, 'utf8')) ?? [];
  return `${comment.replaceAll(/^ ?\*? ?/gm, '').trim()}\n`;
}

/** The data folder: the flag, else the server's own setting. */
export const dataFolder = (given: string | undefined): string =>
  given ?? process.env['DATA_DIR'] ?? SETTINGS.dataDir.fallback;

/** The file of anchors: the flag, else the server's own setting, else the one in the folder. */
export const anchorFile = (given: string | undefined): string | undefined =>
  given ?? process.env['ANCHOR_FILE'];

/** @throws UsageError when the flag was not given */
export function need(value: string | undefined, flag: string): string {
  if (value === undefined) throw new UsageError(`${flag} is missing.`);
  return value;
}

/** @throws UsageError when the text is no whole number within these bounds */
export function wholeNumber(flag: string, text: string, least = 0, most = Number.MAX_SAFE_INTEGER): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least || number > most) {
    throw new UsageError(`${flag} ${text} is not a whole number from ${least} to ${most}.`);
  }
  return number;
}
