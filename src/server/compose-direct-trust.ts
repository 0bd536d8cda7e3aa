/** The roof over trust in Direct mail: keys, anchors, lists, and where certificates of others are found. */
import { randomInt, randomUUID, type KeyObject } from 'node:crypto';
import { createAddressBook } from '../delivery/direct-address-book.ts';
import { refreshBundles } from '../delivery/direct-bundles.ts';
import { createRevocationLists, type FetchBytes } from '../delivery/direct-lists.ts';
import { createDirectTrust, type DirectTrust } from '../delivery/direct-trust.ts';
import type { Log, Warnings } from '../http/log.ts';
import type { Metrics } from '../http/metrics.ts';
import { createNameServers } from '../outgoing/name-servers.ts';
import { ConnectionFailed, type HttpClient } from '../ports/outgoing.ts';
import { reasonOf } from '../ports/reason.ts';
import type { Store } from '../ports/store.ts';
import { createDnsQueries } from '../rails/direct/discovery/dns-queries.ts';
import { createDnsSource } from '../rails/direct/discovery/dns-source.ts';
import { createDiscovery, type CertificateSource, type Discovery } from '../rails/direct/discovery/index.ts';
import { createLdapSource } from '../rails/direct/discovery/ldap-source.ts';
import { parseNameServer } from '../resources/outgoing-address.ts';
import type { Outgoing } from './compose-outgoing.ts';
import type { Config } from './config.ts';
import { warnOfExpiry } from './direct-expiry.ts';
import { createKeyFiles } from './direct-key-files.ts';
import { clock } from './time.ts';

interface Parts {
  readonly config: Config;
  /** The folder of keys. */
  readonly folder: string;
  readonly store: Store;
  readonly outgoing: Pick<Outgoing, 'guard' | 'httpFor'>;
  readonly log: Log;
  readonly warnings: Warnings;
  readonly metrics: Pick<Metrics, 'showCertificates'>;
}

type Run = (signal: AbortSignal) => Promise<void>;

export interface ComposedTrust {
  readonly trust: DirectTrust;
  readonly discovery: Discovery;
  readonly jobs: {
    readonly refreshBundles: Run;
    readonly refreshLists: Run;
    readonly warnOfExpiry: Run;
  };
  close(): Promise<void>;
}

const BUNDLE_BYTES_MAX = 4 * 1024 * 1024;
const LIST_BYTES_MAX = 8 * 1024 * 1024;
const BUNDLE_MS = 30_000;
/** A mail waits for it. */
const LIST_MS = 5_000;
const NAME_SERVER_MS = 3_000;

export function composeDirectTrust({
  config,
  folder,
  store,
  outgoing,
  log,
  warnings,
  metrics,
}: Parts): ComposedTrust {
  const bundleHttp = outgoing.httpFor('direct-bundle');
  const listHttp = outgoing.httpFor('direct-list');
  const lists = createRevocationLists({
    store,
    clock,
    fetchBytes: fetchBy(listHttp, LIST_BYTES_MAX, LIST_MS),
  });
  const keyFiles = createKeyFiles(folder);
  const readKey = (file: string): KeyObject | undefined => {
    try {
      return keyFiles.read(file);
    } catch (error) {
      warnings.warn(`direct key ${file}`, 'a private key of Direct mail cannot be read', {
        file,
        code: reasonOf(error),
      });
      return undefined;
    }
  };
  const trust = createDirectTrust({ store, readKey, lists, graceMs: config.directRevocationGraceMs });
  const warn = (url: string, failure: string): void =>
    warnings.warn(`direct bundle ${url}`, 'a bundle of anchors was not taken; the last one stays', {
      url,
      failure,
    });
  const bundles = { store, clock, fetchBytes: fetchBy(bundleHttp, BUNDLE_BYTES_MAX, BUNDLE_MS), warn };
  const watched = warnOfExpiry({ store, clock, log, newId: randomUUID });
  metrics.showCertificates(() => watched.status());
  return {
    trust,
    discovery: composeDiscovery({ config, store, outgoing, trust }),
    jobs: {
      refreshBundles: (signal) => refreshBundles(bundles, signal),
      refreshLists: (signal) => lists.refresh(signal),
      warnOfExpiry: () => watched.look(),
    },
    close: async () => void (await Promise.all([bundleHttp.close(), listHttp.close()])),
  };
}

function composeDiscovery({
  config,
  store,
  outgoing,
  trust,
}: Pick<Parts, 'config' | 'store' | 'outgoing'> & { readonly trust: DirectTrust }): Discovery {
  const servers = config.directNameServers.flatMap((one) => parseNameServer(one) ?? []);
  const ask = createNameServers({ servers, timeoutMs: NAME_SERVER_MS });
  const query = createDnsQueries({ ask, clock, newId: () => randomInt(0x10000) });
  const book = createAddressBook({ store, clock });
  const inBook = (which: 'recent' | 'any'): CertificateSource => ({
    name: 'address-book',
    find: (asked) => book.find(asked, which),
  });
  const ldap = createLdapSource({
    query,
    connect: (address, signal) =>
      outgoing.guard.connect({ purpose: 'direct-directory', address }, { signal }),
    chance: () => randomInt(0x10000) / 0x10000,
  });
  const directories = config.directDirectories === 'on' ? [ldap] : [];
  return createDiscovery({
    trust,
    sources: [inBook('recent'), createDnsSource(query), ...directories, inBook('any')],
    note: (...found) => book.note(...found),
  });
}

/** GET, whole, within bounds; a redirect is no answer. */
function fetchBy(http: HttpClient, responseBytesMax: number, ms: number): FetchBytes {
  return async (url, signal) => {
    const within = AbortSignal.any([signal, AbortSignal.timeout(ms)]);
    const asked = { method: 'GET', headers: [], signal: within, responseBytesMax } as const;
    const { status, bytes } = await http.send(new URL(url), asked, true);
    if (status !== 200) throw new ConnectionFailed('refused');
    return bytes;
  };
}
