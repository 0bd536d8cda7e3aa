/**
 * What a mail comes to that is no message of 360X, or that cannot be used, or is not believed; and what its sender is told
 * (direct-xdm 6, 8, 9, 11). A person then says to which referral it belongs.
 */
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { SelectRecipients } from '../../../src/delivery/recipients.ts';
import { messageIdOf } from '../../../src/direct/message-id.ts';
import type { MailFile } from '../../../src/direct/mime/compose.ts';
import { createMessageKey } from '../../../src/operations/packages/message-key.ts';
import type { DirectMail, Distrust } from '../../../src/ports/direct.ts';
import { EVERYTHING } from '../../../src/ports/query.ts';
import { STATEMENT_1 } from '../../../src/policies/part2/statements.ts';
import { localRef } from '../../../src/resources/element.ts';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { administrator, type WorldReply } from '../../world.ts';
import { accept, interim, larkspur, request, REFERRAL, stateOf, tidewater } from '../hl7v2/exchange.ts';
import {
  ADDRESSES,
  CONSULTATION_NOTE,
  mailOf,
  mailWith,
  ofContent,
  openMailed,
  OUTCOME_ZIP,
  REQUEST_ZIP,
  TO_LARKSPUR,
  TO_TIDEWATER,
  zipFile,
  type Mailed,
  type MailedOptions,
  type Mailing,
} from './mailed.ts';

let mailed: Mailed;
afterEach(() => mailed.close());
const open = async (options: MailedOptions = {}): Promise<Mailed> => (mailed = await openMailed(options));

const file = (fileName: string, contentType: string, bytes: Uint8Array | string): MailFile => ({
  fileName,
  contentType,
  bytes: Buffer.from(bytes),
});
const pdf = file('letter.pdf', 'application/pdf', '%PDF-1.4 a letter');
const said = (at: number) => ({ at, id: `M-${at}` });

const kinds = async () => (await mailed.workItems()).map(({ kind }) => kind);
const postFiles = async (files: readonly MailFile[], more: Partial<Mailing> = {}) =>
  mailed.post(await mailWith(files, { ...TO_LARKSPUR, ...more }));

/** Asks an operation on the only work item. */
async function resolve(caller: typeof larkspur, name: string, ...parameter: object[]): Promise<WorldReply> {
  const [item] = await mailed.workItems();
  return mailed.ask(caller, 'POST', `Task/${item?.task.id ?? ''}/$${name}`, {
    resourceType: 'Parameters',
    parameter,
  });
}
const fateIn = ({ json }: WorldReply): unknown =>
  (json?.['parameter'] as { name: string; valueCode?: string }[] | undefined)?.find(
    ({ name }) => name === 'fate',
  )?.valueCode;

/** Every move is told at Tidewater's Endpoint. */
const tellByDirect: SelectRecipients = async (_changes, moves) =>
  moves.map(({ task, event }) => ({
    rail: 'direct-project',
    receiver: 'Endpoint/direct-tidewater',
    orderingKey: task,
    subject: task,
    event,
    sight: { everything: false, organization: 'Organization/tidewater' },
  }));

