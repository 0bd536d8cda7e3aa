/** history and paging (http://hl7.org/fhir/R4/http.html#history, #paging). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../src/server/config.ts';
import type { BundleEntry } from '../../../src/fhir/types.ts';
import { createLog } from '../../../src/http/log.ts';
import { start } from '../../../src/server/compose.ts';
import * as make from '../../resources.ts';
import { BASE, type Stored } from '../../world.ts';
import { clientOf, entriesOf, idsOf, linkOf, openRest, type Answer, type Rest } from './client.ts';

let rest: Rest;
beforeAll(async () => {
  rest = await openRest();
});
afterAll(() => rest.close());

const at = ({ resourceType, id }: Stored): string => `${resourceType}/${id}`;
const basic = (text: string) => ({ resourceType: 'Basic', code: { text } });
const versionOf = ({ resource, response }: BundleEntry): string =>
  resource?.meta?.versionId ?? /\d+/.exec(response?.etag ?? '')?.[0] ?? '';
const versionsOf = (answer: Answer): readonly string[] => entriesOf(answer).map(versionOf);

/** All pages, by their next links. `between` happens before each further one. */
async function pagesOf(
  line: string,
  between: () => Promise<unknown> = async () => undefined,
): Promise<readonly Answer[]> {
  const pages: Answer[] = [];
  for (let next: string | undefined = line; next !== undefined;) {
    const page: Answer = await rest.must(`GET ${next}`);
    pages.push(page);
    next = linkOf(page, 'next');
    if (next !== undefined) await between();
    if (pages.length > 100) throw new Error('the pages never end');
  }
  return pages;
}

/** A resource with four versions, the last a deletion, a few milliseconds between them. */
async function storied(): Promise<{ readonly ref: string; readonly instants: readonly string[] }> {
  const stored = await rest.create(basic('one'));
  const instants = [stored.meta?.lastUpdated ?? ''];
  for (const text of ['two', 'three']) {
    await setTimeout(15);
    const { json } = await rest.must(`PUT ${at(stored)}`, { body: { ...stored, code: { text } } });
    instants.push(json.meta?.lastUpdated ?? '');
  }
  await setTimeout(15);
  await rest.must(`DELETE ${at(stored)}`);
  return { ref: at(stored), instants };
}

const later = (instant: string, ms: number): string => new Date(Date.parse(instant) + ms).toISOString();

