/** The server, killed again and again under load (rules 3.8). */
import { afterAll, describe, expect, test } from '@jest/globals';
import { proofOf } from '../../proof.ts';
import { createLedger, type Ledger } from '../../../tools/durability/ledger.ts';
import { examineFolder } from '../../../tools/durability/examine.ts';
import { killServer } from '../../../tools/durability/kill.ts';
import type { Delivery } from '../../../tools/durability/receiver.ts';
import type { EmbeddedStore } from '../../../src/stores/embedded/open.ts';
import { createEmbeddedWorld } from '../../contract/embedded-world.ts';
import { audit, commitOf, tell, write } from '../../contract/store-world.ts';

const world = createEmbeddedWorld({ writer: 'turn' });
afterAll(() => world.end());

const { runs: kills, seed, within } = proofOf('kills');

test(
  'kills: nothing acknowledged is lost, nothing happens twice or by halves',
  async () => {
    const report = await killServer({ kills, clients: 6, seed });
    expect(report).toMatchObject({ faults: [], kills });
    // A run that did nothing would find nothing.
    expect(report.acknowledged).toBeGreaterThan(kills * 3);
    expect(report.reads).toBeGreaterThan(kills * 3);
    expect(report.deliveries).toBeGreaterThan(0);
    expect(report.repeated).toBeGreaterThan(0);
  },
  within(20_000),
);

const marked = (mark: string) => ({
  pieces: [`{"resourceType":"Task","id":"a","meta":{"versionId":"`, `"},"note":"${mark}"}`],
  holes: ['seq' as const],
});
const stored = (seq: number, mark: string): string =>
  `{"resourceType":"Task","id":"a","meta":{"versionId":"${seq}"},"note":"${mark}"}`;
describe('the examination finds what is not as promised', () => {
  const offer = (
    mark: string,
    seq: number,
    text = stored(seq, mark),
    members = 1,
  ): Ledger['offers'][number] => ({
    mark,
    members,
    ask: { method: 'POST', path: '/Task', token: '', requestId: mark },
    answers: [{ status: 201, version: seq, location: 'Task/a', text }],
    heard: [],
  });
  const [one, two] = ['mark-0000001', 'mark-0000002'];

  /** Task/a in two versions, the second of which was told to a receiver. */
  async function makeStore(): Promise<EmbeddedStore> {
    const store = await world.open();
    await store.commit(commitOf([write('Task/a', { text: marked(one) })], { outbox: [tell('Task/a')] }));
    const [claimed] = await store.claim(1, 1000);
    await store.commit(
      commitOf([write('Task/a', { base: 1, text: marked(two) })], {
        outbox: [tell('Task/a')],
        deliveryOutcomes: [{ id: claimed!.id, fate: 'accepted' }],
      }),
    );
    const [next] = await store.claim(1, 1000);
    await store.commit(
      commitOf([], { audit: [audit()], deliveryOutcomes: [{ id: next!.id, fate: 'accepted' }] }),
    );
    return store;
  }
  const DELIVERED: readonly Delivery[] = [
    { id: '1-0', content: 'a', accepted: true },
    { id: '2-0', content: 'b', accepted: true },
  ];

  test.each<[what: string, ledger: Partial<Ledger>, deliveries: readonly Delivery[], ...faults: string[]]>([
    ['nothing, when all is well', { offers: [offer(one, 1), offer(two, 2)] }, DELIVERED],
    ['a lost write', { offers: [offer('mark-0000003', 3)] }, DELIVERED, 'was acknowledged and is not there'],
    [
      'half a transaction',
      { offers: [offer(one, 1, stored(1, one), 2)] },
      DELIVERED,
      '1 of 2 members are there',
    ],
    ['another text', { offers: [offer(one, 1, stored(1, 'x'))] }, DELIVERED, 'is not what was acknowledged'],
    ['another version', { offers: [offer(one, 7)] }, DELIVERED, 'does not name Task/a/_history/1'],
    [
      'a write that was refused',
      { offers: [{ ...offer(one, 1), answers: [], heard: ['busy', 'busy'] }] },
      DELIVERED,
      'was refused as busy and is there',
    ],
    [
      'nothing, when nobody knew',
      { offers: [{ ...offer(one, 1), answers: [], heard: ['busy', 'commit-unsure'] }] },
      DELIVERED,
    ],
    ['an undone deletion', { deletions: [{ ref: 'Task/a', answered: true }] }, DELIVERED, 'is still there'],
    ['an unaudited read', { reads: ['read-1'] }, DELIVERED, 'left no audit row'],
    ['a missing delivery', {}, DELIVERED.slice(1), '1-0 was never accepted'],
    ['an overtaking delivery', {}, DELIVERED.toReversed(), 'overtook the one before it'],
    [
      'another repetition',
      {},
      [...DELIVERED, { ...DELIVERED[0]!, content: 'c' }],
      'again with other content',
    ],
    ['an invented delivery', {}, [...DELIVERED, { ...DELIVERED[0]!, id: '9-0' }], '9-0 belongs to no commit'],
  ])('%s', async (_what, given, deliveries, ...expected) => {
    const store = await makeStore();
    const { faults } = await examineFolder(store.folder, { ...createLedger(), ...given }, deliveries);
    expect(faults).toEqual(expected.map((fault) => expect.stringContaining(fault)));
  });

  test('a write that happened twice', async () => {
    const store = await makeStore();
    await store.commit(commitOf([write('Task/a', { base: 2, text: marked(one) })], { outbox: [] }));
    const { faults } = await examineFolder(
      store.folder,
      { ...createLedger(), offers: [offer(one, 1)] },
      DELIVERED,
    );
    expect(faults).toEqual([
      expect.stringContaining('happened more than once, in commits 1, 4'),
      expect.stringContaining('nobody was told of Task/a/_history/4'),
    ]);
  });
});
