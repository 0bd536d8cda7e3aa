/**
 * The parameters of an invocation (http://hl7.org/fhir/R4/operations.html#executing), read from a Parameters resource, a
 * bare resource or the query string, and checked against the operation's definition.
 */
import type { Body } from '../../fhir/body.ts';
import { OperationOutcomeError, type IssueCode } from '../../fhir/issue.ts';
import type { Resource } from '../../fhir/types.ts';
import {
  isPrimitiveType,
  isPrimitiveValue,
  isResourceType,
  primitiveFromText,
  wordsOfPrimitive,
} from '../../resources/type-names.ts';
import { validateResource } from '../../resources/validate.ts';
import type { Request } from '../request.ts';
import type { Given, Input, OperationParameter } from './operation.ts';

/** The largest number of parameters of one invocation, parts included. */
const PARAMETERS_MAX = 1000;

/** Parameters of every request (http://hl7.org/fhir/R4/http.html#parameters), which belong to no operation. */
const GENERAL: ReadonlySet<string> = new Set(['_format', '_pretty']);

// — reading the values

/** The first primitive of a name as text. */
export function textIn(input: Input, name: string): string | undefined {
  return textsIn(input, name)[0];
}

/** All primitives of a name as texts. */
export const textsIn = (input: Input, name: string): readonly string[] =>
  (input.get(name) ?? []).flatMap(({ value }) =>
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? [String(value)]
      : [],
  );

/** A number, where the definition says `integer` or the like. */
export function numberIn(input: Input, name: string): number | undefined {
  const value = input.get(name)?.[0]?.value;
  return typeof value === 'number' ? value : undefined;
}

export const isTrueIn = (input: Input, name: string): boolean => input.get(name)?.[0]?.value === true;

export const valueIn = (input: Input, name: string): unknown => input.get(name)?.[0]?.value;

export const resourceIn = (input: Input, name: string): Body | undefined => input.get(name)?.[0]?.resource;

/** Where a parameter stands. */
export const placeOfParameter = (name: string): string => `Parameters.parameter.where(name = '${name}')`;

export const invalidParameter = (name: string, diagnostics: string): OperationOutcomeError =>
  refuse('parameter-invalid', diagnostics, placeOfParameter(name));

/**
 * A text that is kept, without blanks around it: whole, or refused.
 *
 * @throws OperationOutcomeError `parameter-invalid`
 */
export function boundedTextIn(input: Input, name: string, max: number): string | undefined {
  const text = textIn(input, name)?.trim();
  if (text !== undefined && text.length > max)
    throw invalidParameter(name, `${name} has ${max} characters at most`);
  return text;
}

// — parsing the request

/**
 * @throws OperationOutcomeError `parameter-unknown`, `parameter-invalid`, `field-missing`, `resource-type-mismatch`, or what
 *   is wrong with the Parameters themselves
 */
export function readInput(request: Request, definitions: readonly OperationParameter[]): Input {
  const wanted = definitions.filter(({ use }) => use === 'in');
  const isLenient = request.prefer.handling === 'lenient';
  const given = [
    ...(request.body === undefined ? [] : readBody(request.body, wanted, isLenient)),
    ...readQuery(request, wanted, isLenient),
  ];
  const size = request.body?.size;
  return collect(size === undefined ? given : given.map((one) => sized(one, size)), wanted, 'Parameters');
}

/** Parameters from a large body may be large themselves. */
const sized = ([definition, given]: Named, size: number): Named =>
  given.resource === undefined
    ? [definition, given]
    : [definition, { ...given, resource: { ...given.resource, size } }];

type Named = readonly [definition: OperationParameter, given: Given];

function collect(given: readonly Named[], wanted: readonly OperationParameter[], place: string): Input {
  const input = new Map<string, Given[]>();
  for (const [{ name }, one] of given) input.set(name, [...(input.get(name) ?? []), one]);
  const countOf = (name: string): number => input.get(name)?.length ?? 0;
  const placeOf = (name: string): string => `${place}.parameter.where(name = '${name}')`;
  const often = wanted.find(({ name, max }) => max === '1' && countOf(name) > 1)?.name;
  if (often !== undefined)
    throw refuse('parameter-invalid', `${often} is given once at most`, placeOf(often));
  const missing = wanted.find(({ name, min }) => countOf(name) < min);
  if (missing === undefined) return input;
  const { name, type } = missing;
  throw refuse('field-missing', `the operation needs the parameter ${name}${ofType(type)}`, placeOf(name));
}

const ofType = (type: string | undefined): string => (type === undefined ? '' : `, of type ${type}`);

// — the query string

/** "if all the parameters are primitive types …, the request may be made using GET"; beside a body they count as well. */
function readQuery(
  { query }: Request,
  wanted: readonly OperationParameter[],
  isLenient: boolean,
): readonly Named[] {
  return query.flatMap(([name, text]): readonly Named[] => {
    if (GENERAL.has(name)) return [];
    const definition = wanted.find((one) => one.name === name);
    if (definition === undefined) return unknown(name, isLenient);
    return [[definition, { value: readText(definition, text) }]];
  });
}

function readText({ name, type = '' }: OperationParameter, text: string): unknown {
  if (type === 'Reference') return { reference: text };
  if (!isPrimitiveType(type)) {
    throw refuse('parameter-invalid', `${name} is not a primitive: send it by POST, in Parameters`);
  }
  const value = primitiveFromText(type, text);
  if (value !== undefined) return value;
  throw refuse('parameter-invalid', `${name} is ${wordsOfPrimitive(type)}`);
}

