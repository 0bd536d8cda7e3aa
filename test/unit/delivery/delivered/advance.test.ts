/** The state machine of "Delivered?", over its whole table (routing section 3, RL11, RL12, RL15, RL16). */
import { describe, expect, test } from '@jest/globals';
import { advance, asksPerson, endingOf, stateBy } from '../../../../src/delivery/delivered/advance.ts';
import {
  ANY_RAIL,
  EVIDENCE_BY_RAIL,
  evidenceRowOf,
} from '../../../../src/delivery/delivered/evidence-table.ts';
import {
  DELIVERY_STATES,
  ENDS,
  isDelivered,
  RANKED,
  deliveryRank,
} from '../../../../src/delivery/delivered/states.ts';
import type { DeliveryEvidence, DeliveryRecord, EvidenceKind } from '../../../../src/ports/delivered.ts';
import * as fc from '../../../chance.ts';

const RAILS = [...Object.keys(EVIDENCE_BY_RAIL), 'a rail of another server'];
const KINDS = [
  ...new Set([ANY_RAIL, ...Object.values(EVIDENCE_BY_RAIL)].flatMap((rows) => Object.keys(rows))),
] as EvidenceKind[]; // the keys of the tables
const kindsOf = (rail: string): EvidenceKind[] =>
  KINDS.filter((kind) => evidenceRowOf(rail, kind) !== undefined);

const piece = (kind: EvidenceKind, more: Partial<DeliveryEvidence> = {}): DeliveryEvidence => ({
  kind,
  at: '2026-03-01T10:00:00.000Z',
  source: `source of ${kind}`,
  ...more,
});

const delivery = (rail: string, ...kinds: readonly EvidenceKind[]): DeliveryRecord =>
  kinds
    .map((kind) => piece(kind))
    .reduce(advance, {
      entry: '7-0',
      rail,
      receiver: 'Endpoint/e',
      to: 'Organization/b',
      task: 'Task/t',
      subject: 'Task/t',
      event: 'accept',
      seq: 7,
      committedAt: '2026-03-01T09:00:00.000Z',
      attempts: 1,
      state: 'queued',
      evidence: [],
    });

/** A set of evidence for each state that a rail can be in. */
const reachable = (rail: string): readonly (readonly EvidenceKind[])[] => [
  [],
  ...kindsOf(rail).map((kind) => [kind]),
];

describe('(routing RL11) the table', () => {
  test('each rail × each evidence × each state: the highest rank, or the end that it does not overrule', () => {
    for (const rail of RAILS) {
      for (const before of reachable(rail)) {
        for (const kind of KINDS) {
          const from = delivery(rail, ...before);
          const { state } = advance(from, piece(kind));
          const all = [...before, kind].map((one) => evidenceRowOf(rail, one));
          const rank = Math.max(
            0,
            ...all.map((one) => (one && 'rank' in one ? RANKED.indexOf(one.rank) : 0)),
          );
          const ends = all.flatMap((one) =>
            one !== undefined && 'end' in one && rank < RANKED.indexOf(one.until) ? [one.end] : [],
          );
          const expected = ENDS.find((end) => ends.includes(end)) ?? RANKED[rank];
          expect({ rail, before, kind, state }).toEqual({ rail, before, kind, state: expected });
        }
      }
    }
  });

  test('all permutations of the evidence of one delivery end alike, repeated pieces among them', () => {
    const runs = fc
      .constantFrom(...RAILS)
      .chain((rail) =>
        fc.record({
          rail: fc.constant(rail),
          pieces: fc.array(
            fc.record({
              kind: fc.constantFrom(...kindsOf(rail)),
              at: fc.constantFrom(
                '2026-03-01T10:00:00.000Z',
                '2026-03-01T11:00:00.000Z',
                '2026-03-02T10:00:00.000Z',
              ),
              source: fc.constantFrom('a', 'b'),
            }),
            { maxLength: 8 },
          ),
        }),
      )
      .chain(({ rail, pieces }) =>
        fc.record({
          rail: fc.constant(rail),
          pieces: fc.constant(pieces),
          other: fc.shuffledSubarray([...pieces, ...pieces], { minLength: 2 * pieces.length }),
          dueBy: fc.constantFrom(undefined, '2026-03-01T12:00:00.000Z'),
        }),
      );
    fc.assert(
      fc.property(runs, ({ rail, pieces, other, dueBy }) => {
        const start = { ...delivery(rail), ...(dueBy !== undefined && { dueBy }) };
        expect(other.reduce(advance, start)).toEqual(pieces.reduce(advance, start));
      }),
    );
  });

  test('evidence never lowers a rank', () => {
    const lowered = RAILS.flatMap((rail) =>
      kindsOf(rail).flatMap((first) =>
        kindsOf(rail).filter((second) => {
          const before = deliveryRank(delivery(rail, first).state) ?? 0;
          return (deliveryRank(delivery(rail, first, second).state) ?? before) < before;
        }),
      ),
    );
    expect(lowered).toEqual([]);
  });

  test('(routing RL12) a rail ignores evidence that it cannot have', () => {
    const record = delivery('capture', 'captured');
    expect(advance(record, piece('mdn-dispatched'))).toBe(record);
    expect(advance(delivery('constructor'), piece('captured')).state).toBe('queued');
  });

  test('every state has its words, and delivered is what was received, opened or acknowledged', () => {
    expect(Object.keys(DELIVERY_STATES)).toEqual([...RANKED, 'failed', 'withheld', 'superseded']);
    expect((Object.keys(DELIVERY_STATES) as (keyof typeof DELIVERY_STATES)[]).filter(isDelivered)).toEqual([
      'received',
      'opened',
      'acknowledged',
    ]);
  });

  test('every rail that the server has can be answered, given up, withheld and superseded', () => {
    for (const rail of RAILS)
      expect(kindsOf(rail)).toEqual(
        expect.arrayContaining(['answered', 'given-up', 'withheld', 'superseded']),
      );
  });
});

