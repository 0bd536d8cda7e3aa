/** What a search parameter is, and how a row of the generated table says it. */
import { parseElementPath, type ElementPath } from './element-path.ts';
import type { Kind } from './extract.ts';

/** http://hl7.org/fhir/search-param-type, as far as we search. */
export type SearchParamType = 'token' | 'reference' | 'string' | 'date' | 'number' | 'quantity' | 'uri';

export interface SearchParameter {
  readonly code: string;
  /** What the standard calls it; the CapabilityStatement says this. */
  readonly type: SearchParamType;
  /** How it is indexed and compared. */
  readonly kind: Kind;
  readonly paths: readonly ElementPath[];
  /** For a reference, the types it may point to; `undefined` for any type. */
  readonly targets: readonly string[] | undefined;
}

const CANONICAL: ReadonlySet<string> = new Set(['canonical', 'uri']);

/**
 * A quantity is compared by its number, and a reference that is always a canonical is a uri ("canonical references are
 * searched by their url").
 */
export function kindOf(type: SearchParamType, datatypes: readonly string[]): Kind {
  if (type === 'quantity') return 'number';
  if (type === 'reference' && datatypes.every((datatype) => CANONICAL.has(datatype))) return 'uri';
  return type;
}

/** A row: `code type path{|path} [targets]`. */
export function parseRow(row: string): SearchParameter {
  const [code = '', type = '', paths = '', targets = '*'] = row.split(' ');
  const parsed = paths.split('|').map(parseElementPath);
  const kind = kindOf(
    type as SearchParamType, // the generator writes no other
    parsed.map(({ datatype }) => datatype),
  );
  return {
    code,
    type: type as SearchParamType,
    kind,
    paths: parsed,
    targets: targets === '*' ? undefined : targets.split(','),
  };
}
