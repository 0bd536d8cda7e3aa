/**
 * Acknowledged means on disk (rules 3.8, D14), shown where it cannot be argued away: in the system calls of the real
 * server under load. The same two judges must condemn a server whose flushing is switched off.
 */
import { describe, expect } from '@jest/globals';
import { createChance } from '../../../tools/durability/chance.ts';
import { judgeCrashes } from '../../../tools/durability/crashes.ts';
import { judgeFlushes } from '../../../tools/durability/flushes.ts';
import { runTraced, type TracedRun } from '../../../tools/durability/traced-run.ts';
import { judged } from '../../judges.ts';
import { proofOf } from '../../proof.ts';

const { runs: images, seed, within } = proofOf('power');
/** Where most of the cuts are wrong, or one kind of run is judged already, fewer do. */
const fewer = Math.min(Math.ceil(images / 3), 60);

describe(`the server as it is (seed ${seed})`, () => {
  let traced: Promise<TracedRun> | undefined;
  const runOnce = (): Promise<TracedRun> => (traced ??= runTraced({ seed, clients: 4, workMs: 800 }));

  judged(
    'strace',
    'no response leaves before the flush of its commit: writes, and reads for their audit',
    async () => {
      const run = await runOnce();
      const { faults, acknowledgments } = await judgeFlushes(run);
      expect(faults).toEqual([]);
      expect(acknowledgments).toBeGreaterThan(50);
      const kinds = run.acknowledgments.map(({ requestId }) => requestId.split('-')[0]);
      expect(kinds).toEqual(expect.arrayContaining(['write', 'read']));
    },
    60_000,
  );

  judged(
    'strace',
    'cut anywhere, it reopens at a whole commit with everything promised',
    async () => {
      const run = await runOnce();
      const {
        faults,
        images: tried,
        withoutTail,
      } = await judgeCrashes(run, {
        chance: createChance(seed),
        imagesMax: images,
      });
      expect(faults).toEqual([]);
      expect(tried.torn).toBe(images);
      // The cuts cut something off, and some fell into a checkpoint.
      expect(withoutTail).toBeGreaterThan(images / 3);
      expect(run.disk.changes.filter(({ file }) => file === 'store.db').length).toBeGreaterThan(10);
    },
    within(1000),
  );
});

type Tampering = readonly [
  what: string,
  tampering: { readonly pragmas?: string[]; readonly inject?: string[] },
];

describe('a server that does not flush is condemned by both', () => {
  const TAMPERINGS: readonly Tampering[] = [
    ['synchronous = OFF', { pragmas: ['synchronous = OFF'] }],
    ['synchronous = NORMAL, which flushes at checkpoints only', { pragmas: ['synchronous = NORMAL'] }],
    ['a disk that says it has flushed and has not', { inject: ['fsync,fdatasync:retval=0'] }],
  ];
  for (const [what, tampering] of TAMPERINGS) {
    judged(
      'strace',
      what,
      async () => {
        const run = await runTraced({ seed, clients: 4, workMs: 400, ...tampering });
        const flushes = await judgeFlushes(run);
        expect(flushes.acknowledgments).toBeGreaterThan(10);
        expect(flushes.faults.length).toBeGreaterThan(flushes.acknowledgments / 2);
        const crashes = await judgeCrashes(run, {
          chance: createChance(seed),
          imagesMax: fewer,
        });
        expect(crashes.faults).toContainEqual(
          expect.stringMatching(/^flushed at \d+: commit \d+ was acknowledged, the store reopens at \d+$/),
        );
      },
      60_000,
    );
  }
});

judged(
  'strace',
  'a slow flush changes the order of nothing',
  async () => {
    const run = await runTraced({
      seed,
      clients: 8,
      workMs: 800,
      inject: ['fsync,fdatasync:delay_enter=25000'],
    });
    const { faults, acknowledgments } = await judgeFlushes(run);
    expect(faults).toEqual([]);
    expect(acknowledgments).toBeGreaterThan(20);
    expect((await judgeCrashes(run, { chance: createChance(seed), imagesMax: fewer })).faults).toEqual([]);
  },
  60_000,
);
