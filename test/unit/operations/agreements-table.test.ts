/** `agreements.csv` of an audit package: what became of agreements, and the state that each had when it decided. */
import { describe, expect, test } from '@jest/globals';
import { PACKAGE_TABLES } from '../../../src/operations/audit/package/package-tables.ts';
import type { PackageRow } from '../../../src/operations/audit/package/package-row.ts';
import type { AuditEntry } from '../../../src/ports/audit.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import { agreement } from '../../agreements.ts';

const ELM = 'Organization/elm';
const table = PACKAGE_TABLES.find(({ name }) => name === 'agreements.csv');
const contract = agreement({ id: 'c', principal: ELM, associate: 'Organization/billing' });
const world = {
  resourceAt: (ref: string) => (ref === 'Contract/c' ? contract : undefined),
  keeperOf: (): Ref => ELM,
} as const;
const row = (at: string, entry: Partial<AuditEntry>, whole = true): PackageRow => ({
  seq: 9,
  position: 0,
  at,
  whole,
  digest: 'digest',
  entry: {
    event: 'deliver',
    action: 'R',
    outcome: '0',
    agent: { organization: '', client: 'closeloop', subject: '' },
    requestId: 'r',
    entities: ['Task/t/_history/9'],
    patients: ['Patient/p'],
    viewers: [ELM],
    ...entry,
  },
});
const linesOf = (one: PackageRow) =>
  (table?.lines(one, ELM, world) ?? []).map((cells) =>
    Object.fromEntries((table?.columns ?? []).map((column, at) => [column, cells[at]])),
  );
const delivery = {
  entry: '1-0',
  rail: 'capture',
  receiver: 'Endpoint/e',
  attempts: 1,
  from: ELM,
  to: 'Organization/billing',
} as const;

describe('(audit-compliance AU15) (baa-messaging BA15) agreements.csv', () => {
  test.each([
    ['2026-06-01T00:00:00.000Z', 'active'],
    ['2027-02-01T00:00:00.000Z', 'expired'],
  ])('a disclosure of %s has the state of then: %s', (at, state) => {
    expect(
      linesOf(row(at, { delivery, deciding: ['Contract/c/_history/4', 'Consent/x/_history/2'] })),
    ).toEqual([
      expect.objectContaining({
        event: 'deliver',
        agreement: 'Contract/c',
        version: '4',
        principal: ELM,
        associate: 'Organization/billing',
        state,
        recipient: 'Organization/billing',
        row_digest: 'digest',
      }),
    ]);
  });

  test('a move has its row of the table', () => {
    const transition = { tid: 'BT11', event: 'revoke', from: 'active', to: 'revoked' };
    const moved = row('2026-06-01T00:00:00.000Z', {
      event: 'agreement-move',
      action: 'E',
      transition,
      entities: ['Contract/c/_history/9'],
    });
    expect(linesOf(moved)).toMatchObject([{ transition: 'BT11', version: '9', agreement: 'Contract/c' }]);
  });

  test('what decided is told to whoever disclosed alone, and other decisions are none', () => {
    const decided = { delivery, deciding: ['Contract/c/_history/4'] };
    expect(linesOf(row('2026-06-01T00:00:00.000Z', decided, false))).toEqual([]);
    expect(linesOf(row('2026-06-01T00:00:00.000Z', { delivery, deciding: ['Contract/unknown'] }))).toEqual(
      [],
    );
    expect(linesOf(row('2026-06-01T00:00:00.000Z', { delivery }))).toEqual([]);
  });
});
