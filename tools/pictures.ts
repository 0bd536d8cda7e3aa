/**
 * Takes the pictures of the README anew, in Chromium: the test of them writes what it otherwise compares.
 *
 *     npm run pictures
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { EXIT, runCommand } from './command.ts';
import { JEST } from './jest.ts';

await runCommand(import.meta.filename, {
  flags: {},
  run: () => {
    const { status } = spawnSync(process.execPath, [...JEST, 'test/conformance/status-app/pictures'], {
      cwd: join(import.meta.dirname, '..'),
      env: { ...process.env, PICTURES: 'write' },
      stdio: 'inherit',
    });
    return status ?? EXIT.trouble;
  },
});
