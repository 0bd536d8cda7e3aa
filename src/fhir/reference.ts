/**
 * References (http://hl7.org/fhir/R4/references.html): reads a literal, finds every reference in a resource, and
 * changes references without touching anything else.
 */
import type { Ref, Resource } from './types.ts';

export type Reference =
  /** `Type/id`, with the version of `Type/id/_history/version`. */
  | {
      readonly kind: 'local';
      readonly ref: Ref;
      readonly type: string;
      readonly id: string;
      readonly version?: string;
    }
  /** A resource elsewhere: `url` has no version. Without `type` the URL does not look like a FHIR address. */
  | { readonly kind: 'absolute'; readonly url: string; readonly type?: string; readonly version?: string }
  /** `#id`; `#` alone is the containing resource. */
  | { readonly kind: 'contained'; readonly id: string }
  /** `urn:uuid:` or `urn:oid:` of a resource in the same Bundle. */
  | { readonly kind: 'urn'; readonly urn: string }
  /** `Type?query`, which only a transaction allows. */
  | { readonly kind: 'conditional'; readonly type: string; readonly query: string };

const TYPE = '[A-Z][A-Za-z]{1,63}';
const ID = '[A-Za-z0-9\\-.]{1,64}';
const LITERAL = new RegExp(`^(${TYPE})/(${ID})(?:/_history/(${ID}))?$`);
const ABSOLUTE = new RegExp(`^(https?://[^\\s?#]+/(${TYPE})/${ID})(?:/_history/(${ID}))?$`);
const CONDITIONAL = new RegExp(`^(${TYPE})\\?(.+)$`, 's');
const URN = /^urn:(?:uuid|oid):\S+$/;
const URL = /^[a-z][a-z0-9+.-]*:\S+$/i;

/** Reads `Reference.reference`. Undefined when the text is no reference at all. */
export function parseReference(text: string): Reference | undefined {
  const local = LITERAL.exec(text);
  if (local !== null) {
    const [, type = '', id = '', version] = local;
    return { kind: 'local', ref: `${type}/${id}`, type, id, ...(version !== undefined && { version }) };
  }
  if (text.startsWith('#')) return { kind: 'contained', id: text.slice(1) };
  if (text.startsWith('urn:')) return URN.test(text) ? { kind: 'urn', urn: text } : undefined;
  const absolute = ABSOLUTE.exec(text);
  if (absolute !== null) {
    const [, url = '', type = '', version] = absolute;
    return { kind: 'absolute', url, type, ...(version !== undefined && { version }) };
  }
  const conditional = CONDITIONAL.exec(text);
  if (conditional !== null)
    return { kind: 'conditional', type: conditional[1] ?? '', query: conditional[2] ?? '' };
  return URL.test(text) ? { kind: 'absolute', url: text } : undefined;
}

/** `Type/id` (with its version, if any) for an absolute reference to our own base; any other text unchanged. */
export function relativeTo(base: string, text: string): string {
  if (!text.startsWith(base)) return text;
  const rest = text.slice(base.endsWith('/') ? base.length : base.length + 1);
  const separated = base.endsWith('/') || text[base.length] === '/';
  return separated && LITERAL.test(rest) ? rest : text;
}

/** Whom a text names, by one spelling: `Practitioner/1` for an address below the base and for one with a version, too. */
export function spelledOnce(base: string, text: string): string {
  const relative = relativeTo(base, text);
  const [, type, id] = LITERAL.exec(relative) ?? [];
  return type === undefined || id === undefined ? relative : `${type}/${id}`;
}

/**
 * The kind of element that holds a reference: `Reference.reference`; a `url` that names a Binary or a urn
 * (Attachment.url); or a `valueUri`, an `instantiatesUri` or the like that holds a urn. A transaction rewrites the last
 * kind, too, but it need not resolve.
 */
type ReferringElement = 'reference' | 'url' | 'uri';

export interface FoundReference {
  readonly text: string;
  readonly element: ReferringElement;
  /** The object that holds the reference, such as the Reference with its `type` and `identifier`. */
  readonly holder: Readonly<Record<string, unknown>>;
  /** The FHIRPath expression of the text: `Task.input[0].valueReference.reference`. */
  readonly expression: () => string;
}

