/**
 * `_include` and `_revinclude` by canonical (http://hl7.org/fhir/R4/search.html#include): what is published is named by its
 * url, with a version or without; without one the newest is meant.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import type { Stored } from '../../world.ts';
import { entriesOf, openRest, type Answer, type Rest } from './client.ts';

const FORM = 'http://example.org/Questionnaire/intake';
const questionnaire = (version: string, url = FORM): Resource => ({
  resourceType: 'Questionnaire',
  url,
  version,
  status: 'active',
});
const response = (canonical: string): Resource => ({
  resourceType: 'QuestionnaireResponse',
  questionnaire: canonical,
  status: 'completed',
});

let rest: Rest;
const made: Record<string, Stored> = {};
beforeAll(async () => {
  rest = await openRest();
  const all: readonly (readonly [name: string, resource: Resource])[] = [
    ['one', questionnaire('1')],
    ['two', questionnaire('2')],
    ['other', questionnaire('1', `${FORM}/other`)],
    ['to-one', response(`${FORM}|1`)],
    ['to-two', response(`${FORM}|2`)],
    ['to-three', response(`${FORM}|3`)],
    ['to-any', response(FORM)],
    ['to-nothing', response('http://example.org/Questionnaire/unknown')],
  ];
  for (const [name, resource] of all) made[name] = await rest.create(resource);
});
afterAll(() => rest.close());

/** The names of what was brought along. */
const brought = (answer: Answer): readonly string[] => {
  const ids = new Map(Object.entries(made).map(([name, { id }]) => [id, name]));
  return entriesOf(answer)
    .filter(({ search }) => search?.mode === 'include')
    .map(({ resource }) => ids.get(resource?.id ?? '') ?? 'unknown')
    .toSorted();
};
const idOf = (name: string): string => made[name]?.id ?? '';

test.each([
  ['with a version, that version', 'to-one', ['one']],
  ['with another', 'to-two', ['two']],
  ['with one that nobody has, nothing', 'to-three', []],
  ['without a version, the newest', 'to-any', ['two']],
  ['of a url that nobody has, nothing', 'to-nothing', []],
])('_include %s', async (_what, name, expected) => {
  for (const inclusion of ['questionnaire', 'questionnaire:Questionnaire', '*']) {
    const asked = `GET QuestionnaireResponse?_id=${idOf(name)}&_include=QuestionnaireResponse:${inclusion}`;
    expect([inclusion, brought(await rest.must(asked))]).toEqual([inclusion, expected]);
  }
});

test.each([
  ['one', ['to-any', 'to-one']],
  ['two', ['to-any', 'to-two']],
  ['other', []],
])('_revinclude of %s: those that name its version, or none', async (name, expected) => {
  const asked = `GET Questionnaire?_id=${idOf(name)}&_revinclude=QuestionnaireResponse:questionnaire`;
  expect(brought(await rest.must(asked))).toEqual(expected);
});

test('what is published is brought for everyone, what names it only for who may see that', async () => {
  const include = `GET QuestionnaireResponse?_id=${idOf('to-one')}&_include=QuestionnaireResponse:questionnaire`;
  expect((await rest.must(include, { as: 'stranger' })).bundle.entry ?? []).toEqual([]);
  const back = `GET Questionnaire?_id=${idOf('one')}&_revinclude=QuestionnaireResponse:questionnaire`;
  const seen = await rest.must(back, { as: 'stranger' });
  expect(entriesOf(seen).map(({ resource }) => resource?.id)).toEqual([idOf('one')]);
});
