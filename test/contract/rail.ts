/** The laws of the port `Rail` (src/ports/rail.ts), run against every rail. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { present as presentStored } from '../../src/delivery/subject.ts';
import { part2ByNotice } from '../../src/policies/labels/label.ts';
import { BARE_NOTICE } from '../../src/policies/part2/notice.ts';
import { STATEMENT_1 } from '../../src/policies/part2/statements.ts';
import {
  NoticeMissing,
  type NoticeOfEntry,
  type PresentVersion,
  type Rail,
  type Receipt,
} from '../../src/ports/rail.ts';
import type { Store } from '../../src/ports/store.ts';
import {
  buildClaimed,
  buildEntry,
  openWorld,
  SUBSCRIBER,
  type Stored,
  type World,
} from './delivery-world.ts';

/** How the receiver shall behave. A rail without a peer of its own leaves out what cannot happen to it, with the reason. */
export type Behaviour = 'accepts' | 'refuses' | 'fails' | 'hangs';

/** What arrived at the receiver, in order. */
export interface Arrived {
  /** The id by which a receiver knows a repetition. */
  readonly id: string;
  readonly text: string;
}

export interface Peer {
  readonly rail: Rail;
  /** The resource that names the receiver: a Subscription or an Endpoint. */
  readonly receiver: Stored;
  arrived(): readonly Arrived[];
  close(): Promise<void>;
}

export interface RailUnderTest {
  readonly name: string;
  readonly open: (behaviour: Behaviour, present: PresentVersion) => Promise<Peer>;
  /** A rail with something wrong that an operator can mend. */
  readonly openTroubled: () => Promise<Rail>;
  readonly cannot: Partial<Record<Behaviour, string>>;
  /** What must be on record before anything is sent to the receiver. */
  readonly prepare?: (store: Store) => Promise<void>;
}

const OLD: Stored = {
  resourceType: 'Task',
  id: 'referral',
  status: 'received',
  description: 'the first version',
};
const NEW: Stored = { ...OLD, status: 'accepted', description: 'the second version' };

/** Masks one word, so that it is seen whether a rail sends what it was told to show. */
const present: PresentVersion = ({ text = '' }, sight) => {
  expect(sight).toEqual({ everything: false, organization: SUBSCRIBER });
  return text.replace('the first', 'a masked');
};

/** A text as JSON writes it inside another. */
const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);