describe('normal traffic is kept, and a person is asked (direct-xdm 8)', () => {
  test.each<[what: string, files: () => readonly MailFile[], more?: Partial<Mailing>]>([
    ['a text alone', () => []],
    ['a PDF', () => [pdf]],
    ['a clinical document', () => [file('note.xml', 'text/xml', CONSULTATION_NOTE)]],
    [
      'a clinical document without a name of its type',
      () => [file('note.bin', 'application/octet-stream', CONSULTATION_NOTE)],
    ],
    ['a file of Outlook', () => [file('winmail.dat', 'application/ms-tnef', 'TNEF')]],
    [
      'several archives',
      () => [zipFile(REQUEST_ZIP), zipFile(OUTCOME_ZIP)],
      { mail: { subject: 'Two of them' } },
    ],
  ])('%s', async (...[, files, more]) => {
    await open();
    expect(await postFiles(files(), more)).toEqual({ fate: 'work-item', owed: ['processed', 'dispatched'] });
    expect(await mailed.workItems()).toMatchObject([
      { kind: 'mail-unsorted', owner: 'Organization/larkspur' },
    ]);
    expect(await mailed.all('ServiceRequest')).toEqual([]);
    expect(ofContent(await mailed.all('DocumentReference'), 'message/rfc822').length).toBe(1);
  });

  test('written to somebody else, and signed so: the person is told (direct-xdm 8, check 5)', async () => {
    await open();
    const words = async () => (await mailed.workItems()).map(({ task }) => String(task['description']));
    await postFiles([pdf], { mail: { writtenTo: [ADDRESSES.larkspur] } });
    expect((await words()).join()).not.toContain('another address');
    await postFiles([pdf], { mail: { writtenTo: [ADDRESSES.tidewater] } });
    expect((await words()).filter((one) => one.includes('to another address')).length).toBe(1);
  });

  test('a clinical document that answers an order suggests its referral, and moves nothing', async () => {
    await open();
    await mailed.post(await mailOf(request(said(0)), TO_TIDEWATER));
    await postFiles([file('note.xml', 'text/xml', CONSULTATION_NOTE)]);
    const [order] = await mailed.all('ServiceRequest', `identifier=${REFERRAL}`);
    const [item] = await mailed.workItems();
    expect(item?.task['input']).toContainEqual({
      type: { text: 'suggested referral' },
      valueReference: { reference: `ServiceRequest/${order?.id ?? ''}` },
    });
    expect(stateOf(await mailed.referral())).toBe('received 2.0');
  });

  test('the patient in the context of a mail suggests a referral (direct-xdm 9)', async () => {
    await open();
    await mailed.post(await mailOf(request(said(0)), TO_TIDEWATER));
    await postFiles([pdf], { mail: { context: new Map([['patient-id', '2.999.10.1.5:MQ-40417']]) } });
    const [item] = await mailed.workItems();
    expect(JSON.stringify(item?.task['input'])).toContain('suggested referral');
  });

  test('the mail that it answers suggests its referral (In-Reply-To)', async () => {
    await open({ engine: { selectRecipients: tellByDirect } });
    await mailed.say(request(said(0)));
    const [entry] = await mailed.store.outbox({ receiver: 'Endpoint/direct-tidewater', count: 1 });
    const sent = { entry: entry?.id ?? '', attempt: 1, from: ADDRESSES.larkspur, to: ADDRESSES.tidewater };
    const key = await createMessageKey({ store: mailed.store, random: randomBytes })();
    const id = messageIdOf(key, sent);
    await postFiles([pdf], { mail: { references: [messageIdOf(randomBytes(32), sent)] } }); // guessed
    await postFiles([pdf], { mail: { references: [id] } });
    await postFiles([pdf], { mail: { references: [id.replace(/@/, '0@')] } }); // not one of ours
    const inputs = (await mailed.workItems()).map(({ task }) => JSON.stringify(task['input']));
    expect(inputs.filter((input) => input.includes('suggested referral')).length).toBe(1);
  });

  test('nothing is suggested to somebody who is no party of the referral', async () => {
    await open();
    await mailed.say(request({ ...said(0), to: { id: 'outsider', facility: '2.999.66.1' } }));
    await postFiles([file('note.xml', 'text/xml', CONSULTATION_NOTE)]);
    const [item] = await mailed.workItems();
    expect(JSON.stringify(item?.task['input'])).not.toContain('suggested referral');
  });
});

