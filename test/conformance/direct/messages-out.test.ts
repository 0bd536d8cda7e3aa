/** Messages to organizations without an account: by Direct, or a person is asked (baa-messaging MS15). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { outcomeCommit } from '../../../src/delivery/outcome.ts';
import { EVERYTHING } from '../../../src/ports/query.ts';
import { buildMessageMail, type BuiltMessageMail } from '../../../src/operations/packages/message-mail.ts';
import * as make from '../../resources.ts';
import { refOf } from '../../world.ts';
import { larkspur } from '../hl7v2/exchange.ts';
import { ADDRESSES, directEndpoint, openDirectWorld, type DirectWorld } from './direct-world.ts';

let world: DirectWorld;
beforeAll(async () => {
  world = await openDirectWorld({ inboxes: true });
});
afterAll(() => world.close());

const at = (reference: string) => ({ reference });
let made = 0;
const fresh = (): string => `desk-${(made += 1)}@direct.harbor.example.org`;

async function outsider(address?: string): Promise<Ref> {
  const harbor = refOf(
    await world.create(larkspur, { resourceType: 'Organization', name: `Harbor ${(made += 1)}` }),
  ) as Ref;
  if (address !== undefined)
    await world.verify(refOf(await world.create(larkspur, directEndpoint(harbor, address))) as Ref);
  return harbor;
}

const send = async (to: string, more: object = {}): Promise<Resource & { readonly id: string }> => {
  const message = {
    resourceType: 'Communication',
    status: 'in-progress',
    sender: at('Organization/larkspur'),
    recipient: [at(to)],
    payload: [{ contentString: 'Your clinic is open on Friday.' }],
    ...more,
  };
  const { status, text } = await world.ask(larkspur, 'POST', 'Communication', message);
  if (status !== 201) throw new Error(text);
  return JSON.parse(text ?? '') as Resource & { readonly id: string };
};

/** What would be mailed for what is due. */
async function mails(): Promise<readonly (readonly [subject: string, built: BuiltMessageMail])[]> {
  world.clock.now += 1000;
  const entries = await world.store.claim(100, 60_000);
  return Promise.all(
    entries.map(async (entry) => {
      const [asOf, now] = [world.store.snapshot(entry.seq), world.store.snapshot()];
      const asking = { noticeOf: async () => undefined, at: world.clock.now };
      return [entry.subject, await buildMessageMail(entry, asOf, now, asking)] as const;
    }),
  );
}

const asked = async (message: string): Promise<number> => {
  const found = await world.ask(
    larkspur,
    'GET',
    'Task?code=https://closeloop.dev/fhir/CodeSystem/work-item|recipient-unreachable&_count=200',
  );
  const { entry = [] } = JSON.parse(found.text ?? '') as { entry?: { resource: Resource }[] };
  return entry.filter(({ resource }) => JSON.stringify(resource).includes(message)).length;
};

describe('(baa-messaging MS15) a message to an organization without an account', () => {
  test('leaves by its verified address, with its words and files, and says so', async () => {
    const harbor = await outsider(fresh());
    const file = refOf(await world.create(larkspur, make.binary('a letter')));
    const stored = await send(harbor, {
      payload: [
        { contentString: 'Your clinic is open on Friday.' },
        { contentAttachment: { contentType: 'text/plain', url: file } },
      ],
    });
    expect(stored['medium']).toMatchObject([{ coding: [{ code: 'EMAILWRIT' }] }]);
    const [[subject, built] = [], ...others] = await mails();
    expect(others).toEqual([]);
    expect(subject).toBe(`Communication/${stored.id}`);
    expect(built).toMatchObject({
      kind: 'mail',
      from: ADDRESSES.larkspur,
      files: [{ fileName: 'FILE1.txt' }],
    });
    if (built?.kind !== 'mail') throw new Error('no mail');
    expect(built.text).toContain('Your clinic is open on Friday.');
    expect(Buffer.from(built.files[0]?.bytes ?? []).toString()).toBe('a letter');
    expect(await asked(stored.id)).toBe(0);
  });

  test('(baa-messaging MS50) the row of its delivery says what it holds', async () => {
    const stored = await send(await outsider(fresh()));
    world.clock.now += 1000;
    for (const entry of await world.store.claim(100, 60_000)) {
      const subject = await world.store.snapshot(entry.seq).read(entry.subject, EVERYTHING);
      await world.store.commit(outcomeCommit({ entry, fate: 'accepted', policy: 'test' }, subject));
    }
    const names = [`Communication/${stored.id}`] as const;
    const [row] = await world.store.snapshot().audit({ viewer: undefined, names, count: 1 });
    expect(row?.entry).toMatchObject({
      event: 'deliver',
      delivery: { rail: 'direct-project', from: 'Organization/larkspur' },
      message: { content: expect.any(String), decidedBy: expect.any(String) },
    });
  });

  test('without such an address nothing leaves, and a person of its sender is asked', async () => {
    const stored = await send(await outsider());
    expect(stored['medium']).toBeUndefined();
    expect(await mails()).toEqual([]);
    expect(await asked(stored.id)).toBe(1);
  });

  test('a draft leaves when it is sent, and not before', async () => {
    const stored = await send(await outsider(fresh()), { status: 'preparation' });
    expect(await mails()).toEqual([]);
    const moved = await world.ask(larkspur, 'PUT', `Communication/${stored.id}`, {
      ...stored,
      status: 'in-progress',
    });
    expect(moved.status).toBe(200);
    expect(await mails()).toHaveLength(1);
  });

  test('a member reads it here, and is sent no mail', async () => {
    const stored = await send('Organization/tidewater');
    expect(await mails()).toEqual([]);
    expect(await asked(stored.id)).toBe(0);
  });

  test('an address that nobody verified is none', async () => {
    const harbor = await outsider();
    await world.create(larkspur, directEndpoint(harbor, fresh()));
    const stored = await send(harbor);
    expect(await mails()).toEqual([]);
    expect(await asked(stored.id)).toBe(1);
  });
});
