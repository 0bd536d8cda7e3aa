/**
 * The search parameters of R4 (http://hl7.org/fhir/R4/searchparameter-registry.html) by resource type. The rows of a
 * type are parsed when they are first needed.
 */
import { PARAMETER_ROWS } from './generated/search-parameters.ts';
import { parseRow, withAlone, type SearchParameter } from './search/parameter.ts';

export { UNSUPPORTED as UNSUPPORTED_PARAMETERS } from './generated/search-parameters.ts';
export { isFollowed } from './search/parameter.ts';
export type { SearchParameter } from './search/parameter.ts';

/** Parameters of this server's own, as rows like those of the table (audit-compliance AU13, baa-messaging MS51). */
const OWN_ROWS: Readonly<Record<string, string>> = {
  AuditEvent: `
content-hash token entity.detail[type=sha256].valueString:string
session token agent.extension.valueIdentifier[system=https://closeloop.dev/fhir/sid/audit-session]:Identifier
tab token agent.extension.valueIdentifier[system=https://closeloop.dev/fhir/sid/audit-tab]:Identifier
`,
};

/** Every resource type of R4, whether or not this server has it. */
export const R4_TYPES: readonly string[] = Object.keys(PARAMETER_ROWS).filter((type) => type !== 'Resource');

const read = new Map<string, ReadonlyMap<string, SearchParameter>>();

/**
 * The parameters of a type by their codes, with those of every resource; empty for an unknown type. `_id` and
 * `_lastUpdated` are not among them, because they are clauses of their own.
 */
export function searchParameters(type: string): ReadonlyMap<string, SearchParameter> {
  const known = read.get(type);
  if (known !== undefined) return known;
  if (!Object.hasOwn(PARAMETER_ROWS, type)) return new Map();
  const rows = `${PARAMETER_ROWS[type] ?? ''}${OWN_ROWS[type] ?? ''}${PARAMETER_ROWS['Resource'] ?? ''}`;
  const parameters = rows
    .split('\n')
    .filter((row) => row !== '')
    .map(parseRow);
  const byCode = new Map(parameters.map((parameter) => [parameter.code, withAlone(parameter, parameters)]));
  read.set(type, byCode);
  return byCode;
}
