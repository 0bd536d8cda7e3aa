/** Audit rows as they are written: the stamped entries of a commit, and the keys under which they are found. */
import type { Ref } from '../../fhir/types.ts';
import type { AuditEntry, AuditMark } from '../../ports/store.ts';

const OWN = '/_history/0';

/** A reference that ends in `/_history/0` stands for the version that this commit makes. */
export function stampEntry(entry: AuditEntry, seq: number): AuditEntry {
  const { entities, deciding } = entry;
  const isOwn = (reference: string): boolean => reference.endsWith(OWN);
  if (!entities.some(isOwn) && deciding?.some(isOwn) !== true) return entry;
  const stamp = (reference: string): string => (isOwn(reference) ? reference.slice(0, -1) + seq : reference);
  return {
    ...entry,
    entities: entities.map(stamp),
    ...(deciding !== undefined && { deciding: deciding.map(stamp) }),
  };
}

/** The keys of the audit index for the rows of one commit. */
export function auditKeys(entries: readonly AuditEntry[]): Set<string> {
  const keys = new Set<string>();
  for (const entry of entries) {
    const { agent, entities, patients, viewers } = entry;
    for (const entity of entities) keys.add(`n:${unversioned(entity)}`);
    for (const patient of patients) keys.add(`n:${patient}`);
    for (const viewer of viewers) keys.add(`v:${viewer}`);
    if (agent.organization !== '') keys.add(`v:${agent.organization}`);
    for (const party of agentsNamed(entry)) keys.add(`a:${party}`);
    for (const kind of MARKS)
      for (const value of marksBorne(entry, kind)) keys.add(`${PREFIXES[kind]}:${value}`);
  }
  return keys;
}

/** `Type/id` of `Type/id` or `Type/id/_history/seq`. */
export function unversioned(entity: string): string {
  const at = entity.indexOf('/_history/');
  return at < 0 ? entity : entity.slice(0, at);
}

/** Marks with a key of their own. A tab is a part of a session, and a key of its own would cost each read more. */
const MARKS: readonly IndexedMark[] = ['session', 'basis', 'bytesHash'];
const PREFIXES = { session: 's', basis: 'b', bytesHash: 'h' } as const;
type IndexedMark = keyof typeof PREFIXES;

/** What a row bears of a kind of mark: of hashes as many as files left, of anything else one at most. */
export function marksBorne(entry: AuditEntry, kind: AuditMark['kind']): readonly string[] {
  const { bytesHash, fileHashes = [], basis, elsewhere, agent } = entry;
  if (kind === 'bytesHash') return bytesHash === undefined ? fileHashes : [bytesHash, ...fileHashes];
  const value = kind === 'basis' ? (basis ?? elsewhere?.basis) : agent[kind];
  return value === undefined ? [] : [value];
}

/** The organizations that an event names as its agents: who acted, for whom, who kept what was told, who was told it. */
export function agentsNamed({ agent, delivery, refusedTo }: AuditEntry): readonly Ref[] {
  const parties = [agent.organization, agent.onBehalfOf, delivery?.from, delivery?.to, refusedTo];
  return parties.filter((party) => party !== undefined && party !== '');
}

/** The key of a mark in the audit index; none for one that rows are only compared by. */
export const markKeys = ({ kind, value }: AuditMark): readonly string[] =>
  kind === 'tab' ? [] : [`${PREFIXES[kind]}:${value}`];
