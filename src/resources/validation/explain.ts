/** Explains a schema's errors to a person who knows FHIR and not JSON Schema. */
import type { ErrorObject } from 'ajv';
import { faultOfNarrative } from './narrative.ts';
import { PRIMITIVES } from './primitives.ts';
import { addFinding, FOUND_MAX, type ValidationFinding, type ValidationRun } from './run.ts';
import { elementsOfType, propertiesOf } from './structure.ts';

interface Explained {
  readonly says: string;
  readonly type: ValidationFinding['type'];
  /** The path below the place of the error. */
  readonly below?: string;
}

type Params = Readonly<Record<string, unknown>>;

/** Adds the errors of a value of this type to the findings. */
export function explain(run: ValidationRun, type: string, errors: readonly ErrorObject[]): void {
  for (const { keyword, params, instancePath, data } of errors) {
    if (run.found.length > FOUND_MAX) return;
    if (keyword === 'if') continue; // of a list: its members report their own faults
    const { says, type: issue, below = '' } = (EXPLAIN[keyword] ?? unforeseen)(params as Params, type, data); // ajv: an object
    addFinding(run, instancePath + below, says, issue);
  }
}

const EXPLAIN: Readonly<Record<string, (params: Params, type: string, value: unknown) => Explained>> = {
  additionalProperties: ({ additionalProperty }, type) => ({
    says: unknownElement(String(additionalProperty), type),
    type: 'structure',
    below: `/${String(additionalProperty).replaceAll('~', '~0').replaceAll('/', '~1')}`,
  }),
  type: ({ type }) => ({ says: `expected ${JSON_WORDS[String(type)] ?? String(type)}`, type: 'structure' }),
  format: ({ format }, _type, value) => ({ says: expectation(String(format), value), type: 'value' }),
  minimum: ({ limit }) => ({ says: `expected at least ${String(limit)}`, type: 'value' }),
  maximum: ({ limit }) => ({ says: `expected at most ${String(limit)}`, type: 'value' }),
  minItems: () => ({ says: 'a list must not be empty; leave it out', type: 'structure' }),
  maxItems: ({ limit }) => ({ says: `expected at most ${String(limit)} of them`, type: 'structure' }),
};

function expectation(format: string, value: unknown): string {
  const says = `expected ${PRIMITIVES[format]?.says}`;
  const why = format === 'xhtml' && typeof value === 'string' ? faultOfNarrative(value) : undefined;
  return why === undefined ? says : `${says}; ${why}`;
}

const JSON_WORDS: Readonly<Record<string, string>> = {
  object: 'a JSON object',
  array: 'a JSON array: the element repeats',
  string: 'a JSON string',
  'string,null': 'a JSON string',
  'object,null': 'a JSON object',
  boolean: 'true or false',
  number: 'a JSON number',
  integer: 'a whole number',
};

function unforeseen(): Explained {
  return { says: 'it is not as R4 defines it', type: 'structure' };
}

/** An element with a name near the written one, or a choice of which another type was written. */
function unknownElement(name: string, type: string): string {
  const plain = name.replace(/^_/, '');
  const choice = elementsOfType(type).find((element) => element.choice && plain.startsWith(element.name));
  if (choice !== undefined) {
    const names = propertiesOf(choice).map(([each]) => each);
    return `${choice.name}[x] has no such type; expected ${names.length <= 8 ? names.join(' or ') : 'one that R4 allows'}`;
  }
  if (name !== plain && elementsOfType(type).some((element) => element.name === plain)) {
    return `${plain} is not a primitive that may have extensions, so there is no ${name}`;
  }
  const near = elementsOfType(type).find((element) => element.name.toLowerCase() === plain.toLowerCase());
  const plural = elementsOfType(type).find(
    (element) => `${element.name}s` === plain || element.name === `${plain}s`,
  );
  const meant = near ?? plural;
  return `${type} has no such element${meant === undefined ? '' : `; did you mean ${meant.name}?`}`;
}
