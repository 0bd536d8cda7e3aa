/**
 * Checks the structure of a resource by schemas compiled from R4's StructureDefinitions (D7). A type is compiled when
 * it is first met, and kept.
 */
import { Ajv, type ValidateFunction } from 'ajv';
import type { Resource } from '../../fhir/types.ts';
import { checkContained, checkMentioned } from './contained.ts';
import { explain } from './explain.ts';
import { meantType } from '../type-names.ts';
import type { Tree } from './invariants.ts';
import { contextAt, makeKeywords } from './keywords.ts';
import { PRIMITIVES } from './primitives.ts';
import { checkReference } from './references.ts';
import { addFinding, addMissing, FOUND_MAX, runLater, type ValidationRun } from './run.ts';
import { buildSchema } from './schema.ts';
import { RESOURCE_TYPE_NAMES } from './structure.ts';

/** Checks a resource. The run collects the findings, with JSON pointers as places. */
export function checkStructure(resource: Resource): ValidationRun {
  const run: ValidationRun = {
    found: [],
    later: [],
    resources: [],
    extensions: [],
    codings: [],
    ids: [],
    container: { resource, place: '' },
  };
  checkResource(run, resource, '');
  if (run.ids.length > 0) checkIds(run);
  runLater(run);
  return run;
}

/** "The value of id SHALL be unique within the resource" (http://hl7.org/fhir/R4/element.html). */
function checkIds(run: ValidationRun): void {
  const met = new Set<string>();
  for (const { id, place } of run.ids) {
    const own = `${place.match(RESOURCE)?.[0] ?? ''} ${String(id)}`;
    if (met.has(own))
      addFinding(run, `${place}/id`, 'another element of this resource has this id', 'duplicate');
    met.add(own);
    if (typeof id === 'string' && /\s/.test(id))
      addFinding(run, `${place}/id`, 'the id of an element has no blanks', 'value');
  }
}

/** The place of the resource around an element. */
const RESOURCE = /^.*\/(?:contained\/\d+|resource)(?=\/)/;

function checkResource(run: ValidationRun, resource: Tree, place: string): void {
  const { resourceType } = resource;
  if (typeof resourceType !== 'string')
    return addMissing(run, `${place}/resourceType`, 'a resource needs it');
  if (!RESOURCE_TYPE_NAMES.has(resourceType))
    return addFinding(
      run,
      `${place}/resourceType`,
      `expected a resource type of R4${meantType(resourceType)}`,
      'value',
    );
  run.resources.push({ resource: resource as Resource, place, container: run.container }); // its resourceType is a string
  checkType(run, resourceType, resource, place);
}

/** The check of a contained resource, or of one in an entry of a Bundle or a parameter of Parameters. */
function checkNested(run: ValidationRun, element: string, resource: Tree, place: string): void {
  if (element === 'contained') {
    checkContained(run, resource, place);
    return checkResource(run, resource, place);
  }
  const { container } = run;
  run.container = { resource: resource as Resource, place }; // only its contained resources and its type are read
  checkResource(run, resource, place);
  run.container = container;
}

function checkType(run: ValidationRun, type: string, value: Tree, place: string): void {
  if (run.found.length > FOUND_MAX) return;
  const validate = validatorOf(type);
  if (!validate.call(run, value, contextAt(place, value))) explain(run, type, validate.errors ?? []);
  if (type === 'Coding') run.codings.push({ value, place });
  if (type === 'Extension') run.extensions.push({ value, place });
  if (type === 'Reference') checkReference(run, value, place);
  if (value['contained'] !== undefined)
    run.later.push({ within: place, check: () => checkMentioned(run, value, place) });
}

const ajv = new Ajv({
  allErrors: true,
  messages: false,
  meta: false,
  validateSchema: false,
  addUsedSchema: false,
  passContext: true,
  strict: false,
  strictNumbers: true,
  logger: false,
  // The value is needed to say what is wrong with it.
  verbose: true,
  code: { optimize: false },
});
for (const word of makeKeywords({ checkType, checkNested })) ajv.addKeyword(word);
for (const [name, { holds }] of Object.entries(PRIMITIVES))
  if (holds !== undefined) ajv.addFormat(name, holds);

const validators = new Map<string, ValidateFunction>();

function validatorOf(type: string): ValidateFunction {
  const validator = validators.get(type) ?? ajv.compile(buildSchema(type));
  validators.set(type, validator);
  return validator;
}