describe('what its sender is told (direct-xdm 6, 11)', () => {
  const cut = Buffer.from(REQUEST_ZIP).subarray(0, 900);

  test.each<
    [what: string, files: readonly MailFile[], more: Partial<Mailing>, fate: string, owed: readonly string[]]
  >([
    [
      'a package without its archive',
      [pdf],
      { mail: { subject: 'XDM/1.0/DDM' } },
      'rejected',
      ['processed', 'failed'],
    ],
    ['an archive that cannot be read', [zipFile(cut)], {}, 'rejected', ['processed', 'failed']],
    [
      'an unknown address',
      [pdf],
      { to: 'nobody@direct.larkspur.example.org' },
      'rejected',
      ['processed', 'failed'],
    ],
    [
      'through a HISP, which says processed itself',
      [pdf],
      { mail: { through: 'edge' } },
      'work-item',
      ['dispatched'],
    ],
    [
      'one that does not ask for dispatched',
      [pdf],
      { mail: { asksDispatched: false } },
      'work-item',
      ['processed'],
    ],
    ['an automatic mail', [pdf], { mail: { isAutomatic: true } }, 'work-item', []],
    [
      'an automatic mail that cannot be used',
      [zipFile(cut)],
      { mail: { isAutomatic: true } },
      'quarantine',
      [],
    ],
  ])('%s', async (_what, files, more, fate, owed) => {
    await open();
    const before = (await mailed.all('DocumentReference')).length;
    expect(await postFiles(files, more)).toEqual({ fate, owed });
    expect((await mailed.owed()).map(({ disposition }) => disposition).toSorted()).toEqual(owed.toSorted());
    expect((await mailed.all('DocumentReference')).length - before).toBe(fate === 'rejected' ? 0 : 1);
  });

  test('a mail without an id is kept for a person where nobody can be told', async () => {
    await open();
    const mail: DirectMail = { ...(await mailWith([zipFile(cut)], TO_LARKSPUR)), messageId: undefined };
    expect(await mailed.post(mail)).toEqual({ fate: 'quarantine', owed: [] });
  });

  test('the reason of a failure holds nothing of the mail', async () => {
    await open();
    const sound = await mailOf(request(said(0)), TO_TIDEWATER);
    const tampered = Buffer.from(sound.parts.at(-1)?.bytes ?? []); // stored, not compressed
    tampered.write('Quintera', tampered.indexOf('Quintero'), 'latin1');
    await postFiles([zipFile(tampered)]);
    const failed = (await mailed.owed()).filter(({ disposition }) => disposition === 'failed');
    expect(failed.length).toBe(1);
    expect(failed[0]?.why ?? '').toMatch(/^[a-zA-Z0-9 ,.]+$/);
    expect(JSON.stringify(failed)).not.toMatch(/Quinter|MQ-40417/);
  });

  test('processed leaves before dispatched (direct-xdm 6)', async () => {
    await open();
    await mailed.post(await mailOf(request(said(0)), TO_TIDEWATER));
    expect((await mailed.owed()).map(({ disposition }) => disposition)).toEqual(['processed', 'dispatched']);
  });

  test('each is owed by the address that received, to the one that sent', async () => {
    await open();
    await mailed.post(await mailOf(request(said(0)), TO_TIDEWATER));
    for (const one of await mailed.owed())
      expect(one).toMatchObject({ by: ADDRESSES.tidewater, to: ADDRESSES.larkspur, attempts: 0 });
  });
});

describe('what a sender got wrong about a file refuses nothing', () => {
  test.each<[what: string, files: readonly MailFile[], filed: number]>([
    ['an empty file', [file('empty.pdf', 'application/pdf', ''), pdf], 1],
    ['a type that is none', [file('x.bin', 'pdf', '%PDF-1.4')], 1],
  ])('%s', async (_what, files, filed) => {
    await open();
    await mailed.post(await mailOf(request(said(0)), TO_TIDEWATER));
    const accepted = await mailOf(accept(said(1)), TO_LARKSPUR);
    const beside = await mailWith(files, TO_LARKSPUR);
    const { fate } = await mailed.post({ ...accepted, parts: [...accepted.parts, ...beside.parts.slice(1)] });
    expect(fate).toBe('applied');
    const documents = await mailed.all('DocumentReference');
    const mails = ofContent(documents, 'message/rfc822').length;
    expect(documents.length - mails).toBe(filed);
  });
});

describe('what is not believed (direct-xdm 11)', () => {
  test.each<Distrust>([
    'unsigned',
    'signature-broken',
    'signer-not-sender',
    'untrusted',
    'revoked',
    'digest-forbidden',
  ])('%s: kept apart for an administrator, and answered by nobody', async (distrust) => {
    await open();
    const mail = await mailOf(request(said(0)), { ...TO_TIDEWATER, mail: { distrust } });
    expect(await mailed.post(mail)).toEqual({ fate: 'quarantine', owed: [] });
    expect(await mailed.owed()).toEqual([]);
    expect(await mailed.all('ServiceRequest')).toEqual([]);
    const [item] = await mailed.workItems();
    expect(item).toMatchObject({ kind: 'message-quarantined', owner: undefined });
    const focus = localRef(item?.task['focus']) ?? '';
    for (const caller of [larkspur, tidewater])
      expect((await mailed.ask(caller, 'GET', focus)).status).toBe(404);
    expect((await mailed.ask(administrator, 'GET', focus)).status).toBe(200);
    const rows = await mailed.bundle(administrator, 'AuditEvent?_count=500&action=C&outcome=4');
    expect(rows.entry).toMatchObject([{ resource: { outcomeDesc: distrust } }]);
  });

  test('an administrator may discard it, and trying it again changes nothing', async () => {
    await open();
    await mailed.post(await mailOf(request(said(0)), { ...TO_TIDEWATER, mail: { distrust: 'untrusted' } }));
    expect(fateIn(await resolve(administrator, 'replay-message'))).toBe('quarantine');
    expect(await mailed.all('ServiceRequest')).toEqual([]);
    expect(
      fateIn(await resolve(administrator, 'discard-message', { name: 'reason', valueString: 'spam' })),
    ).toBe('discarded');
  });
});

