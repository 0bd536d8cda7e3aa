/**
 * `_text`, `_content` (http://hl7.org/fhir/R4/search.html#content) and `:text` on tokens (#modifiers) over HTTP: their
 * language, what is searched, who sees it, and what is refused.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { idsOf, openRest, type Answer, type Rest } from './client.ts';

let rest: Rest;
const names = new Map<string, string>();

const narrative = (inner: string) => ({
  status: 'additional',
  div: `<div xmlns="http://www.w3.org/1999/xhtml">${inner}</div>`,
});

const observation = (more: Readonly<Record<string, unknown>>): Resource => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'something' },
  ...more,
});

const HERE: Readonly<Record<string, Resource>> = {
  plain: observation({
    text: narrative(
      '<p>Severe <b>head</b>ache &amp; naus&#233;a</p><!-- hidden words --><p title="tooltip">since Monday</p>',
    ),
    note: [{ text: 'Follow-up after E66.9, weight 101.5 kg' }, { text: 'Interpreter needed' }],
    code: {
      coding: [{ system: 'http://loinc.org', code: '39156-5', display: 'Body mass index (BMI) [Ratio]' }],
      text: 'BMI, naïve',
    },
  }),
  other: observation({
    text: narrative('<p>Mild headache</p>'),
    note: [{ text: 'INTERPRETER not needed; Überweisung nötig' }],
    code: { coding: [{ system: 'http://loinc.org', code: '8480-6', display: 'Systolic blood pressure' }] },
    identifier: [{ type: { text: 'Placer Identifier' }, value: 'x1' }],
  }),
  silent: observation({
    note: [{ text: 'Stra\u00dfe and Σίσυφος' }],
    valueCodeableConcept: { text: 'Forehead' },
    extension: [{ url: 'http://example.org/wordinurl', valueString: 'wordinextension' }],
  }),
};

beforeAll(async () => {
  rest = await openRest();
  for (const [name, resource] of Object.entries(HERE)) names.set((await rest.create(resource)).id, name);
  // On a busy machine the first search may find its thread still starting, and is told to come again.
  await untilAnswered('Observation?_text=headache');
});
afterAll(() => rest.close());

async function untilAnswered(path: string): Promise<void> {
  for (let tries = 0; tries < 30; tries += 1) {
    if ((await rest.send(`GET ${path}`)).status !== 503) return;
    await sleep(1000);
  }
}

const named = (answer: Answer): string =>
  idsOf(answer)
    .map((id) => names.get(id) ?? id)
    .toSorted()
    .join(' ');
const ask = async (query: string, as = 'initiator'): Promise<string> =>
  named(await rest.must(`GET Observation?${query}`, { as }));
const searched = (name: string, text: string): Promise<string> => ask(`${name}=${encodeURIComponent(text)}`);

describe('_text looks at the narrative', () => {
  test.each([
    ['headache', 'other plain'],
    ['HEADACHE severe', 'plain'],
    ['ache', ''],
    ['head*', 'other plain'],
    ['nausea', 'plain'],
    ['nauséa', 'plain'],
    ['"severe headache"', 'plain'],
    ['"headache severe"', ''],
    ['"mild head"*', 'other'],
    ['severe OR mild', 'other plain'],
    ['headache AND NOT mild', 'plain'],
    ['headache NOT mild', 'plain'],
    ['NOT headache', 'silent'],
    ['NOT NOT mild', 'other'],
    ['(severe OR mild) monday', 'plain'],
    ['mild,severe', 'other plain'],
    ['severe monday OR mild', 'other plain'],
    ['hidden', ''],
    ['tooltip', ''],
    ['div', ''],
    ['amp', ''],
    ['interpreter', ''],
    ['or', ''],
  ])('%s', async (text, found) => {
    expect(await searched('_text', text)).toBe(found);
  });
});

describe('_content looks at everything', () => {
  test.each([
    ['interpreter', 'other plain'],
    ['"interpreter needed"', 'plain'],
    ['"interpreter not needed"', 'other'],
    ['E66.9', 'plain'],
    ['follow-up', 'plain'],
    ['uberweisung', 'other'],
    ['ÜBERWEISUNG', 'other'],
    ['strasse', 'silent'],
    ['ΣΊΣΥΦΟΣ', 'silent'],
    ['headache', 'other plain'],
    ['39156-5', 'plain'],
    ['x1', 'other'],
    ['101.5', 'plain'],
    ['wordinextension', 'silent'],
    ['wordinurl', ''],
    ['"9 weight interpreter"', ''],
    ['"kg interpreter"', ''],
    ['final -', undefined],
  ])('%s', async (text, found) => {
    const { status } = await rest.send(`GET Observation?_content=${encodeURIComponent(text)}`);
    expect(status).toBe(found === undefined ? 400 : 200);
    expect(found === undefined ? undefined : await searched('_content', text)).toBe(found);
  });

  test('together with other parameters, in totals, in order and by POST', async () => {
    expect(await ask('_content=interpreter&code=http://loinc.org|8480-6')).toBe('other');
    expect(await ask('_content=interpreter&_text=severe&status=final')).toBe('plain');
    const counted = await rest.must('GET Observation?_content=interpreter&_summary=count');
    expect(counted.bundle.total).toBe(2);
    const sorted = await rest.must('GET Observation?_content=headache&_sort=_lastUpdated');
    expect(idsOf(sorted).map((id) => names.get(id))).toEqual(['plain', 'other']);
    const posted = await rest.must('POST Observation/_search', { body: '_content=interpreter' });
    expect(named(posted)).toBe('other plain');
  });

  test('what a version said is not found any more when the next one is there, nor what is deleted', async () => {
    const made = await rest.create(observation({ note: [{ text: 'quicksilver' }] }));
    expect(await ask('_content=quicksilver')).toBe(made.id);
    await rest.must(`PUT Observation/${made.id}`, { body: { ...made, note: [{ text: 'mercury' }] } });
    expect(await ask('_content=quicksilver')).toBe('');
    expect(await ask('_content=mercury')).toBe(made.id);
    await rest.must(`DELETE Observation/${made.id}`);
    expect(await ask('_content=mercury')).toBe('');
  });

  test('nobody finds what they do not see, and nobody what is hidden from others', async () => {
    expect(await ask('_content=interpreter', 'stranger')).toBe('');
    const { id } = await rest.create(
      {
        ...make.endpoint('initiator'),
        address: 'https://whispered.example.org/hook',
        header: ['X-Key: murmured'],
      },
      'initiator',
    );
    for (const word of ['whispered', 'murmured'])
      expect(idsOf(await rest.must(`GET Endpoint?_content=${word}`))).toEqual([]);
    expect(idsOf(await rest.must(`GET Endpoint?_content=initiator`))).toContain(id);
  });
});

describe(':text looks at what is written beside a code', () => {
  test.each([
    ['code:text=body', 'plain'],
    ['code:text=MASS%20index', 'plain'],
    ['code:text=bmi', 'plain'],
    ['code:text=naive', 'plain'],
    ['code:text=ratio', 'plain'],
    ['code:text=dy%20mass', ''],
    ['code:text=b', 'other plain'],
    ['code:text=blood,index', 'other plain'],
    ['code:text=[ra', 'plain'],
    ['code:text=index%20(b', 'plain'],
    ['identifier:text=placer', 'other'],
    ['identifier:text=identifier', 'other'],
    ['identifier:text=x1', ''],
    ['value-concept:text=fore', 'silent'],
    ['value-concept:text=head', ''],
    ['code:text=interpreter', ''],
  ])('%s', async (query, found) => {
    expect(await ask(query)).toBe(found);
  });

  test('through a chain and with sight', async () => {
    const patient = await rest.create(make.patient({ maritalStatus: { text: 'Never married' } }));
    const about = await rest.create(make.observation(`Patient/${patient.id}`));
    const all = `GET Observation?subject:Patient._content=married`;
    expect(idsOf(await rest.must(all))).toEqual([about.id]);
    expect(idsOf(await rest.must(all, { as: 'stranger' }))).toEqual([]);
  });
});

describe('refused in words', () => {
  test.each([
    ['_text=', 'a value is missing'],
    ['_text=%22open', 'quotation mark is not closed'],
    ['_text=(a', 'parenthesis is not closed'],
    ['_text=a)', 'closes what was not opened'],
    ['_text=()', 'a word or a phrase is missing'],
    ['_text=a%20OR', 'a word or a phrase is missing'],
    ['_text=AND%20a', 'a word or a phrase is missing'],
    ['_text=NOT', 'a word or a phrase is missing'],
    ['_text=a*', 'at least 2 characters'],
    ['_text=*', 'letters and digits'],
    ['_text=%2B%2B', 'letters and digits'],
    [`_text=${'('.repeat(200)}a${')'.repeat(200)}`, 'nested more than'],
    [`_text=${'NOT%20'.repeat(100)}a`, 'nested more than'],
    [`_text=${Array.from({ length: 40 }, (_, i) => `w${i}`).join('+')}`, 'at most 32 words'],
    [`_content=${'x'.repeat(1100)}`, 'at most 1024 characters'],
    ['_text:exact=a', 'takes no such modifier'],
    ['status:text=final', 'no text beside the code'],
    ['code:text=', 'a value is missing'],
    ['code:text=%20', 'a text is missing'],
  ])('%s', async (query, why) => {
    const { status, issues } = await rest.send(`GET Observation?${query}`);
    expect(status).toBe(400);
    expect(issues[0]?.diagnostics).toContain(why);
  });

  test('as a condition, as criteria, of the audit', async () => {
    const once = await rest.send('POST Observation', {
      body: observation({}),
      headers: { 'If-None-Exist': '_content=interpreter' },
    });
    expect([once.status, once.issues[0]?.diagnostics]).toEqual([
      400,
      expect.stringContaining('not used in a condition'),
    ]);
    const changed = await rest.send('PUT Observation?code:text=b', { body: observation({}) });
    expect(changed.status).toBe(400);
    for (const query of ['_content=x', '_text=x', 'type:text=x'])
      expect([query, (await rest.send(`GET AuditEvent?${query}`)).status]).toEqual([query, 400]);
  });
});

describe('nothing of a query reaches the engine as its language', () => {
  test.each([
    'interpreter" OR "a',
    'narrative:headache',
    'narrative : headache',
    '{content} : x',
    'NEAR(interpreter needed, 5)',
    '^interpreter',
    "interpreter'; DROP TABLE words;--",
    'interpreter + needed',
    'a*b*c*',
    '-interpreter',
    '\u0000interpreter',
    '%_',
    'words MATCH x',
    '"" interpreter',
    'type : observation',
  ])('%s', async (text) => {
    for (const name of ['_text', '_content', 'code:text']) {
      const { status } = await rest.send(`GET Observation?${name}=${encodeURIComponent(text)}`);
      expect([200, 400]).toContain(status);
    }
  });
});

test('switched off: refused, and no file is written', async () => {
  const without = await openRest('--full-text=off');
  try {
    const { status, issues } = await without.send('GET Observation?_content=x');
    expect([status, issues[0]?.diagnostics]).toEqual([400, expect.stringContaining('switched off')]);
    await without.create(HERE['plain'] ?? observation({}));
    const found = await without.must('GET Observation?code:text=mass');
    expect(idsOf(found)).toHaveLength(1);
    expect(JSON.stringify((await without.must('GET metadata')).json)).not.toContain('"_content"');
  } finally {
    await without.close();
  }
});
