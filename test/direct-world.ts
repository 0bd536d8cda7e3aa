/**
 * Two parties that mail each other in tests, each with a domain and a certificate, below one authority that is thrown
 * away. Their addresses are those of the packages in test/fixtures/direct.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createAuthority,
  rsaKeys,
  type Authority,
  type Certificate,
  type Wish,
} from '../tools/certificates/authority.ts';
import { domainOfAddress } from '../src/direct/address.ts';
import type { DirectAddress } from '../src/ports/direct.ts';

export interface DirectParty extends Certificate {
  readonly address: DirectAddress;
  readonly domain: string;
}

export interface DirectWorld {
  readonly authority: Authority;
  /** `nokafor@direct.alder.example.org`: asks, and its certificate is bound to the domain. */
  readonly initiator: DirectParty;
  /** `intake@direct.tarn.example.org`: answers, and its certificate is bound to the domain. */
  readonly recipient: DirectParty;
  /** Another party below the same authority; what the wish says is said in place of what is usual. */
  readonly party: (address: DirectAddress, wish?: Partial<Wish>) => Promise<DirectParty>;
}

export const INITIATOR_ADDRESS: DirectAddress = 'nokafor@direct.alder.example.org';
export const RECIPIENT_ADDRESS: DirectAddress = 'intake@direct.tarn.example.org';

/** Makes the keys anew: about half a second. */
export async function createDirectWorld(): Promise<DirectWorld> {
  const authority = createAuthority({ commonName: 'Throw-away authority', keys: await rsaKeys() });
  const party: DirectWorld['party'] = async (address, wish = {}) => {
    const domain = domainOfAddress(address);
    const keys = wish.keys ?? (await rsaKeys());
    return {
      ...authority.issue({ commonName: domain, domains: [domain], ...wish, keys }),
      address,
      domain,
    };
  };
  const [initiator, recipient] = await Promise.all([party(INITIATOR_ADDRESS), party(RECIPIENT_ADDRESS)]);
  return { authority, initiator, recipient, party };
}

/** Lays the anchor and the certificates into a folder as test/judges/direct/Agent.java reads them; keys of `own` only. */
export function writeAgentFolder(
  folder: string,
  { authority }: Pick<DirectWorld, 'authority'>,
  own: readonly DirectParty[],
  others: readonly DirectParty[] = [],
): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'anchor.pem'), authority.certificate);
  for (const { domain, certificate } of [...own, ...others])
    writeFileSync(join(folder, `${domain}.pem`), certificate);
  for (const { domain, privateKey } of own) writeFileSync(join(folder, `${domain}.key`), privateKey);
}