describe('history', () => {
  test('of an instance: newest first, with what was asked and answered, the deletion among it', async () => {
    const { ref, instants } = await storied();
    const answer = await rest.must(`GET ${ref}/_history`);
    const { entry = [], ...about } = answer.bundle;
    expect(about).toEqual({
      resourceType: 'Bundle',
      type: 'history',
      total: 4,
      link: [{ relation: 'self', url: `${BASE}/${ref}/_history` }],
    });
    expect(entry.map(({ request, response }) => [request?.method, request?.url, response?.status])).toEqual([
      ['DELETE', ref, '204 No Content'],
      ['PUT', ref, '200 OK'],
      ['PUT', ref, '200 OK'],
      ['POST', 'Basic', '201 Created'],
    ]);
    expect(entry.map(({ fullUrl }) => fullUrl)).toEqual(entry.map(() => `${BASE}/${ref}`));
    expect(entry.slice(1).map(({ response }) => response?.lastModified)).toEqual(instants.toReversed());
    expect(entry.slice(1).map(({ resource }) => (resource as { code?: unknown } | undefined)?.code)).toEqual([
      { text: 'three' },
      { text: 'two' },
      { text: 'one' },
    ]);
  });

  test('_since and _at', async () => {
    const { ref, instants } = await storied();
    const [first = '', second = '', third = ''] = instants;
    const all = versionsOf(await rest.must(`GET ${ref}/_history`));
    const cases: readonly (readonly [string, readonly string[]])[] = [
      [`_since=${first}`, all],
      [`_since=${later(first, 1)}`, all.slice(0, 3)],
      [`_since=${third}`, all.slice(0, 2)],
      ['_since=2999-01-01T00:00:00Z', []],
      [`_at=${second}`, all.slice(2, 3)],
      [`_at=${later(second, 1)}`, all.slice(2, 3)],
      [`_at=${later(second, -1)}`, all.slice(3)],
      ['_at=1999', []],
      ['_at=2000-01-01T00:00:00%2B01:00', []],
    ];
    for (const [query, expected] of cases) {
      const answer = await rest.must(`GET ${ref}/_history?${query}`);
      expect([query, versionsOf(answer), answer.bundle.total]).toEqual([query, expected, expected.length]);
    }
  });

  test.each(['Basic/_history', '_history', 'instance'])(
    'of %s in pages: each version once, in order',
    async (where) => {
      const { ref } = await storied();
      await rest.create(make.patient());
      const address = where === 'instance' ? `${ref}/_history` : where;
      const whole = await rest.must(`GET ${address}`);
      const pages = await pagesOf(`${address}?_count=2`, () => rest.create(basic('meanwhile')));
      expect(pages.flatMap(versionsOf)).toEqual(versionsOf(whole));
      expect(pages.map(({ bundle }) => bundle.total)).toEqual(pages.map(() => whole.bundle.total));
      expect(pages.every((page) => entriesOf(page).length <= 2)).toBe(true);
    },
  );

  test('_count=0 tells the total alone', async () => {
    const { ref } = await storied();
    const { bundle } = await rest.must(`GET ${ref}/_history?_count=0`);
    expect(bundle).toEqual({
      resourceType: 'Bundle',
      type: 'history',
      total: 4,
      link: [{ relation: 'self', url: `${BASE}/${ref}/_history?_count=0` }],
    });
  });

  test('is of what the caller sees, and its totals too', async () => {
    const mine = await rest.create(basic('mine'));
    const theirs = await rest.must('GET Basic/_history?_count=1000', { as: 'stranger' });
    expect(entriesOf(theirs).map(({ fullUrl }) => fullUrl)).not.toContain(`${BASE}/${at(mine)}`);
    expect(theirs.bundle.total).toBe(entriesOf(theirs).length);
    expect((await rest.send(`GET ${at(mine)}/_history`, { as: 'stranger' })).status).toBe(404);
  });

  test('with a date, what was current at some time of it; together with _since, both', async () => {
    const { ref, instants } = await storied();
    const [first = '', , third = ''] = instants;
    const day = first.slice(0, 10);
    const all = versionsOf(await rest.must(`GET ${ref}/_history`));
    for (const [query, expected] of [
      [`_at=${day}`, all],
      [`_at=${day.slice(0, 7)}`, all],
      [`_at=${day.slice(0, 4)}&_sort=-_lastUpdated`, all],
      [`_at=${third}&_since=${third}`, all.slice(1, 2)],
      [`_at=${day}&_since=${third}`, all.slice(0, 2)],
    ] as const)
      expect([query, versionsOf(await rest.must(`GET ${ref}/_history?${query}`))]).toEqual([query, expected]);
    for (const where of ['Basic/_history', '_history']) {
      const found = entriesOf(await rest.must(`GET ${where}?_at=${third}&_count=1000`));
      const own = found.filter(({ fullUrl }) => fullUrl === `${BASE}/${ref}`);
      expect(own.map(versionOf)).toEqual(all.slice(1, 2));
    }
  });

  test.each([
    ['_at=yesterday', 'search-value-invalid'],
    ['_since=2026-13', 'search-value-invalid'],
    ['_since=2026&_since=2025', 'search-value-invalid'],
    ['_count=x', 'search-value-invalid'],
    ['_sort=_lastUpdated', 'search-value-invalid'],
    ['_page=x', 'search-value-invalid'],
    ['_list=1', 'search-parameter-unknown'],
    ['code=1', 'search-parameter-unknown'],
  ])('%s is refused: %s', async (query, code) => {
    for (const where of ['Basic/_history', '_history']) {
      const answer = await rest.send(`GET ${where}?${query}`);
      expect([answer.status, answer.code]).toEqual([400, code]);
    }
  });

  test('with handling=lenient, what is not for histories is left out of self', async () => {
    const answer = await rest.must('GET Basic/_history?code=1&_count=1', {
      headers: { prefer: 'handling=lenient' },
    });
    expect(linkOf(answer, 'self')).toBe('Basic/_history?_count=1');
  });

  test('holds no AuditEvents', async () => {
    const answer = await rest.must('GET _history?_count=1000', { as: 'administrator' });
    expect(entriesOf(answer).filter(({ resource }) => resource?.resourceType === 'AuditEvent')).toEqual([]);
  });
});

const tagged = (text: string) => ({
  ...basic(text),
  meta: { tag: [{ system: 'http://example.org/pages', code: 'paged' }] },
});