export interface WalkOptions {
  /** Leaves out `Bundle.entry`: references inside a stored Bundle are resolved within the Bundle. */
  readonly skipEntries?: boolean;
}

/** Visits every reference of a resource in document order, those of its contained resources included. */
export function walkReferences(
  resource: Resource,
  visit: (found: FoundReference) => void,
  options: WalkOptions = {},
): void {
  visitMembers(resource, '', { visit, options, path: [resource.resourceType] });
}

interface Visiting {
  readonly visit: (found: FoundReference) => void;
  readonly options: WalkOptions;
  /** Where the visit is. */
  readonly path: (string | number)[];
}

/** All of a node at once; the parser bounds its depth. A number that keeps its literal holds no reference. */
function visitMembers(node: object, key: string, visiting: Visiting): void {
  if (Array.isArray(node)) {
    let at = 0;
    for (const member of node as readonly unknown[]) {
      if (typeof member === 'string') note(visiting, uriIn(key, member), member, {}, at);
      else visitMember(member, key, at, visiting);
      at += 1;
    }
    return;
  }
  const holder = node as Readonly<Record<string, unknown>>; // a JSON object
  for (const name of Object.keys(holder)) {
    const member = holder[name];
    if (typeof member === 'string') note(visiting, elementOf(name, member, key), member, holder, name);
    else if (!skips(holder, name, visiting.options)) visitMember(member, name, name, visiting);
  }
}

function visitMember(member: unknown, key: string, at: string | number, visiting: Visiting): void {
  if (typeof member !== 'object' || member === null) return;
  visiting.path.push(at);
  visitMembers(member, key, visiting);
  visiting.path.pop();
}

function note(
  { visit, path }: Visiting,
  element: ReferringElement | undefined,
  text: string,
  holder: FoundReference['holder'],
  at: string | number,
): void {
  if (element === undefined) return;
  const place = [...path, at];
  visit({ text, element, holder, expression: () => expressionOf(place) });
}

/** The position of a walk: a node, and the member of it that comes next. */
interface Step {
  readonly node: Readonly<Record<string | number, unknown>>;
  /** The keys of an object; undefined for a list. */
  readonly names: readonly string[] | undefined;
  readonly length: number;
  readonly key: string;
  next: number;
}

const stepInto = (node: object, key: string): Step => {
  const names = Array.isArray(node) ? undefined : Object.keys(node);
  const { length } = names ?? (node as readonly unknown[]);
  return { node: node as Step['node'], names, length, key, next: 0 }; // a JSON object or list
};

/** Like {@link walkReferences}, in steps: each call visits up to that many members, and says whether there are more. */
export function beginWalk(
  resource: Resource,
  visit: (found: FoundReference) => void,
  options: WalkOptions = {},
): (membersMax: number) => boolean {
  const path: (string | number)[] = [resource.resourceType];
  const steps = [stepInto(resource, '')];
  return (membersMax) => {
    for (let left = membersMax; left > 0; left -= 1) {
      const step = steps.at(-1);
      if (step === undefined) return false;
      if (step.next === step.length) {
        steps.pop();
        path.pop();
        continue;
      }
      const at = step.names?.[step.next] ?? step.next;
      step.next += 1;
      const member = step.node[at];
      if (typeof member === 'string') look(step, at, member);
      else if (typeof member === 'object' && member !== null && !isLeaf(step, at, member)) {
        path.push(at);
        steps.push(stepInto(member, typeof at === 'string' ? at : step.key));
      }
    }
    return true;
  };

  function look({ node, key }: Step, at: string | number, text: string): void {
    const element = typeof at === 'string' ? elementOf(at, text, key) : uriIn(key, text);
    if (element === undefined) return;
    const place = [...path, at];
    const holder = typeof at === 'string' ? node : {};
    visit({ text, element, holder, expression: () => expressionOf(place) });
  }

  function isLeaf({ node }: Step, at: string | number, member: object): boolean {
    return JSON.isRawJSON(member) || (typeof at === 'string' && skips(node, at, options));
  }
}

/** A member of a list under `key`. */
const uriIn = (key: string, text: string): ReferringElement | undefined =>
  URIS.has(key) && URN.test(text) ? 'uri' : undefined;

const skips = (holder: Readonly<Record<string, unknown>>, name: string, options: WalkOptions): boolean =>
  options.skipEntries === true && name === 'entry' && holder['resourceType'] === 'Bundle';

