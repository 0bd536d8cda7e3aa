/**
 * The words we add to JSON Schema. Each reports to the run (`this`) in FHIR's own terms and always lets the schema go on,
 * so that every fault is named once, where it is.
 */
import type { FuncKeywordDefinition } from 'ajv';
import { checkBinding } from './bindings.ts';
import type { Tree } from './invariants.ts';
import { checkTargets } from './references.ts';
import type { Run } from './run.ts';
import { makeShapeCheck } from './shape.ts';

/** Judges a value by the type it has; see `check.ts`. */
export interface Judges {
  readonly checkType: (run: Run, type: string, value: Tree, place: string) => void;
  readonly checkNested: (run: Run, element: string, value: Tree, place: string) => void;
}

type Check = (run: Run, value: unknown, place: string) => void;

type Make<Schema> = (schema: Schema) => Check;

/** A keyword whose value decides, once, how every value is checked. */
function keyword<Schema>(name: string, make: Make<Schema>): FuncKeywordDefinition {
  return {
    keyword: name,
    errors: false,
    compile(schema: Schema) {
      const check = make(schema);
      // By passContext `this` is the run, which ajv's type cannot say.
      return function report(this: unknown, value: unknown, context?: { instancePath: string }) {
        check(this as Run, value, context?.instancePath ?? '');
        return true;
      };
    },
  };
}

/** The schema has seen to it that the value is an object. */
function ofTree(check: (run: Run, value: Tree, place: string) => void): Check {
  return check as Check;
}

export function makeKeywords({ checkType, checkNested }: Judges): readonly FuncKeywordDefinition[] {
  const words: readonly FuncKeywordDefinition[] = [
    keyword('structure', (type: string) => ofTree(makeShapeCheck(type))),
    keyword('element', (type: string) => ofTree((run, value, place) => checkType(run, type, value, place))),
    keyword('resource', (element: string) =>
      ofTree((run, value, place) => checkNested(run, element, value, place)),
    ),
    keyword('targets', (targets: readonly string[]) =>
      ofTree((run, value, place) => checkTargets(run, value, place, targets)),
    ),
  ];
  return [
    ...words.map((word) => ({ ...word, type: 'object' as const })),
    { ...keyword('binding', (valueSet: string) => checkBinding(valueSet)), type: ['object', 'string'] },
  ];
}
