/**
 * `_include` and `_revinclude` over HTTP (http://hl7.org/fhir/R4/search.html#include): types, targets, `*`, `:iterate`,
 * versions, bounds, and what is refused.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { OperationOutcome, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { BASE, type Stored } from '../../world.ts';
import { entriesOf, openRest, type Answer, type Rest } from './client.ts';

let rest: Rest;
const made = new Map<string, Stored>();
const DEPTH = 8;

const ref = (name: string): string => {
  const stored = made.get(name);
  if (stored === undefined) throw new Error(`nothing is called ${name}`);
  return `${stored.resourceType}/${stored.id}`;
};
const keep = async (name: string, resource: Resource): Promise<void> => {
  made.set(name, await rest.create(resource));
};

/** A Task that is no referral. */
const work = (more: Record<string, unknown>): Resource => ({
  resourceType: 'Task',
  status: 'requested',
  intent: 'order',
  code: { text: 'work' },
  ...more,
});

const tasks = (from: number, until = DEPTH): readonly string[] =>
  Array.from({ length: until - from }, (_, n) => `task${from + n}`);

beforeAll(async () => {
  rest = await openRest('--includes-max', '20');
  const parties = { requester: 'Organization/initiator', performer: 'Organization/recipient' } as const;
  await keep('patient', make.patient());
  await keep('crowd', make.patient());
  const subject = make.to(ref('patient') as `Patient/${string}`);
  await keep(
    'order',
    make.serviceRequest({ subject: ref('patient') as 'Patient/x', ...parties }, { status: 'draft' }),
  );
  await keep(
    'task0',
    work({ for: subject, focus: { reference: ref('order') }, requester: make.to('Organization/initiator') }),
  );
  for (let depth = 1; depth < DEPTH; depth += 1) {
    await keep(`task${depth}`, work({ partOf: [{ reference: ref(`task${depth - 1}`) }], for: subject }));
  }
  await keep('first', make.observation(ref('patient') as 'Patient/x'));
  await keep(
    'second',
    make.observation(ref('patient') as 'Patient/x', { hasMember: [{ reference: ref('first') }] }),
  );
  const pinned = `${ref('first')}/_history/${made.get('first')?.meta?.versionId}`;
  await keep(
    'pinned',
    make.observation(ref('patient') as 'Patient/x', { derivedFrom: [{ reference: pinned }] }),
  );
  await rest.must(`PUT ${ref('first')}`, { body: { ...made.get('first'), status: 'amended' } });
  for (let n = 0; n < 25; n += 1) await rest.create(make.observation(ref('crowd') as 'Patient/x'));
});
afterAll(() => rest.close());

const namesOf = (answer: Answer): readonly string[] =>
  entriesOf(answer)
    .filter(({ search }) => search?.mode === 'include')
    .map(({ resource }) => {
      const at = `${resource?.resourceType}/${resource?.id}`;
      return [...made.keys()].find((name) => ref(name) === at) ?? at;
    })
    .toSorted();

/** A query in which `{name}` stands for the id of what is called so. */
const ask = (query: string, sending = {}): Promise<Answer> =>
  rest.send(`GET ${query.replaceAll(/\{(\w+)\}/g, (_, name: string) => made.get(name)?.id ?? '')}`, sending);

const PARTIES = ['Organization/initiator'];

// prettier-ignore
const INCLUDED: readonly (readonly [query: string, names: readonly string[]])[] = [
  ['Task?_id={task0}&_include=Task:focus', ['order']],
  ['Task?_id={task0}&_include=Task:focus:ServiceRequest', ['order']],
  ['Task?_id={task0}&_include=Task:subject:Group', []],
  ['Task?_id={task0}&_include=Task:focus&_include=Task:subject', ['order', 'patient']],
  ['Task?_id={task0}&_include=*', ['order', 'patient', ...PARTIES]],
  ['Task?_id={task0}&_include=Task:*', ['order', 'patient', ...PARTIES]],
  ['Task?_id={task0}&_include=Task:*:Patient', ['patient']],
  ['Task?_id={task0}&_include=Task:focus&_include:iterate=ServiceRequest:*', ['order', 'patient', ...PARTIES, 'Organization/recipient'].toSorted()],
  ['Task?_id={task7}&_include=Task:part-of', ['task6']],
  ['Task?_id={task7}&_include:iterate=Task:part-of', tasks(0, 7)],
  ['Task?_id={task7}&_include:recurse=Task:part-of', tasks(0, 7)],
  ['Task?_id={task7}&_include:iterate=Task:part-of&_include:iterate=Task:focus', ['order', ...tasks(0, 7)]],
  ['Task?_id={task7}&_include:iterate=*', ['order', 'patient', ...PARTIES, 'Organization/recipient', ...tasks(0, 7)].toSorted()],
  ['Task?_id={task0}&_revinclude=Task:part-of', ['task1']],
  ['Task?_id={task0}&_revinclude:iterate=Task:part-of', tasks(1)],
  ['ServiceRequest?_id={order}&_revinclude=Task:focus', ['task0']],
  ['ServiceRequest?_id={order}&_revinclude=Task:*', ['task0']],
  ['ServiceRequest?_id={order}&_revinclude=*', ['task0']],
  ['ServiceRequest?_id={order}&_revinclude=Task:focus&_revinclude:iterate=Task:part-of', tasks(0)],
  ['ServiceRequest?_id={order}&_revinclude=Task:focus&_include:iterate=Task:subject', ['patient', 'task0']],
  ['Observation?_id={second}&_include=Observation:has-member', ['first']],
  ['Observation?_id={first}&_revinclude=Observation:has-member', ['second']],
  ['Observation?_id={first}&_revinclude=Observation:*', ['pinned', 'second']],
];

