/**
 * Which rules were in force when (audit-compliance AU61): digests of the settings and of the tables of rules, as records (kind
 * `policy`), one whenever something changed. Each change is an event with what was before and what is now.
 */
import { hash } from 'node:crypto';
import { auditedCommit } from '../ports/commit.ts';
import { SERVER_AGENT, type AuditEntry } from '../ports/audit.ts';
import { allRecords } from '../ports/record.ts';
import type { Snapshot } from '../ports/store.ts';
import type { OperationContext } from './context.ts';

const KIND = 'policy';

/** A setting or a table: what it is in words where that may be shown, and its digest. */
interface PolicyPart {
  readonly digest: string;
  readonly says?: string;
}

/** By its name: `setting partyKindDefault`, `table bases`. */
export type PolicyParts = Readonly<Record<string, PolicyPart>>;

/** Words of one part that are kept. */
const SAYS_MAX = 500;

/** @param shown false for a secret: its digest alone is kept */
export function policyPart(value: unknown, shown: boolean): PolicyPart {
  const text = JSON.stringify(value) ?? 'undefined';
  return { digest: hash('sha256', text, 'hex'), ...(shown && { says: text.slice(0, SAYS_MAX) }) };
}

interface PolicyRecord {
  readonly at: string;
  readonly parts: PolicyParts;
}

interface KnownPolicy {
  /** Since when; undefined for rules that are in force now and not on record yet. */
  readonly at: string | undefined;
  readonly parts: PolicyParts;
}

/**
 * The rules that are in force now, by which this server works: on record or not. A change goes on record within minutes of
 * a start.
 */
export async function policyNow(
  { store, clock }: Pick<OperationContext, 'store' | 'clock'>,
  parts: PolicyParts,
): Promise<KnownPolicy> {
  const recorded = await policyAsOf(store.snapshot(), clock.now());
  const isRecorded = recorded !== undefined && changesOf(recorded.parts, parts).length === 0;
  return { at: isRecorded ? recorded.at : undefined, parts };
}

/** The rules that were in force at an instant (milliseconds since 1970); undefined: none are on record. */
export async function policyAsOf(snapshot: Snapshot, at: number): Promise<PolicyRecord | undefined> {
  const records = await allRecords(snapshot, KIND, 'all', '');
  const found = records.findLast(({ key }) => Date.parse(key) <= at);
  return found?.body as PolicyRecord | undefined; // `recordPolicy` alone writes this kind
}

/** Writes what changed since the last record; nothing where nothing did. */
export async function recordPolicy(
  { store, clock }: Pick<OperationContext, 'store' | 'clock'>,
  parts: PolicyParts,
): Promise<void> {
  const now = clock.now();
  const before = await policyAsOf(store.snapshot(), now);
  const audit = changesOf(before?.parts ?? {}, parts).map(changed);
  if (audit.length === 0) return;
  const at = new Date(now).toISOString();
  const body: PolicyRecord = { at, parts };
  await store.commit(
    auditedCommit(audit, {
      records: [{ kind: KIND, key: at, expect: 'absent', body, index: [['all', '']] }],
    }),
  );
}

type Change = readonly [name: string, before: string, now: string];

function changesOf(before: PolicyParts, now: PolicyParts): readonly Change[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].toSorted();
  return names.flatMap((name): readonly Change[] => {
    const [old, current] = [before[name]?.digest ?? 'none', now[name]?.digest ?? 'none'];
    return old === current ? [] : [[name, old, current]];
  });
}

const changed = ([name, before, now]: Change): AuditEntry => ({
  event: 'setting-changed',
  action: 'U',
  outcome: '0',
  agent: SERVER_AGENT,
  requestId: 'job-policy',
  entities: [],
  patients: [],
  query: `${name}: ${before} → ${now}`,
  viewers: [],
});
