/** Law 19: what a sight does not reach does not exist; how reach is granted and withdrawn. */
import { describe, expect, test } from '@jest/globals';
import type { Ref } from '../../src/fhir/types.ts';
import type { Reach, Store } from '../../src/ports/store.ts';
import {
  audit,
  byStatus,
  commitOf,
  EVERYTHING,
  find,
  NO_REACH,
  NORTH,
  refusal,
  remove,
  seenBy,
  SOUTH,
  status,
  WEST,
  write,
} from './store-world.ts';
import type { StoreWorld } from './store-world.ts';

const outward = (...refs: Ref[]): Reach => ({ ...NO_REACH, outward: refs });
const inward = (...refs: Ref[]): Reach => ({ ...NO_REACH, inward: refs });
const referral = (focus: Ref, ...parties: Ref[]): Reach => ({ ...NO_REACH, outward: [focus], parties });

const VALUES = [status('x')];

/** NORTH refers Patient/p by ServiceRequest/s and Task/t to SOUTH; everything is NORTH's. */
async function refer(store: Store, ...parties: Ref[]): Promise<number> {
  const { seq } = await store.commit(
    commitOf([
      write('Patient/p', { values: VALUES }),
      write('ServiceRequest/s', { values: VALUES, reach: outward('Patient/p') }),
      write('Task/t', { values: VALUES, reach: referral('ServiceRequest/s', NORTH, ...parties) }),
    ]),
  );
  return seq;
}

/** What the organization sees of these, by every way of looking; fails when two ways differ. */
async function seen(
  store: Store,
  organization: Ref,
  refs: readonly Ref[],
  seq?: number,
): Promise<readonly Ref[]> {
  const sight = seenBy(organization);
  const snapshot = store.snapshot(seq);
  const visible: Ref[] = [];
  for (const ref of refs) {
    const [type, id] = ref.split('/') as [string, string];
    const version = await snapshot.read(ref, sight);
    const history = await snapshot.history({ type, id, count: 100, offset: 0, total: true, sight });
    const ofType = await snapshot.history({ type, count: 100, offset: 0, total: true, sight });
    const page = await snapshot.search(byStatus(type, 'x', { sight }));
    const live = version !== undefined && version.method !== 'DELETE';
    expect(history.versions.length > 0).toBe(version !== undefined);
    expect(ofType.versions.some((one) => one.ref === ref)).toBe(version !== undefined);
    expect(ofType.total).toBe(ofType.versions.length);
    expect(page.matches.some((match) => match.ref === ref)).toBe(live);
    expect(page.total).toBe(page.matches.length);
    if (version !== undefined) visible.push(ref);
  }
  return visible;
}

const LOOP = ['Patient/p', 'ServiceRequest/s', 'Task/t'] as const;

