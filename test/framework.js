/**
 * Runs one test file for Jest, in the modules of Node itself: files of the project are loaded once in a worker and as the
 * server loads them, not anew for each test file in a machine of Jest's (docs/adr/0023-tests-run-in-node.md).
 */
import { createRequire, enableCompileCache, registerHooks } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setGlobals } from './globals.js';

/**
 * What Jest hands to a framework, as far as it is used here.
 *
 * @typedef {object} Environment
 * @property {{ console: Console }} global
 *
 * @typedef {object} Runtime
 * @property {() => void} enterTestCode
 * @property {() => void} leaveTestCode
 *
 * @typedef {(
 *   globalConfig: object,
 *   config: object,
 *   environment: Environment,
 *   runtime: object,
 *   testPath: string,
 *   sendMessageToJest?: (name: string, message: unknown) => void,
 * ) => Promise<object>} Framework
 */

const require = createRequire(import.meta.url);
/** @type {{ default: Framework }} */
const circus = require('jest-circus/runner');

/** Where jest-circus keeps what it knows of a file's tests. */
const STATE = 'JEST_STATE_SYMBOL';
const HANDLERS = Symbol.for('EVENT_HANDLERS');

const GLOBALS = new URL('globals.js', import.meta.url).href;

// The package refuses to be loaded by Node.
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === '@jest/globals' ? { url: GLOBALS, shortCircuit: true } : next(specifier, context),
});

// The threads of a store, and the servers that tests start, find the project compiled.
const CACHE = join(import.meta.dirname, '../node_modules/.cache/closeloop');
enableCompileCache(CACHE);
process.env['NODE_COMPILE_CACHE'] ??= CACHE;
// Keys that servers make are no keys of the developer.
process.env['XDG_STATE_HOME'] = join(tmpdir(), 'closeloop-state');

/** Each file begins with no tests and no handlers of the file before. */
function forget() {
  Reflect.deleteProperty(globalThis, HANDLERS);
  for (const symbol of Object.getOwnPropertySymbols(globalThis)) {
    if (symbol.description === STATE) Reflect.deleteProperty(globalThis, symbol);
  }
}

/**
 * @param {object} globalConfig
 * @param {object} config
 * @param {Environment} environment
 * @param {Runtime} runtime
 * @param {string} testPath
 * @param {(name: string, message: unknown) => void} [sendMessageToJest]
 */
export default function framework(globalConfig, config, environment, runtime, testPath, sendMessageToJest) {
  forget();
  const native = {
    enterTestCode: () => runtime.enterTestCode(),
    leaveTestCode: () => runtime.leaveTestCode(),
    /** @param {string} path */
    requireInternalModule: (path) => {
      delete require.cache[path];
      return require(path);
    },
    requireModule: require,
    setGlobalsForRuntime: setGlobals,
    unstable_shouldLoadAsEsm: () => true,
    /** @param {string} path */
    unstable_importModule: (path) => import(pathToFileURL(path).href),
  };
  const own = globalThis.console;
  // What a test file prints is shown with it.
  globalThis.console = environment.global.console;
  return circus
    .default(globalConfig, config, environment, native, testPath, sendMessageToJest)
    .finally(() => {
      globalThis.console = own;
    });
}
