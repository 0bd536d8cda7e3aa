/**
 * Lists of revoked certificates, kept until their next update (direct-xdm 4). A list replaces the one before when it is by
 * the same authority and not older, so that nobody on the way can take a list away.
 */
import type { X509Certificate } from 'node:crypto';
import type { Chain } from '../direct/certificates/chain.ts';
import { readFacts } from '../direct/certificates/certificate-facts.ts';
import { readCertificates } from '../direct/certificates/pem.ts';
import { isListBy, readRevocationList, type RevocationList } from '../direct/certificates/revocation-list.ts';
import type { KnownList } from '../direct/certificates/revocation.ts';
import { jobEntry } from '../ports/audit.ts';
import type { Clock } from '../ports/clock.ts';
import { auditedCommit } from '../ports/commit.ts';
import { allRecords, type RecordWrite } from '../ports/record.ts';
import { CommitRefused, type Store } from '../ports/store.ts';
import { ALL, keyOfList, LIST_KIND, writeList, type ListRow } from './direct-records.ts';

/** Fetches what is at an address, through the guard, bounded in bytes and time. @throws what kept it from that */
export type FetchBytes = (url: string, signal: AbortSignal) => Promise<Uint8Array>;

interface ListParts {
  readonly store: Pick<Store, 'snapshot' | 'commit'>;
  readonly clock: Clock;
  readonly fetchBytes: FetchBytes;
}

export interface RevocationLists {
  /** What is known at the places that a chain names, by place; fetched where nothing current is known. */
  at(chain: Chain, at: number, signal: AbortSignal): Promise<ReadonlyMap<string, KnownList>>;
  /** Fetches each list that lapses soon, and those that could not be fetched. */
  refresh(signal: AbortSignal): Promise<void>;
}

/** Places that are remembered between questions. */
const PLACES_KEPT_MAX = 1000;
/** Places that one chain may name. */
const PLACES_MAX = 8;
/** A place that failed is left alone for so long. */
const RETRY_MS = 10 * 60_000;
/** A list is fetched anew so long before it lapses. */
const AHEAD_MS = 60 * 60_000;

interface Place {
  /** Of its record. */
  readonly key: string;
  readonly url: string;
  readonly issuer: X509Certificate;
}

/** What is remembered beside the records. */
interface Memory extends ListParts {
  /** Lists as they were read, once for each version. */
  readonly read: Map<string, { readonly text: string; readonly list: RevocationList | undefined }>;
  /** When a place was asked last, by the key of its record, in milliseconds since 1970. */
  readonly askedAt: Map<string, number>;
  /** One question to a place at a time. */
  readonly underway: Map<string, Promise<ListRow>>;
}

export function createRevocationLists(parts: ListParts): RevocationLists {
  const memory: Memory = { ...parts, read: new Map(), askedAt: new Map(), underway: new Map() };
  return {
    async at(chain, at, signal) {
      const places = placesOf(chain);
      const known = await Promise.all(places.map((place) => knownAt(memory, place, at)));
      signal.throwIfAborted();
      return new Map(places.map(({ url }, index) => [url, known[index] ?? NOTHING]));
    },
    async refresh(signal) {
      const { store, clock } = parts;
      for (const { body } of await allRecords(store.snapshot(), LIST_KIND, ...ALL)) {
        const row = body as ListRow; // this file alone writes the kind
        const lapses = row.nextUpdate === undefined ? 0 : Date.parse(row.nextUpdate);
        const [issuer] = readCertificates(Buffer.from(row.issuer)) ?? [];
        signal.throwIfAborted();
        if (issuer === undefined || (row.failingSince === undefined && lapses - clock.now() > AHEAD_MS))
          continue;
        await renewOnce(memory, placeAt(row.url, issuer));
      }
    },
  };
}

