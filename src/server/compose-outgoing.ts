/** The roof over outgoing connections: one guard, and the operator's lists of places that are not public. */
import type { Config } from './config.ts';
import { outreachPlaces } from './compose-outreach.ts';
import { scannerAt } from './compose-scanner.ts';
import { outsideIssuersOf } from './issuers-file.ts';
import { directDomainsOf, directPlaces, type DirectExtra } from './direct-places.ts';
import { createAdmitAddress } from '../outgoing/admit.ts';
import { createGuard, type Guard } from '../outgoing/guard.ts';
import { createHttpClient } from '../outgoing/http.ts';
import type { Clock } from '../ports/clock.ts';
import type { AdmitAddress, HttpClient, ConnectionPurpose } from '../ports/outgoing.ts';
import type { Listening } from '../rails/hl7v2-mllp/index.ts';
import { allowPlace, parseAllowed, parsePlace, type Allowed } from '../resources/outgoing-address.ts';

export interface Outgoing {
  readonly guard: Guard;
  readonly admitAddress: AdmitAddress;
  /** HTTP for one purpose; who asks for it closes it. */
  readonly httpFor: (purpose: ConnectionPurpose) => HttpClient;
}

/** @throws when an entry of a list means nothing */
export function createOutgoing(
  config: Config,
  listening: readonly Listening[],
  clock: Clock,
  direct?: DirectExtra,
): Outgoing {
  const guard = createGuard({
    allowed: allowedBy(config, listening, direct),
    plainToPublic: config.hl7PlainTo === 'public',
    connectTimeoutMs: config.hl7ConnectTimeoutMs,
  });
  return {
    guard,
    admitAddress: createAdmitAddress(guard, clock, { newAddressesMax: config.newAddressesPerDayMax }),
    httpFor: (purpose) => createHttpClient(guard, purpose),
  };
}

/** What one list of places is for: certificates, and what tells whether they count. */
const DIRECT_PURPOSES = ['direct-bundle', 'direct-list', 'direct-directory'] as const;

/** The place of an issuer's keys, which the operator has named. */
function placeOfKeys(address = ''): readonly Allowed[] {
  const place = parsePlace({ purpose: 'jwks', address });
  return place === undefined ? [] : [allowPlace(place)];
}

/** The place of the scanner, which the operator has named. */
function placeOfScanner({ clamdAddress }: Config): readonly Allowed[] {
  const place = parsePlace(scannerAt(clamdAddress));
  return place === undefined ? [] : [allowPlace(place)];
}

/** What the operator named: the lists of the settings, the links, and the address of the issuer's keys. */
function allowedBy(
  config: Config,
  listening: readonly Listening[],
  direct: DirectExtra | undefined,
): readonly Allowed[] {
  const {
    subscriptionAllowList,
    hl7AllowList,
    directAllowList,
    clientKeysAllowList,
    signOnAllowList,
    jwksUri = '',
    auditFeedAddress = '',
  } = config;
  const feed = parsePlace({ purpose: 'audit-feed', address: auditFeedAddress });
  return [
    ...subscriptionAllowList.flatMap((entry) => parseAllowed(entry, 'rest-hook') ?? []),
    ...hl7AllowList.flatMap((entry) => parseAllowed(entry, 'hl7v2-mllp') ?? []),
    ...directAllowList.flatMap((entry) => DIRECT_PURPOSES.flatMap((one) => parseAllowed(entry, one) ?? [])),
    ...clientKeysAllowList.flatMap((entry) => parseAllowed(entry, 'client-keys') ?? []),
    ...signOnAllowList.flatMap((entry) => parseAllowed(entry, 'sign-on') ?? []),
    ...outsideIssuersOf(config).flatMap(({ jwksUri: address }) => placeOfKeys(address)),
    ...listening.flatMap(({ links }) => links.flatMap(({ sendTo }) => sendTo)),
    ...directPlaces(config, directDomainsOf(config, direct)).map(allowPlace),
    ...(direct?.ownPort === true ? [parseAllowed('127.0.0.1', 'direct-relay') ?? []].flat() : []),
    ...outreachPlaces(config),
    ...placeOfKeys(jwksUri),
    ...(feed === undefined ? [] : [allowPlace(feed)]),
    ...placeOfScanner(config),
  ];
}
