/** The audit rows of a delivery that ended. */
import { expect, test } from '@jest/globals';
import { attemptRow, outcomeCommit, type EndedDelivery } from '../../../src/delivery/outcome.ts';
import type { ClaimedEntry, Version } from '../../../src/ports/store.ts';

const ENTRY: ClaimedEntry = {
  id: '7-0',
  seq: 7,
  at: '2026-01-02T03:04:05.678Z',
  attempt: 1,
  rail: 'capture',
  receiver: 'Endpoint/e',
  orderingKey: 'Task/t',
  subject: 'Task/t',
  event: 'update',
  sight: { everything: false, organization: 'Organization/hub' },
};
const SUBJECT: Version = {
  ref: 'Task/t',
  seq: 7,
  at: ENTRY.at,
  method: 'PUT',
  custodian: 'Organization/clinic',
  text: JSON.stringify({
    resourceType: 'Task',
    id: 't',
    meta: { security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }] },
    for: { reference: 'Patient/a' },
  }),
};
const rowsOf = (ended: Omit<EndedDelivery, 'entry'>) =>
  outcomeCommit({ entry: ENTRY, ...ended }, SUBJECT).audit;

test('(compliance V1) what was told is on record with its basis, its parties, its label and its hash', () => {
  const ended = { policy: 'treatment', basis: 'treatment', deciding: ['Consent/c/_history/3'] } as const;
  const [row, ...others] = rowsOf({ fate: 'accepted', ...ended, notice: 1, bytesHash: 'ab' });
  expect(others).toEqual([]);
  expect(row).toMatchObject({
    event: 'deliver',
    outcome: '0',
    basis: 'treatment',
    deciding: ['Consent/c/_history/3'],
    labels: 'R',
    notice: 1,
    bytesHash: 'ab',
    delivery: { from: 'Organization/clinic', to: 'Organization/hub' },
    viewers: ['Organization/clinic', 'Organization/hub'],
  });
});

test('(compliance V4) (audit-compliance AU4) what a Consent stopped is a decision of its own, for its discloser alone', () => {
  const rows = rowsOf({
    fate: 'withheld',
    policy: 'patient-consent',
    deciding: ['Consent/c/_history/3'],
    exception: 'privacy-individual-request',
  });
  expect(rows.map(({ event, outcome, viewers }) => [event, outcome, viewers])).toEqual([
    ['deliver', '4', ['Organization/clinic']],
    ['gate-denied', '4', ['Organization/clinic']],
  ]);
  expect(rows.map(({ exception }) => exception)).toEqual([
    'privacy-individual-request',
    'privacy-individual-request',
  ]);
  expect(rows[1]).not.toHaveProperty('delivery');
  expect(rowsOf({ fate: 'withheld', policy: 'sight' })).toHaveLength(1);
});

test('(baa-messaging MS51) (baa-messaging MS52) what was withheld bears no hash, and an attempt that reached its receiver does', () => {
  const left = { bytesHash: 'ab', fileHashes: ['cd'] };
  expect(rowsOf({ fate: 'withheld', policy: 'agreement' })[0]).not.toHaveProperty('bytesHash');
  expect(rowsOf({ fate: 'refused', policy: 'treatment', ...left })[0]).toMatchObject({
    outcome: '8',
    ...left,
  });
  expect(attemptRow({ entry: ENTRY, fate: 'refused', policy: 'treatment', ...left }, SUBJECT)).toMatchObject({
    event: 'deliver-attempt',
    outcome: '8',
    ...left,
    delivery: { to: 'Organization/hub', attempts: 1 },
  });
});