/**
 * The resource with every reference replaced for which `map` returns another text. `map` returns undefined or the same
 * text to leave a reference alone. Pure: a part without a changed reference is the same object, and raw numbers stay
 * raw.
 */
export function rewriteReferences<T>(
  tree: T,
  map: (text: string, element: ReferringElement) => string | undefined,
): T;
export function rewriteReferences(
  tree: unknown,
  map: (text: string, element: ReferringElement) => string | undefined,
): unknown {
  return rewrite(tree, '', map);
}

function rewrite(
  node: unknown,
  key: string,
  map: (text: string, element: ReferringElement) => string | undefined,
): unknown {
  if (typeof node !== 'object' || node === null || JSON.isRawJSON(node)) return node;
  if (Array.isArray(node)) {
    const list = node.map((member) =>
      typeof member === 'string' && URIS.has(key) && URN.test(member)
        ? (map(member, 'uri') ?? member)
        : rewrite(member, key, map),
    );
    return list.every((member, index) => member === node[index]) ? node : list;
  }
  let changed: Record<string, unknown> | undefined;
  const object = node as Readonly<Record<string, unknown>>; // a JSON object
  for (const name of Object.keys(object)) {
    const member = object[name];
    const element = typeof member === 'string' ? elementOf(name, member, key) : undefined;
    const next =
      element === undefined ? rewrite(member, name, map) : (map(String(member), element) ?? member);
    if (next !== member) (changed ??= { ...node })[name] = next;
  }
  return changed ?? node;
}

/** Parents whose `url` is no reference: an extension's definition, a Bundle entry's request, a Bundle's link. */
const OTHER_URL: ReadonlySet<string> = new Set(['extension', 'modifierExtension', 'request', 'link']);
const REFERRING_URL = new RegExp(`^urn:(?:uuid|oid):|(?:^|/)Binary/${ID}(?:/_history/${ID})?$`);
/**
 * Elements of the types uri and url, by names that no element of another type has. Canonicals are not rewritten; a uuid
 * or an oid cannot become an address.
 */
const URIS: ReadonlySet<string> = new Set([
  'valueUri',
  'valueUrl',
  'instantiatesUri',
  'definitionUri',
  'derivedFromUri',
  'sourceUri',
  'targetUri',
  'eventUri',
  'moduleUri',
  'nameUrl',
]);

/** The kind of reference that the member `name` of an object under `key` holds; undefined when it holds none. */
function elementOf(name: string, text: string, key: string): ReferringElement | undefined {
  if (name === 'reference') return 'reference';
  // A resource's own url is its name, and refers to nothing.
  if (name === 'url')
    return key !== '' && !OTHER_URL.has(key) && REFERRING_URL.test(text) ? 'url' : undefined;
  return URIS.has(name) && URN.test(text) ? 'uri' : undefined;
}

const LINK = /\b(href|src)="([^"<]*)"/g;

/**
 * The tree with the links of its narratives (`<a href>`, `<img src>`) replaced for which `map` returns another address.
 */
export function rewriteLinks<T>(tree: T, map: (text: string) => string | undefined): T;
export function rewriteLinks(tree: unknown, map: (text: string) => string | undefined): unknown {
  if (typeof tree !== 'object' || tree === null || JSON.isRawJSON(tree)) return tree;
  if (Array.isArray(tree)) {
    const list = tree.map((member: unknown) => rewriteLinks(member, map));
    return list.every((member, index) => member === tree[index]) ? tree : list;
  }
  let changed: Record<string, unknown> | undefined;
  const object = tree as Readonly<Record<string, unknown>>; // a JSON object
  for (const name of Object.keys(object)) {
    const member = object[name];
    if (typeof member !== 'object' && name !== 'div') continue;
    const next = typeof member === 'string' ? relink(member, map) : rewriteLinks<unknown>(member, map);
    if (next !== member) (changed ??= { ...tree })[name] = next;
  }
  return changed ?? tree;
}

const relink = (div: string, map: (text: string) => string | undefined): string =>
  div.replaceAll(LINK, (whole, attribute: string, link: string) => {
    const to = map(link);
    return to === undefined ? whole : `${attribute}="${to}"`;
  });

function expressionOf(path: readonly (string | number)[]): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`))
    .join('');
}
