/**
 * Who a mail is from, and who keeps what it brings (harmony Z45; directory DR32, DR44 to DR46): a member's is its own; of
 * anybody else the receiver keeps it, and a stranger becomes a private record of the receiver's.
 */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { EVERYTHING } from '../../../src/ports/query.ts';
import { findByDirectAddress } from '../../../src/resources/parties/direct-addresses.ts';
import { localRef } from '../../../src/resources/element.ts';
import { standingOf } from '../../../src/resources/parties/standing.ts';
import type { DirectMail, DirectAddress } from '../../../src/ports/direct.ts';
import { administrator } from '../../world.ts';
import {
  accept,
  book,
  cancel,
  interim,
  larkspur,
  outcome,
  request,
  stateOf,
  tidewater,
} from '../hl7v2/exchange.ts';
import {
  ADDRESSES,
  CONSULTATION_NOTE,
  mailOf,
  ofContent,
  openMailed,
  reachAt,
  REFERRAL_NOTE,
  TO_LARKSPUR,
  TO_TIDEWATER,
  type Mailed,
  type MailedOptions,
} from './mailed.ts';

let mailed: Mailed;
afterEach(() => mailed.close());
const open = async (options: MailedOptions): Promise<Mailed> => (mailed = await openMailed(options));

const TIDEWATER_ORG = 'Organization/tidewater';

const custodianOf = async (ref: string): Promise<string | undefined> =>
  (await mailed.store.snapshot().read(ref as Ref, EVERYTHING))?.custodian;

/** Who keeps the resources of a type, each once. */
async function keepersOf(type: string): Promise<readonly (string | undefined)[]> {
  const keepers = new Set<string | undefined>();
  for (const { id } of await mailed.all(type)) keepers.add(await custodianOf(`${type}/${id}`));
  return [...keepers];
}

const NO_PARAMETERS = { resourceType: 'Parameters' };

const referenceIn = (resource: Resource | undefined, element: string): string | undefined =>
  localRef(resource?.[element]);

describe('a member', () => {
  test('keeps what its mail brings, and no party is made (harmony Z45)', async () => {
    await open({});
    await mailed.post(
      await mailOf(request({ at: 0, id: 'M-0' }), { ...TO_TIDEWATER, clinical: [REFERRAL_NOTE] }),
    );
    for (const type of ['ServiceRequest', 'Patient'])
      expect(await keepersOf(type)).toEqual(['Organization/larkspur']);
    expect(await mailed.all('Organization', 'name=Larkspur Clinic')).toEqual([]);
  });
});

