/** `@jest/globals` for test files that Node loads: whatever a file defines is defined in the run of now. */

/** @typedef {(...given: readonly unknown[]) => unknown} Definer */

/** @type {Readonly<Record<string, Definer>>} */
let current = {};

/** @param {Readonly<Record<string, Definer>>} globals of the file that runs now */
export function setGlobals(globals) {
  current = globals;
}

/**
 * A function of Jest's, with all that hangs on it (`test.each`).
 *
 * @param {string} name
 */
const global = (name) => {
  const now = () => {
    const definer = current[name];
    if (definer === undefined) throw new Error(`${name} is Jest’s, and no test file runs`);
    return definer;
  };
  return new Proxy(() => undefined, {
    apply: (_target, _self, given) => now()(...given),
    get: (_target, key) => Reflect.get(now(), key),
  });
};

export const afterAll = global('afterAll');
export const afterEach = global('afterEach');
export const beforeAll = global('beforeAll');
export const beforeEach = global('beforeEach');
export const describe = global('describe');
export const expect = global('expect');
export const test = global('test');
