/** A store with something of everything, what can be asked of it, and moves of it from here to there. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Ref } from '../../src/fhir/types.ts';
import type { Store } from '../../src/ports/store.ts';
import type { EmbeddedStore } from '../../src/stores/embedded/open.ts';
import { SEARCH_THREAD } from '../../src/stores/index.ts';
import type { DatabaseSettings } from '../../src/stores/mongodb/connection.ts';
import { moveIntoDatabase } from '../../src/stores/mongodb/move-in.ts';
import { moveIntoFolder } from '../../src/stores/mongodb/move-out.ts';
import * as fc from '../chance.ts';
import { queries, worlds } from './search-arbitraries.ts';
import { SearchWorld } from './search-world.ts';
import { audit, commitOf, EVERYTHING, NORTH, seenBy, SOUTH, status, tell, write } from './store-world.ts';
import type { HandClock } from './store-world.ts';

const FIXTURE = new URL('../fixtures/folder-0.2.0/', import.meta.url);
/** While the fixture was written: nothing in it has aged. */
export const THEN = Date.UTC(2026, 10, 30, 23);
export const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Puts the folder that 0.2.0 wrote into an empty one. */
export function unpackFixture(folder: string): string {
  writeFileSync(join(folder, 'store.db'), gunzipSync(readFileSync(new URL('store.db.gz', FIXTURE))));
  copyFileSync(new URL('anchors.jsonl', FIXTURE), join(folder, 'anchors.jsonl'));
  return folder;
}

const keyOf = (id: string) => ({
  scope: 's',
  id,
  fingerprint: `f-${id}`,
  reply: { pieces: [`{"${id}":`, '}'], holes: ['seq'] as const },
});

/** Keys, records, entries of the outbox and denials of every age. */
export async function fill(store: EmbeddedStore, clock: HandClock): Promise<void> {
  const put = async (name: string, given: Parameters<typeof commitOf>[1] = {}) =>
    store.commit(
      commitOf([write(`Task/${name}`, { values: [status('new')] })], { key: keyOf(name), ...given }),
    );
  const record = (key: string, is: string, expiresAt?: number) => ({
    kind: 'account',
    key,
    expect: 'any' as const,
    body: { is },
    index: [['is', is]] as const,
    ...(expiresAt !== undefined && { expiresAt }),
  });
  await put('old', {
    outbox: [tell('Task/old'), tell('Task/old', { receiver: 'Subscription/2' })],
    records: [record('kept', 'first'), record('gone', 'secret'), record('brief', 'token', clock.at + MINUTE)],
  });
  for (const { id } of await store.claim(2, 1000))
    await store.commit(commitOf([], { deliveryOutcomes: [{ id, fate: 'accepted', why: 'told' }] }));
  clock.at += 40 * DAY;
  await store.tidy(); // keys, settled entries and expired records are forgotten
  await put('young', {
    outbox: [tell('Task/young'), tell('Task/young', { event: 'later' })],
    records: [record('kept', 'second', clock.at + DAY), { ...record('gone', ''), body: undefined }],
  });
  const [first] = await store.claim(1, 1000);
  await store.commit(
    commitOf([], { deliveryOutcomes: [{ id: first?.id ?? '', fate: 'refused', why: 'no' }] }),
  );
  await put('waiting', { outbox: [tell('Task/waiting', { receiver: 'Subscription/3' })] });
  for (const { id } of await store.claim(5, 1000)) await store.postpone(id, 7 * MINUTE, 'busy');
  const reach = { parties: [NORTH, SOUTH], outward: ['Task/young' as Ref], inward: [], everyone: false };
  await store.commit(commitOf([write('ServiceRequest/root', { reach })]));
  await store.commit(
    commitOf([], { leaves: [{ root: 'ServiceRequest/root', organization: SOUTH }], audit: [audit()] }),
  );
  await store.record(audit({ event: 'read', action: 'R', entities: ['Task/young/_history/5'] }));
}

/** A random world of resources, with many versions and search values. */
export async function fillAtRandom(store: Store, seed: number): Promise<void> {
  const world = new SearchWorld(store, []);
  for (const commits of fc.sample(worlds, { seed, numRuns: 2 })) {
    for (const puts of commits) await world.put(...puts);
    await world.clear();
  }
  for (const [puts] of fc.sample(worlds, { seed: seed + 1, numRuns: 1 })) await world.put(...(puts ?? []));
}

/** All that a store answers, as one value. */
export async function answersOf(store: Store, seed: number) {
  const now = store.snapshot();
  const page = { count: 10_000, offset: 0, total: true, sight: EVERYTHING } as const;
  const history = await now.history(page);
  const refs = [...new Set(history.versions.map(({ ref }) => ref))];
  const asked = fc.sample(queries, { seed, numRuns: 40 }).map(({ query }) => query);
  return {
    seq: store.status().seq,
    history,
    versions: await Promise.all(
      history.versions.map(async ({ ref, seq }) => [
        await now.vread(ref, seq, EVERYTHING),
        await now.vread(ref, seq, seenBy(SOUTH)),
      ]),
    ),
    heads: await Promise.all(refs.map(async (ref) => [ref, await now.read(ref, EVERYTHING)])),
    searches: await Promise.all(asked.map((query) => now.search(query))),
    waiting: await store.outbox({ open: true, count: 1000 }),
    settled: await Promise.all(refs.map((subject) => store.outbox({ subject, count: 1000 }))),
    records: await Promise.all(['kept', 'gone', 'brief'].map((key) => now.record('account', key))),
    indexed: await now.records('account', 'is', 'second'),
    audit: await now.audit({ viewer: undefined, names: [], count: 10_000 }),
    received: await Promise.all(refs.map((ref) => now.received(ref, seenBy(SOUTH)))),
    roots: await Promise.all(refs.map((ref) => now.roots(ref))),
    parties: await Promise.all(refs.map((ref) => now.parties(ref))),
  };
}

/** Whether the key of a resource of {@link fill} still gives its first answer. */
export const isRemembered = async (store: Store, name: string): Promise<boolean> => {
  const before = store.status().seq;
  const { replayed } = await store.commit(commitOf([], { key: keyOf(name) }));
  return replayed && store.status().seq === before;
};

export const settingsOf = (uri: string, database: string): DatabaseSettings => ({
  uri,
  database,
  poolMax: 5,
  serverSelectionMs: 5000,
});

/** Moves a folder into a database; gives the lines about how far it was. */
export async function moveIn(uri: string, folder: string, database: string): Promise<readonly string[]> {
  const said: string[] = [];
  await moveIntoDatabase({ folder, database: settingsOf(uri, database), tell: (says) => said.push(says) });
  return said;
}

/** Moves a database into a folder. */
export const moveOut = (
  uri: string,
  database: string,
  given: { folder: string; target: string; clock?: HandClock },
) =>
  moveIntoFolder(
    {
      folder: given.folder,
      searchThread: SEARCH_THREAD,
      writer: 'turn',
      reserveBytes: 0,
      ...(given.clock && { clock: given.clock }),
      mongodb: settingsOf(uri, database),
    },
    given.target,
  );

/** What was refused, in words; undefined when it was done. */
export const saysOf = (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
