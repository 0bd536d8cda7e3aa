/**
 * Our keywords for JSON Schema. Each reports to the run (`this`) in FHIR's own terms and always lets the schema go on,
 * so that every fault is reported once, at its place.
 */
import type { AnySchemaObject, FuncKeywordDefinition, ValidateFunction } from 'ajv';
import { makeCodeCheck, makeConceptCheck } from './bindings.ts';
import { explain } from './explain.ts';
import type { Tree } from './invariants.ts';
import { checkTargets } from './references.ts';
import { addFinding, FOUND_MAX, type ValidationRun } from './run.ts';
import { makeShapeCheck } from './shape.ts';

/** Checks a value by its type; see `check.ts`. */
interface Judges {
  readonly checkType: (run: ValidationRun, type: string, value: Tree, place: string) => void;
  readonly checkNested: (run: ValidationRun, element: string, value: Tree, place: string) => void;
}

type Make<Schema, Value> = (schema: Schema) => (run: ValidationRun, value: Value, place: string) => void;

/** Makes a keyword. Its value determines once how every value is checked. */
function keyword<Schema, Value>(name: string, make: Make<Schema, Value>): FuncKeywordDefinition {
  return {
    keyword: name,
    errors: false,
    compile(schema: Schema) {
      const check = make(schema);
      // By passContext `this` is the run, which ajv's type cannot say.
      return function report(this: unknown, value: Value, context?: { instancePath: string }) {
        check(this as ValidationRun, value, context?.instancePath ?? '');
        return true;
      };
    },
  };
}

type Context = NonNullable<Parameters<ValidateFunction>[1]>;

const NOTHING = {};

/** The arguments of ajv's functions beside the value; our schemas use only the place. */
export const contextAt = (instancePath: string, rootData: Tree): Context => ({
  instancePath,
  parentData: NOTHING,
  parentDataProperty: '',
  rootData,
  dynamicAnchors: NOTHING,
});

/** Like `items`, until enough faults are found. */
const MEMBERS: FuncKeywordDefinition = {
  keyword: 'members',
  type: 'array',
  errors: false,
  compile(schema: AnySchemaObject, _parent, { self }) {
    const validate = self.compile(schema);
    // As above.
    return function judge(this: unknown, list: readonly unknown[], context?: { instancePath: string }) {
      const run = this as ValidationRun;
      for (let index = 0; index < list.length && run.found.length <= FOUND_MAX; index += 1) {
        const place = `${context?.instancePath ?? ''}/${index}`;
        if (!validate.call(run, list[index], contextAt(place, NOTHING)))
          explain(run, '', validate.errors ?? []);
      }
      return true;
    };
  },
};

/** A SimpleQuantity has no comparator (sqty-1). */
function checkSimple(run: ValidationRun, value: Tree, place: string): void {
  const says = 'here a quantity has no comparator (sqty-1)';
  const check = () => value['comparator'] === undefined || addFinding(run, place, says, 'invariant');
  run.later.push({ within: place, check });
}

/** The keywords for values of one JSON type. The schema has checked that type before. */
export function makeKeywords({ checkType, checkNested }: Judges): readonly FuncKeywordDefinition[] {
  const ofObjects = [
    keyword('structure', (type: string) => makeShapeCheck(type)),
    keyword(
      'element',
      (type: string) => (run: ValidationRun, value: Tree, place) => checkType(run, type, value, place),
    ),
    keyword(
      'resource',
      (name: string) => (run: ValidationRun, value: Tree, place) => checkNested(run, name, value, place),
    ),
    keyword('targets', (types: readonly string[]) => (run: ValidationRun, value: Tree, place) => {
      checkTargets(run, value, place, types);
    }),
    keyword('simple', () => checkSimple),
    keyword('concept', (valueSet: string) => makeConceptCheck(valueSet)),
  ];
  const ofStrings = [keyword('code', (valueSet: string) => makeCodeCheck(valueSet))];
  return [
    ...ofObjects.map((word): FuncKeywordDefinition => ({ ...word, type: 'object' })),
    ...ofStrings.map((word): FuncKeywordDefinition => ({ ...word, type: 'string' })),
    MEMBERS,
  ];
}
