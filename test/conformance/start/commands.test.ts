/** Whoever calls a command wrongly, or where it cannot work, reads one line and gets the right exit code. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { childEnv } from '../../child-env.ts';

const TOP = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'closeloop-commands-'));
/** Somebody else's: a port that is taken, and speaks nothing. */
const other = createServer();
let taken = '';

beforeAll(async () => {
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  taken = String((other.address() as AddressInfo).port); // it listens
});
afterAll(() => {
  other.close();
  rmSync(folder, { recursive: true });
});

function begin(script: string, ...argv: readonly string[]) {
  return spawn(process.execPath, [script, ...argv], { cwd: TOP, env: { ...childEnv(), TMPDIR: folder } });
}

async function run(script: string, ...argv: readonly string[]) {
  const child = begin(script, ...argv);
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { out, err, code: Number(code) };
}

const { scripts } = JSON.parse(readFileSync(join(TOP, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};
const tools = Object.entries(scripts).flatMap(([name, script]) => {
  const file = script.split(' ').find((word) => word.startsWith('tools/') && word.endsWith('.ts'));
  return file === undefined || name === 'dev' || name === 'lint' ? [] : [[name, file] as const];
});

test.each(tools)('%s reads its flags as all do, and its opening comment is its help', (name, file) => {
  const source = readFileSync(join(TOP, file), 'utf8');
  expect(source).toContain('await runCommand(import.meta.filename, {');
  expect(source).not.toMatch(/parseArgs|process\.argv/);
  expect(source).toMatch(new RegExp(`^/\\*\\*[\\s\\S]*? npm run ${name}\\b[\\s\\S]*?\\*/`));
});

const PORT_0 = ['--port', '0'];
type Row = readonly [script: string, argv: readonly string[], code: number, line: string];

describe('one line and the right exit code', () => {
  test.each<Row>([
    [
      'tools/hl7.ts',
      ['--prot', '1'],
      2,
      'There is no flag --prot. (npm run hl7 -- --help shows how to call it)',
    ],
    [
      'tools/hl7.ts',
      ['send', 'x', '--port'],
      2,
      '--port needs a value. (npm run hl7 -- --help shows how to call it)',
    ],
    [
      'tools/hl7.ts',
      ['send', '--port', '1'],
      2,
      'FILE is missing. (npm run hl7 -- --help shows how to call it)',
    ],
    ['tools/hl7.ts', ['send', 'nowhere.hl7', '--port', '1'], 1, 'nowhere.hl7 is not there.'],
    ['tools/hl7.ts', ['send', 'examples/omg-o19.hl7', '--port', '1'], 1, 'Nobody listens at 127.0.0.1:1.'],
    [
      'tools/doctor.ts',
      ['--prot', '1'],
      2,
      'There is no flag --prot. (npm run doctor -- --help shows how to call it)',
    ],
    [
      'tools/admin.ts',
      ['import', 'a', 'b'],
      2,
      '"b" is one argument too many. (npm run admin -- --help shows how to call it)',
    ],
    ['tools/admin.ts', ['import', 'examples'], 1, 'The path names a folder; a file is expected.'],
    [
      'tools/admin.ts',
      ['import', 'examples/omg-o19.hl7'],
      1,
      'omg-o19.hl7 is not JSON: At $ (character 0): a value is expected here.',
    ],
    // Where no folder can be made, mkdir of Node with `recursive` never came back.
    [
      'tools/admin.ts',
      ['import', 'examples/directory.json', '--data-dir', '/proc/closeloop'],
      1,
      "The data folder /proc/closeloop cannot be written: ENOENT: no such file or directory, mkdir '/proc/closeloop'.",
    ],
    [
      'tools/demo.ts',
      ['--port', 'x'],
      2,
      '--port x is not a whole number from 0 to 65535. (npm run demo -- --help shows how to call it)',
    ],
    [
      'src/server/begin.ts',
      ['--demo', '--prot', '1'],
      2,
      '--prot is not a setting; docs/reference/settings.md lists them',
    ],
  ])('%s %j', async (script, argv, code, line) => {
    expect(await run(script, ...argv)).toEqual({ code, out: '', err: `${line}\n` });
  });

  test.each([
    ['tools/demo.ts', ['--port', 'PORT'], ''],
    ['tools/demo.ts', [...PORT_0, '--mllp-port', 'PORT'], ''],
    [
      'src/server/begin.ts',
      ['--demo', '--data-dir', 'DIR', '--log-level', 'error', '--port', 'PORT'],
      'Closeloop could not start: ',
    ],
    ['tools/hl7.ts', ['listen', '--port', 'PORT'], ''],
  ])('%s %j where another listens', async (script, argv, begins) => {
    const given = argv.map((word) => word.replace('PORT', taken).replace('DIR', join(folder, 'server')));
    const { code, err, out } = await run(script, ...given);
    const line = err
      .split('\n')
      .filter((one) => !one.startsWith('{'))
      .join('\n');
    expect([code, out, line]).toEqual([
      1,
      '',
      `${begins}127.0.0.1:${taken} is in use by another process: stop it, or choose another port (0: any free one).\n`,
    ]);
  });

  test.each([
    ['tools/demo.ts', /^ {4}npm run demo -- --once /m],
    ['src/server/begin.ts', /^ {2}--data-dir$/m],
  ])('%s --help', async (script, line) => {
    expect(await run(script, '--help')).toEqual({ code: 0, err: '', out: expect.stringMatching(line) });
  });
});

describe('the demonstration leaves nothing behind', () => {
  const left = () => readdirSync(folder).filter((name) => name.startsWith('closeloop-demo-'));

  test.each([
    ['while it plays', [], 'the recipient subscribes', 130],
    ['when it has played nothing', ['--no-play'], 'Closeloop is running', 0],
  ])('Ctrl-C %s, twice as npm passes it on', async (_, argv, shown, ends) => {
    const child = begin('tools/demo.ts', ...argv);
    const complaints = text(child.stderr);
    let said = '';
    let isTold = false;
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (isTold || !said.includes(shown)) return;
      isTold = true;
      child.kill('SIGINT');
      child.kill('SIGINT');
    });
    const [code] = await once(child, 'close');
    expect([code, await complaints.then((all) => all.replaceAll(/^\{"level":"warn".*\n/gm, ''))]).toEqual([
      ends,
      '',
    ]);
    expect(left()).toEqual([]);
  });
});