describe('the evidence of one delivery', () => {
  test.each<readonly [rail: string, kinds: readonly EvidenceKind[], state: DeliveryRecord['state']]>([
    ['inbox', ['committed'], 'received'],
    ['inbox', ['committed', 'read'], 'opened'],
    ['rest-hook', ['http-2xx'], 'received'],
    ['rest-hook', ['http-2xx-empty'], 'sent'],
    ['rest-hook', ['http-2xx-empty', 'read'], 'opened'],
    ['hl7v2-mllp', ['flushed'], 'sent'],
    ['hl7v2-mllp', ['flushed', 'msa-ca'], 'transported'],
    ['hl7v2-mllp', ['flushed', 'msa-aa'], 'received'],
    ['hl7v2-mllp', ['flushed', 'msa-ae'], 'failed'],
    ['hl7v2-mllp', ['given-up', 'answered'], 'acknowledged'],
    ['direct-project', ['smtp-accepted'], 'sent'],
    ['direct-project', ['smtp-accepted', 'mdn-processed'], 'transported'],
    ['direct-project', ['mdn-dispatched', 'mdn-processed', 'smtp-accepted'], 'received'],
    ['direct-project', ['mdn-processed', 'mdn-failed'], 'failed'],
    ['direct-project', ['mdn-processed', 'mdn-failed', 'mdn-dispatched'], 'received'],
    ['direct-project', ['mdn-dispatched', 'mdn-displayed'], 'opened'],
    ['direct-project', ['smtp-accepted', 'processed-overdue'], 'failed'],
    ['direct-project', ['smtp-accepted', 'processed-overdue', 'mdn-processed'], 'transported'],
    ['direct-project', ['mdn-processed', 'dispatched-overdue'], 'transported'],
    ['direct-project', ['superseded', 'mdn-processed'], 'transported'],
    ['capture', ['captured'], 'sent'],
  ])('%s: %j is %s', (rail, kinds, state) => {
    expect(delivery(rail, ...kinds).state).toBe(state);
    expect(
      stateBy(
        rail,
        kinds.map((kind) => piece(kind)),
      ),
    ).toBe(state);
  });

  test('(routing RL12) two identical pieces are one, and the first to come stays', () => {
    const once = delivery('direct-project', 'mdn-processed');
    expect(advance(once, piece('mdn-processed', { at: '2026-03-01T12:00:00.000Z' }))).toBe(once);
    const earlier = advance(once, piece('mdn-processed', { at: '2026-03-01T08:00:00.000Z' }));
    expect(earlier.evidence).toEqual([piece('mdn-processed', { at: '2026-03-01T08:00:00.000Z' })]);
    expect(advance(once, piece('mdn-processed', { source: 'another' })).evidence).toHaveLength(2);
    expect(advance(once, piece('mdn-processed', { hash: 'ab' })).evidence).toHaveLength(2);
  });

  test('(routing RL15) a part of it is a failure, whatever transport has it, until all of it came', () => {
    for (const rail of Object.keys(EVIDENCE_BY_RAIL)) expect(delivery(rail, 'partial').state).toBe('failed');
    expect(delivery('hl7v2-mllp', 'flushed', 'msa-ca', 'partial').state).toBe('failed');
    expect(delivery('hl7v2-mllp', 'partial', 'msa-aa').state).toBe('received');
  });

  test('(routing RL16) what is received is received by a machine; a person opens and acknowledges', () => {
    for (const rail of RAILS) {
      for (const kind of kindsOf(rail)) {
        const row = evidenceRowOf(rail, kind);
        const rank = row !== undefined && 'rank' in row ? RANKED.indexOf(row.rank) : 0;
        const isPersons = rank > RANKED.indexOf('received');
        expect([rail, kind, row?.by]).toEqual([rail, kind, isPersons ? 'person' : 'machine']);
      }
    }
  });

  test('a person is asked about what failed, and about what is overdue until it came', () => {
    expect(asksPerson(delivery('direct-project', 'mdn-failed'))).toBe('failed');
    expect(asksPerson(delivery('direct-project', 'mdn-processed'))).toBeUndefined();
    expect(asksPerson(delivery('direct-project', 'mdn-processed', 'dispatched-overdue'))).toBe('unconfirmed');
    expect(asksPerson(delivery('direct-project', 'dispatched-overdue', 'mdn-dispatched'))).toBeUndefined();
    expect(asksPerson(delivery('direct-project', 'withheld', 'dispatched-overdue'))).toBeUndefined();
  });

  test('what ended says by which piece', () => {
    expect(endingOf(delivery('direct-project', 'smtp-accepted', 'mdn-failed'))?.kind).toBe('mdn-failed');
    expect(endingOf(delivery('direct-project', 'smtp-accepted'))).toBeUndefined();
  });
});
