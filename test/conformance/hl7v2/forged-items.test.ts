/** Work items and kept messages are the server's: a client's like of one has nothing applied in another's name (rules 2.11). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { refOf, type Stored } from '../../world.ts';
import { cancel, larkspur, openExchange, request, tidewater, type Exchange } from './exchange.ts';

const CL = 'https://closeloop.dev/fhir/CodeSystem';

let exchange: Exchange;
let task: Stored;
let document: Stored;

/** Beside the referral, a message that Larkspur never sent, in a document that one of them wrote. */
beforeAll(async () => {
  exchange = await openExchange();
  await exchange.say(request({ at: 0, id: 'L-1' }));
  task = await exchange.referral();
  const message = `${cancel({ at: 5, id: 'L-2' }).trim().replaceAll('\n', '\r')}\r`;
  const data = Buffer.from(message).toString('base64');
  const contentType = 'x-application/hl7-v2+er7';
  const binary = await exchange.create(tidewater, { resourceType: 'Binary', contentType, data });
  const subject = (task['for'] as { readonly reference: string }).reference;
  document = await exchange.create(tidewater, make.documentReference(subject, refOf(binary)));
});
afterAll(() => exchange.close());

const item = (): Resource => ({
  resourceType: 'Task',
  status: 'requested',
  intent: 'order',
  code: { coding: [{ system: `${CL}/work-item`, code: 'message-quarantined' }] },
  authoredOn: '2025-04-22T12:00:00Z',
  input: [
    { type: { text: 'message' }, valueReference: make.to(refOf(document)) },
    { type: { text: 'link' }, valueString: 'larkspur' },
  ],
});

test('(rules 2.11) no client opens a work item, or makes one of another Task', async () => {
  const plain = await exchange.create(tidewater, { ...item(), code: { text: 'call' } });
  const entry = { method: 'POST', url: 'Task', resource: item() } as const;
  const codes = [
    await exchange.ask(tidewater, 'POST', 'Task', item()),
    await exchange.ask(tidewater, 'PUT', refOf(plain), { ...plain, code: item()['code'] }),
    await exchange.ask(tidewater, 'PATCH', refOf(plain), [
      { op: 'replace', path: '/code', value: item()['code'] },
    ]),
    await exchange.ask(tidewater, 'POST', '', make.transaction(entry)),
  ].map(({ code }) => code);
  expect(codes).toEqual(['field-frozen', 'field-frozen', 'field-frozen', 'field-frozen']);
  const replayed = await exchange.ask(tidewater, 'POST', `${refOf(plain)}/$replay-message`);
  expect(replayed.code).toBe('referral-rule');
  expect((await exchange.referral())['status']).toBe(task['status']);
});

test('(rules 2.11) no client files a document as a message that was applied', async () => {
  const coding = [{ system: `${CL}/message-fate`, code: 'applied' }];
  const patch = [{ op: 'add', path: '/category', value: [{ coding }] }];
  expect((await exchange.ask(tidewater, 'PATCH', refOf(document), patch)).code).toBe('field-frozen');
});

test('(rules 2.11) what a work item points to stays, its life goes on, and changed bytes are not tried again', async () => {
  await exchange.say(cancel({ at: 9, id: 'L-9', referral: 'R-unknown' }));
  const [open] = await exchange.workItems();
  if (open === undefined) throw new Error('a message about an unknown referral opens a work item');
  const ref = refOf(open.task);
  const who = open.owner === 'Organization/larkspur' ? larkspur : tidewater;
  const redirect = [{ op: 'replace', path: '/input/0/valueReference/reference', value: refOf(document) }];
  expect((await exchange.ask(who, 'PATCH', ref, redirect)).code).toBe('field-frozen');
  const begun = [{ op: 'replace', path: '/status', value: 'in-progress' }];
  expect((await exchange.ask(who, 'PATCH', ref, begun)).status).toBe(200);
  const [kept] = await exchange.all('DocumentReference', 'identifier=L-9');
  const [content] = (kept?.['content'] ?? []) as readonly { readonly attachment: { readonly url: string } }[];
  const binary = content?.attachment.url ?? '';
  const changed = [{ op: 'replace', path: '/contentType', value: 'text/plain' }];
  expect((await exchange.ask(who, 'PATCH', binary, changed)).status).toBe(200);
  expect((await exchange.ask(who, 'POST', `${ref}/$replay-message`)).code).toBe('referral-rule');
});

test('(rules 2.11) a work item goes to people of its organization and back, and never to another', async () => {
  await exchange.say(cancel({ at: 11, id: 'L-11', referral: 'R-nowhere' }));
  const open = (await exchange.workItems()).find(({ task: one }) => one['status'] === 'requested');
  if (open === undefined) throw new Error('a message about an unknown referral opens a work item');
  const [own, other] = open.owner === 'Organization/larkspur' ? [larkspur, tidewater] : [tidewater, larkspur];
  const roleAt = (who: typeof own) =>
    exchange.create(who, {
      resourceType: 'PractitionerRole',
      organization: make.to(String(who.organization)),
    });
  const [ours, theirs] = [await roleAt(own), await roleAt(other)];
  const give = async (owner: object): Promise<string | number> => {
    const patch = [{ op: 'replace', path: '/owner', value: owner }];
    const { code, status } = await exchange.ask(own, 'PATCH', refOf(open.task), patch);
    return code ?? status;
  };
  expect(await give(make.to(String(other.organization)))).toBe('field-frozen');
  expect(await give(make.to(refOf(theirs)))).toBe('field-frozen');
  expect(await give({ display: 'somebody' })).toBe('field-frozen');
  expect(await give(make.to(refOf(ours)))).toBe(200);
  expect(await give(make.to(String(other.organization)))).toBe('field-frozen');
  const { owner, ...nobodys } = open.task;
  expect(owner).toBeDefined();
  expect((await exchange.ask(own, 'PUT', refOf(open.task), nobodys)).code).toBe('field-frozen');
  expect(await give(make.to(String(own.organization)))).toBe(200);
  const seen = await exchange.ask(other, 'GET', refOf(open.task));
  expect(seen.status).toBe(404);
});
