/** What a rail reads before the commit: everything as it will be. */
import type { Ref, Resource } from '../fhir/types.ts';
import type { Tellable, Told } from '../ports/rail.ts';
import type { OutboxEntry, Version } from '../ports/store.ts';
import { readStored, type Draft } from './draft.ts';
import { findPreview } from './preview.ts';

/** Of what a draft writes: the commit is still to come, and later than all that are stored. */
const COMING = Number.MAX_SAFE_INTEGER;

/** An entry of the outbox as it will be. */
export const asComing = (entry: OutboxEntry, { now }: Draft): Tellable => ({
  ...entry,
  id: '0',
  at: now,
  seq: COMING,
});

/** What a rail reads, as it will be. */
export function sourceOf(draft: Draft): Told {
  const { snapshot } = draft;
  const versionOf = (ref: Ref, resource: Resource, custodian: Ref | ''): Version => ({
    ref,
    seq: COMING,
    at: draft.now,
    method: 'PUT',
    custodian,
    text: JSON.stringify(resource),
  });
  const read: Told['read'] = async (ref, sight) => {
    const planned = draft.planned.get(ref);
    if (planned === undefined) return snapshot.read(ref, sight);
    return planned.after === undefined ? undefined : versionOf(ref, planned.after.plain, planned.custodian);
  };
  return {
    read,
    async resource(ref) {
      const planned = draft.planned.get(ref);
      return planned === undefined ? (await readStored(snapshot, ref))?.resource : planned.after?.plain;
    },
    async record(kind, key) {
      const planned = draft.records.find((one) => one.kind === kind && one.key === key);
      if (planned === undefined) return snapshot.record(kind, key);
      const { body, expiresAt } = planned;
      return body === undefined ? undefined : { kind, key, version: COMING, body, expiresAt };
    },
    records: (kind, name, value, after) => snapshot.records(kind, name, value, after),
    async search(query) {
      const page = await snapshot.search(query);
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
