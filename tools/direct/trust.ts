/** Tells a server whom to trust, for demonstrations and tests, by the functions of `npm run admin -- direct`. */
import { X509Certificate } from 'node:crypto';
import { importAnchors, importFound, importKey } from '../../src/delivery/direct-administer.ts';
import { domainOfAddress } from '../../src/direct/address.ts';
import type { Store } from '../../src/ports/store.ts';
import { createKeyFiles } from '../../src/server/direct-key-files.ts';
import { signingKeyOf, type Correspondent } from './correspondent.ts';

export interface Trusting {
  /** Whose address the server keeps: its domain gets the key. */
  readonly own: Correspondent;
  /** Authorities (PEM) that are trusted both ways. */
  readonly authorities: readonly string[];
  /** Whose certificates stand in the address book. */
  readonly peers: readonly Omit<Correspondent, 'privateKey'>[];
  /** Folder of the private keys. */
  readonly keys: string;
}

export async function trust(
  store: Pick<Store, 'snapshot' | 'commit'>,
  { own, authorities, peers, keys }: Trusting,
): Promise<void> {
  const parts = {
    store,
    clock: { now: () => Date.now() },
    agent: { organization: '', client: 'demo', subject: 'demo' },
  } as const;
  const owner = domainOfAddress(own.address);
  const { certificate, privateKey } = signingKeyOf(own);
  await importKey(parts, {
    owner,
    certificates: [certificate],
    privateKey,
    file: () => createKeyFiles(keys).write(privateKey, certificate.fingerprint256),
  });
  await importAnchors(parts, {
    owner,
    certificates: authorities.map((pem) => new X509Certificate(pem)),
    in: true,
    out: true,
  });
  for (const peer of peers)
    await importFound(parts, {
      address: peer.address,
      certificate: new X509Certificate(peer.certificate),
    });
}
