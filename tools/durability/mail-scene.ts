/** A server's folder with two organizations that have Direct addresses, one of them outside: for kills and for figures. */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { domainOfAddress } from '../../src/direct/address.ts';
import { createLog } from '../../src/http/log.ts';
import type { DirectAddress } from '../../src/ports/direct.ts';
import { openConfiguredStore } from '../../src/server/compose-store.ts';
import { readConfig } from '../../src/server/config.ts';
import { createAuthority, rsaKeys } from '../certificates/authority.ts';
import type { Correspondent } from '../direct/correspondent.ts';
import { trust } from '../direct/trust.ts';
import { send } from './client.ts';
import { directEndpoint } from '../direct/endpoint.ts';

const ADDRESSES: Readonly<Record<'partner' | 'own', DirectAddress>> = {
  partner: 'referrals@direct.north.example.org',
  own: 'intake@direct.south.example.org',
};

export interface Partners {
  /** PEM. */
  readonly authority: string;
  /** `own` is kept by the server. */
  readonly parties: Readonly<Record<'partner' | 'own', Correspondent>>;
}

export async function makePartners(): Promise<Partners> {
  const authority = createAuthority({ commonName: 'Trial', keys: await rsaKeys() });
  const partyOf = async (address: DirectAddress): Promise<Correspondent> => {
    const domain = domainOfAddress(address);
    const keys = await rsaKeys();
    return { address, ...authority.issue({ commonName: domain, domains: [domain], keys }) };
  };
  return {
    authority: authority.certificate,
    parties: { partner: await partyOf(ADDRESSES.partner), own: await partyOf(ADDRESSES.own) },
  };
}

/** Settings of the server, by name; the files stand in `root`. */
export function mailSettings(root: string, ports: { readonly smtp: number; readonly relay: number }) {
  const domains = join(root, 'domains.json');
  writeFileSync(domains, JSON.stringify([{ domain: domainOfAddress(ADDRESSES.own), way: 'sta' }]));
  return {
    directDomains: domains,
    directKeys: join(root, 'direct-keys'),
    directListen: `127.0.0.1:${String(ports.smtp)}`,
    directRelay: `smtp://127.0.0.1:${String(ports.relay)}`,
    directRelayTls: 'offered',
  };
}

/** `directKeys` becomes `--direct-keys`. */
export const asFlags = (settings: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(settings).flatMap(([name, value]) => [
    `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    value,
  ]);

/** Imports key, anchor and certificate into the folder of a stopped server. */
export async function trustPartners(
  { authority, parties }: Partners,
  at: { readonly folder: string; readonly settings: readonly string[]; readonly keys: string },
): Promise<void> {
  const store = await openConfiguredStore(
    readConfig(['--data-dir', at.folder, ...at.settings], {}),
    {},
    { log: createLog('error', (lines) => process.stderr.write(lines), Date.now) },
  );
  try {
    await trust(store, {
      own: parties.own,
      authorities: [authority],
      peers: [parties.partner],
      keys: at.keys,
    });
  } finally {
    await store.close();
  }
}

/** Both organizations, members with verified addresses. */
export async function seedMailDirectory(base: string, token: string): Promise<void> {
  const ask = async (method: 'PUT' | 'POST', path: string, resource?: object): Promise<void> => {
    const body = resource === undefined ? undefined : JSON.stringify(resource);
    const answer = await send(base, {
      method,
      path,
      token,
      requestId: randomUUID(),
      ...(body !== undefined && { body }),
    });
    if (answer === undefined || answer.status >= 300)
      throw new Error(`seed ${path}: ${String(answer?.status)} ${String(answer?.text)}`);
  };
  for (const [id, address] of [
    ['north', ADDRESSES.partner],
    ['south', ADDRESSES.own],
  ] as const) {
    await ask('PUT', `/Organization/${id}`, { resourceType: 'Organization', id, active: true, name: id });
    await ask('POST', `/Organization/${id}/$admit`);
    await ask('PUT', `/Endpoint/${id}`, { ...directEndpoint(`Organization/${id}`, address), id });
    await ask('POST', `/Endpoint/${id}/$verify`);
  }
}
