/** What acknowledgments show of a delivery (routing section 3, RL15). */
import { describe, expect, test } from '@jest/globals';
import { evidenceOfMessages, type SentMessage } from '../../../../src/rails/hl7v2-mllp/acknowledged.ts';

const at = '2026-03-01T10:00:00.000Z';
const sent = (...codes: readonly (string | undefined)[]): readonly SentMessage[] =>
  codes.map((code, index) => ({
    controlId: `CL1-${index}`,
    at,
    answer: code === undefined ? undefined : { code, says: undefined, hash: `hash-${index}` },
  }));

describe('the evidence of the messages of one entry', () => {
  test.each([
    [['AA'], ['flushed', 'msa-aa']],
    [['CA'], ['flushed', 'msa-ca']],
    [[undefined], ['flushed', 'written-unacknowledged']],
    [['AE'], ['flushed', 'msa-ae']],
    [['CE'], ['flushed', 'msa-ce']],
    [
      ['AA', 'AA'],
      ['flushed', 'msa-aa'],
    ],
    [
      ['AA', 'CA'],
      ['flushed', 'msa-ca'],
    ],
    [
      [undefined, undefined],
      ['flushed', 'written-unacknowledged'],
    ],
    [
      ['AA', 'AE'],
      ['flushed', 'msa-ae', 'partial'],
    ],
    [[], []],
  ])('(routing RL15) %j shows %j: as far as the message that came least far', (codes, kinds) => {
    expect(evidenceOfMessages(sent(...codes)).map(({ kind }) => kind)).toEqual(kinds);
  });

  test('(routing RL12) it names the control id, and the hash of the acknowledgment', () => {
    expect(evidenceOfMessages(sent('AA'))).toEqual([
      { kind: 'flushed', at, source: 'CL1-0' },
      { kind: 'msa-aa', at, source: 'CL1-0', hash: 'hash-0' },
    ]);
  });
});