describe('what is included', () => {
  test.each(INCLUDED)('%s', async (query, names) => {
    const answer = await ask(`${query}&_total=accurate`);
    expect([answer.status, namesOf(answer), answer.bundle.total]).toEqual([200, names.toSorted(), 1]);
    expect(entriesOf(answer).map(({ fullUrl }) => fullUrl?.startsWith(`${BASE}/`))).not.toContain(false);
    const stranger = await ask(query, { as: 'stranger' });
    expect(entriesOf(stranger)).toEqual([]);
  });

  test('a reference to one version brings that version', async () => {
    const answer = await ask('Observation?_id={pinned}&_include=Observation:derived-from');
    const [, included] = entriesOf(answer);
    expect(included?.resource).toMatchObject({
      status: 'final',
      meta: { versionId: made.get('first')?.meta?.versionId },
    });
    const both = await ask('Observation?_id={pinned},{first}&_include=Observation:derived-from');
    expect(entriesOf(both).filter(({ resource }) => resource?.id === made.get('first')?.id)).toHaveLength(2);
  });

  test('a match is not included a second time, and nothing is included twice', async () => {
    const answer = await ask('Task?_id={task6},{task7}&_include=Task:part-of&_include=Task:subject');
    expect(namesOf(answer)).toEqual(['patient', 'task5']);
  });

  test('is shown as the matches are', async () => {
    const answer = await ask('Task?_id={task0}&_include=Task:subject&_summary=true');
    const [, patient] = entriesOf(answer);
    expect(patient?.resource?.meta?.tag).toMatchObject([{ code: 'SUBSETTED' }]);
  });
});

describe('bounds', () => {
  test.each([
    'Patient?_id={crowd}&_revinclude=Observation:subject',
    'Patient?_id={crowd}&_revinclude=Observation:*',
    'Observation?subject={crowd}&_count=3&_include=Observation:subject&_revinclude:iterate=Observation:subject',
  ])('%s is cut and says so', async (query) => {
    const answer = await ask(query);
    const entries = entriesOf(answer);
    expect(entries.filter(({ search }) => search?.mode === 'include')).toHaveLength(20);
    const said = entries.at(-1);
    expect(said?.search?.mode).toBe('outcome');
    expect(said?.fullUrl).toBeUndefined();
    expect((said?.resource as OperationOutcome | undefined)?.issue).toMatchObject([
      { severity: 'warning', code: 'incomplete', details: { coding: [{ code: 'includes-cut' }] } },
    ]);
  });
});

// prettier-ignore
const REFUSED: readonly (readonly [query: string, code: string])[] = [
  ['Task?_include=Task', 'search-value-invalid'],
  ['Task?_include=', 'search-value-invalid'],
  ['Task?_include=Task:', 'search-value-invalid'],
  ['Task?_include=*:focus', 'search-value-invalid'],
  ['Task?_include=Task:focus:Patient:x', 'search-value-invalid'],
  ['Task?_include=Patient:organization', 'search-value-invalid'],
  ['Task?_include=Task:patient:Organization', 'search-value-invalid'],
  ['Task?_revinclude=Coverage:beneficiary', 'search-value-invalid'],
  ['Task?_include=Task:status', 'search-parameter-unknown'],
  ['Task?_include=Task:shoe-size', 'search-parameter-unknown'],
  ['Task?_include:missing=Task:focus', 'search-parameter-unknown'],
  ['Patient?_revinclude=BodyStructures:patient', 'search-parameter-unknown'],
  ['Patient?_revinclude=AuditEvent:entity', 'search-parameter-unknown'],
  [`Task?${Array.from({ length: 21 }, () => '_include=Task:focus').join('&')}`, 'search-value-invalid'],
];

describe('what is refused', () => {
  test.each(REFUSED)('%s: %s', async (query, code) => {
    const answer = await ask(query);
    expect([answer.status, answer.code]).toEqual([400, code]);
  });

  test('with handling=lenient what is not offered is left out, said, and not in the self link', async () => {
    const answer = await ask('Task?_id={task0}&_include=Task:shoe-size&_include=Task:focus', {
      headers: { prefer: 'handling=lenient' },
    });
    expect(namesOf(answer)).toEqual(['order']);
    expect(answer.bundle.link?.[0]?.url).not.toContain('shoe-size');
    expect(entriesOf(answer).at(-1)?.search?.mode).toBe('outcome');
  });

  test('what the scopes do not give is silently absent', async () => {
    const token = await rest.sign({ scope: 'system/Task.rs system/Patient.rs' });
    const sending = { as: 'nobody', headers: { authorization: `Bearer ${token}` } };
    expect(namesOf(await ask('Task?_id={task0}&_include=*', sending))).toEqual(['patient']);
    expect(namesOf(await ask('Patient?_id={patient}&_revinclude=ServiceRequest:subject', sending))).toEqual(
      [],
    );
  });
});
