/** Late evidence, on a real store: what it changes, what it leaves alone, and whom it belongs to (routing RL12 to RL14). */
import { afterEach, describe, expect, test } from '@jest/globals';
import { createNoteEvidence } from '../../../../src/delivery/delivered/note-evidence.ts';
import { settleRecord, writeRecord } from '../../../../src/delivery/delivered/record.ts';
import type { Ref } from '../../../../src/fhir/types.ts';
import {
  DELIVERY_RECORD,
  type DeliveryEvidence,
  type DeliveryRecord,
} from '../../../../src/ports/delivered.ts';
import { EVERYTHING } from '../../../../src/ports/query.ts';
import type { ClaimedEntry, DeliveryOutcome } from '../../../../src/ports/store.ts';
import { parseStored } from '../../../../src/ports/stored-resource.ts';
import {
  buildEntry,
  buildWrite,
  openWorld,
  SUBSCRIBER,
  type World,
} from '../../../contract/delivery-world.ts';
import { AUDIT_ROW } from '../../../audit-row.ts';

const worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

const RAIL = 'direct-project';
const AT = '2026-03-01T10:00:00.000Z';
const piece = (kind: DeliveryEvidence['kind'], source = 'mail-1', at = AT): DeliveryEvidence => ({
  kind,
  at,
  source,
  hash: 'ab',
});

const AUDIT = { ...AUDIT_ROW, event: 'deliver', action: 'R', requestId: '' } as const;

/** An entry for an Endpoint, claimed once. */
async function begin(receiver: Ref = 'Endpoint/e') {
  const world = await openWorld();
  worlds.push(world);
  const { store } = world;
  await world.put({ resourceType: 'Task', id: 't', status: 'requested', for: { reference: 'Patient/p' } }, [
    buildEntry(RAIL, receiver, 'Task/t'),
  ]);
  const [entry] = await store.claim(1, 60_000);
  if (entry === undefined) throw new Error('nothing is due');
  const states: string[] = [];
  let items = 0;
  const note = createNoteEvidence({
    store,
    onState: ({ state }) => states.push(state),
    items: {
      open: async (_record, kind, why) =>
        buildWrite(
          `Task/item-${(items += 1)}`,
          0,
          JSON.stringify({ resourceType: 'Task', status: kind, why }),
        ),
      close: async (item, says) => {
        const version = await store.snapshot().read(item, EVERYTHING);
        return buildWrite(
          item,
          version?.seq ?? 0,
          JSON.stringify({ resourceType: 'Task', status: 'closed', says }),
        );
      },
    },
  });
  const settle = async (
    fate: DeliveryOutcome['fate'],
    evidence?: readonly DeliveryEvidence[],
    item?: Ref,
  ): Promise<void> => {
    const settled = await settleRecord(store.snapshot(), { entry, fate, evidence, why: 'said so' }, AT);
    await store.commit({
      ...EMPTY,
      ...(item !== undefined && { writes: [buildWrite(item, 0, '{"resourceType":"Task"}')] }),
      deliveryOutcomes: [{ id: entry.id, fate, why: 'said so' }],
      ...(settled !== undefined && {
        records: [writeRecord({ ...settled.record, ...(item !== undefined && { item }) }, settled.known)],
      }),
    });
  };
  const kept = async (): Promise<DeliveryRecord | undefined> =>
    (await store.snapshot().record(DELIVERY_RECORD, entry.id))?.body as DeliveryRecord | undefined;
  return { world, store, entry, note, settle, kept, states };
}

const EMPTY = { writes: [], preconditions: [], expects: [], audit: [AUDIT], outbox: [] };
const expected = { rail: RAIL, receiver: 'Endpoint/e' } as const;