export function sightLaws(world: StoreWorld): void {
  describe('law 19', () => {
    test('a referral shows its recipient what it reaches, and nobody else', async () => {
      const store = await world.open();
      await store.commit(commitOf([write('Patient/p2', { values: VALUES })]));
      await refer(store, SOUTH);
      expect(await seen(store, SOUTH, ['Patient/p2', ...LOOP])).toEqual(LOOP);
      expect(await seen(store, WEST, LOOP)).toEqual([]);
      expect(await seen(store, NORTH, LOOP)).toEqual(LOOP);
    });

    test('posted one by one, in any order, gives what one transaction gives', async () => {
      const orders = [
        [0, 1, 2],
        [2, 1, 0],
        [1, 2, 0],
        [2, 0, 1],
      ];
      for (const order of orders) {
        const store = await world.open();
        const writes = [
          write('Patient/p', { values: VALUES }),
          write('ServiceRequest/s', { values: VALUES, reach: outward('Patient/p') }),
          write('Task/t', { values: VALUES, reach: referral('ServiceRequest/s', NORTH, SOUTH) }),
        ];
        for (const i of order) await store.commit(commitOf([writes[i]!]));
        expect(await seen(store, SOUTH, LOOP)).toEqual(LOOP);
      }
    });

    test('what points back at the referral is reached, too, and goes when it is deleted', async () => {
      const store = await world.open();
      await refer(store, SOUTH);
      const { seq } = await store.commit(
        commitOf([write('Observation/o', { values: VALUES, reach: inward('ServiceRequest/s') })]),
      );
      expect(await seen(store, SOUTH, ['Observation/o'])).toEqual(['Observation/o']);
      const gone = await store.commit(commitOf([remove('Observation/o', seq)]));
      const tombstone = await store.snapshot().read('Observation/o', seenBy(SOUTH));
      expect(tombstone).toMatchObject({ seq: gone.seq, method: 'DELETE' });
      expect(await seen(store, SOUTH, ['Observation/o'])).toEqual(['Observation/o']);
      expect(await seen(store, WEST, ['Observation/o'])).toEqual([]);
    });

    test('a changed owner takes the sight along; the past stays what it was', async () => {
      const store = await world.open();
      const seq = await refer(store, SOUTH);
      await store.commit(
        commitOf([
          write('Task/t', { base: seq, values: VALUES, reach: referral('ServiceRequest/s', NORTH, WEST) }),
        ]),
      );
      expect(await seen(store, SOUTH, LOOP)).toEqual([]);
      expect(await seen(store, WEST, LOOP)).toEqual(LOOP);
      expect(await seen(store, SOUTH, LOOP, seq)).toEqual(LOOP);
      expect(await seen(store, WEST, LOOP, seq)).toEqual([]);
      expect(await store.snapshot().vread('Task/t', seq, seenBy(SOUTH))).toBeUndefined();
      expect((await store.snapshot().vread('Task/t', seq, seenBy(WEST)))?.seq).toBe(seq);
    });

    test('a party that leaves loses what only this referral reached, until a version names it again', async () => {
      const store = await world.open();
      const seq = await refer(store, SOUTH, WEST);
      const before = await store.commit(
        commitOf([], { audit: [audit()], leaves: [{ root: 'Task/t', organization: SOUTH }] }),
      );
      expect(await seen(store, SOUTH, LOOP)).toEqual([]);
      expect(await seen(store, WEST, LOOP)).toEqual(LOOP);
      expect(await seen(store, SOUTH, LOOP, before.seq - 1)).toEqual(LOOP);
      const again = await world.reopen(store);
      expect(await seen(again, SOUTH, LOOP)).toEqual([]);
      await again.commit(
        commitOf([
          write('Task/t', { base: seq, values: VALUES, reach: referral('ServiceRequest/s', NORTH, SOUTH) }),
        ]),
      );
      expect(await seen(again, SOUTH, LOOP)).toEqual(LOOP);
    });

    test('an edge that goes takes what only it reached; what another reaches stays', async () => {
      const store = await world.open();
      const seq = await refer(store, SOUTH);
      await store.commit(
        commitOf([
          write('ServiceRequest/s2', { values: VALUES, reach: outward('Patient/p', 'Condition/c') }),
          write('Condition/c', { values: VALUES }),
          write('Task/t2', { values: VALUES, reach: referral('ServiceRequest/s2', NORTH, SOUTH) }),
        ]),
      );
      const all = [...LOOP, 'ServiceRequest/s2', 'Task/t2', 'Condition/c'] as const;
      expect(await seen(store, SOUTH, all)).toEqual(all);
      await store.commit(commitOf([write('ServiceRequest/s', { base: seq, values: VALUES })]));
      expect(await seen(store, SOUTH, all)).toEqual(all);
      await store.commit(
        commitOf([
          write('ServiceRequest/s2', { base: seq + 1, values: VALUES, reach: outward('Condition/c') }),
        ]),
      );
      expect(await seen(store, SOUTH, all)).toEqual(all.filter((ref) => ref !== 'Patient/p'));
    });

    test('a circle of references is walked once and let go whole', async () => {
      const store = await world.open();
      const { seq } = await store.commit(
        commitOf([
          write('Observation/a', { values: VALUES, reach: outward('Observation/b') }),
          write('Observation/b', { values: VALUES, reach: outward('Observation/a') }),
          write('Task/t', { values: VALUES, reach: referral('Observation/a', SOUTH) }),
        ]),
      );
      expect(await seen(store, SOUTH, ['Observation/a', 'Observation/b'])).toHaveLength(2);
      await store.commit(
        commitOf([write('Task/t', { base: seq, values: VALUES, reach: { ...NO_REACH, parties: [SOUTH] } })]),
      );
      expect(await seen(store, SOUTH, ['Task/t', 'Observation/a', 'Observation/b'])).toEqual(['Task/t']);
    });

    test('the directory is seen by everybody', async () => {
      const store = await world.open();
      await store.commit(
        commitOf([write('Location/l', { values: VALUES, reach: { ...NO_REACH, everyone: true } })]),
      );
      expect(await seen(store, WEST, ['Location/l'])).toEqual(['Location/l']);
    });

    test('what an organization keeps that not everybody sees is counted, deleted or not', async () => {
      const store = await world.open();
      const everyone = { reach: { ...NO_REACH, everyone: true } };
      const { seq } = await store.commit(
        commitOf([
          write('Location/a'),
          write('Location/b'),
          write('Location/shown', everyone),
          write('Location/other', { custodian: SOUTH }),
          write('Patient/p'),
        ]),
      );
      const kept = (type: string, by = NORTH, max = 100) => store.snapshot().kept(type, by, max);
      expect(await Promise.all([kept('Location'), kept('Location', SOUTH), kept('Patient')])).toEqual([
        2, 1, 1,
      ]);
      expect(await Promise.all([kept('Location', WEST), kept('Task'), kept('Location', NORTH, 1)])).toEqual([
        0, 0, 1,
      ]);
      await store.commit(
        commitOf([remove('Location/a', seq), write('Location/b', { base: seq, ...everyone })]),
      );
      expect(await kept('Location')).toBe(1);
    });

    test('the parties of a root are those whom it shows what it reaches, now', async () => {
      const store = await world.open();
      const seq = await refer(store, SOUTH);
      const parties = (ref: Ref) => store.snapshot().parties(ref);
      expect(await Promise.all([parties('Task/t'), parties('Patient/p'), parties('Task/none')])).toEqual([
        [NORTH, SOUTH].toSorted(),
        [],
        [],
      ]);
      const alone = write('Task/t', {
        base: seq,
        values: VALUES,
        reach: referral('ServiceRequest/s', NORTH),
      });
      await store.commit(commitOf([alone]));
      expect(await parties('Task/t')).toEqual([NORTH]);
    });

    test('what belongs to the server is seen by no organization', async () => {
      const store = await world.open();
      await store.commit(commitOf([write('Basic/b', { custodian: '', values: VALUES })]));
      expect(await seen(store, NORTH, ['Basic/b'])).toEqual([]);
      expect(await store.snapshot().read('Basic/b', EVERYTHING)).toMatchObject({ custodian: '' });
    });

    test('a patient narrows the sight to its compartment, itself and the directory', async () => {
      const store = await world.open();
      const inside = [...VALUES, { param: ':patient', low: 'Patient/p', high: '' }];
      const other = [...VALUES, { param: ':patient', low: 'Patient/q', high: '' }];
      await store.commit(
        commitOf([
          write('Patient/p', { values: VALUES }),
          write('Patient/q', { values: VALUES }),
          write('Task/in', { values: inside }),
          write('Task/out', { values: other }),
          write('Location/l', { values: VALUES, reach: { ...NO_REACH, everyone: true } }),
          write('Task/theirs', { values: inside, custodian: WEST }),
        ]),
      );
      const sight = seenBy(NORTH, 'Patient/p');
      const refs = ['Patient/p', 'Patient/q', 'Task/in', 'Task/out', 'Location/l', 'Task/theirs'] as const;
      const reads = await Promise.all(refs.map((ref) => store.snapshot().read(ref, sight)));
      expect(reads.map((version) => version?.ref)).toEqual([
        'Patient/p',
        undefined,
        'Task/in',
        undefined,
        'Location/l',
        undefined,
      ]);
      expect(await find(store, byStatus('Task', 'x', { sight }))).toEqual(['Task/in']);
      const { versions } = await store.snapshot().history({ count: 10, offset: 0, total: false, sight });
      expect(versions.map(({ ref }) => ref).toSorted()).toEqual(['Location/l', 'Patient/p', 'Task/in']);
    });
  });

  test('a referral that would reach too much is refused whole, and the store goes on', async () => {
    const store = await world.open({ reachMembersMax: 10 });
    await refer(store, SOUTH);
    const many = Array.from({ length: 20 }, (_, i) =>
      write(`Observation/o${i}`, { reach: inward('ServiceRequest/s') }),
    );
    expect(await refusal(store.commit(commitOf(many)))).toBe('reach-exceeded');
    expect(await store.snapshot().read('Observation/o0', EVERYTHING)).toBeUndefined();
    expect(await refusal(store.commit(commitOf(many.slice(0, 5))))).toBeUndefined();
    expect(await seen(store, SOUTH, LOOP)).toEqual(LOOP);
  });
}
