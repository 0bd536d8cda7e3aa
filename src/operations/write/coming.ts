/** The reads of a rail before the commit: everything as it will be after the commit. */
import { asTold } from '../../delivery/payloads.ts';
import { shownView } from '../../delivery/shown-view.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import type { EntryPreview, CommitView } from '../../ports/rail.ts';
import { allRecords, RECORDS_AT_ONCE, type StoredRecord } from '../../ports/record.ts';
import type { Expectation, OutboxEntry, Version } from '../../ports/store.ts';
import { withBytes } from '../../delivery/binary-bytes.ts';
import { keepVersion, type Draft } from './draft.ts';
import { findPreview, readStored } from './preview.ts';

/** Of what a draft writes: the commit is still to come, and later than all that are stored. */
const COMING = Number.MAX_SAFE_INTEGER;

/** An entry of the outbox as it will be. */
const asComing = (entry: OutboxEntry, { now }: Draft): EntryPreview => ({
  ...entry,
  id: '0',
  at: now,
  seq: COMING,
});

/** What was read of the snapshot. */
interface Read {
  readonly versions: Map<Ref, number>;
  readonly pages: Expectation[];
}

/**
 * What the message of an entry would lack that its receiver requires. What is missing may come with another commit, which
 * does not see this one either: where something is missing, the draft relies on all that was read.
 */
export async function missingIn(draft: Draft, entry: OutboxEntry): Promise<readonly string[]> {
  const read: Read = { versions: new Map(), pages: [] };
  const view = shownView(sourceOf(draft, read), await asTold(draft.context.payloads, entry.sight));
  const missing = (await draft.context.lacks?.(entry.rail)?.(asComing(entry, draft), view)) ?? [];
  if (missing.length === 0) return missing;
  for (const [ref, version] of read.versions) keepVersion(draft, ref, version);
  draft.expects.push(...read.pages);
  return missing;
}

/** A page of records with those that the draft writes: what an administrator gives an organization is there with this commit. */
const recordsOf =
  ({ snapshot, records }: Draft): CommitView['records'] =>
  async (kind, name, value, after = '') => {
    const written = records.filter((one) => one.kind === kind);
    if (written.length === 0) return snapshot.records(kind, name, value, after);
    const keys = new Set(written.map(({ key }) => key));
    const stored = await allRecords(snapshot, kind, name, value);
    const own = written.flatMap(({ key, body, expiresAt, index = [] }): readonly StoredRecord[] =>
      body !== undefined && index.some(([known, of]) => known === name && of === value)
        ? [{ kind, key, version: COMING, body, expiresAt }]
        : [],
    );
    return [...stored.filter(({ key }) => !keys.has(key)), ...own]
      .toSorted((a, b) => (a.key < b.key ? -1 : 1))
      .filter(({ key }) => key > after)
      .slice(0, RECORDS_AT_ONCE);
  };

/** What a rail reads, as it will be. */
function sourceOf(draft: Draft, { versions, pages }: Read): CommitView {
  const { snapshot } = draft;
  const versionOf = (ref: Ref, resource: Resource, custodian: Ref | ''): Version => ({
    ref,
    seq: COMING,
    at: draft.now,
    method: 'PUT',
    custodian,
    text: JSON.stringify(resource),
  });
  const read: CommitView['read'] = async (ref, sight) => {
    const planned = draft.planned.get(ref);
    if (planned !== undefined)
      return planned.after === undefined ? undefined : versionOf(ref, planned.after.plain, planned.custodian);
    const version = await snapshot.read(ref, sight);
    if (version !== undefined) versions.set(ref, version.seq);
    return version;
  };
  return {
    read,
    openFile: snapshot.openFile,
    async resource(ref) {
      const planned = draft.planned.get(ref);
      if (planned !== undefined) return planned.after && withBytes(snapshot, planned.after.plain);
      const stored = await readStored(snapshot, ref);
      if (stored === undefined) return undefined;
      versions.set(ref, stored.seq);
      return withBytes(snapshot, stored.resource);
    },
    async record(kind, key) {
      const planned = draft.records.find((one) => one.kind === kind && one.key === key);
      if (planned === undefined) return snapshot.record(kind, key);
      const { body, expiresAt } = planned;
      return body === undefined ? undefined : { kind, key, version: COMING, body, expiresAt };
    },
    records: recordsOf(draft),
    async search(query) {
      const page = await snapshot.search(query);
      pages.push({ query, refs: page.matches.map(({ ref }) => ref) });
      const refs = new Set(await findPreview(draft, query));
      const planned = [...draft.planned.values()].flatMap(({ ref, after, custodian }) =>
        refs.has(ref) && after !== undefined ? [versionOf(ref, after.plain, custodian)] : [],
      );
      const stored = page.matches.filter(({ ref }) => !draft.planned.has(ref));
      return { ...page, matches: [...planned.map((one) => ({ ...one, text: one.text ?? '' })), ...stored] };
    },
    async history(query) {
      const page = await snapshot.history(query);
      const ref: Ref = `${query.type ?? ''}/${query.id ?? ''}`;
      const planned = draft.planned.get(ref)?.after;
      return planned === undefined
        ? page
        : { ...page, versions: [versionOf(ref, planned.plain, ''), ...page.versions] };
    },
  };
}
