/**
 * What a newcomer does, with the npm and the Node that a newcomer has: `npm ci`, then the demonstration, on a clean copy,
 * with each pair below in turn; and at last, without any Node that can run it, the sentence that says so. Ends with 1 when
 * something goes wrong. Linux alone: the Nodes are npm packages.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TOP = join(import.meta.dirname, '..');

/** Node 18 brought npm 8 in its first year; Node 22 brings npm 10, and npm 11 runs on it. */
const PAIRS = [
  { node: '18.20.8', npm: '8.19.4' },
  { node: '22.23.5', npm: '10.9.4' },
  { node: '22.23.5', npm: '11.6.0' },
] as const;

const scratch = mkdtempSync(join(tmpdir(), 'closeloop-newcomer-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

const tools = fetchTools();
for (const { node, npm } of PAIRS) {
  const began = Date.now();
  const project = copy(`${node}-${npm}`);
  const run = (...argv: readonly string[]) => runNpm(project, node, npm, argv);
  expectDone(run('ci', '--prefer-offline'));
  const played = expectDone(run('run', 'demo', '--', '--once'));
  assert.match(played, /the loop is closed/);
  rmSync(join(project, 'node_modules', packageOf()), { recursive: true });
  const { status, output } = run('run', '--silent', 'demo', '--', '--once');
  assert.equal(status, 1, output);
  assert.match(output, new RegExp(`^Closeloop needs Node 24 or later and found only v${node}: .*\\n$`));
  rmSync(project, { recursive: true });
  console.log(`Node ${node} with npm ${npm}: ${Math.round((Date.now() - began) / 1000)} s`);
}

function packageOf(): string {
  return `node-linux-${process.arch}`;
}

/** All Nodes and npms of the pairs, side by side in one folder. */
function fetchTools(): string {
  const folder = join(scratch, 'tools');
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{}');
  const specs = PAIRS.flatMap(({ node, npm }) => [
    `node-${node}@npm:${packageOf()}@${node}`,
    `npm-${npm}@npm:npm@${npm}`,
  ]);
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--no-bin-links', '--ignore-scripts'];
  execFileSync('npm', ['install', ...flags, ...new Set(specs)], { cwd: folder, stdio: 'inherit' });
  return join(folder, 'node_modules');
}

/** The files that the project consists of, as they are now, and nothing else. */
function copy(name: string): string {
  const project = join(scratch, name);
  const listed = execFileSync('git', ['ls-files', '-z'], { cwd: TOP, encoding: 'utf8' });
  for (const file of listed.split('\0').filter((one) => one !== ''))
    cpSync(join(TOP, file), join(project, file));
  return project;
}

/** Runs npm with a search path that holds this Node and a shell, and no other Node. */
function runNpm(project: string, node: string, npm: string, argv: readonly string[]) {
  const bin = join(scratch, `bin-${node}`);
  mkdirSync(bin, { recursive: true });
  for (const [name, file] of [
    ['node', join(tools, `node-${node}`, 'bin/node')],
    ['sh', '/bin/sh'],
  ] as const) {
    rmSync(join(bin, name), { force: true });
    symlinkSync(file, join(bin, name));
  }
  const { HOME } = process.env;
  const env = { PATH: bin, ...(HOME !== undefined && { HOME }), npm_config_update_notifier: 'false' };
  const cli = join(tools, `npm-${npm}`, 'bin/npm-cli.js');
  const { status, stdout, stderr } = spawnSync(join(bin, 'node'), [cli, ...argv], {
    cwd: project,
    env,
    encoding: 'utf8',
    timeout: 180_000,
  });
  return { status, output: stdout + stderr, stdout };
}

function expectDone({ status, output, stdout }: ReturnType<typeof runNpm>): string {
  assert.equal(status, 0, output);
  return stdout;
}
