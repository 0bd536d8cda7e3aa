/** Files that a sent message carries, and documents that were offered, stay as they are, whoever writes them and how. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { PDF, TEXT } from '../../unit/attachments/files.ts';
import { initiator, openWorld, refOf, type World } from '../../world.ts';
import { elm, openScene } from '../agreements/scene.ts';

const closing: World[] = [];
afterEach(async () => {
  for (const world of closing.splice(0)) await world.close();
});

const file = { resourceType: 'Binary', contentType: 'text/plain', data: TEXT.toString('base64') };
const other = { ...file, data: Buffer.from('Something else entirely.\n').toString('base64') };

async function open() {
  const world = await openWorld();
  closing.push(world);
  await world.seedDirectory('initiator', 'recipient');
  const ref = refOf(await world.create(initiator, file));
  const send = async (status: string) => {
    const { json } = await world.ask(initiator, 'POST', 'Communication', {
      resourceType: 'Communication',
      status,
      sender: { reference: 'Organization/initiator' },
      recipient: [{ reference: 'Organization/recipient' }],
      payload: [{ contentAttachment: { contentType: 'text/plain', url: ref } }],
    });
    return `Communication/${json?.id}`;
  };
  return { world, ref, send, id: ref.slice('Binary/'.length) };
}

const WAYS = ['PUT', 'PATCH', 'DELETE', 'transaction with PUT', 'transaction with DELETE'] as const;

function write(world: World, ref: string, id: string, way: (typeof WAYS)[number], by = initiator) {
  if (way === 'PUT') return world.ask(by, 'PUT', ref, { ...other, id });
  if (way === 'PATCH')
    return world.ask(by, 'PATCH', ref, [{ op: 'replace', path: '/data', value: other.data }]);
  if (way === 'DELETE') return world.ask(by, 'DELETE', ref);
  const entry =
    way === 'transaction with PUT'
      ? { resource: { ...other, id }, request: { method: 'PUT', url: ref } }
      : { request: { method: 'DELETE', url: ref } };
  return world.ask(by, 'POST', '', { resourceType: 'Bundle', type: 'transaction', entry: [entry] });
}

describe('(baa-messaging MS5) the file of a message', () => {
  test.each(WAYS)('that was sent stays against %s', async (way) => {
    const { world, ref, id, send } = await open();
    await send('in-progress');
    expect((await write(world, ref, id, way)).code).toBe('message-frozen');
    expect((await world.ask(initiator, 'GET', ref)).json).toMatchObject({ data: file.data });
  });

  test('that was retracted stays as evidence; that of a draft is written', async () => {
    const { world, ref, id, send } = await open();
    const draft = await send('preparation');
    expect((await write(world, ref, id, 'PUT')).status).toBe(200);
    const sends = [{ op: 'replace', path: '/status', value: 'in-progress' }];
    expect((await world.ask(initiator, 'PATCH', draft, sends)).status).toBe(200);
    await world.ask(initiator, 'PATCH', draft, [
      { op: 'replace', path: '/status', value: 'entered-in-error' },
      { op: 'add', path: '/statusReason', value: { text: 'wrong file' } },
    ]);
    expect((await write(world, ref, id, 'PUT')).code).toBe('message-frozen');
  });
});

describe('(baa-messaging BA3) the document of an agreement', () => {
  test.each(WAYS)('that was offered stays against %s', async (way) => {
    const world = await openScene();
    closing.push(world);
    const document = await world.create(elm, {
      ...file,
      contentType: 'application/pdf',
      data: PDF.toString('base64'),
    });
    const ref = refOf(document);
    const put = await world.put({ id: 'one' });
    const { id: _id, meta: _meta, ...rest } = put as unknown as Record<string, unknown>;
    const legal = [{ contentAttachment: { contentType: 'application/pdf', url: ref } }];
    await world.putAsIs({ ...rest, id: 'two', resourceType: 'Contract', status: 'offered', legal });
    const written = await write(world, ref, ref.slice('Binary/'.length), way, elm);
    expect(written.code).toBe('agreement-frozen');
  });
});