async function knownAt(memory: Memory, place: Place, at: number): Promise<KnownList> {
  const { store, clock, askedAt } = memory;
  let row = (await store.snapshot().record(LIST_KIND, place.key))?.body as ListRow | undefined; // this file alone writes the kind
  const list = row && listIn(memory, place, row);
  const isCurrent = list !== undefined && list.nextUpdate >= at && isListBy(list, place.issuer);
  const isDue = clock.now() - (askedAt.get(place.key) ?? -Infinity) >= RETRY_MS;
  if (!isCurrent && isDue) row = await renewOnce(memory, place);
  return { list: row && listIn(memory, place, row), failingSince: row?.failingSince };
}

function listIn({ read }: Memory, { key }: Place, { list: text }: ListRow): RevocationList | undefined {
  if (text === undefined) return undefined;
  const known = read.get(key);
  if (known?.text === text) return known.list;
  const list = readRevocationList(Buffer.from(text, 'base64'));
  if (read.size >= PLACES_KEPT_MAX) read.clear();
  read.set(key, { text, list });
  return list;
}

function renewOnce(memory: Memory, place: Place): Promise<ListRow> {
  const { underway } = memory;
  const running = underway.get(place.key) ?? renew(memory, place).finally(() => underway.delete(place.key));
  underway.set(place.key, running);
  return running;
}

/**
 * Asks the place, and writes what is new: another list, or that there is none to be had. Several may wait for it, so that
 * nobody's signal ends it; the fetch has a time of its own.
 */
async function renew(memory: Memory, place: Place): Promise<ListRow> {
  const { key, url, issuer } = place;
  const { store, clock, fetchBytes, askedAt } = memory;
  const record = await store.snapshot().record(LIST_KIND, key);
  const before = record?.body as ListRow | undefined; // this file alone writes the kind
  const now = clock.now();
  if (askedAt.size >= PLACES_KEPT_MAX) askedAt.clear();
  askedAt.set(key, now);
  const bytes = await fetchBytes(url, new AbortController().signal).catch(() => undefined);
  const list = bytes && readRevocationList(bytes);
  const last = before && listIn(memory, place, before);
  const since = last !== undefined && isListBy(last, issuer) ? last.thisUpdate : -Infinity;
  const isTaken =
    list !== undefined && isListBy(list, issuer) && list.thisUpdate >= since && list.nextUpdate > now;
  const nothing = {
    url,
    issuer: issuer.toString(),
    list: undefined,
    nextUpdate: undefined,
    fetchedAt: undefined,
  };
  const row: ListRow = isTaken
    ? {
        url,
        issuer: issuer.toString(),
        list: Buffer.from(bytes ?? []).toString('base64'),
        nextUpdate: new Date(list.nextUpdate).toISOString(),
        fetchedAt: new Date(now).toISOString(),
        failingSince: undefined,
      }
    : { ...(before ?? nothing), failingSince: before?.failingSince ?? now };
  if (row.list !== before?.list || row.failingSince !== before?.failingSince)
    await write(store, writeList(key, row, record?.version ?? 'absent', now));
  return row;
}

/** Another server may have written the same meanwhile. */
async function write(store: ListParts['store'], record: RecordWrite): Promise<void> {
  try {
    await store.commit(auditedCommit([jobEntry('direct-lists')], { records: [record] }));
  } catch (error) {
    if (!(error instanceof CommitRefused)) throw error;
  }
}

const placeAt = (url: string, issuer: X509Certificate): Place => ({
  key: keyOfList(url, issuer),
  url,
  issuer,
});

const NOTHING: KnownList = { list: undefined, failingSince: undefined };

/** The places that can be fetched from, each with the authority whose list must be there. */
function placesOf(chain: Chain): readonly Place[] {
  const places = new Map<string, Place>();
  chain.slice(0, -1).forEach((one, index) => {
    const issuer = chain[index + 1];
    if (issuer === undefined) return;
    for (const url of readFacts(one)?.listPlaces ?? [])
      if (/^https?:\/\//i.test(url)) places.set(url, placeAt(url, issuer));
  });
  return [...places.values()].slice(0, PLACES_MAX);
}
