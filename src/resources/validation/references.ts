/** References (http://hl7.org/fhir/R4/references.html): what they may look like, and to what they may point (ref-1). */
import { parseReference } from '../../fhir/reference.ts';
import { add, type Run } from './run.ts';
import { RESOURCE_TYPES } from './structure.ts';

/** Checks what a Reference says by itself. */
export function checkReference(run: Run, reference: object, place: string): void {
  const { reference: to, type: said } = reference as { reference?: unknown; type?: unknown };
  if (typeof to !== 'string') return; // absent, or its own schema says so
  const shown = typeOf(run, to);
  if (shown === MALFORMED) return add(run, `${place}/reference`, EXPECTED, 'value');
  if (shown === UNRESOLVED)
    return add(run, `${place}/reference`, 'no contained resource has this id', 'not-found');
  if (shown === undefined) return;
  if (!RESOURCE_TYPES.has(shown))
    return add(run, `${place}/reference`, 'its type is no resource type of R4', 'value');
  if (isType(said) && said !== shown) {
    add(run, `${place}/type`, `the reference is to ${withArticle(shown)}`, 'value');
  }
}

/** Checks that a Reference points to one of these types, as far as it shows its own. */
export function checkTargets(run: Run, reference: object, place: string, targets: readonly string[]): void {
  const fault = faultOfTarget(run, reference, targets);
  if (fault !== undefined) add(run, place, fault, 'value');
}

/** What is wrong with where a Reference points, when it shows the type (by its literal or its `type`). */
export function faultOfTarget(
  around: Around,
  reference: object,
  targets: readonly string[],
): string | undefined {
  const { reference: to, type: said } = reference as { reference?: unknown; type?: unknown };
  const type = (typeof to === 'string' ? typeOf(around, to) : undefined) ?? said;
  if (!isType(type) || targets.includes(type)) return undefined;
  return `refers to ${withArticle(type)}; expected a reference to ${targets.join(' or ')}`;
}

/** Where a `#id` is looked for. */
type Around = Pick<Run, 'container'>;

const EXPECTED = 'expected Type/id, an absolute URL, urn:uuid: with a UUID, or #id of a contained resource';
const MALFORMED = '?';
const UNRESOLVED = '#';

const URN = /^urn:(?:oid:[0-2](?:\.\d+)+|uuid:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})$/;

/** The type a literal shows, undefined when it shows none, or one of the signs above. */
function typeOf(around: Around, to: string): string | undefined {
  const read = parseReference(to);
  if (read === undefined) return MALFORMED;
  if (read.kind === 'contained') return typeWithin(around, read.id);
  if (read.kind === 'urn') return URN.test(to) ? undefined : MALFORMED;
  // What looks like a type in somebody else's address need not be one.
  if (read.kind === 'absolute') return isType(read.type) ? read.type : undefined;
  return read.type;
}

/** `#` alone is the container. */
function typeWithin({ container }: Around, id: string): string {
  if (id === '') return container.resourceType;
  const contained: readonly unknown[] = Array.isArray(container['contained']) ? container['contained'] : [];
  const found = contained.find((resource) => isNamed(resource, id));
  return found === undefined ? UNRESOLVED : String((found as { resourceType?: unknown }).resourceType); // an object
}

function isNamed(resource: unknown, id: string): boolean {
  return typeof resource === 'object' && resource !== null && 'id' in resource && resource.id === id;
}

function isType(type: unknown): type is string {
  return typeof type === 'string' && RESOURCE_TYPES.has(type);
}

function withArticle(type: string): string {
  return `${/^[AEIO]/.test(type) ? 'an' : 'a'} ${type}`;
}
