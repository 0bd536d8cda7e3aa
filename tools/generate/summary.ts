/**
 * Which elements a summary shows (`ElementDefinition.isSummary`) and which are mandatory, one row per resource type:
 * names as they stand in JSON; `!` before a mandatory one, `+` before one that is mandatory and no part of the summary.
 */
import { readElements, readStructures, writeTable, type ElementDefinition } from './definitions.ts';

export function generateSummary(): string {
  const published = readElements();
  const rows = readStructures('profiles-resources')
    .filter(({ kind, abstract }) => kind === 'resource' && !abstract)
    .map(({ type, snapshot }): [string, string[]] => [
      type,
      (snapshot?.element ?? []).flatMap((element) => rowsOf(type, published.get(element.path) ?? element)),
    ]);
  return writeTable(new Map(rows));
}

/** Top-level elements alone: what is inside a shown element is shown with it. */
function rowsOf(type: string, element: ElementDefinition): readonly string[] {
  const name = element.path.slice(type.length + 1);
  const mandatory = (element.min ?? 0) > 0;
  if (name === '' || name.includes('.') || (!mandatory && element.isSummary !== true)) return [];
  const mark = mandatory ? (element.isSummary === true ? '!' : '+') : '';
  return namesOf(name, element).map((each) => mark + each);
}

/** `deceased[x]` is `deceasedBoolean` and `deceasedDateTime` in JSON. */
function namesOf(name: string, { type = [] }: ElementDefinition): readonly string[] {
  if (!name.endsWith('[x]')) return [name];
  return type.map(({ code }) => `${name.slice(0, -3)}${code.charAt(0).toUpperCase()}${code.slice(1)}`);
}
