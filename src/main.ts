/** The process: settings in, signals handled, one readable sentence when it cannot start. */
import { ConfigError, readConfig, type Config } from './config.ts';
import { createLog, type Log } from './http/log.ts';
import { start, type Running } from './start.ts';

function readSettings(): Config | undefined {
  try {
    return readConfig(process.argv.slice(2), process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(
      `These settings cannot be used:\n${error.problems.map((line) => `  ${line}\n`).join('')}`,
    );
    process.exitCode = 2;
    return undefined;
  }
}

/** The first signal drains, the second ends at once. */
function obeySignals(running: Running, log: Log): void {
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) process.exit(1);
    stopping = true;
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
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', () => running.reload());
}

const config = readSettings();
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
    process.stderr.write(
      `Closeloop could not start: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    process.exitCode = 1;
  }
}
