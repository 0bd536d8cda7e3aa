/**
 * The evidence of a referral (audit-compliance AU45), and the books of both parties (AU40, AU41): the same story, with private
 * people.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { buildPatch, writing } from '../loop/referrals.ts';
import { openServer, type TestServer } from '../../server.ts';
import { refOf, type Stored } from '../../world.ts';

let server: TestServer;
let order: Stored;
let note: Stored;
let task: Stored;
beforeAll(async () => {
  server = await openServer();
  const patient = await server.create('initiator', make.patient());
  const binary = await server.create('initiator', make.binary());
  note = await server.create('initiator', make.documentReference(refOf(patient), refOf(binary)));
  order = await server.create(
    'initiator',
    make.serviceRequest(
      { subject: refOf(patient), requester: 'Organization/initiator', performer: 'Organization/recipient' },
      { supportingInfo: [make.to(refOf(note))], reasonCode: [{ text: 'Chest pain <1 week' }] },
    ),
  );
  [task] = (await server.search('initiator', `Task?focus=${refOf(order)}`)) as [Stored];
  await server.read('recipient', refOf(task));
  await server.read('recipient', refOf(order));
  await server.read('recipient', refOf(note));
  const moved = await server.ask('recipient', 'PATCH', refOf(task), buildPatch(writing('3.0')));
  if (moved.status !== 200) throw new Error(moved.text);
});
afterAll(() => server.close());

type Line = Readonly<Record<string, string>>;
const linesOf = (resource: Resource, table: string): readonly Line[] =>
  ((resource['parameter'] ?? []) as { part: { name: string; valueString: string }[] }[])
    .map(({ part }) => Object.fromEntries(part.map(({ name, valueString }) => [name, valueString])))
    .filter((line) => line['table'] === table);
const evidenceFor = async (who: string) => (await server.ask(who, 'GET', `${refOf(order)}/$evidence`)).json;

describe('(audit-compliance AU45) $evidence', () => {
  test('says who referred whom, why, on which basis, and how it stands', async () => {
    const referral = Object.fromEntries(
      linesOf(await evidenceFor('initiator'), 'Referral').map(({ what = '', value = '' }) => [what, value]),
    );
    expect(referral).toMatchObject({
      'referred by': 'Organization/initiator',
      'referred to': 'Organization/recipient',
      reason: 'Chest pain <1 week',
      basis: 'treatment',
      law: '45 CFR 164.506',
    });
    expect(referral[refOf(task)]).toContain('accepted');
  });

  test('lists what went along, and when it was opened first', async () => {
    for (const who of ['initiator', 'recipient']) {
      const records = linesOf(await evidenceFor(who), 'Records');
      const opened = records.find(({ record }) => record === refOf(note));
      expect([who, opened?.['first opened'] !== undefined, opened?.['version']]).toEqual([
        who,
        true,
        note.meta?.versionId,
      ]);
    }
  });

  test('as CSV that a spreadsheet cannot run, and as a page that shows nothing but itself', async () => {
    const token = async (accept: string, query: string) => {
      const { devIssuer, port } = server.running;
      const signed = await devIssuer!.sign({
        subject: 'reader',
        client: 'reader',
        scope: 'system/*.cruds',
        organization: 'Organization/initiator',
      });
      return fetch(`http://127.0.0.1:${port}/fhir/${refOf(order)}/$evidence${query}`, {
        headers: { authorization: `Bearer ${signed}`, accept },
      });
    };
    const csv = await token('text/csv', '');
    expect(csv.headers.get('content-type')).toMatch(/^text\/csv/);
    expect(await csv.text()).toContain('table,what,value\r\n');
    const page = await token('text/html', '?as=page');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const html = await page.text();
    expect(html).toContain('Chest pain &lt;1 week');
    expect(html).not.toContain('<1 week');
  });

  test('(smart SM-21, SM-39) tells no more than the scopes of the token let it read', async () => {
    const { devIssuer, port } = server.running;
    const signed = await devIssuer!.sign({
      subject: 'reader',
      client: 'reader',
      scope: 'system/ServiceRequest.rs',
      organization: 'Organization/initiator',
    });
    const answer = await fetch(`http://127.0.0.1:${port}/fhir/${refOf(order)}/$evidence`, {
      headers: { authorization: `Bearer ${signed}` },
    });
    const told = (await answer.json()) as Resource;
    expect(linesOf(told, 'Referral').map(({ what }) => what)).not.toContain(refOf(task));
    expect(linesOf(told, 'Records').map(({ record, title }) => [record, title])).toEqual([
      [refOf(note), undefined],
    ]);
    expect(linesOf(told, 'Events')).toEqual([]);
    const whole = linesOf(await evidenceFor('initiator'), 'Records').find(
      ({ record }) => record === refOf(note),
    );
    expect(whole?.['title']).toEqual(expect.any(String));
  });

  test('is for the parties alone', async () => {
    expect((await server.ask('stranger', 'GET', `${refOf(order)}/$evidence`)).status).toBe(404);
  });
});

describe('(audit-compliance AU41) both books', () => {
  test('have every move of the referral, and the other side’s people in none', async () => {
    const moves = async (who: string) =>
      linesOf(await evidenceFor(who), 'Events')
        .filter(({ move }) => move !== undefined)
        .map(({ event, move }) => `${event} ${move}`);
    const [ours, theirs] = [await moves('initiator'), await moves('recipient')];
    expect(ours.length).toBeGreaterThan(1);
    expect(theirs).toEqual(ours);
    const story = JSON.stringify(await evidenceFor('initiator'));
    expect(story).not.toContain('subject-recipient');
    expect(story).not.toContain('client-recipient');
    expect(JSON.stringify(await evidenceFor('recipient'))).not.toContain('client-initiator');
  });

  test('(audit-compliance AU40) have the same events for what was opened', async () => {
    const idsOf = async (who: string, ref: Ref) =>
      linesOf(await evidenceFor(who), 'Events')
        .filter(({ what, resources = '' }) => what === 'read' && resources.startsWith(`${ref}/`))
        .map(({ event }) => event);
    const [source, target] = [await idsOf('initiator', refOf(note)), await idsOf('recipient', refOf(note))];
    expect(target.length).toBeGreaterThan(0);
    expect(source).toEqual(expect.arrayContaining(target));
  });
});
