/**
 * What `metadata?mode=terminology` claims (http://hl7.org/fhir/R4/terminologycapabilities.html), asked for: every system, every
 * parameter, and what is said not to be.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type {
  OperationDefinition,
  Parameters,
  Resource,
  TerminologyCapabilities,
  ValueSet,
} from '../../../src/fhir/types.ts';
import { PACKAGED } from '../../../src/resources/terminology/packaged.ts';
import { validateResource } from '../../../src/resources/validate.ts';
import { openRest, type Rest } from '../rest/client.ts';

let rest: Rest;
let claimed: TerminologyCapabilities;
beforeAll(async () => {
  rest = await openRest();
  claimed = (await rest.must('GET metadata?mode=terminology')).json as unknown as TerminologyCapabilities;
});
afterAll(() => rest.close());

test('is a valid resource of this server', () => {
  expect(validateResource(claimed as unknown as Resource)).toEqual([]);
  expect(claimed).toMatchObject({ kind: 'instance', software: { name: 'Closeloop' } });
});

test('every system is held: its codes are looked up', async () => {
  const systems = claimed.codeSystem ?? [];
  expect(systems.length).toBeGreaterThan(900);
  const lookups = systems.flatMap(({ uri = '' }) => {
    const code = PACKAGED.system(uri)?.concepts.values().next().value?.code;
    return code === undefined
      ? []
      : [`CodeSystem/$lookup?${new URLSearchParams({ system: uri, code }).toString()}`];
  });
  expect(lookups.length).toBeGreaterThan(900);
  const entry = lookups.map((url) => ({ request: { method: 'GET', url } }));
  const { bundle } = await rest.must('POST ', { body: { resourceType: 'Bundle', type: 'batch', entry } });
  const refused = (bundle.entry ?? []).flatMap(({ response }, i) =>
    response?.status?.startsWith('200') === true ? [] : [[lookups[i], response?.status]],
  );
  expect(refused).toEqual([]);
});

test('each system has the version that its codes are read from', () => {
  const told = (claimed.codeSystem ?? []).map(({ uri, version }) => [uri, version?.[0]?.code]);
  expect(told).toEqual(told.map(([uri = '']) => [uri, PACKAGED.system(uri)?.version]));
});

test('codes of a system are compared', async () => {
  const some = (claimed.codeSystem ?? []).filter(
    ({ subsumption }, i) => subsumption === true && i % 40 === 0,
  );
  expect(some.length).toBeGreaterThan(20);
  for (const { uri = '' } of some) {
    const codes = PACKAGED.system(uri)?.concepts.values() ?? [];
    const [codeA = '', codeB = codeA] = [...codes].map(({ code }) => code);
    if (codeA === '') continue; // a grammar
    const compare = async (one: string, other: string) => {
      const query = new URLSearchParams({ system: uri, codeA: one, codeB: other }).toString();
      const { json } = await rest.must(`GET CodeSystem/$subsumes?${query}`);
      return (json as unknown as Parameters).parameter?.find(({ name }) => name === 'outcome')?.valueCode;
    };
    expect([uri, await compare(codeA, codeA)]).toEqual([uri, 'equivalent']);
    expect(['equivalent', 'subsumes', 'subsumed-by', 'not-subsumed']).toContain(await compare(codeA, codeB));
  }
});

test('the parameters of $expand are those of its OperationDefinition, and each is understood', async () => {
  const names = claimed.expansion?.parameter?.map(({ name }) => name);
  const definition = (await rest.must('GET OperationDefinition/ValueSet-expand'))
    .json as unknown as OperationDefinition;
  expect(names).toEqual(definition.parameter?.filter(({ use }) => use === 'in').map(({ name }) => name));
  const { status, code } = await rest.send(
    'GET ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/task-status&no-such=1',
  );
  expect([status, code]).toEqual([400, 'parameter-unknown']);
});

test('expansions are flat, paged and filtered by text', async () => {
  expect(claimed.expansion).toMatchObject({ hierarchical: false, paging: true, incomplete: false });
  const url = 'GET ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/task-status';
  const expand = async (query = '') => ((await rest.must(url + query)).json as unknown as ValueSet).expansion;
  const whole = await expand();
  const codes = whole?.contains?.map(({ code }) => code) ?? [];
  expect(whole?.contains?.every(({ contains }) => contains === undefined)).toBe(true);
  const page = await expand('&offset=2&count=3');
  expect([page?.total, page?.contains?.map(({ code }) => code)]).toEqual([codes.length, codes.slice(2, 5)]);
  expect((await expand('&filter=HOLD'))?.contains?.map(({ code }) => code)).toEqual(['on-hold']);
});
