/** Each search parameter and each include that /metadata claims finds what it should, and nothing else. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CapabilityStatement, CapabilityStatementRestResource, Resource } from '../../src/fhir/types.ts';
import { RESOURCE_TYPES } from '../../src/resources/index.ts';
import { searchParameters, UNSUPPORTED_PARAMETERS } from '../../src/resources/search-parameters.ts';
import { searchValues } from '../../src/resources/search-values.ts';
import { proofOf } from '../proof.ts';
import { typesTried } from '../types-tried.ts';
import { resourcesOf, type Stored } from '../world.ts';
import { entriesOf, idsOf, openRest, type Answer, type Rest } from './rest/client.ts';
import { richOf, seedBundle, WRITTEN_TYPES } from './rest/rich.ts';
import { hitOf, missOf } from './rest/search-terms.ts';

const TYPES = [...RESOURCE_TYPES.keys()];
const SOME = new Set(typesTried(proofOf('parameters')));
const TRIED = WRITTEN_TYPES.filter((type) => SOME.has(type));

let rest: Rest;
let claimed: readonly CapabilityStatementRestResource[];
beforeAll(async () => {
  rest = await openRest();
  await rest.must('POST ', { as: 'administrator for initiator', body: seedBundle() });
  const { json } = await rest.must('GET metadata', { as: 'nobody' });
  claimed = (json as unknown as CapabilityStatement).rest?.[0]?.resource ?? [];
});
afterAll(() => rest.close());

const claimOf = (type: string): CapabilityStatementRestResource => {
  const claim = claimed.find((one) => one.type === type);
  if (claim === undefined) throw new Error(`${type} is not claimed`);
  return claim;
};

/** An Organization is its own: only an administrator makes another. */
const writerOf = (type: string): string => (type === 'Organization' ? 'administrator' : 'initiator');

describe('search parameters', () => {
  test.each(TRIED)('each of %s finds and misses', async (type) => {
    const variants: Stored[] = [];
    for (const body of richOf(type)) variants.push(await rest.create(body, writerOf(type)));
    const names = claimOf(type).searchParam?.map(({ name }) => name) ?? [];
    expect(names).toEqual([
      '_id',
      '_lastUpdated',
      '_filter',
      '_list',
      '_text',
      '_content',
      ...searchParameters(type).keys(),
    ]);
    const tried = names.map(async (name) => {
      const terms = variants.flatMap((variant) => {
        const [hit, miss] = [hitOf(type, name, variant), missOf(type, name, variant)];
        return hit === undefined ? [] : [{ id: variant.id, hit, miss }];
      });
      const [term] = terms;
      // Not every sample has a narrative, and none is in a List.
      if (term === undefined && (name === '_text' || name === '_list')) return;
      if (term === undefined) throw new Error(`nothing to find by ${type}.${name}`);
      const found = await rest.must(`GET ${type}?${name}=${encodeURIComponent(term.hit)}&_count=1000`);
      expect([name, term.hit, idsOf(found).includes(term.id)]).toEqual([name, term.hit, true]);
      const missed = await rest.must(`GET ${type}?${name}=${encodeURIComponent(term.miss)}&_count=1000`);
      expect([name, term.miss, idsOf(missed).includes(term.id)]).toEqual([name, term.miss, false]);
    });
    await Promise.all(tried);
  });

  test('parameters of R4 that are not claimed are refused with the reason', async () => {
    const unsupported = Object.keys(UNSUPPORTED_PARAMETERS).flatMap((key) => {
      const [base = '', code = ''] = key.split('.');
      if (SERVED_OTHERWISE.has(code)) return [];
      const types = base === 'Resource' || base === 'DomainResource' ? TYPES : [base];
      return types.filter((type) => RESOURCE_TYPES.has(type)).map((type) => [type, code] as const);
    });
    expect(unsupported.length).toBeGreaterThan(0);
    for (const [type, code] of unsupported) {
      expect(claimOf(type).searchParam?.some(({ name }) => name === code)).toBe(false);
      const { status, issues } = await rest.send(`GET ${type}?${code}=x`);
      expect([code, status]).toEqual([code, 400]);
      expect(issues[0]?.diagnostics).toContain(code);
    }
  });
});

/** Served, but not as values of the resource. */
const SERVED_OTHERWISE: ReadonlySet<string> = new Set(['_id', '_lastUpdated', '_text', '_content']);

/** Everything that is here, by brute force. */
async function everything(): Promise<readonly Stored[]> {
  const found = WRITTEN_TYPES.map(async (type) =>
    resourcesOf((await rest.must(`GET ${type}?_count=1000`)).bundle),
  );
  return (await Promise.all(found)).flat();
}

const idOf = (type: string): string => (type === 'Organization' ? 'initiator' : 'known');
const refOf = ({ resourceType, id }: Stored): string => `${resourceType}/${id}`;
const refersTo = (resource: Resource, param: string): readonly unknown[] =>
  searchValues(resource, resource.resourceType)
    .filter((value) => value.param === param)
    .map(({ low }) => low);
const includedOf = (answer: Answer): readonly string[] =>
  entriesOf(answer)
    .filter(({ search }) => search?.mode === 'include')
    .map(({ resource }) => `${resource?.resourceType}/${resource?.id}`)
    .toSorted();

describe('includes', () => {
  let all: readonly Stored[];
  beforeAll(async () => {
    all = await everything();
  });

  test.each(TRIED)('each of %s includes what it should', async (type) => {
    const self = `${type}/${idOf(type)}`;
    const start = all.find((resource) => refOf(resource) === self);
    if (start === undefined) throw new Error(`${self} is not here`);
    const included = (claimOf(type).searchInclude ?? []).map(async (include) => {
      const to = refersTo(start, include.split(':')[1] ?? '');
      const expected = all.map(refOf).filter((ref) => ref !== self && to.includes(ref));
      const answer = await rest.must(`GET ${type}?_id=${idOf(type)}&_include=${include}`);
      expect([include, includedOf(answer)]).toEqual([include, expected.toSorted()]);
    });
    const referring = (claimOf(type).searchRevInclude ?? []).map(async (include) => {
      const [from, param = ''] = include.split(':');
      const expected = all
        .filter((resource) => resource.resourceType === from && refersTo(resource, param).includes(self))
        .map(refOf)
        .filter((ref) => ref !== self);
      const answer = await rest.must(`GET ${type}?_id=${idOf(type)}&_revinclude=${include}`);
      expect([include, includedOf(answer)]).toEqual([include, expected.toSorted()]);
    });
    await Promise.all([...included, ...referring]);
  });
});