export function describeRail({ name, open, openTroubled, cannot, prepare }: RailUnderTest): void {
  const left = Object.entries(cannot).map(([behaviour, why]) => `; a receiver never ${behaviour}: ${why}`);
  describe(`rail ${name}${left.join('')}`, () => {
    let world: World;
    beforeAll(async () => {
      world = await openWorld();
      await prepare?.(world.store);
    });
    afterAll(() => world.close());

    /** Offers the first version of the subject, while the second is current, as often as asked. */
    async function offer(behaviour: Behaviour, attempts: number, signal?: AbortSignal) {
      const peer = await open(behaviour, present);
      const { store } = world;
      await world.put(peer.receiver);
      const seq = await world.put(OLD);
      await world.put(NEW);
      const entry = buildEntry(name, `${peer.receiver.resourceType}/${peer.receiver.id}`, 'Task/referral');
      const receipts: Receipt[] = [];
      for (let attempt = 1; attempt <= attempts; attempt += 1) {
        const claimed = buildClaimed(entry, seq, attempt);
        const sent = peer.rail.deliver(
          claimed,
          store.snapshot(seq),
          store.snapshot(),
          signal ?? AbortSignal.timeout(5_000),
        );
        // A throw counts as `retry`.
        receipts.push(await sent.catch((): Receipt => ({ outcome: 'retry', why: 'thrown' })));
      }
      const arrived = peer.arrived();
      await peer.close();
      return { receipts, arrived, seq };
    }

    test('is named by a FHIR code and gives that name', async () => {
      const peer = await open('accepts', present);
      expect(peer.rail.name).toBe(name);
      await peer.close();
    });

    test('delivers the content of the commit, though a newer version exists, as it may be shown', async () => {
      const { receipts, arrived } = await offer('accepts', 1);
      expect(receipts).toEqual([expect.objectContaining({ outcome: 'accepted' })]);
      expect(arrived).toHaveLength(1);
      expect(arrived[0]?.text).toContain('"description":"a masked version"');
      expect(arrived[0]?.text).toContain('"status":"received"');
      expect(arrived[0]?.text).not.toContain('second');
    });

    test('gives the same id on every attempt', async () => {
      const { arrived, seq } = await offer('accepts', 3);
      expect(arrived.map(({ id }) => id)).toEqual([`${seq}-0`, `${seq}-0`, `${seq}-0`]);
    });

    describe('(compliance P14, P31) content of 42 CFR Part 2', () => {
      // As the store keeps texts: type, id and meta first.
      const { resourceType, id: _id, ...elements } = OLD;
      const labelled: Stored = {
        resourceType,
        id: 'part2',
        meta: { security: [part2ByNotice] },
        ...elements,
      };
      const notice = { ...BARE_NOTICE, scope: 'Consent of 2026-03-01: …', place: 'inside' } as const;

      async function send(stored: Stored, shows: PresentVersion, noticeOf: NoticeOfEntry) {
        const peer = await open('accepts', shows);
        const { store } = world;
        await world.put(peer.receiver);
        const seq = await world.put(stored, [], 'Organization/program');
        const ref = `Task/${stored.id}` as const;
        const entry = buildClaimed(
          buildEntry(name, `${peer.receiver.resourceType}/${peer.receiver.id}`, ref),
          seq,
        );
        const everything = { ...entry, sight: { everything: true } as const };
        const signal = AbortSignal.timeout(5_000);
        const sent = peer.rail.deliver(everything, store.snapshot(seq), store.snapshot(), signal, noticeOf);
        const receipt = await sent.catch((error: unknown) => error);
        const arrived = peer.arrived().map(({ text }) => text);
        await peer.close();
        return { receipt, arrived, place: peer.rail.carriesNotice };
      }

      test('arrives with the statement and the scope of the consent, byte for byte', async () => {
        const { receipt, arrived, place } = await send(labelled, presentStored, async () => notice);
        expect(receipt).toMatchObject({ outcome: 'accepted' });
        expect(place).toMatchObject({ statement: 1 });
        expect(arrived).toEqual([expect.stringContaining(inJson(`${STATEMENT_1}\n\n${notice.scope}`))]);
      });

      test('does not leave when the text that would leave lacks it (compliance C10, P23)', async () => {
        const broken: PresentVersion = ({ text = '' }) => text;
        const { receipt, arrived } = await send(labelled, broken, async () => notice);
        expect(receipt).toBeInstanceOf(NoticeMissing);
        expect(arrived).toEqual([]);
      });

      test('has none where none is owed; and nothing else has, nor is asked', async () => {
        const none = await send(labelled, presentStored, async () => 'none');
        expect(none.arrived.join('')).not.toContain('42 CFR part 2');
        const plain = { ...OLD, id: 'plain' };
        const { arrived } = await send(plain, presentStored, () => Promise.reject(new Error('asked')));
        expect(arrived).toEqual([expect.stringContaining(JSON.stringify(plain).slice(1, -1))]);
      });
    });

    test('a receiver that is gone is refused for good', async () => {
      const peer = await open('accepts', present);
      const seq = await world.put(OLD);
      const entry = buildClaimed(buildEntry(name, 'Subscription/never', 'Task/referral'), seq);
      const { store } = world;
      const receipt = await peer.rail.deliver(
        entry,
        store.snapshot(seq),
        store.snapshot(),
        AbortSignal.timeout(5_000),
      );
      expect(receipt.outcome).toBe('refused');
      expect(peer.arrived()).toEqual([]);
      await peer.close();
    });

    const laws: readonly [Behaviour, string, Receipt['outcome']][] = [
      ['refuses', 'a receiver that says no for good is refused', 'refused'],
      ['fails', 'a receiver that cannot now is tried again', 'retry'],
    ];
    test.each(laws.filter(([behaviour]) => cannot[behaviour] === undefined))(
      'when the receiver %s: %s',
      async (behaviour, _law, outcome) => {
        const { receipts } = await offer(behaviour, 1);
        expect(receipts).toEqual([expect.objectContaining({ outcome })]);
      },
    );

    test('ends soon after its signal aborts, and is tried again', async () => {
      const behaviour = cannot.hangs === undefined ? 'hangs' : 'accepts';
      const signal = cannot.hangs === undefined ? AbortSignal.timeout(50) : AbortSignal.abort();
      const began = performance.now();
      const { receipts } = await offer(behaviour, 1, signal);
      expect(receipts).toEqual([expect.objectContaining({ outcome: 'retry' })]);
      expect(performance.now() - began).toBeLessThan(2_000);
    });

    test('verify finds nothing wrong with a sound rail, and says what is wrong with another', async () => {
      const peer = await open('accepts', present);
      expect((await peer.rail.verify()).filter(({ ok }) => !ok)).toEqual([]);
      await peer.close();
      const troubled = await openTroubled();
      expect(await troubled.verify()).toContainEqual({ ok: false, says: expect.stringMatching(/: \w+/) });
      await troubled.close();
    });
  });
}
