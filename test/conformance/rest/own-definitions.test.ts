/** The definitions of this server's own are served, valid, and found by url (http://hl7.org/fhir/R4/codesystem.html). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ISSUE_SYSTEM, ISSUES } from '../../../src/fhir/issue.ts';
import type { Resource } from '../../../src/fhir/types.ts';
import { validateResource } from '../../../src/resources/validate.ts';
import { openRest, entriesOf, type Rest } from './client.ts';

let rest: Rest;
beforeAll(async () => {
  rest = await openRest();
});
afterAll(() => rest.close());

const ROOT = 'https://closeloop.dev/fhir';

test.each([
  ...'consent-origin ihe-transaction issue message-fate note referral-event referral-party referral-transition'
    .split(' ')
    .map((id) => `CodeSystem/${id}`),
  ...'standing task-business-status task-origin timeline-step trigger-event work-item'
    .split(' ')
    .map((id) => `CodeSystem/${id}`),
  ...'custodian replaced-by resolved-party same-as same-legal-entity same-ohca timeline-step'
    .split(' ')
    .map((id) => `StructureDefinition/${id}`),
])('%s by id and by url', async (ref) => {
  const { json } = await rest.must(`GET ${ref}`);
  expect(json['url']).toBe(`${ROOT}/${ref}`);
  expect(validateResource(json)).toEqual([]);
  const [type] = ref.split('/');
  const found = entriesOf(await rest.must(`GET ${type}?url=${ROOT}/${ref}`));
  expect(found.map(({ resource }) => resource as unknown as Resource)).toEqual([json]);
});

test('every refusal has its code and the way out in its code system', async () => {
  const { json } = await rest.must('GET CodeSystem/issue');
  expect(json['url']).toBe(ISSUE_SYSTEM);
  expect(json['concept']).toHaveLength(Object.keys(ISSUES).length);
});

test.each([
  ['consent-origin', ['patient']],
  ['referral-party', ['initiator', 'recipient', 'other']],
  ['standing', ['member', 'listed', 'private']],
  ['task-origin', ['opened-by-server']],
  ['ihe-transaction', expect.arrayContaining(['PCC-55'])],
  ['referral-transition', expect.arrayContaining(['01'])],
  ['task-business-status', ['awaiting-information']],
  ['work-item', expect.arrayContaining(['party-unresolved'])],
])('%s has its codes', async (id, codes) => {
  const { json } = await rest.must(`GET CodeSystem/${id}`);
  expect(json['content']).toBe('complete');
  expect((json['concept'] as { readonly code: string }[]).map(({ code }) => code)).toEqual(codes);
});
