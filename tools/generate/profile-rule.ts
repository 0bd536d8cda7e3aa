/**
 * From the differentials of a StructureDefinition and of those it is built on to one tree of rules
 * (http://hl7.org/fhir/R4/profiling.html#snapshot). R4 itself is left out: every value has met its rules already.
 */
import type {
  BindingRule,
  ConstraintRule,
  Discriminator,
  ElementRule,
  SlicingRule,
  TypeRule,
} from '../../src/resources/validation/profile-row.ts';
import { elementsOfType, propertiesOf } from '../../src/resources/validation/structure.ts';
import { readStructures, type ElementDefinition, type StructureDefinition } from './definitions.ts';

/** By canonical. */
export type Definitions = ReadonlyMap<string, StructureDefinition>;

/** A rule while it is built. */
type Draft = {
  -readonly [K in keyof Omit<ElementRule, 'slices' | 'elements'>]: ElementRule[K];
} & { slices?: Record<string, Draft>; elements?: Record<string, Draft> };

/** @throws Error where a differential names an element that its type lacks */
export function mergeRule(definition: StructureDefinition, known: Definitions): ElementRule {
  const root = draftOf(definition, known);
  finish(root);
  return root;
}

function draftOf(definition: StructureDefinition, known: Definitions): Draft {
  const base = known.get(withoutVersion(definition.baseDefinition ?? ''));
  const root = base === undefined ? {} : draftOf(base, known);
  for (const element of definition.differential?.element ?? []) {
    const place = locate(root, definition.type, idOf(element));
    Object.assign(place, factsOf(element, known, place));
  }
  return root;
}

const withoutVersion = (canonical: string): string => canonical.replace(/\|.*$/, '');

/** An id says where a slice stands; a differential without ids has its path and the name of the slice. */
function idOf({ id, path, sliceName }: ElementDefinition): string {
  return id ?? (sliceName === undefined ? path : `${path}:${sliceName}`);
}

/** The draft of the rule that an id names, made where it is not there yet. */
function locate(root: Draft, type: string, id: string): Draft {
  let at = { rule: root, type };
  for (const part of id.split('.').slice(1)) at = enter(at.rule, at.type, part, id);
  return at.rule;
}

interface At {
  readonly rule: Draft;
  /** The type whose elements stand below. */
  readonly type: string;
}

function enter(rule: Draft, type: string, part: string, id: string): At {
  const [written = '', slices] = part.split(':');
  const { name, code, choice } = elementOf(type, written, id);
  const sliced = slices ?? (choice && written !== name ? written : undefined);
  let at: At = below(rule, name, code);
  for (const slice of sliced?.split('/') ?? [])
    at = choice ? choose(at, type, name, slice) : sliceOf(at, slice);
  return at;
}

function below(rule: Draft, name: string, code: string): At {
  const elements = (rule.elements ??= {});
  const found = (elements[name] ??= {});
  return { rule: found, type: onlyType(found) ?? code };
}

function sliceOf({ rule, type }: At, name: string): At {
  const slices = (rule.slices ??= {});
  const found = (slices[name] ??= {});
  return { rule: found, type: onlyType(found) ?? type };
}

/** `valueQuantity` of `value[x]`: a slice by its type, also where nobody says so. */
function choose(at: At, type: string, name: string, slice: string): At {
  const { rule } = sliceOf(at, slice);
  rule.types ??= [{ code: choiceType(type, name, slice) ?? at.type }];
  at.rule.slicing ??= BY_TYPE;
  return { rule, type: onlyType(rule) ?? at.type };
}

const BY_TYPE: SlicingRule = { by: [{ type: 'type', path: '$this' }], rules: 'open' };
const BY_URL: SlicingRule = { by: [{ type: 'value', path: 'url' }], rules: 'open' };

const onlyType = ({ types }: Draft): string | undefined => (types?.length === 1 ? types[0]?.code : undefined);

interface Named {
  readonly name: string;
  readonly code: string;
  readonly choice: boolean;
}

/** `value[x]`, `valueQuantity` and `code`, as the type has them. */
function elementOf(type: string, written: string, id: string): Named {
  // A primitive has what every element has.
  for (const element of [...elementsOfType(type), ...(isPrimitive(type) ? elementsOfType('Element') : [])]) {
    const name = element.choice ? `${element.name}[x]` : element.name;
    const property = propertiesOf(element).find(([each]) => each === written);
    if (written !== name && property === undefined) continue;
    return { name, code: (property?.[1] ?? element.types[0])?.code ?? '', choice: element.choice };
  }
  // Whatever resource stands in an entry, a differential may go on into it.
  if (type === 'Resource') return { name: written, code: 'Element', choice: false };
  throw new Error(`${id}: ${type} has no element ${written}`);
}

const isPrimitive = (type: string): boolean => /^[a-z]/.test(type);

/** The type that a slice of a choice is named by: `valueQuantity`. */
function choiceType(type: string, name: string, slice: string): string | undefined {
  const element = elementsOfType(type).find((each) => `${each.name}[x]` === name);
  return element === undefined
    ? undefined
    : propertiesOf(element).find(([property]) => property === slice)?.[1].code;
}

// — what a differential says of one element

