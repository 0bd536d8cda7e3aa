/** Messages for named people, and what people and their roles may do with messages. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { readReceiptsIn } from '../../../src/messaging/extensions.ts';
import type { Caller } from '../../../src/operations/request.ts';
import * as make from '../../resources.ts';
import { administrator, callerOf, initiator, openWorld, recipient, refOf, type World } from '../../world.ts';

let world: World;
let ann: Ref;
let annsRole: Ref;
let bob: Ref;
beforeAll(async () => {
  world = await openWorld();
  await world.seedDirectory('initiator', 'recipient', 'stranger');
  [ann, bob] = [await person('Ann'), await person('Bob')];
  annsRole = await work(ann);
  await work(bob);
});
afterAll(() => world.close());

const person = async (family: string): Promise<Ref> =>
  refOf(await world.create(administrator, { resourceType: 'Practitioner', name: [{ family }] }));
const work = async (practitioner: Ref): Promise<Ref> =>
  refOf(
    await world.create(administrator, {
      resourceType: 'PractitionerRole',
      practitioner: to(practitioner),
      organization: to('Organization/recipient'),
    }),
  );

const to = (reference: string) => ({ reference });
const as = (user: Ref, more: Partial<Caller> = {}): Caller =>
  callerOf('recipient', { user, roles: ['clinician'], scope: 'user/*.cruds', ...more });

const message = (more: Readonly<Record<string, unknown>>): Resource => ({
  resourceType: 'Communication',
  status: 'in-progress',
  sender: to('Organization/initiator'),
  payload: [{ contentString: 'Please call me back.' }],
  ...more,
});

async function seenBy(ref: Ref, ...callers: readonly Caller[]): Promise<readonly number[]> {
  const statuses: number[] = [];
  for (const caller of callers) statuses.push((await world.ask(caller, 'GET', ref)).status);
  return statuses;
}

describe('(baa-messaging MS4) the audience', () => {
  test('of a message to people is these people: a colleague finds no trace of it', async () => {
    const said = refOf(await world.create(initiator, message({ recipient: [to(annsRole)] })));
    expect(await seenBy(said, as(ann), as(bob))).toEqual([200, 404]);
    const found = await world.bundle(as(bob), `Communication?_id=${said.split('/')[1]}&_total=accurate`);
    expect([found.total, found.entry ?? []]).toEqual([0, []]);
    expect((await world.ask(as(bob), 'GET', `${said}/_history`)).status).toBe(404);
  });

  test('is the workforce for a message to an organization, unless its sender says otherwise', async () => {
    const toAll = refOf(
      await world.create(initiator, message({ recipient: [to('Organization/recipient')] })),
    );
    expect(await seenBy(toAll, as(ann), as(bob))).toEqual([200, 200]);
    const extension = [
      { url: 'https://closeloop.dev/fhir/StructureDefinition/audience', valueCode: 'named' },
    ];
    const recipients = [to('Organization/recipient'), to(ann)];
    const named = refOf(await world.create(initiator, message({ recipient: recipients, extension })));
    expect(await seenBy(named, as(ann), as(bob))).toEqual([200, 404]);
  });

  test('shows a message for named people to a compliance officer who asks for compliance, and to no other', async () => {
    const said = refOf(await world.create(initiator, message({ recipient: [to(annsRole)] })));
    const officer = as(bob, { roles: ['compliance'] });
    expect(await seenBy(said, officer, { ...officer, purposes: ['HCOMPL'] })).toEqual([404, 200]);
    expect(await seenBy(said, as(bob, { purposes: ['HCOMPL'] }))).toEqual([404]);
  });

  test('of a thread is that of its messages, and a team is its members', async () => {
    const team = refOf(
      await world.create(recipient, {
        resourceType: 'CareTeam',
        managingOrganization: [to('Organization/recipient')],
        participant: [{ member: to(ann) }],
      }),
    );
    expect(await seenBy(team, recipient)).toEqual([200]);
    const header = await world.create(recipient, {
      resourceType: 'Communication',
      status: 'in-progress',
      sender: to(ann),
      recipient: [to('Organization/initiator'), to(team)],
      extension: [{ url: 'https://closeloop.dev/fhir/StructureDefinition/audience', valueCode: 'named' }],
    });
    const said = refOf(await world.create(initiator, message({ partOf: [to(refOf(header))] })));
    expect(await seenBy(said, as(ann), as(bob))).toEqual([200, 404]);
  });

  test('of a message is that of its files, unless a document has them as well', async () => {
    const binary = { resourceType: 'Binary', contentType: 'text/plain', data: 'SGVsbG8=' };
    const url = refOf(await world.create(recipient, binary));
    const payload = [{ contentAttachment: { contentType: 'text/plain', url } }];
    const said = { sender: to(ann), recipient: [to(annsRole)], payload };
    await world.create(recipient, message(said));
    expect(await seenBy(url, as(ann), as(bob))).toEqual([200, 404]);
    await world.create(recipient, {
      resourceType: 'DocumentReference',
      status: 'current',
      content: [{ attachment: { contentType: 'text/plain', url } }],
    });
    expect(await seenBy(url, as(bob))).toEqual([200]);
  });

  test('of a thread is its keeper’s to change, and no other participant’s', async () => {
    const extension = [
      { url: 'https://closeloop.dev/fhir/StructureDefinition/audience', valueCode: 'named' },
    ];
    const thread = refOf(
      await world.create(initiator, {
        resourceType: 'Communication',
        status: 'in-progress',
        sender: to('Organization/initiator'),
        recipient: [to('Organization/initiator'), to(annsRole)],
        extension,
      }),
    );
    const stored = (await world.ask(as(ann), 'GET', thread)).json as Resource;
    const { extension: _named, ...open } = stored;
    expect((await world.ask(as(ann), 'PUT', thread, open as Resource)).status).toBe(200);
    expect(await seenBy(thread, as(ann), as(bob))).toEqual([200, 404]);
    const wide = [{ ...extension[0], valueCode: 'organization' }];
    expect(
      (await world.ask(initiator, 'PUT', thread, { ...stored, extension: wide } as Resource)).status,
    ).toBe(200);
    expect(await seenBy(thread, as(ann), as(bob))).toEqual([200, 200]);
  });

  test('cannot be widened by a tag that its reader writes', async () => {
    const said = refOf(await world.create(initiator, message({ recipient: [to(annsRole)] })));
    const tag = [{ system: 'https://closeloop.dev/fhir/CodeSystem/named-reader', code: bob }];
    const parameters = { resourceType: 'Parameters', parameter: [{ name: 'meta', valueMeta: { tag } }] };
    await world.ask(recipient, 'POST', `${said}/$meta-add`, parameters);
    expect(await seenBy(said, as(bob))).toEqual([404]);
  });
});

describe('(baa-messaging MS7) $read', () => {
  const nameless = {
    url: 'https://closeloop.dev/fhir/StructureDefinition/receipts-without-names',
    valueBoolean: true,
  };

  test('names the person, once, for whoever may read', async () => {
    const said = refOf(await world.create(initiator, message({ recipient: [to('Organization/recipient')] })));
    for (const caller of [as(ann), as(ann), as(bob, { roles: ['front-desk'] })])
      expect((await world.ask(caller, 'POST', `${said}/$read`)).status).toBe(200);
    const { json } = await world.ask(initiator, 'GET', said);
    expect(readReceiptsIn(json ?? make.patient())).toMatchObject([
      { reader: ann, organization: 'Organization/recipient' },
      { reader: bob, organization: 'Organization/recipient' },
    ]);
    expect(json).toMatchObject({ status: 'completed' });
  });

  test('is refused to the sender, and where there is no message', async () => {
    const said = refOf(await world.create(initiator, message({ recipient: [to('Organization/recipient')] })));
    expect(await world.ask(initiator, 'POST', `${said}/$read`)).toMatchObject({
      status: 403,
      code: 'not-your-move',
    });
    expect((await world.ask(as(ann), 'POST', 'Communication/none/$read')).status).toBe(404);
  });

  test('among colleagues is the recipient’s, and not the author’s', async () => {
    const said = refOf(await world.create(as(ann), message({ sender: to(ann), recipient: [to(bob)] })));
    expect(await world.ask(as(ann), 'POST', `${said}/$read`)).toMatchObject({ code: 'not-your-move' });
    expect((await world.ask(as(bob), 'POST', `${said}/$read`)).status).toBe(200);
  });

  test('leaves the person out where the organization says so', async () => {
    const { json } = await world.ask(administrator, 'GET', 'Organization/recipient');
    const put = await world.ask(administrator, 'PUT', 'Organization/recipient', {
      ...json,
      extension: [nameless],
    } as Resource);
    expect(put.status).toBe(200);
    const said = refOf(await world.create(initiator, message({ recipient: [to('Organization/recipient')] })));
    await world.ask(as(ann), 'POST', `${said}/$read`);
    const stored = await world.ask(initiator, 'GET', said);
    expect(readReceiptsIn(stored.json ?? make.patient())).toMatchObject([
      { reader: 'Organization/recipient' },
    ]);
  });
});
