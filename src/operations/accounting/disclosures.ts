/**
 * The disclosures of one patient's records by the organization that keeps them, from the rows of the audit (45 CFR 164.528;
 * audit-compliance AU20 to AU27). What was withheld, refused or never arrived is none.
 */
import type { Ref } from '../../fhir/types.ts';
import { accountingRow } from '../../policies/accounting.ts';
import { isElsewhereBasis, type DisclosedOn } from '../../policies/elsewhere.ts';
import type { AuditRow } from '../../ports/store.ts';
import { READS } from '../request.ts';

/** Of what an accounting is asked: what HIPAA owes, what was told under a consent of Part 2, or everything. */
export type AccountingScope = 'hipaa' | 'part2' | 'all';

export interface Disclosed {
  readonly row: AuditRow;
  /** When it was made: an instant, or a date where a person entered it. */
  readonly on: string;
  /** An organization of this server, or a name as it was entered. */
  readonly recipient: Ref | { readonly name: string; readonly address: string | undefined };
  /** What was told: references with versions, or words. */
  readonly what: readonly string[];
  readonly words: string | undefined;
  readonly basis: DisclosedOn | undefined;
  readonly law: string | undefined;
}

/** The basis of what an organization reads by itself: that of its referrals. */
export type BasisOfReader = (reader: Ref) => DisclosedOn | undefined;

/** The disclosure that a row is on record of; undefined where it is none. */
export function disclosedBy(row: AuditRow, keeper: Ref, basisOf: BasisOfReader): Disclosed | undefined {
  const { entry } = row;
  if (entry.outcome !== '0') return undefined;
  return enteredBy(row) ?? deliveredBy(row, keeper) ?? readBy(row, keeper, basisOf);
}

function enteredBy(row: AuditRow): Disclosed | undefined {
  const { elsewhere } = row.entry;
  if (row.entry.event !== 'disclose-elsewhere' || elsewhere === undefined) return undefined;
  const { at, recipient: name, address, what, law, basis } = elsewhere;
  return {
    row,
    on: at,
    recipient: { name, address },
    what: [],
    words: what,
    basis: knownBasis(basis),
    law,
  };
}

function deliveredBy(row: AuditRow, keeper: Ref): Disclosed | undefined {
  const { event, delivery, entities, basis } = row.entry;
  if (event !== 'deliver' || delivery?.to === undefined || delivery.from !== keeper) return undefined;
  if (delivery.to === keeper) return undefined;
  return {
    ...plain(row, delivery.to),
    what: entities.filter((entity) => entity !== delivery.receiver),
    basis: knownBasis(basis),
  };
}

function readBy(row: AuditRow, keeper: Ref, basisOf: BasisOfReader): Disclosed | undefined {
  const { event, agent, entities, viewers } = row.entry;
  const { organization } = agent;
  const isOthers = organization !== '' && organization !== keeper && viewers.includes(keeper);
  const isRead = READS.has(event) || event === 'operation';
  if (!isRead || !isOthers || entities.length === 0) return undefined;
  return { ...plain(row, organization), what: entities, basis: basisOf(organization) };
}

const plain = (row: AuditRow, recipient: Ref) => ({
  row,
  on: row.at,
  recipient,
  words: undefined,
  law: undefined,
});

const knownBasis = (code: string | undefined): DisclosedOn | undefined =>
  isElsewhereBasis(code) ? code : undefined;

/** Whether an accounting of this scope lists it. A disclosure of an unknown basis is listed: silence would be the graver fault. */
export function isListed({ basis, row }: Disclosed, scope: AccountingScope): boolean {
  if (scope === 'all') return true;
  if (scope === 'part2') return row.entry.notice !== undefined;
  return basis === undefined || accountingRow(basis).leftOutBy === undefined;
}

/** Why it is, or is not, in the accounting that the law owes. */
export function owedWords({ basis }: Disclosed): string {
  const by = basis === undefined ? undefined : accountingRow(basis).leftOutBy;
  return by === undefined ? 'owed by 45 CFR 164.528(a)(1)' : `not owed: 45 CFR 164.528(a)(1)${by}`;
}