function unknown(name: string, isLenient: boolean): readonly Named[] {
  if (isLenient) return [];
  const shown = /^[\w.-]{1,64}$/.test(name) ? name : 'a parameter';
  throw refuse('parameter-unknown', `${shown} is not a parameter of this operation`);
}

// — the body

interface Part {
  readonly name?: string;
  readonly resource?: Resource;
  readonly part?: readonly Part[];
}

function readBody(body: Body, wanted: readonly OperationParameter[], isLenient: boolean): readonly Named[] {
  if (body.plain.resourceType !== 'Parameters') return [readBare(body, wanted)];
  checkWrapper(body.plain);
  return readParts(partsOf(body.plain), partsOf(body.storing), wanted, isLenient, 'Parameters');
}

/** "If there is exactly one parameter of type Resource …, the request may be the resource itself." */
function readBare(body: Body, wanted: readonly OperationParameter[]): Named {
  const { resourceType } = body.plain;
  const [only, ...others] = wanted.filter(({ type = '' }) => isResourceType(type));
  if (only !== undefined && others.length === 0 && isOfType(resourceType, only.type))
    return [only, { resource: body }];
  throw refuse('resource-type-mismatch', 'an operation takes Parameters', resourceType);
}

const isOfType = (resourceType: string, type: string | undefined): boolean =>
  type === 'Resource' || resourceType === type;

const partsOf = (tree: Resource): readonly Part[] => (tree['parameter'] ?? []) as readonly Part[]; // checked before

/** The Parameters without the resources in them: each operation decides itself how to check those. */
function checkWrapper(parameters: Resource): void {
  const bare = withoutResources(parameters, 'parameter') as Resource; // still Parameters
  const [first, ...rest] = validateResource(bare, { profiles: 'none' }).filter(
    ({ severity = 'error' }) => severity === 'error' || severity === 'fatal',
  );
  if (first !== undefined) throw OperationOutcomeError.of([first, ...rest]);
}

function withoutResources(tree: unknown, list: 'parameter' | 'part'): unknown {
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) return tree;
  const { [list]: members, ...rest } = tree as Record<string, unknown>;
  if (!Array.isArray(members)) return tree;
  const bare = members.map((member: unknown) => {
    if (typeof member !== 'object' || member === null || !('resource' in member))
      return withoutResources(member, 'part');
    const { resource, ...own } = member;
    checkResource(resource);
    return withoutResources(Object.hasOwn(own, 'part') ? own : { ...own, valueBoolean: true }, 'part');
  });
  // An empty list means the same as no list, so it is accepted.
  return bare.length === 0 ? rest : { ...rest, [list]: bare };
}

function checkResource(resource: unknown): void {
  const type = (resource as Partial<Resource> | null)?.resourceType; // whatever it is
  if (typeof type === 'string' && isResourceType(type)) return;
  throw refuse(
    'structure-invalid',
    'a resource is an object with a resourceType',
    'Parameters.parameter.resource',
  );
}

function readParts(
  plain: readonly Part[],
  storing: readonly Part[],
  wanted: readonly OperationParameter[],
  isLenient: boolean,
  place: string,
): readonly Named[] {
  if (plain.length > PARAMETERS_MAX)
    throw refuse('parameter-invalid', `at most ${PARAMETERS_MAX} parameters`);
  return plain.flatMap((part, index): readonly Named[] => {
    const definition = wanted.find(({ name }) => name === part.name);
    if (definition === undefined) return unknown(part.name ?? '', isLenient);
    const at = `${place}.${place === 'Parameters' ? 'parameter' : 'part'}[${index}]`;
    return [[definition, readPart(definition, part, storing[index] ?? part, isLenient, at)]];
  });
}

function readPart(
  definition: OperationParameter,
  plain: Part,
  storing: Part,
  isLenient: boolean,
  at: string,
): Given {
  const { name, type, part } = definition;
  if (part !== undefined) {
    const named = readParts(plain.part ?? [], storing.part ?? [], part, isLenient, at);
    return { parts: collect(named, part, at) };
  }
  const { resource } = plain;
  if (resource !== undefined && isResourceType(type ?? '') && isOfType(resource.resourceType, type)) {
    return { resource: { plain: resource, storing: storing.resource ?? resource } };
  }
  const [code, value] = valueOf(plain) ?? [];
  if (code !== undefined && isValueOf(type, code, value)) return { value };
  throw refuse('parameter-invalid', `${name} must be given${ofType(type)}`, at);
}

/** `valueCode: 'x'` → `code`, `'x'`. */
function valueOf(part: object): readonly [code: string, value: unknown] | undefined {
  const found = Object.entries(part).find(([key]) => /^value[A-Z]/.test(key));
  if (found === undefined) return undefined;
  const code = found[0].slice('value'.length);
  const primitive = code.charAt(0).toLowerCase() + code.slice(1);
  return [isPrimitiveType(primitive) ? primitive : code, found[1]];
}

/**
 * Whether a primitive fits: it counts as any type that it could be, because clients that write a code as `valueString`
 * mean the same.
 */
function isValueOf(type: string | undefined, code: string, value: unknown): boolean {
  if (type === '*' || type === code) return true;
  return (
    type !== undefined && isPrimitiveType(type) && isPrimitiveType(code) && isPrimitiveValue(type, value)
  );
}

const refuse = (code: IssueCode, diagnostics: string, expression?: string): OperationOutcomeError =>
  new OperationOutcomeError(code, {
    diagnostics,
    ...(expression !== undefined && { expression: [expression] }),
  });
