/**
 * Quarantine (baa-messaging MS11): a version of the server empties a Binary in which malware was found, nobody reads its
 * earlier versions, and its keeper's people are asked.
 */
import type { Ref, Resource } from '../../fhir/types.ts';
import type { Snapshot, Version } from '../../ports/store.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import type { RecordWrite } from '../../ports/record.ts';
import { typeOf } from '../../resources/element.ts';
import type { OperationContext } from '../context.ts';
import { planFoundIncident } from '../incidents/found.ts';
import { planStored, type Planned } from '../write/draft.ts';
import { fileQuarantined } from './malware-found.ts';
import { quarantineOf, quarantineWrite, type QuarantineRecord } from './records.ts';

/** A version with malware, and what was found in it. */
interface Found {
  readonly version: Pick<Version, 'ref' | 'seq' | 'custodian'>;
  readonly found: string;
  /** Instant. */
  readonly at: string;
}

/** What is written when malware was found in a version. */
export async function planQuarantine(
  { newId }: Pick<OperationContext, 'newId'>,
  now: Snapshot,
  { version: { ref, seq, custodian }, found, at }: Found,
  current: Version | undefined,
): Promise<{ readonly planned: readonly Planned[]; readonly record: RecordWrite }> {
  const body: QuarantineRecord = { version: seq, found, at };
  const incident = await planFoundIncident(now, {
    cause: 'malware',
    owner: custodian,
    deliveries: [{ version: `${ref}/_history/${seq}`, says: `${found} found by the malware scanner` }],
    at,
    newId,
  });
  const emptied = current?.text === undefined || current.seq !== seq ? [] : [planStored(current, emptyOf)];
  return {
    planned: [...emptied, ...(incident === undefined ? [] : [incident])],
    record: quarantineWrite(ref, body),
  };
}

/** Its bytes, and what names them where they are kept beside the log. */
const emptyOf = ({ data: _data, _data: _named, ...rest }: Resource): Resource => rest as Resource;

/**
 * Refuses to show a version of a Binary in which malware was found, to whoever asks.
 *
 * @throws OperationOutcomeError `file-quarantined`
 */
export async function refuseQuarantined(
  snapshot: Snapshot,
  { ref, seq, text }: Pick<Version, 'ref' | 'seq' | 'text'>,
): Promise<void> {
  if (typeOf(ref) !== 'Binary' || text === undefined) return;
  const found = await quarantineOf(snapshot, ref);
  if (found === undefined) return;
  const { data, _data: named } = parseStored(text);
  if (seq > found.version && (data ?? named) !== undefined) return;
  throw fileQuarantined(found.found);
}

/** Versions as a page of history shows them: without the content in which malware was found. */
export async function withoutQuarantined<T extends Pick<Version, 'ref' | 'seq' | 'text'>>(
  snapshot: Snapshot,
  versions: readonly T[],
): Promise<readonly T[]> {
  const found = new Map<Ref, QuarantineRecord | undefined>();
  for (const { ref } of versions)
    if (typeOf(ref) === 'Binary' && !found.has(ref)) found.set(ref, await quarantineOf(snapshot, ref));
  return versions.map((version) => {
    const { ref, seq, text } = version;
    const until = found.get(ref)?.version ?? -1;
    return text === undefined || seq > until ? version : { ...version, text: withoutContent(text) };
  });
}

/** The text of a Binary without its bytes. */
export const withoutContent = (text: string): string => JSON.stringify(emptyOf(parseStored(text)));