describe('a stranger whose request is trusted', () => {
  const ask = async (through: 'sta' | 'edge' = 'sta') =>
    mailed.post(
      await mailOf(request({ at: 0, id: 'M-0' }), {
        ...TO_TIDEWATER,
        clinical: [REFERRAL_NOTE],
        mail: { through },
      }),
    );

  test('becomes a private record of the receiver, who keeps everything (harmony Z45) (directory DR32)', async () => {
    await open({ larkspur: 'stranger' });
    expect(await ask()).toEqual({ fate: 'applied', owed: ['processed', 'dispatched'] });
    for (const type of ['ServiceRequest', 'Task', 'Patient', 'DocumentReference', 'Binary', 'Provenance'])
      expect([type, await keepersOf(type)]).toEqual([type, [TIDEWATER_ORG]]);
    const [party, another] = (await mailed.all('Organization')).filter(
      (one) => standingOf(one) === 'private' && one['name'] === 'Larkspur Clinic',
    );
    expect(another).toBeUndefined();
    expect(await custodianOf(`Organization/${party?.id ?? ''}`)).toBe(TIDEWATER_ORG);
    expect(party?.['identifier']).toBeUndefined();
    // The directory's own Larkspur is somebody else.
    expect(await mailed.all('ServiceRequest', 'requester:Organization.name=larkspur')).toEqual([]);
  });

  test('is answered where it wrote from: the address is verified for the receiver alone (directory DR46)', async () => {
    await open({ larkspur: 'stranger' });
    await ask();
    const holders = await findByDirectAddress(mailed.store.snapshot(), ADDRESSES.larkspur, mailed.clock.now);
    expect(holders).toMatchObject([{ custodian: TIDEWATER_ORG, isPrivate: true, verified: true }]);
    expect(await mailed.ask(larkspur, 'GET', `${holders[0]?.endpoint ?? ''}`)).toMatchObject({ status: 404 });
  });

  test('has an address that its keeper can make no member’s (directory DR44, DR46)', async () => {
    await open({ larkspur: 'stranger' });
    await ask();
    const holderNow = async () =>
      (await findByDirectAddress(mailed.store.snapshot(), ADDRESSES.larkspur, mailed.clock.now))[0];
    const admitted = await mailed.ask(administrator, 'POST', 'Organization/larkspur/$admit', NO_PARAMETERS);
    expect(admitted.status).toBe(200);
    const held = await holderNow();
    const path = held?.endpoint ?? '';
    const seen = (await mailed.ask(administrator, 'GET', path)).json as Resource;
    const moved = { ...seen, managingOrganization: { reference: 'Organization/larkspur' } };
    const refused = await mailed.ask(tidewater, 'PUT', path, moved);
    expect(refused.status).toBe(403);
    expect(JSON.stringify(refused.json)).toContain('not-custodian');
    expect(await holderNow()).toEqual(held);
    // Whoever may move it has not said whose the address is now.
    expect((await mailed.ask(administrator, 'PUT', path, moved)).status).toBe(200);
    expect(await holderNow()).toMatchObject({ organization: 'Organization/larkspur', verified: false });
    const verified = await mailed.ask(administrator, 'POST', `${path}/$verify`, NO_PARAMETERS);
    expect(verified.json).toMatchObject({ parameter: [{ valueCode: 'verified' }] });
    expect(await holderNow()).toMatchObject({ verified: true });
  });

  test('through a mailbox of a HISP its address waits for an administrator (directory DR44, DR45)', async () => {
    await open({ larkspur: 'stranger' });
    expect(await ask('edge')).toEqual({ fate: 'applied', owed: ['dispatched'] });
    const holders = await findByDirectAddress(mailed.store.snapshot(), ADDRESSES.larkspur, mailed.clock.now);
    expect(holders).toMatchObject([{ verified: false }]);
    const second = await mailed.post(
      await mailOf(cancel({ at: 1, id: 'M-1' }), { ...TO_TIDEWATER, mail: { through: 'edge' } }),
    );
    expect(second.fate).toBe('work-item');
    expect(await mailed.workItems()).toMatchObject([{ kind: 'message-unmatched', owner: TIDEWATER_ORG }]);
  });

  test('is the initiator of its referral from then on, by mail alone (360x 3)', async () => {
    await open({ larkspur: 'stranger' });
    await ask();
    const task = await mailed.referral();
    const accepted = await mailed.ask(tidewater, 'PUT', `Task/${task.id}`, { ...task, status: 'accepted' });
    expect(accepted.status).toBe(200);
    const seen = await mailed.ask(tidewater, 'GET', referenceIn(task, 'for') ?? '');
    expect(seen.status).toBe(200);
    expect((await mailed.post(await mailOf(cancel({ at: 1, id: 'M-1' }), TO_TIDEWATER))).fate).toBe(
      'applied',
    );
    expect(stateOf(await mailed.referral())).toBe('in-progress 5.2');
  });

  test('asks again, for the same patient, and is one party with one chart', async () => {
    await open({ larkspur: 'stranger' });
    await ask();
    await mailed.post(await mailOf(request({ at: 1, id: 'M-1', referral: 'R-2' }), TO_TIDEWATER));
    const private_ = (await mailed.all('Organization')).filter(({ name }) => name === 'Larkspur Clinic');
    expect(private_.length).toBe(1);
    expect((await mailed.all('Patient')).length).toBe(1);
    expect((await mailed.all('Task', 'status=received')).length).toBe(2);
  });

  test('two requests at once make one party', async () => {
    await open({ larkspur: 'stranger' });
    const mails = await Promise.all(
      ['R-1', 'R-2'].map((referral, at) => mailOf(request({ at, id: `M-${at}`, referral }), TO_TIDEWATER)),
    );
    const fates = await Promise.all(mails.map(async (mail) => (await mailed.post(mail)).fate));
    expect(fates).toContain('applied');
    // Whoever was not kept comes again.
    const again = fates.flatMap((fate, index) => (fate === 'not-kept' ? [mails[index]] : []));
    for (const mail of again) if (mail !== undefined) await mailed.post(mail);
    expect((await mailed.all('Task', 'status=received')).length).toBe(2);
    expect((await mailed.all('Organization')).filter(({ name }) => name === 'Larkspur Clinic').length).toBe(
      1,
    );
  });

  test('draws no person of the receiver by a number that it knows (rules 7.6)', async () => {
    await open({ larkspur: 'stranger' });
    const own = await mailed.create(tidewater, {
      resourceType: 'Patient',
      identifier: [{ system: 'urn:oid:2.999.10.1.5', value: 'MQ-40417' }],
      name: [{ family: 'Quintero', given: ['Marisol'] }],
      birthDate: '1971-03-08',
      telecom: [{ system: 'phone', value: '+1-555-0100' }],
    });
    await ask();
    expect(referenceIn(await mailed.referral(), 'for')).not.toBe(`Patient/${own.id}`);
  });

  test('whom the receiver has put off is not introduced again', async () => {
    await open({ larkspur: 'stranger' });
    await ask();
    const [holder] = await findByDirectAddress(mailed.store.snapshot(), ADDRESSES.larkspur, mailed.clock.now);
    const stored = await mailed.ask(administrator, 'GET', holder?.endpoint ?? '');
    const off = await mailed.ask(administrator, 'PUT', holder?.endpoint ?? '', {
      ...stored.json,
      status: 'off',
    });
    expect(off.status).toBe(200);
    const again = await mailed.post(
      await mailOf(request({ at: 1, id: 'M-1', referral: 'R-2' }), TO_TIDEWATER),
    );
    expect(again.fate).toBe('work-item');
    expect((await mailed.all('Organization')).filter(({ name }) => name === 'Larkspur Clinic').length).toBe(
      1,
    );
  });
});

