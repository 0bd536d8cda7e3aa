/**
 * `@jest/globals` for test files that Node loads. Its names stand for the run of the file that runs now, also in modules
 * that several files import.
 */

/**
 * @typedef {(...given: readonly unknown[]) => unknown} Definer
 *
 * @typedef {'afterAll' | 'afterEach' | 'beforeAll' | 'beforeEach' | 'describe' | 'expect' | 'test'} Name
 */

/** @type {Definer} */
export let afterAll;
/** @type {Definer} */
export let afterEach;
/** @type {Definer} */
export let beforeAll;
/** @type {Definer} */
export let beforeEach;
/** @type {Definer} */
export let describe;
/** @type {Definer} */
export let expect;
/** @type {Definer} */
export let test;

/** @param {Readonly<Record<Name, Definer>>} globals of the file that runs now */
export function setGlobals(globals) {
  ({ afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } = globals);
}
