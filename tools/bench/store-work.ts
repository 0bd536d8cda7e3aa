/** What the bare store is measured with: a Task of a referral, and the audit of a read. */
import type { Ref } from '../../src/fhir/types.ts';
import type { AuditEntry, Commit } from '../../src/ports/store.ts';

export const BENCH_ORGANIZATION: Ref = 'Organization/bench';
const PATIENTS = 500;

/** The audit row of a read. */
export function readOf(i: number): AuditEntry {
  return {
    event: 'read',
    action: 'R',
    outcome: '0',
    agent: { organization: BENCH_ORGANIZATION, client: 'bench', subject: 'bench', address: '127.0.0.1' },
    requestId: `3f0c2a52-0000-4000-8000-${String(i).padStart(12, '0')}`,
    entities: [`Task/w${i % 1000}/_history/${i}`],
    patients: [`Patient/p${i % PATIENTS}`],
    viewers: [BENCH_ORGANIZATION],
  };
}

const token = (param: string, low: string, high = '') => ({ param, low, high });

/** The commit of a Task of 1.9 KB with a dozen search values, as a party's referral. */
export function referralTask(i: number): Commit {
  const ref: Ref = `Task/w${i}`;
  const at = Date.UTC(2026, 0, 1) + i;
  return {
    writes: [
      {
        ref,
        method: 'POST',
        base: 0,
        text: {
          pieces: ['{"meta":{"versionId":"', '","lastUpdated":"', `"}}${' '.repeat(1850)}`],
          holes: ['seq', 'at'],
        },
        custodian: BENCH_ORGANIZATION,
        values: [
          token('status', 'requested', 'http://hl7.org/fhir/task-status'),
          token('business-status', '2.0', 'http://hl7.org/fhir/us/bser'),
          token('code', 'fulfill'),
          token('identifier', `id-${i}`, 'urn:bench'),
          token('focus', `ServiceRequest/w${i}`),
          token('patient', `Patient/p${i % PATIENTS}`),
          token(':patient', `Patient/p${i % PATIENTS}`),
          token('owner', 'Organization/other'),
          token('requester', BENCH_ORGANIZATION),
          { param: 'authored-on', low: at, high: at },
          { param: 'modified', low: at, high: at },
        ],
        reach: {
          parties: [BENCH_ORGANIZATION, 'Organization/other'],
          outward: [`ServiceRequest/w${i}`],
          inward: [],
          everyone: false,
        },
      },
    ],
    preconditions: [],
    expects: [],
    audit: [{ ...readOf(i), event: 'create', action: 'C', entities: [`${ref}/_history/0`] }],
    outbox: [],
    deliveryOutcomes: [],
  };
}
