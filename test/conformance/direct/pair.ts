/**
 * Two real servers of this kind, each with one party of a referral that speaks FHIR to it and has a Direct address there;
 * between them a relay that carries their mails over SMTP. Either may refer to the other, whom it keeps as a private
 * organization with a verified address.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { OWED_DISPOSITION } from '../../../src/ports/direct.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import { openPostOffice, type PostOffice } from '../../../tools/direct/post-office.ts';
import { trust } from '../../../tools/direct/trust.ts';
import { createDirectWorld, type DirectParty, type DirectWorld } from '../../direct-world.ts';
import { openServerWith, type TestServer } from '../../server.ts';
import type { Stored } from '../../world.ts';
import { directEndpoint } from '../../../tools/direct/endpoint.ts';

export type SideName = 'alder' | 'tarn';

export interface DirectSide {
  readonly name: SideName;
  readonly server: TestServer;
  readonly party: DirectParty;
  readonly own: Ref;
  /** The other party, as this one keeps it. */
  readonly other: Ref;
}

export interface DirectPair extends Readonly<Record<SideName, DirectSide>> {
  readonly world: DirectWorld;
  readonly office: PostOffice;
  /** Resolves when neither server has anything to send. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

const SIDES: Readonly<Record<SideName, { readonly oid: string; readonly name: string }>> = {
  alder: { oid: '2.999.10.1', name: 'Alder Family Medicine' },
  tarn: { oid: '2.999.20.1', name: 'Tarn Ridge Orthopedics' },
};

export async function openDirectPair(): Promise<DirectPair> {
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-direct-'));
  const [world, office] = await Promise.all([createDirectWorld(), openPostOffice()]);
  const alder = await openSide('alder', world, office, folder);
  const tarn = await openSide('tarn', world, office, folder);
  return {
    alder,
    tarn,
    world,
    office,
    settle: () => settle([alder, tarn]),
    async close() {
      await Promise.all([alder.server.close(), tarn.server.close()]);
      await office.close();
      rmSync(folder, { recursive: true });
    },
  };
}

const keysOf = (folder: string, domain: string): string => join(folder, `${domain}-keys`);

/** Settings of a server that keeps one domain, as on a command line. */
export function directFlags(folder: string, domain: string, relayPort: number): readonly string[] {
  const domains = join(folder, `${domain}.json`);
  writeFileSync(domains, JSON.stringify([{ domain, way: 'sta' }]));
  const flags = {
    '--direct-domains': domains,
    '--direct-keys': keysOf(folder, domain),
    '--direct-listen': '127.0.0.1:0',
    '--direct-relay': `smtp://127.0.0.1:${String(relayPort)}`,
    '--direct-relay-tls': 'offered',
  };
  return Object.entries(flags).flat();
}

async function openSide(
  name: SideName,
  world: DirectWorld,
  office: PostOffice,
  folder: string,
): Promise<DirectSide> {
  const [party, peer] =
    name === 'alder' ? [world.initiator, world.recipient] : [world.recipient, world.initiator];
  const otherName = name === 'alder' ? 'tarn' : 'alder';
  const server = await openDirectServer({ name, party, peers: [peer], world, office, folder });
  const other = await server.create(name, { ...organizationOf(SIDES[otherName]), active: true });
  const otherRef: Ref = `Organization/${other.id}`;
  await writeEndpoint(server, otherRef, peer, name);
  return { name, server, party, own: `Organization/${name}`, other: otherRef };
}

interface DirectServerOptions {
  readonly name: SideName;
  readonly party: DirectParty;
  /** Whose certificates stand in the address book. */
  readonly peers: readonly DirectParty[];
  readonly world: DirectWorld;
  readonly office: PostOffice;
  readonly folder: string;
}

/** A server that keeps the address of one organization, and mails by the post office. */
export async function openDirectServer(options: DirectServerOptions): Promise<TestServer> {
  const { name, party, peers, world, office, folder } = options;
  const server = await openServerWith({
    organizations: [name],
    argv: directFlags(folder, party.domain, office.port),
  });
  office.route(party.domain, server.running.direct?.port ?? 0);
  await trust(server.running.store, {
    own: party,
    authorities: [world.authority.certificate],
    peers,
    keys: keysOf(folder, party.domain),
  });
  const own: Ref = `Organization/${name}`;
  await must(server.ask('administrator', 'PUT', own, organizationOf(SIDES[name], name)));
  await writeEndpoint(server, own, party);
  return server;
}

const organizationOf = ({ oid, name }: { readonly oid: string; readonly name: string }, id?: string) => ({
  resourceType: 'Organization' as const,
  ...(id !== undefined && { id }),
  active: true,
  identifier: [{ system: 'urn:ietf:rfc:3986', value: `urn:oid:${oid}` }],
  name,
  contact: [{ name: { family: 'Okafor', given: ['Ngozi'] } }],
});

/** An Endpoint that an administrator verifies. `who` writes it: the organization, or an administrator. */
export async function writeEndpoint(
  server: TestServer,
  organization: Ref,
  { address }: Pick<DirectParty, 'address'>,
  who = 'administrator',
): Promise<Ref> {
  const { id } = await server.create(who, directEndpoint(organization, address));
  await must(server.ask('administrator', 'POST', `Endpoint/${id}/$verify`));
  return `Endpoint/${id}`;
}

/** What was asked must have been done. */
export async function must<T extends { readonly status: number; readonly text: string }>(
  asked: Promise<T>,
): Promise<T> {
  const answer = await asked;
  if (answer.status >= 300) throw new Error(`${String(answer.status)} ${answer.text}`);
  return answer;
}

const SETTLE_MS = 20_000;
const POLL_MS = 10;

async function settle(sides: readonly DirectSide[]): Promise<void> {
  const end = Date.now() + SETTLE_MS;
  for (let quiet = 0; quiet < 2;) {
    const open = (await Promise.all(sides.map(({ server }) => openIn(server)))).flat();
    quiet = open.length === 0 ? quiet + 1 : 0;
    if (Date.now() > end) throw new Error(`not settled: ${open.join('; ')}`);
    await pause(POLL_MS);
  }
}

/** Deliveries that are not ended, and notifications that are owed. */
async function openIn({ running: { store } }: TestServer): Promise<readonly string[]> {
  const rows = await store.outbox({ open: true, count: 100 });
  const owed = await store.snapshot().records(OWED_DISPOSITION, 'all', '');
  return [
    ...rows
      .filter(({ rail }) => rail === 'direct-project')
      .map(({ subject, why }) => `${subject} is ${why === '' ? 'to be sent' : why}`),
    ...owed.map(({ key }) => `owed ${key}`),
  ];
}

/** The referral with this number on one side. */
export async function referralAt(
  { server }: DirectSide,
  number: string,
): Promise<{ readonly task: Stored; readonly order: string } | undefined> {
  const [task] = await server.search(
    'administrator',
    `Task?focus:ServiceRequest.identifier=${encodeURIComponent(number)}`,
  );
  const { reference = '' } = (task?.['focus'] ?? {}) as { readonly reference?: string };
  return task === undefined ? undefined : { task, order: reference };
}
