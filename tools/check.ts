/**
 * All that a change must pass before it is sent, step by step; ends at the first that fails, with its exit code.
 *
 *     npm run check                         every step
 *     npm run check -- --only lint,types    these alone
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { EXIT, runCommand, UsageError } from './command.ts';
import { JEST } from './jest.ts';

const TOP = join(import.meta.dirname, '..');

/** What each step runs with Node, from the top of the project. */
const STEPS: Readonly<Record<string, readonly string[]>> = {
  lint: ['node_modules/oxlint/bin/oxlint', '--type-aware'],
  format: ['node_modules/oxfmt/bin/oxfmt', '--check'],
  types: ['node_modules/typescript/bin/tsc', '--noEmit'],
  tests: JEST,
  pages: ['tools/docs.ts', '--check'],
  generated: ['tools/generate/run.ts', '--check'],
};

await runCommand(import.meta.filename, {
  flags: { only: { type: 'string' } },
  run: ({ values }) => {
    for (const name of values.only?.split(',') ?? Object.keys(STEPS)) {
      const argv = STEPS[name];
      if (argv === undefined)
        throw new UsageError(`--only takes ${Object.keys(STEPS).join(', ')}, not ${name}.`);
      const { status } = spawnSync(process.execPath, argv, { cwd: TOP, stdio: 'inherit' });
      if (status !== 0) return status ?? EXIT.trouble;
    }
    return EXIT.done;
  },
});