describe('pages of a search', () => {
  const TAG = 'http://example.org/pages|paged';

  test('are stable while others create, change and delete; a new search sees it all', async () => {
    const made: Stored[] = [];
    for (let index = 0; index < 9; index += 1) made.push(await rest.create(tagged(`${index}`)));
    const before = idsOf(await rest.must(`GET Basic?_tag=${TAG}`));
    expect(before.toSorted()).toEqual(made.map(({ id }) => id).toSorted());
    let turn = 0;
    const pages = await pagesOf(`Basic?_tag=${TAG}&_count=2&_total=accurate`, async () => {
      await rest.create(tagged('new'));
      const [changed, gone] = [made[turn], made[8 - turn]];
      turn += 1;
      if (changed !== undefined)
        await rest.must(`PUT ${at(changed)}`, { body: { ...changed, language: 'de' } });
      if (gone !== undefined) await rest.must(`DELETE ${at(gone)}`);
    });
    expect(pages.flatMap(idsOf)).toEqual(before);
    expect(pages.map(({ bundle }) => bundle.total)).toEqual(pages.map(() => 9));
    expect(pages.flatMap(entriesOf).some(({ resource }) => resource?.language === 'de')).toBe(false);
    const after = idsOf(await rest.must(`GET Basic?_tag=${TAG}&_count=100`));
    expect(after).toHaveLength(9);
    expect(after).not.toEqual(before);
  });

  test('every page names its own search in self, and relations are R4s', async () => {
    const pages = await pagesOf('Basic?_count=3&code:missing=true&_sort=-_lastUpdated');
    for (const page of pages) {
      expect(linkOf(page, 'self')).toContain('_count=3&code:missing=true&_sort=-_lastUpdated');
      expect(
        page.bundle.link?.every(({ relation }) => ['self', 'first', 'previous', 'next'].includes(relation)),
      ).toBe(true);
    }
  });

  test('an old page link is 410 with the way out; resources and versions stay', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'closeloop-pages-'));
    const config = readConfig(['--demo', '--port', '0', '--data-dir', folder], {});
    const log = createLog(
      'error',
      (lines) => process.stderr.write(lines),
      () => Date.now(),
    );
    // Shorter than the settings allow, so that nobody has to wait a minute.
    const running = await start({ ...config, searchSnapshotMs: 50 }, log);
    const { send, must } = await clientOf(running);
    const as = 'administrator';
    for (const id of ['a', 'b', 'c'])
      await must(`PUT Organization/${id}`, { as, body: make.organization(id) });
    const first = await must('GET Organization?_count=1', { as });
    const next = first.bundle.link?.find(({ relation }) => relation === 'next')?.url.split('/fhir/')[1] ?? '';
    expect((await send(`GET ${next}`, { as })).status).toBe(200);
    await must('PUT Organization/d', { as, body: make.organization('d') });
    let late = await send(`GET ${next}`, { as });
    for (let tries = 0; late.status === 200 && tries < 100; tries += 1) {
      await setTimeout(100);
      late = await send(`GET ${next}`, { as });
    }
    expect([late.status, late.code]).toEqual([410, 'page-expired']);
    expect(late.issues[0]?.details?.text).toBe('Start the search again from its first page.');
    const again = await must('GET Organization/_history', { as });
    expect(again.bundle.total).toBe(4);
    await running.stop();
    rmSync(folder, { recursive: true });
  });
});

test('an entry says the status that was answered: 201 for a PUT that created, also after a deletion', async () => {
  const body = make.patient({ id: 'by-put' });
  const line = 'PUT Patient/by-put';
  const as = 'administrator for initiator';
  const statuses = [
    (await rest.must(line, { as, body })).status,
    (await rest.must(line, { body: { ...body, active: true } })).status,
    (await rest.must('DELETE Patient/by-put')).status,
    (await rest.must(line, { body })).status,
  ];
  const answered = ['201 Created', '204 No Content', '200 OK', '201 Created'];
  for (const address of ['Patient/by-put/_history', 'Patient/_history', '_history']) {
    const history = entriesOf(await rest.must(`GET ${address}?_count=1000`));
    const own = history.filter(({ fullUrl }) => fullUrl?.endsWith('/Patient/by-put'));
    expect([address, own.map(({ response }) => response?.status)]).toEqual([address, answered]);
  }
  expect(statuses).toEqual([201, 200, 204, 201]);
});
