/** What the commands of an operator share: settings from flags or the environment, usage, and how they end. */
import { readFileSync } from 'node:fs';
import { ConfigError } from '../src/config.ts';
import { SETTINGS } from '../src/settings.ts';
import { FolderRefused } from '../src/stores/embedded/folder.ts';

/** The command was not called as it can be; the message says what is wrong. */
export class UsageError extends Error {}

/** Ends of a command: done, trouble found or met, called wrongly. */
export const EXIT = { done: 0, trouble: 1, usage: 2 } as const;

/**
 * Runs a command; its number is the exit code. What an operator can mend is one sentence on stderr, without a stack.
 *
 * @param source the command's own file: its opening comment is the usage text
 */
export async function runCommand(source: string, command: () => Promise<number> | number): Promise<void> {
  try {
    process.exitCode = await command();
  } catch (error) {
    if (isUsage(error)) {
      process.stderr.write(`${error.message}\n\n${usageOf(source)}`);
      process.exitCode = EXIT.usage;
    } else if (isForOperator(error)) {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = EXIT.trouble;
    } else throw error;
  }
}

/** The lines of the opening comment: written once, read by whoever opens the file and by whoever asks for help. */
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

/** Errors of `parseArgs` carry codes that begin like this. */
const isUsage = (error: unknown): error is Error =>
  error instanceof UsageError ||
  (error instanceof TypeError && String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS_'));

const SYSTEM = /^E[A-Z]+$/;

/** A refusal in words, or an error of the file system, whose message names the file. */
const isForOperator = (error: unknown): error is Error =>
  error instanceof FolderRefused ||
  error instanceof ConfigError ||
  (error instanceof Error && SYSTEM.test(String((error as { code?: unknown }).code)));