function factsOf(element: ElementDefinition, known: Definitions, before: Draft): Partial<Draft> {
  const { min, max, maxLength, mustSupport, type, slicing, binding, constraint = [] } = element;
  const [fixed, pattern] = [choiceIn(element, 'fixed'), choiceIn(element, 'pattern')];
  const [minValue, maxValue] = [choiceIn(element, 'minValue'), choiceIn(element, 'maxValue')];
  const bound = binding === undefined ? undefined : bindingOf(binding);
  const constraints = [...(before.constraints ?? []), ...constraint.flatMap(constraintOf)];
  return {
    ...(min !== undefined && min > 0 && { min }),
    ...(max !== undefined && max !== '*' && { max: Number(max) }),
    ...(maxLength !== undefined && { maxLength }),
    ...(mustSupport === true && { mustSupport }),
    ...(type !== undefined && { types: type.map((each) => typeRuleOf(each, known)) }),
    ...(fixed !== undefined && { fixed }),
    ...(pattern !== undefined && { pattern }),
    ...(minValue !== undefined && { minValue }),
    ...(maxValue !== undefined && { maxValue }),
    ...(bound !== undefined && { binding: bound }),
    ...(constraints.length > 0 && { constraints: unique(constraints) }),
    ...(slicing !== undefined && { slicing: slicingOf(slicing) }),
  };
}

/** `fixedCode` and the like: the value, whatever its type. */
function choiceIn(element: ElementDefinition, name: string): unknown {
  return Object.entries(element).find(
    ([key]) => key.startsWith(name) && /^[A-Z]/.test(key.slice(name.length)),
  )?.[1];
}

function bindingOf({
  strength,
  valueSet,
}: NonNullable<ElementDefinition['binding']>): BindingRule | undefined {
  if (valueSet === undefined || (strength !== 'required' && strength !== 'extensible')) return undefined;
  return { strength, valueSet };
}

function constraintOf({
  key,
  severity,
  human,
  expression,
}: NonNullable<ElementDefinition['constraint']>[number]): readonly ConstraintRule[] {
  // What every element has met already is repeated by some differentials.
  if (expression === undefined || EVERYWHERE.has(key)) return [];
  return [{ key, severity: severity === 'warning' ? 'warning' : 'error', says: human, expression }];
}

const EVERYWHERE: ReadonlySet<string> = new Set([
  'ele-1',
  'ext-1',
  'dom-1',
  'dom-2',
  'dom-3',
  'dom-4',
  'dom-5',
  'dom-6',
]);

const unique = (constraints: readonly ConstraintRule[]): readonly ConstraintRule[] => [
  ...new Map(constraints.map((each) => [each.key, each])).values(),
];

function slicingOf({
  discriminator = [],
  rules,
  ordered,
}: NonNullable<ElementDefinition['slicing']>): SlicingRule {
  const by = discriminator.map(({ type, path }): Discriminator => ({ type, path }));
  return { by, rules, ...(ordered === true && { ordered }) };
}

function typeRuleOf(
  { code, profile = [], targetProfile = [] }: NonNullable<ElementDefinition['type']>[number],
  known: Definitions,
): TypeRule {
  const targets = targetProfile.map((each) => targetOf(withoutVersion(each), known));
  const anything = targets.some(([type]) => type === 'Resource');
  return {
    code: code.replace('http://hl7.org/fhirpath/System.String', 'string'),
    ...(profile.length > 0 && { profiles: profile.map(withoutVersion) }),
    ...(targets.length > 0 && !anything && { targets }),
  };
}

const R4_BASE = 'http://hl7.org/fhir/StructureDefinition/';
const US_CORE = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-';

/** The resource type that a profile is for, with the profile where it asks more than the type. */
function targetOf(profile: string, known: Definitions): readonly [type: string, profile?: string] {
  const definition = known.get(profile);
  if (definition !== undefined) return [definition.type, profile];
  if (profile.startsWith(R4_BASE)) return [profile.slice(R4_BASE.length)];
  // US Core names its profiles by the type in small letters; one that is not kept here is judged by its type.
  const name = profile.startsWith(US_CORE) ? profile.slice(US_CORE.length) : (ELSEWHERE[profile] ?? '');
  const found = readStructures('profiles-resources').find(
    ({ type }) => type.toLowerCase() === name.toLowerCase(),
  );
  if (found === undefined) throw new Error(`${profile}: of which type is it?`);
  return [found.type];
}

/** Profiles of targets that are not kept here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'http://hl7.org/fhir/us/bser/StructureDefinition/bser-patient': 'Patient',
  'http://hl7.org/fhir/us/bser/StructureDefinition/BSeR-ReferralFeedbackDocumentBundle': 'Bundle',
};

// — the whole tree

/** Slices of extensions are told apart by their url, also where nobody says so (extensibility.html#profiles). */
function finish(rule: Draft): void {
  for (const [name, child] of Object.entries(rule.elements ?? {})) {
    if (/^(modifierE|e)xtension$/.test(name) && child.slices !== undefined) nameExtensions(child);
    finish(child);
  }
  for (const slice of Object.values(rule.slices ?? {})) finish(slice);
}

function nameExtensions(child: Draft): void {
  child.slicing ??= BY_URL;
  for (const slice of Object.values(child.slices ?? {})) {
    const url = slice.types?.[0]?.profiles?.[0];
    if (url === undefined) continue;
    const elements = (slice.elements ??= {});
    elements['url'] = { ...elements['url'], fixed: url };
  }
}
