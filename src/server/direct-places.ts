/**
 * The local domains of Direct mail; and the relays and mailboxes that they and the settings name, which the guard lets
 * through.
 */
import type { AddressParts } from '../resources/outgoing-address.ts';
import { parsePlace } from '../resources/outgoing-address.ts';
import { readDomains, type LocalDomain } from '../rails/direct/domains.ts';
import type { Config } from './config.ts';

/** What a demonstration adds to the settings of Direct mail. */
export interface DirectExtra {
  /** Domains beside those of the file. */
  readonly domains?: readonly LocalDomain[];
  /** Where mail comes in by SMTP, in place of the setting. */
  readonly listen?: { readonly host: string; readonly port: number };
  /** Mail that leaves goes to the server's own SMTP port. */
  readonly ownPort?: boolean;
}

/** @throws Error that names the file, the place and what is allowed */
export const directDomainsOf = (
  { directDomains }: Config,
  extra: DirectExtra | undefined,
): readonly LocalDomain[] => [
  ...(directDomains === undefined ? [] : readDomains(directDomains)),
  ...(extra?.domains ?? []),
];

/** The places that the operator named, whole. */
export function directPlaces(config: Config, domains: readonly LocalDomain[]): readonly AddressParts[] {
  const relays = domains.flatMap((one) => (one.way === 'edge' ? [one.submission.server] : []));
  const boxes = domains.flatMap((one) =>
    one.way === 'edge' ? one.mailboxes.map(({ server }) => server) : [],
  );
  return [
    ...[config.directRelay ?? [], relays]
      .flat()
      .map((address) => ({ purpose: 'direct-relay', address }) as const),
    ...boxes.map((address) => ({ purpose: 'direct-mailbox', address }) as const),
  ].flatMap((named) => parsePlace(named) ?? []);
}
