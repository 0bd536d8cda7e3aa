/**
 * What people are shown of a resource, by the table of masks. Pure, and the same for a read, a search, a history, the reply to
 * a write and what a patch is tried on.
 */
import type { Resource } from '../fhir/types.ts';
import { CLINICIAN_LABELS, LABELLED_ELEMENTS, LIFTED_BY_REASON, MASKS, SEES_LABELLED } from './masking.ts';
import { grantsOf } from './permissions.ts';
import type { Role } from './roles.ts';

/** By which roles somebody looks, and whether for a stated reason. */
export interface RoleView {
  readonly roles: readonly Role[];
  readonly forReason: boolean;
}

const ABSENT = {
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }],
};

/** The resource as the roles may see it; the resource itself where that is all of it. */
export function showToRoles(view: RoleView, resource: Resource): Resource {
  if (isKeptForClinicians(view, resource)) return labelledPart(resource);
  const hidden = [...hiddenElements(view, resource.resourceType, resource)].filter((path) =>
    has(resource, path),
  );
  if (hidden.length === 0) return resource;
  // Masked elements may refer to contained resources, so these go as well.
  const { contained: _contained, ...shown } = resource;
  return hidden.reduce<Resource>(withoutPath, shown);
}

/**
 * Whether something of a type may be masked for the roles: by its text, without reading it.
 *
 * @param text as stored
 */
export const mayBeMasked = (view: RoleView, type: string, text: string): boolean =>
  hiddenElements(view, type).size > 0 ||
  (!view.roles.some((role) => SEES_LABELLED.has(role)) && LABEL_WORDS.some((word) => text.includes(word)));

const LABEL_WORDS: readonly string[] = [...CLINICIAN_LABELS].map((code) => `"${code}"`);

/** Whether the roles are not shown an element of a type, at least sometimes: they search by nothing that looks at it. */
export function isMaskedElement(view: RoleView, type: string, element: string | undefined): boolean {
  const hidden = hiddenElements(view, type);
  return element === undefined ? hidden.size > 0 : hidden.has(element);
}

/** What none of the roles that see the type is shown: paths. Without a resource: what is masked in some. */
function hiddenElements(
  { roles, forReason }: RoleView,
  type: string,
  resource?: Resource,
): ReadonlySet<string> {
  const seeing = roles.filter((role) => seesType(role, type));
  const [first, ...others] = seeing.map((role) =>
    forReason && LIFTED_BY_REASON.has(role) ? NOTHING : hiddenFromRole(role, type, resource),
  );
  if (first === undefined || first.size === 0) return NOTHING;
  return new Set([...first].filter((path) => others.every((other) => other.has(path))));
}

const NOTHING: ReadonlySet<string> = new Set();

const seesType = (role: Role, type: string): boolean =>
  grantsOf(role, type).some(({ rights }) => rights.has('r') || rights.has('s'));

function hiddenFromRole(role: Role, type: string, resource: Resource | undefined): ReadonlySet<string> {
  const rows = MASKS.filter(({ roles, types }) => roles.includes(role) && types.includes(type));
  const counting = rows.filter(
    ({ unless = [] }) => resource === undefined || !isOfCategory(resource, unless),
  );
  return counting.length === 0 ? NOTHING : new Set(counting.flatMap(({ elements }) => elements));
}

function isOfCategory({ category }: Resource, codes: readonly string[]): boolean {
  const concepts = (Array.isArray(category) ? category : []) as readonly {
    readonly coding?: readonly { readonly code?: string }[];
  }[]; // CodeableConcepts, as validated
  return concepts.some(({ coding = [] }) => coding.some(({ code }) => codes.includes(code ?? '')));
}

const isKeptForClinicians = ({ roles }: RoleView, { meta }: Resource): boolean =>
  !roles.some((role) => SEES_LABELLED.has(role)) &&
  (meta?.security ?? []).some(({ code }) => code !== undefined && CLINICIAN_LABELS.has(code));

function labelledPart(resource: Resource): Resource {
  const kept = Object.entries(resource).filter(([name]) => LABELLED_ELEMENTS.has(name));
  const masked = Object.entries(resource)
    .filter(([name]) => !LABELLED_ELEMENTS.has(name) && !NEVER_SHOWN.has(name) && !name.startsWith('_'))
    .map(([name, value]) => absentOf(name, value));
  return Object.fromEntries([...kept, ...masked]) as Resource; // it has its type
}

/** A narrative must have words, and contained resources an id: they are left out. */
const NEVER_SHOWN: ReadonlySet<string> = new Set(['text', 'contained', 'extension', 'modifierExtension']);

function has(resource: Resource, path: string): boolean {
  const [name = '', below] = path.split('.');
  const value = resource[name];
  if (below === undefined) return value !== undefined || resource[`_${name}`] !== undefined;
  return typeof value === 'object' && value !== null && below in value;
}

function withoutPath(resource: Resource, path: string): Resource {
  const [name = '', below] = path.split('.');
  const { [name]: value, [`_${name}`]: _beside, ...others } = resource as Resource & Record<string, unknown>;
  if (below !== undefined) {
    const { [below]: part, ...rest } = value as Record<string, unknown>; // by `has`
    return { ...resource, [name]: { ...rest, ...Object.fromEntries([absentOf(below, part)]) } };
  }
  if (NEVER_SHOWN.has(name)) return others as Resource; // it keeps its type
  return { ...others, ...Object.fromEntries([absentOf(name, value)]) } as Resource; // likewise
}

/** An element in place of a masked one: of a primitive its extensions alone, of another an element with them alone. */
function absentOf(name: string, value: unknown): readonly [string, unknown] {
  const one: unknown = Array.isArray(value) ? value[0] : value;
  const isPrimitive = typeof one !== 'object' || one === null || JSON.isRawJSON(one);
  const absent = Array.isArray(value) ? [ABSENT] : ABSENT;
  return [isPrimitive ? `_${name}` : name, absent];
}
