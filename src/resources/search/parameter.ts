/** Search parameters, and the rows of the generated table that define them. */
import { parseElementPath, type ElementPath } from './element-path.ts';
import type { Kind } from './extract.ts';
import { isCaseInsensitive } from './token.ts';

/** The types of http://hl7.org/fhir/search-param-type that the server has. */
export type SearchParamType =
  | 'token'
  | 'reference'
  | 'string'
  | 'date'
  | 'number'
  | 'quantity'
  | 'uri'
  | 'composite'
  | 'special';

export interface SearchParameter {
  readonly code: string;
  /** The type by the standard; the CapabilityStatement has it. */
  readonly type: SearchParamType;
  /** The way in which it is indexed and compared. */
  readonly kind: Kind;
  readonly paths: readonly ElementPath[];
  /** The types to which a reference may point; `undefined` for any type. */
  readonly targets: readonly string[] | undefined;
  /** The components of a composite, each below one element of `paths`. */
  readonly components?: readonly Component[];
}

export interface Component {
  readonly kind: Kind;
  readonly paths: readonly ComponentPath[];
  readonly targets: readonly string[] | undefined;
  /** The parameter that selects the same values as the component, without the other components. */
  readonly alone?: string | undefined;
}

interface ComponentPath extends ElementPath {
  /** Whether the path begins at the resource, and not at the element of the composite. */
  readonly fromResource: boolean;
}

/** The path by which a parameter selects a resource itself, and not a reference; its argument is the type. */
export const inlineOf = ({ paths }: SearchParameter): ElementPath | undefined =>
  paths.find(({ datatype }) => datatype === 'Resource');

/** Whether an include can follow the parameter: its target is another resource. */
export const isFollowed = (parameter: SearchParameter): boolean =>
  parameter.type === 'reference' && inlineOf(parameter) === undefined;

const CANONICAL: ReadonlySet<string> = new Set(['canonical', 'uri']);

/**
 * The kind of a parameter. A reference that is always a canonical is a uri ("canonical references are searched by their
 * url"). `near` is the one special parameter with a place in the resource.
 */
export function indexKindOf(type: SearchParamType, datatypes: readonly string[]): Kind {
  if (type === 'special') return 'near';
  if (type === 'reference' && datatypes.every((datatype) => CANONICAL.has(datatype))) return 'uri';
  return type;
}

/** A row: `code type path{|path} [targets]`, or `code composite path{|path} type=path{|path}[>targets]{;…}`. */
export function parseRow(row: string): SearchParameter {
  const [code = '', name = '', paths = '', rest] = row.split(' ');
  const type = name as SearchParamType; // the generator writes no other
  const parsed = paths.split('|').map(parseElementPath);
  const kind = indexKindOf(type, datatypesOf(parsed));
  const parameter = { code, type, kind, paths: parsed };
  if (type !== 'composite') return { ...parameter, targets: targetsOf(rest) };
  return { ...parameter, targets: undefined, components: (rest ?? '').split(';').map(parseComponent) };
}

/** The datatype of a `code` whose system does not distinguish case. */
export const FOLDED_CODE = 'code without case';

/** The datatypes that a parameter selects. */
export const askedDatatypes = (paths: readonly ElementPath[]): readonly string[] =>
  paths.map(({ datatype, argument }) =>
    datatype === 'code' && isCaseInsensitive(argument) ? FOLDED_CODE : datatype,
  );

const datatypesOf = (paths: readonly ElementPath[]): readonly string[] =>
  paths.map(({ datatype }) => datatype);

const targetsOf = (targets = '*'): readonly string[] | undefined =>
  targets === '*' ? undefined : targets.split(',');

function parseComponent(text: string): Component {
  const equals = text.indexOf('=');
  const [places = '', targets] = text.slice(equals + 1).split('>');
  const paths = places.split('|').map((place) => ({
    ...parseElementPath(place.replace(/^\^/, '')),
    fromResource: place.startsWith('^'),
  }));
  const type = text.slice(0, equals) as SearchParamType; // the generator writes no other
  return { kind: indexKindOf(type, datatypesOf(paths)), paths, targets: targetsOf(targets) };
}

/** A composite whose components know the parameters of the type that select the same values. */
export function withAlone(composite: SearchParameter, all: Iterable<SearchParameter>): SearchParameter {
  const { components, paths } = composite;
  if (components === undefined) return composite;
  const known = new Map([...all].map((one) => [placesKey(one.kind, one.paths), one.code]));
  const alone = (component: Component): string | undefined => {
    const places = paths.flatMap((root) =>
      component.paths.map((path) => ({
        ...path,
        steps: path.fromResource ? path.steps : [...root.steps, ...path.steps],
      })),
    );
    return known.get(placesKey(component.kind, places));
  };
  return { ...composite, components: components.map((one) => ({ ...one, alone: alone(one) })) };
}

const placesKey = (kind: Kind, paths: readonly ElementPath[]): string =>
  [
    kind,
    ...new Set(paths.map(({ steps, datatype, argument }) => JSON.stringify([steps, datatype, argument]))),
  ].join(' ');