test.each<[what: string, message: string]>([
  ['an acceptance', accept({ at: 1, id: 'M-1' })],
  ['an outcome', outcome({ at: 1, id: 'M-1' })],
  ['a visit', book({ at: 1, id: 'M-1' })],
])('%s by a stranger makes no party, and asks a person (360x 8) (harmony Z45)', async (_what, message) => {
  await open({ tidewater: 'stranger' });
  const { fate } = await mailed.post(await mailOf(message, TO_LARKSPUR));
  expect(fate).toBe('work-item');
  expect(await mailed.workItems()).toMatchObject([
    { kind: 'message-unmatched', owner: 'Organization/larkspur' },
  ]);
  expect((await mailed.all('Organization')).filter((one) => standingOf(one) === 'private')).toEqual([]);
});

test('a recipient outside answers by mail through to the outcome, and the initiator keeps it (harmony Z45)', async () => {
  await open({ tidewater: 'listed' });
  await mailed.say(request({ at: 0, id: 'M-0' }));
  for (const [message, state, clinical] of [
    [accept({ at: 1, id: 'M-1' }), 'accepted 3.0', []],
    [book({ at: 2, id: 'M-2' }), 'in-progress 5.1.1', []],
    [interim({ at: 3, id: 'M-3' }), 'in-progress 5.1.4', [CONSULTATION_NOTE]],
    [outcome({ at: 4, id: 'M-4' }), 'completed 7.0', []],
  ] as const) {
    const { fate } = await mailed.post(await mailOf(message, { ...TO_LARKSPUR, clinical }));
    expect([state, fate]).toEqual([state, 'applied']);
    expect(stateOf(await mailed.referral())).toBe(state);
  }
  for (const type of ['Appointment', 'DocumentReference'])
    expect([type, await keepersOf(type)]).toEqual([type, ['Organization/larkspur']]);
  const notes = ofContent(await mailed.all('DocumentReference'), 'application/hl7-cda+xml');
  expect(notes).toMatchObject([{ author: [{ reference: TIDEWATER_ORG }] }]);
  // The outcome came without its note.
  expect(await mailed.workItems()).toMatchObject([{ kind: 'note-missing', owner: 'Organization/larkspur' }]);
});

test('an address that two organizations have speaks for neither (directory DR46)', async () => {
  await open({});
  await reachAt(mailed, 'outsider', ADDRESSES.larkspur);
  const { fate } = await mailed.post(await mailOf(request({ at: 0, id: 'M-0' }), TO_TIDEWATER));
  expect(fate).toBe('work-item');
  const [item] = await mailed.workItems();
  expect(item?.task['description']).toMatch(/^several organizations whom you know have the address/);
  expect((await mailed.all('ServiceRequest')).length).toBe(0);
});

test('MSH-4 names nobody: the sender is who has the address (direct-xdm 8)', async () => {
  await open({});
  const forged = request({ at: 0, id: 'M-0', from: { id: 'outsider', facility: '2.999.66.1' } });
  await mailed.post(await mailOf(forged, TO_TIDEWATER));
  expect(await keepersOf('ServiceRequest')).toEqual(['Organization/larkspur']);
});

test('only the verified Endpoint of a member is a local address (directory DR45)', async () => {
  await open({ tidewater: 'listed' });
  const knows = async (address: DirectAddress) =>
    (await mailed.engine.direct.memberOf(address)) !== undefined;
  expect(await knows(ADDRESSES.larkspur)).toBe(true);
  expect(await knows(ADDRESSES.tidewater)).toBe(false);
  expect(await knows('nobody@direct.larkspur.example.org')).toBe(false);
});

test.each<[whose: string, distrust: DirectMail['distrust'], turn: string]>([
  ['its sender', undefined, 'organization Organization/larkspur'],
  ['its receiver, when it is not believed', 'untrusted', 'organization Organization/tidewater'],
])('a mail takes the turn of %s', async (_whose, distrust, turn) => {
  await open({});
  expect(await mailed.engine.direct.turnOf({ ...TO_TIDEWATER, distrust })).toBe(turn);
});
