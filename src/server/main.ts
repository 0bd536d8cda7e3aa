/** The process: settings in, signals handled, one readable sentence when it cannot start. */
import { ConfigError, readConfig, type Config } from './config.ts';
import { createLog, type Log } from '../http/log.ts';
import { flagOf, type Setting } from './setting.ts';
import { SETTINGS } from './settings.ts';
import { onEndSignal } from './signals.ts';
import { start, type Running } from './compose.ts';
import { troubleOf } from './trouble.ts';

function readSettings(): Config | undefined {
  try {
    return readConfig(process.argv.slice(2), process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(error.problems.map((line) => `${line}\n`).join(''));
    process.exitCode = 2;
    return undefined;
  }
}

/** The first signal drains, a later one ends at once; SIGHUP reads certificates and keys again. */
function obeySignals(running: Running, log: Log): void {
  onEndSignal((signal) => {
    log.write('info', 'stopping', { signal });
    running.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.write('error', 'stopping failed', {
          stack: error instanceof Error ? error.stack : String(error),
        });
        log.flush();
        process.exit(1);
      },
    );
  });
  process.on('SIGHUP', () => running.reload());
}

/** Every setting with its default and what it means, for who asks with `--help`. */
function usage(): string {
  const rows = Object.entries(SETTINGS as Readonly<Record<string, Setting<unknown>>>);
  const lines = rows.map(([name, { meaning }]) => `  ${flagOf(name)}\n      ${meaning}\n`);
  const head =
    'npm start -- [--config FILE] [settings]\n\nEach can be set in the environment and in FILE as well; docs/reference/settings.md has their bounds and defaults.\n\n';
  return head + lines.join('');
}

const isAsked = process.argv.slice(2).includes('--help');
if (isAsked) process.stdout.write(usage());
const config = isAsked ? undefined : readSettings();
if (config !== undefined) {
  const log = createLog(
    config.logLevel,
    (lines) => process.stderr.write(lines),
    () => Date.now(),
  );
  process.on('exit', () => log.flush());
  try {
    obeySignals(await start(config, log), log);
  } catch (error) {
    const says = troubleOf(error) ?? (error instanceof Error ? error.message : String(error));
    process.stderr.write(`Closeloop could not start: ${says}\n`);
    process.exitCode = 1;
  }
}