describe('what a person does', () => {
  const link = (caller: typeof larkspur, order: string) =>
    resolve(caller, 'link-message', { name: 'referral', valueReference: { reference: order } });
  const orderOf = async (): Promise<string> =>
    `ServiceRequest/${(await mailed.all('ServiceRequest', `identifier=${REFERRAL}`))[0]?.id ?? ''}`;

  test('a mail without a message is filed to the referral that a person names, and moves nothing', async () => {
    await open();
    await mailed.post(await mailOf(request(said(0)), TO_TIDEWATER));
    await mailed.post(await mailOf(accept(said(1)), TO_LARKSPUR));
    await postFiles([pdf, file('note.xml', 'text/xml', CONSULTATION_NOTE)]);
    expect(fateIn(await link(larkspur, await orderOf()))).toBe('applied');
    expect(await kinds()).toEqual([]);
    expect(stateOf(await mailed.referral())).toBe('accepted 3.0');
    const documents = await mailed.all('DocumentReference', `related=${await orderOf()}`);
    expect(ofContent(documents, 'application/pdf').length).toBe(1);
    expect(ofContent(documents, 'application/hl7-cda+xml').length).toBe(1);
  });

  test('a mail of nobody is filed by the receiver, who keeps it (harmony Z45)', async () => {
    await open({ tidewater: 'stranger' });
    await mailed.say(request(said(0)));
    await postFiles([pdf]);
    expect(fateIn(await link(larkspur, await orderOf()))).toBe('applied');
    const [filed] = ofContent(await mailed.all('DocumentReference'), 'application/pdf');
    const version = await mailed.store.snapshot().read(`DocumentReference/${filed?.id ?? ''}`, EVERYTHING);
    expect(version?.custodian).toBe('Organization/larkspur');
  });

  test('an answer from an address that nobody knows is the other party’s when a person says so (360x A5)', async () => {
    await open({ tidewater: 'stranger' });
    await mailed.say(request(said(0)));
    expect((await mailed.post(await mailOf(accept(said(1)), TO_LARKSPUR))).fate).toBe('work-item');
    const [item] = await mailed.workItems();
    expect(item?.task['description']).toMatch(/^no verified Endpoint of anybody whom you know/);
    expect(item?.task['input']).toContainEqual({
      type: { text: 'suggested referral' },
      valueReference: { reference: await orderOf() },
    });
    expect(fateIn(await link(larkspur, await orderOf()))).toBe('applied');
    expect(stateOf(await mailed.referral())).toBe('accepted 3.0');
  });

  test('a member speaks from its own address alone: nobody says for it that a mail was its own', async () => {
    await open();
    await mailed.say(request(said(0)));
    const from = 'other@direct.tidewater.example.org' as const;
    await mailed.post(await mailOf(accept(said(1)), { ...TO_LARKSPUR, from }));
    expect(fateIn(await link(larkspur, await orderOf()))).toBe('work-item');
    expect(stateOf(await mailed.referral())).toBe('received 2.0');
  });

  test('a message is corrected in its mail, and its documents are filed with it', async () => {
    await open();
    await mailed.post(await mailOf(request(said(0)), TO_TIDEWATER));
    await mailed.post(await mailOf(accept(said(1)), TO_LARKSPUR));
    const wrong = interim({ ...said(2), patient: 'MQ-1' });
    await mailed.post(await mailOf(wrong, { ...TO_LARKSPUR, clinical: [CONSULTATION_NOTE] }));
    expect(await kinds()).toEqual(['message-quarantined']);
    const text = `${interim(said(2)).replaceAll('\n', '\r')}\r`;
    const corrected = await resolve(larkspur, 'correct-message', { name: 'message', valueString: text });
    expect(fateIn(corrected)).toBe('applied');
    expect(stateOf(await mailed.referral())).toBe('in-progress 5.1.4');
    expect(await kinds()).toEqual([]);
    expect(ofContent(await mailed.all('DocumentReference'), 'application/hl7-cda+xml').length).toBe(1);
  });

  test('a mail is tried again in the light of what is known now', async () => {
    await open();
    await mailed.post(await mailOf(accept(said(1)), TO_LARKSPUR));
    expect(fateIn(await resolve(larkspur, 'replay-message'))).toBe('work-item');
    await mailed.say(request(said(0)));
    expect(stateOf(await mailed.referral())).toBe('accepted 3.0');
    expect(await kinds()).toEqual([]);
  });

  test('another organization resolves nothing', async () => {
    await open();
    await postFiles([pdf]);
    expect((await resolve(tidewater, 'replay-message')).status).toBeGreaterThanOrEqual(403);
  });
});

