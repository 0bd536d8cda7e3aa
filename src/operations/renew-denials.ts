/** Denials that are found again outside of a FHIR write: when the register changes, and when a folder of an earlier format starts. */
import { findDenial } from '../delivery/denials.ts';
import { findGrant } from '../delivery/permits.ts';
import type { Ref } from '../fhir/types.ts';
import { EVERYTHING } from '../ports/query.ts';
import type { DenialWrite } from '../ports/denial.ts';
import type { Commit, Snapshot, Store } from '../ports/store.ts';
import { parseStored } from '../ports/stored-resource.ts';
import { partyWorldOf } from '../resources/party-world.ts';
import { upgradeCommit, findAll } from './upgrade.ts';
import { namesOf, namesOfRecord } from './write/denials.ts';
import { commitPlanned } from './write/commit.ts';
import { renewKinds } from './renew-kinds.ts';

/** Another key than when denials alone were kept: permits came later. */
const MARKER = { kind: 'upgrade', key: 'permits' } as const;

/** Consents that one commit asks. */
const AT_ONCE = 200;

/** Finds the denials, permits and kinds again that may be others by a commit that was no draft's. */
export async function renewDenials(
  context: { readonly store: Store },
  { writes, records = [] }: Pick<Commit, 'writes' | 'records'>,
): Promise<void> {
  await renewKinds(context, { writes, records });
  const names = [...writes.flatMap(({ ref }) => namesOf(ref, [])), ...records.flatMap(namesOfRecord)];
  const sources = await context.store.snapshot().denialsFoundBy(names);
  if (sources.length > 0) await write(context, sources);
}

/** Does it for every Consent, once. A start that was interrupted begins again. How many Consents deny something. */
export async function denyByStoredConsents(store: Store): Promise<number | undefined> {
  if ((await store.snapshot().record(MARKER.kind, MARKER.key)) !== undefined) return undefined;
  const consents = (await findAll(store.snapshot(), 'Consent')).map(({ ref }) => ref);
  let denying = 0;
  for (let at = 0; at < consents.length; at += AT_ONCE)
    denying += await write({ store }, consents.slice(at, at + AT_ONCE));
  const marked = { ...MARKER, expect: 'any', body: { consents: consents.length } } as const;
  await store.commit({ ...upgradeCommit([], [marked], []) });
  return denying;
}

/** How many of the Consents deny something. */
async function write(context: { readonly store: Store }, sources: readonly Ref[]): Promise<number> {
  const { result } = await commitPlanned(context, async (snapshot) => {
    const denials: DenialWrite[] = [];
    const preconditions: Commit['preconditions'][number][] = [];
    for (const source of sources) {
      const version = await readConsent(snapshot, source);
      if (version !== undefined) preconditions.push({ ref: source, version: version.seq });
      const { consent, custodian = '' } = version ?? {};
      const world = partyWorldOf(snapshot);
      const denial = await findDenial(consent, custodian, world);
      denials.push({ source, denial, grant: await findGrant(consent, source, custodian, world) });
    }
    return { commit: { ...upgradeCommit([], [], []), preconditions, denials }, templates: new Map() };
  });
  return (result.commit.denials ?? []).filter(({ denial }) => denial !== undefined).length;
}

async function readConsent(snapshot: Snapshot, ref: Ref) {
  const version = await snapshot.read(ref, EVERYTHING);
  if (version?.text === undefined) return undefined;
  return { seq: version.seq, custodian: version.custodian, consent: parseStored(version.text) };
}
