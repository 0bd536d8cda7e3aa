/**
 * The elements of a type, read from the generated table of R4 (`tools/generate/structures.ts` has the grammar of a
 * row). A type is a resource, a datatype, or an inner structure of either (`Task.input`).
 */
import structures from '../generated/structures.json' with { type: 'json' };

export interface ElementType {
  /** A primitive, a datatype, an inner structure, or `Resource`. */
  readonly code: string;
  /**
   * The resource types of a Reference's target, none means any; for a Quantity `SimpleQuantity`, when it must be one.
   */
  readonly targets: readonly string[];
  /** Whether it is an XML attribute: it has no extensions, so there is no `_name`. */
  readonly attribute: boolean;
}

export interface Element {
  /** The name without `[x]`. */
  readonly name: string;
  readonly choice: boolean;
  readonly min: number;
  readonly max: number;
  readonly types: readonly ElementType[];
  /** The value set of its required binding. */
  readonly valueSet: string | undefined;
}

const ROWS: ReadonlyMap<string, readonly string[]> = new Map(Object.entries(structures));

/** Every resource type of R4. */
export const RESOURCE_TYPE_NAMES: ReadonlySet<string> = new Set(
  [...ROWS.keys()].filter(
    (type) => /^:(Domain)?Resource$/.test(ROWS.get(type)?.[0] ?? '') && type !== 'DomainResource',
  ),
);

const known = new Map<string, readonly Element[]>();

/** The elements of a type, inherited ones first; empty for a name that is no type. */
export function elementsOfType(type: string): readonly Element[] {
  const elements = known.get(type) ?? (ROWS.get(type) ?? []).flatMap(readRow);
  known.set(type, elements);
  return elements;
}

/** The properties that JSON has for an element, with the type of each: one, or one per type of a choice. */
export function propertiesOf({ name, choice, types }: Element): readonly (readonly [string, ElementType])[] {
  return types.map((type) => [choice ? `${name}${capitalize(type.code)}` : name, type]);
}

const ROW =
  /^(?<name>\w+)(?<choice>\[x\])? (?<min>\d+)\.\.(?<max>\d+|\*) (?<types>\S+)(?: #(?<valueSet>\S+))?$/;
const TYPE = /^(?<attribute>@)?(?<code>[\w.]+)(?:\((?<targets>[\w,]+)\))?$/;

function readRow(row: string): readonly Element[] {
  if (row.startsWith(':')) return elementsOfType(row.slice(1));
  const { name = '', choice, min, max, types = '', valueSet } = ROW.exec(row)?.groups ?? {};
  return [
    {
      name,
      choice: choice !== undefined,
      min: Number(min),
      max: max === '*' ? Infinity : Number(max),
      types: types.split('|').map(readType),
      valueSet,
    },
  ];
}

/** Reads one type of a row: `code`, `@id`, `Reference(Patient,Group)`. */
function readType(text: string): ElementType {
  const { attribute, code = '', targets } = TYPE.exec(text)?.groups ?? {};
  return { code, targets: targets?.split(',') ?? [], attribute: attribute !== undefined };
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
