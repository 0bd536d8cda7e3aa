/** The table of R4's structures against an outside judge: the elements that the FHIRPath library has of R4. */
import { expect, test } from '@jest/globals';
import r4 from 'fhirpath/fhir-context/r4/index.js';
import {
  elementsOfType,
  propertiesOf,
  RESOURCE_TYPE_NAMES,
} from '../../../src/resources/validation/structure.ts';

const { path2Type } = r4 as unknown as { path2Type: Readonly<Record<string, string>> }; // its own declaration says less

/** What every structure or every resource has is not among the library's paths. */
const OF_EVERY = /\.(?:id|extension|modifierExtension|meta|implicitRules|language|text|contained)$/;

/** Every element of a type and of its inner structures, as JSON names it. */
function pathsOf(type: string, seen = new Set<string>()): readonly string[] {
  if (seen.has(type)) return [];
  seen.add(type);
  return elementsOfType(type).flatMap((element) => [
    `${type}.${element.name}`,
    ...propertiesOf(element).map(([name]) => `${type}.${name}`),
    ...element.types.filter(({ code }) => code.includes('.')).flatMap(({ code }) => pathsOf(code, seen)),
  ]);
}

test.each([...RESOURCE_TYPE_NAMES])('%s has the elements that the library has of it', (type) => {
  const ours = new Set(pathsOf(type));
  const theirs = Object.keys(path2Type).filter((path) => path.startsWith(`${type}.`));
  expect(theirs.length).toBeGreaterThan(0);
  expect(theirs.filter((path) => !OF_EVERY.test(path) && !ours.has(path))).toEqual([]);
});