describe('late evidence', () => {
  test('(routing RL14) changes the record in an audited commit, never the settled entry nor the referral', async () => {
    const { store, entry, note, settle, kept, states } = await begin();
    await settle('accepted', [piece('smtp-accepted')]);
    const [row] = await store.outbox({ id: entry.id, count: 1 });
    const task = await store.snapshot().read('Task/t', EVERYTHING);

    await expect(note(entry.id, piece('mdn-dispatched', 'mdn-1'), expected)).resolves.toBe('noted');
    await expect(kept()).resolves.toMatchObject({
      state: 'received',
      rail: RAIL,
      task: 'Task/t',
      evidence: [piece('mdn-dispatched', 'mdn-1'), piece('smtp-accepted')],
    });
    expect(await store.outbox({ id: entry.id, count: 1 })).toEqual([row]);
    expect(await store.snapshot().read('Task/t', EVERYTHING)).toEqual(task);
    expect(states).toEqual(['received']);

    const [audited] = await store.snapshot().audit({ viewer: SUBSCRIBER, names: ['Task/t'], count: 1 });
    expect(audited?.entry).toMatchObject({
      event: 'delivery-evidence',
      patients: ['Patient/p'],
      bytesHash: 'ab',
      delivery: { entry: entry.id, rail: RAIL, from: SUBSCRIBER },
    });
    expect(await store.snapshot().records(DELIVERY_RECORD, 'task', 'Task/t')).toHaveLength(1);
  });

  test('(routing RL12) the same piece again is known, and writes nothing', async () => {
    const { store, entry, note, settle } = await begin();
    await settle('accepted', [piece('smtp-accepted')]);
    await note(entry.id, piece('mdn-processed'), expected);
    const { seq } = store.status();
    await expect(
      note(entry.id, piece('mdn-processed', 'mail-1', '2026-03-02T00:00:00.000Z'), expected),
    ).resolves.toBe('known');
    expect(store.status().seq).toBe(seq);
  });

  test('(routing RL13) evidence that belongs to no delivery, or to one by another rail or to another receiver, is unknown', async () => {
    const { store, entry, note, settle } = await begin();
    await settle('accepted', [piece('smtp-accepted')]);
    const { seq } = store.status();
    await expect(note('99-0', piece('mdn-processed'), expected)).resolves.toBe('unknown');
    await expect(note(entry.id, piece('msa-aa'), { rail: 'hl7v2-mllp' })).resolves.toBe('unknown');
    await expect(note(entry.id, piece('msa-aa'), expected)).resolves.toBe('unknown');
    await expect(
      note(entry.id, piece('mdn-processed'), { rail: RAIL, receiver: 'Endpoint/other' }),
    ).resolves.toBe('unknown');
    expect(store.status().seq).toBe(seq);
  });

  test('evidence that came before the receipt of the sending is kept with it, whichever is written first', async () => {
    const early = await begin();
    await early.note(early.entry.id, piece('mdn-processed'), expected);
    await expect(early.kept()).resolves.toMatchObject({ state: 'transported' });
    await early.settle('accepted', [piece('smtp-accepted')]);

    const late = await begin();
    await late.settle('accepted', [piece('smtp-accepted')]);
    await late.note(late.entry.id, piece('mdn-processed'), expected);

    expect(await early.kept()).toEqual({ ...(await late.kept()), committedAt: expect.any(String) });
  });

  test('several pieces at once are all kept', async () => {
    const { entry, note, settle, kept } = await begin();
    await settle('accepted', [piece('smtp-accepted')]);
    await Promise.all(
      ['a', 'b', 'c', 'd'].map((source) => note(entry.id, piece('mdn-processed', source), expected)),
    );
    expect((await kept())?.evidence).toHaveLength(5);
  });

  test('of one delivery a bounded number of pieces is kept, and what changes the state is always among them', async () => {
    const { entry, note, settle, kept } = await begin();
    await settle('accepted', [piece('smtp-accepted')]);
    const said: string[] = [];
    for (let index = 0; index < 60; index += 1)
      said.push(await note(entry.id, piece('mdn-processed', `mdn-${index}`), expected));
    expect((await kept())?.evidence).toHaveLength(50);
    expect(said.at(-1)).toBe('known');
    await expect(note(entry.id, piece('mdn-dispatched'), expected)).resolves.toBe('noted');
    await expect(kept()).resolves.toMatchObject({ state: 'received' });
  });
});

