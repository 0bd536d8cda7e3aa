/** Every served type: a rich sample passes, and a fault put anywhere into it is found there, once. */
import { describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { RESOURCE_TYPES as SERVED } from '../../../src/resources/index.ts';
import { validateResource } from '../../../src/resources/validate.ts';
import { toExpression } from '../../../src/resources/validation/expression.ts';
import {
  elementsOfType,
  propertiesOf,
  RESOURCE_TYPE_NAMES,
} from '../../../src/resources/validation/structure.ts';
import { proofOf, someOf } from '../../proof.ts';
import { SAMPLES } from './samples.ts';

const STRUCTURE = { profiles: 'none' } as const;

describe('the sample of', () => {
  test.each(Object.entries(SAMPLES))('%s is valid', (_type, sample) => {
    expect(validateResource(sample).filter(({ severity }) => severity !== 'information')).toEqual([]);
  });

  test('every type that is served is here', () => {
    expect([...SERVED.keys()].filter((type) => !(type in SAMPLES))).toEqual([]);
    expect(Object.keys(SAMPLES).filter((type) => !RESOURCE_TYPE_NAMES.has(type))).toEqual([]);
  });
});

/** A structure inside a sample: an object whose elements R4 defines. */
interface Site {
  readonly type: string;
  readonly pointer: string;
  readonly value: Readonly<Record<string, unknown>>;
}

function sitesOf(type: string, value: Site['value'], pointer = ''): readonly Site[] {
  const below = elementsOfType(type).flatMap((element) =>
    propertiesOf(element).flatMap(([name, { code }]) => {
      const child = value[name];
      const members = Array.isArray(child) ? child : child === undefined ? [] : [child];
      return members.flatMap((member, index) => {
        if (typeof member !== 'object' || member === null) return [];
        const at = `${pointer}/${name}${Array.isArray(child) ? `/${index}` : ''}`;
        return sitesOf(code === 'Resource' ? member.resourceType : code, member, at);
      });
    }),
  );
  return [{ type, pointer, value }, ...below];
}

/** Puts a fault into a copy of a sample; what must be said of it is code and place, nothing else. */
type Plant = () => { readonly resource: Resource; readonly expected: string };

function plant(
  sample: Resource,
  pointer: string,
  fault: unknown,
  code = 'structure-invalid',
  place = pointer,
): Plant {
  return () => {
    const resource: Resource = JSON.parse(JSON.stringify(sample)); // no part shared with another
    const parts = pointer.split('/').slice(1);
    const last = parts.pop() ?? '';
    const parent = parts.reduce<Record<string, unknown>>(
      (tree, part) => tree[part] as Record<string, unknown>,
      resource,
    );
    if (fault === undefined) delete parent[last];
    else parent[last] = fault;
    return { resource, expected: `${code} ${toExpression(resource, place)}` };
  };
}

const WRONG: Readonly<Record<string, unknown>> = { string: 7, number: '7', boolean: 'true', object: 'x' };

type Planting = (sample: Resource, site: Site) => readonly Plant[];

const PLANTINGS: Readonly<Record<string, Planting>> = {
  'an unknown element': (sample, { pointer }) => [plant(sample, `${pointer}/zzz`, 'x')],
  'a missing element': (sample, { type, pointer, value }) =>
    elementsOfType(type)
      .filter(({ min }) => min > 0)
      .flatMap((element) =>
        propertiesOf(element)
          .filter(([name]) => value[name] !== undefined && Object.keys(value).length > 1)
          .map(([name]) => plant(sample, `${pointer}/${name}`, undefined, 'field-missing')),
      ),
  'another JSON type': (sample, { pointer, value }) =>
    propertyNames(value).map((name) => {
      const child = value[name];
      return plant(sample, `${pointer}/${name}`, Array.isArray(child) ? { x: 1 } : WRONG[typeof child]);
    }),
  'another JSON type in a list': (sample, { pointer, value }) =>
    propertyNames(value).flatMap((name) => {
      const child = value[name];
      const first: unknown = Array.isArray(child) ? child.find((member) => member !== null) : undefined;
      if (!Array.isArray(child) || first === undefined) return [];
      return [plant(sample, `${pointer}/${name}/${child.indexOf(first)}`, WRONG[typeof first])];
    }),
  'a list for one, or one for a list': (sample, { pointer, value }) =>
    propertyNames(value).map((name) => {
      const child = value[name];
      return plant(
        sample,
        `${pointer}/${name}`,
        Array.isArray(child) ? child.find((each) => each !== null) : [child],
      );
    }),
  'something empty': (sample, { pointer, value }) =>
    propertyNames(value)
      // An empty resource lacks its type; that is another row.
      .filter((name) => name !== 'resource' && ['string', 'object'].includes(typeof value[name]))
      .map((name) => {
        const child = value[name];
        return plant(
          sample,
          `${pointer}/${name}`,
          Array.isArray(child) ? [] : typeof child === 'string' ? '' : {},
        );
      }),
  null: (sample, { pointer, value }) =>
    propertyNames(value).map((name) => plant(sample, `${pointer}/${name}`, null)),
  'a string of no type': (sample, { type, pointer, value }) =>
    elementsOfType(type)
      .flatMap(propertiesOf)
      .filter(([name, { code }]) => typeof value[name] === 'string' && !['string', 'markdown'].includes(code))
      .map(([name]) => plant(sample, `${pointer}/${name}`, '  not ok  ')),
};

/** Contained resources and their types hold the rest together: what befalls them is tried in the tables. */
function propertyNames(value: Site['value']): readonly string[] {
  return Object.keys(value).filter((name) => name !== 'resourceType' && name !== 'contained');
}

describe.each(Object.entries(PLANTINGS))('%s anywhere is found there, once', (_fault, planting) => {
  test.each(Object.entries(SAMPLES))('%s', (type, sample) => {
    const planted = someOf(
      sitesOf(type, sample).flatMap((site) => planting(sample, site)),
      proofOf('faults'),
    ).map((put) => put());
    const said = planted.map(({ resource }) =>
      validateResource(resource, STRUCTURE).map(({ code, expression }) => `${code} ${expression?.join()}`),
    );
    expect(said).toEqual(planted.map(({ expected }) => [expected]));
  });
});