describe('content of 42 CFR Part 2 (compliance P30, P33)', () => {
  const part2 = (resource: Resource | undefined): boolean =>
    (resource?.meta?.security ?? []).some(({ code }) => code === '42CFRPart2');

  test.each<[place: string, parts: (mail: DirectMail) => DirectMail['parts']]>([
    [
      'the text of the mail',
      ({ parts }) => [
        { contentType: 'text/plain', fileName: undefined, bytes: Buffer.from(STATEMENT_1) },
        ...parts.slice(1),
      ],
    ],
    [
      'a text file beside the package',
      ({ parts }) => [
        ...parts,
        { contentType: 'text/plain', fileName: 'NOTICE.TXT', bytes: Buffer.from(STATEMENT_1) },
      ],
    ],
  ])('the statement in %s labels what the mail brings', async (_place, parts) => {
    await open();
    const mail = await mailOf(request(said(0)), TO_TIDEWATER);
    await mailed.post({ ...mail, parts: parts(mail) });
    const [order] = await mailed.all('ServiceRequest', `identifier=${REFERRAL}`);
    expect(part2(order)).toBe(true);
  });

  test('the statement in the message does, and without one nothing is labelled', async () => {
    await open();
    await mailed.post(await mailOf(request(said(0)), TO_TIDEWATER));
    const [order] = await mailed.all('ServiceRequest', `identifier=${REFERRAL}`);
    expect(part2(order)).toBe(false);
  });
});

test('the audit names who wrote, and the receiver sees that a mail came (rules 4)', async () => {
  await open({ larkspur: 'stranger' });
  await mailed.post(await mailOf(request(said(0)), TO_TIDEWATER));
  // A peer sees that somebody wrote, and not from where.
  const seen = async (caller: typeof tidewater): Promise<string> =>
    JSON.stringify(await mailed.bundle(caller, 'AuditEvent?_count=500&action=C'));
  expect(await seen(tidewater)).toContain('DocumentReference/');
  expect(await seen(tidewater)).not.toContain(ADDRESSES.larkspur);
  expect(await seen(administrator)).toContain(ADDRESSES.larkspur);
});

test('a package is audited as an import of one (ITI-32)', async () => {
  await open();
  await mailed.post(await mailOf(request(said(0)), TO_TIDEWATER));
  const rows = await mailed.bundle(administrator, 'AuditEvent?_count=500&subtype=ITI-32');
  expect(rows.entry?.length).toBe(1);
});

test('the archive holds the mail as it was signed', async () => {
  await open();
  const mail = await mailOf(request(said(0)), TO_TIDEWATER);
  await mailed.post(mail);
  const [document] = ofContent(await mailed.all('DocumentReference'), 'message/rfc822');
  const [content] = (document?.['content'] ?? []) as { attachment: { url: Ref; size: number } }[];
  expect(content?.attachment.size).toBe(mail.bytes.length);
  const kept = await mailed.ask(administrator, 'GET', content?.attachment.url ?? '');
  const data = (kept.json as { data?: string } | undefined)?.data ?? '';
  expect(Buffer.from(data, 'base64').equals(Buffer.from(mail.bytes))).toBe(true);
});