describe('the work item', () => {
  test('a failure that comes late opens one; what overrules it closes it, with words', async () => {
    const { store, entry, note, settle, kept, states } = await begin();
    await settle('accepted', [piece('smtp-accepted')]);
    await note(entry.id, piece('mdn-failed'), expected);
    await expect(kept()).resolves.toMatchObject({ state: 'failed', item: 'Task/item-1' });
    await note(entry.id, piece('dsn-failed'), expected);
    await expect(kept()).resolves.toMatchObject({ item: 'Task/item-1' });

    await note(entry.id, piece('mdn-dispatched'), expected);
    expect((await kept())?.item).toBeUndefined();
    const item = await store.snapshot().read('Task/item-1', EVERYTHING);
    expect(parseStored(item?.text ?? '')).toMatchObject({
      status: 'closed',
      says: 'evidence came: at its final destination (dispatched)',
    });
    expect(states).toEqual(['failed', 'received']);
  });

  test('what is overdue asks a person, and the state stays; a delivery that was given up is reopened', async () => {
    const overdue = await begin();
    await overdue.settle('accepted', [piece('smtp-accepted'), piece('mdn-processed')]);
    await overdue.note(overdue.entry.id, piece('dispatched-overdue'), expected);
    await expect(overdue.kept()).resolves.toMatchObject({ state: 'transported', item: 'Task/item-1' });

    const givenUp = await begin();
    await givenUp.settle('refused', undefined, 'Task/failed');
    await expect(givenUp.kept()).resolves.toMatchObject({ state: 'failed', why: 'said so' });
    await givenUp.note(givenUp.entry.id, piece('mdn-processed'), expected);
    await expect(givenUp.kept()).resolves.toMatchObject({ state: 'transported' });
    const item = await givenUp.store.snapshot().read('Task/failed', EVERYTHING);
    expect(parseStored(item?.text ?? '')).toMatchObject({ status: 'closed' });
  });

  test('(direct-xdm 6) a failure after it was received asks a person, and the state stays; before it, nobody', async () => {
    const later = '2026-03-01T11:00:00.000Z';
    const takenBack = await begin();
    await takenBack.settle('accepted', [piece('smtp-accepted'), piece('mdn-dispatched')]);
    await takenBack.note(takenBack.entry.id, piece('mdn-failed', 'mail-2', later), expected);
    await expect(takenBack.kept()).resolves.toMatchObject({ state: 'received', item: 'Task/item-1' });
    const item = await takenBack.store.snapshot().read('Task/item-1', EVERYTHING);
    expect(parseStored(item?.text ?? '')).toMatchObject({ status: 'unconfirmed' });
    await takenBack.note(takenBack.entry.id, piece('mdn-displayed', 'mail-3', later), expected);
    expect((await takenBack.kept())?.item).toBeUndefined();

    const repeated = await begin();
    await repeated.settle('accepted', [piece('smtp-accepted'), piece('mdn-dispatched', 'mail-4', later)]);
    await repeated.note(repeated.entry.id, piece('mdn-failed'), expected);
    expect((await repeated.kept())?.item).toBeUndefined();
  });

  test('until when more is waited for stands in the record until it came', async () => {
    const { entry, note, settle, kept } = await begin();
    await settle('accepted', [piece('smtp-accepted')]);
    await note(entry.id, piece('mdn-processed'), expected, '2026-03-02T10:00:00.000Z');
    await expect(kept()).resolves.toMatchObject({ dueBy: '2026-03-02T10:00:00.000Z' });
    await note(entry.id, piece('mdn-dispatched'), expected, '2026-03-02T10:00:00.000Z');
    expect((await kept())?.dueBy).toBeUndefined();
  });
});

describe('(harmony Z42) which deliveries are records', () => {
  const settled = (
    entry: ClaimedEntry,
    world: World,
    fate: DeliveryOutcome['fate'],
    evidence?: DeliveryEvidence[],
  ) => settleRecord(world.store.snapshot(), { entry, fate, evidence }, AT);

  test('those with evidence, and those to a party that failed; of others the outbox says it', async () => {
    const { world, entry } = await begin();
    const toSubscription = { ...entry, receiver: 'Subscription/s' } as const;
    expect(await settled(toSubscription, world, 'accepted')).toBeUndefined();
    expect(await settled(toSubscription, world, 'refused')).toBeUndefined();
    expect(await settled(entry, world, 'accepted')).toBeUndefined();
    expect(await settled(entry, world, 'withheld')).toBeUndefined();
    expect((await settled(entry, world, 'refused'))?.record.state).toBe('failed');
    expect((await settled(entry, world, 'accepted', [piece('smtp-accepted')]))?.record.state).toBe('sent');
  });
});
