/** References (http://hl7.org/fhir/R4/references.html): their form, and the types of their targets (ref-1). */
import { parseReference } from '../../fhir/reference.ts';
import type { Resource } from '../../fhir/types.ts';
import { meantType } from '../type-names.ts';
import type { Tree } from './invariants.ts';
import { addFinding, type Met, type ValidationRun } from './run.ts';
import { RESOURCE_TYPE_NAMES } from './structure.ts';

/** Checks a Reference by itself. */
export function checkReference(run: ValidationRun, value: Tree, place: string): void {
  const { container } = run;
  const check = () => {
    const { reference, type } = value as Literal; // runs only when it is sound
    const shown = reference === undefined ? undefined : typeOf(container, reference);
    const known = shown === undefined || RESOURCE_TYPE_NAMES.has(shown);
    if (!known) addFinding(run, `${place}/reference`, whyUnknown(shown, reference), 'value');
    else if (shown !== undefined && isType(type) && type !== shown) {
      addFinding(run, `${place}/type`, `the reference is to ${withArticle(shown)}`, 'value');
    }
  };
  // The target of a #id is known when the whole container is sound.
  run.later.push({ within: isContained(value['reference']) ? container.place : place, check });
}

/** Checks that a Reference points to one of these types, as far as its text shows the type. */
export function checkTargets(
  run: ValidationRun,
  value: Tree,
  place: string,
  targets: readonly string[],
): void {
  const { container } = run;
  const check = () => {
    const fault = faultOfTarget(container, value, targets);
    if (fault !== undefined) addFinding(run, place, fault, 'value');
  };
  run.later.push({ within: isContained(value['reference']) ? container.place : place, check });
}

/** The fault in the target of a sound Reference that shows its type (by its literal or its `type`). */
export function faultOfTarget(container: Met, value: object, targets: readonly string[]): string | undefined {
  const type = shownType(container, value);
  if (type === undefined || targets.includes(type)) return undefined;
  return `refers to ${withArticle(type)}; expected a reference to ${targets.join(' or ')}`;
}

/** The type of the target of a sound Reference, when the Reference shows it. */
export function shownType(container: Met, value: object): string | undefined {
  const { reference, type: said } = value as Literal; // it is sound
  const type = (reference === undefined ? undefined : typeOf(container, reference)) ?? said;
  return isType(type) ? type : undefined;
}

interface Literal {
  readonly reference?: string;
  readonly type?: string;
}

/** Stands for the type of a text that is no reference, or that names no contained resource. */
const MALFORMED = '?';
const UNRESOLVED = '#';
const SIGNS: Readonly<Record<string, string>> = {
  [MALFORMED]: 'expected Type/id, an absolute URL, urn:uuid: with a UUID, or #id of a contained resource',
  [UNRESOLVED]: 'no contained resource has this id',
};

function whyUnknown(shown: string, reference = ''): string {
  const [written = ''] = reference.split('/', 1);
  return (SIGNS[shown] ?? 'its type is not a resource type of R4') + meantType(written);
}

const URN = /^urn:(?:oid:[0-2](?:\.\d+){1,128}|uuid:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})$/;

/** The type that a literal shows; undefined when it shows none; or one of the two signs above. */
function typeOf(container: Met, literal: string): string | undefined {
  const read = parseReference(literal);
  if (read === undefined) return MALFORMED;
  if (read.kind === 'contained') return typeWithin(container, read.id);
  if (read.kind === 'urn') return URN.test(literal) ? undefined : MALFORMED;
  // A word in another server's address that looks like a type need not be one.
  if (read.kind === 'absolute') return isType(read.type) ? read.type : undefined;
  return read.type;
}

/** `#` alone is the container. */
function typeWithin({ resource }: Met, id: string): string {
  if (id === '') return resource.resourceType;
  const known = typesWithin.get(resource) ?? listTypes(resource);
  typesWithin.set(resource, known);
  return known.get(id) ?? UNRESOLVED;
}

const typesWithin = new WeakMap<Resource, ReadonlyMap<string | undefined, string>>();

/** Types of contained resources by id; the first of several with one id. */
function listTypes(resource: Resource): ReadonlyMap<string | undefined, string> {
  const contained = (resource['contained'] ?? []) as readonly {
    readonly id?: string;
    readonly resourceType: string;
  }[]; // it is sound
  return new Map(contained.toReversed().map(({ id, resourceType }) => [id, resourceType]));
}

function isContained(reference: unknown): boolean {
  return typeof reference === 'string' && reference.startsWith('#');
}

function isType(type: string | undefined): type is string {
  return type !== undefined && RESOURCE_TYPE_NAMES.has(type);
}

function withArticle(type: string): string {
  return `${/^[AEIO]/.test(type) ? 'an' : 'a'} ${type}`;
}
