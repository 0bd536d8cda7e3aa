/** Who a peer may be, before its messages say who they are from (rules 7.1). */
import { isIPv6, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Link } from '../../hl7v2/link.ts';
import type { ConfiguredLink } from './settings.ts';

/** The links that this peer may be: by certificate when the link names one, else by address. */
export function recognise(socket: Socket, links: readonly ConfiguredLink[]): readonly Link[] {
  const address = socket.remoteAddress ?? '';
  const plain = address.replace(/^::ffff:/, '');
  const shown = socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.fingerprint256 : undefined;
  return links
    .filter(({ certificates, addresses }) =>
      certificates.length > 0
        ? shown !== undefined && certificates.includes(shown)
        : addresses.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4'),
    )
    .map(({ link }) => link);
}
