/** Clients and signing keys, as an administrator of this machine settles them in a stopped server's store (smart 8). */
import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { metadataOf } from '../../src/identity/registration.ts';
import { CSV_MARK, csvTable } from '../../src/operations/csv-lines.ts';
import type { ClientActing, ClientAdministration } from '../../src/ports/clients.ts';
import { clientsOf, openSecrets } from '../../src/server/compose-identity.ts';
import { baseOf, type Config } from '../../src/server/config.ts';
import { Trouble, UsageError } from '../command.ts';
import { withStore } from './with-store.ts';
import { jsonObjectIn, onlyWord, organizationOf } from './words.ts';

interface ClientsAsked {
  /** `clients list`, `clients register FILE` …, `keys rotate`. */
  readonly words: readonly string[];
  readonly organization: string | undefined;
  readonly config: Config;
  readonly print: (line: string) => void;
}

const ACTING: ClientActing = {
  agent: { organization: '', client: 'admin', subject: userInfo().username },
  requestId: randomUUID(),
  over: 'installation',
};

const USAGE =
  'clients list, clients register FILE, clients invite SCOPE …, clients approve ID, clients suspend ID or keys rotate is expected.';

type Working = ClientsAsked & { readonly clients: ClientAdministration };

const COMMANDS: Readonly<Record<string, (working: Working, rest: readonly string[]) => Promise<void>>> = {
  'clients list': list,
  'clients register': register,
  'clients invite': invite,
  'clients approve': (working, rest) => setStatus(working, rest, 'active'),
  'clients suspend': (working, rest) => setStatus(working, rest, 'suspended'),
  'keys rotate': rotate,
};

/** @throws UsageError for words that are no command; Trouble for what is refused */
export async function administerClients(asked: ClientsAsked): Promise<void> {
  const [room = '', action = '', ...rest] = asked.words;
  const name = `${room} ${action}`;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) throw new UsageError(USAGE);
  const { config } = asked;
  await withStore(config, async (store, log) => {
    const base = baseOf(config, config.port);
    const clients = clientsOf(config, store, base, openSecrets({ config, store, log }));
    if (clients === undefined)
      throw new Trouble('authorizationServer is off: other servers have the clients.');
    await command({ ...asked, clients }, rest);
  });
}

async function list({ clients, print }: Working, rest: readonly string[]): Promise<void> {
  if (rest.length > 0) throw new UsageError(USAGE);
  const day = (ms: number | undefined): string =>
    ms === undefined || ms === 0 ? '' : new Date(ms).toISOString().slice(0, 10);
  const rows = (await clients.list(ACTING)).map(({ id, client, lastUsedAt }) => [
    id,
    client.name,
    client.kind,
    client.status,
    client.organization ?? '',
    client.scopes.join(' '),
    day(client.expiresAt),
    day(lastUsedAt),
  ]);
  const head = ['client_id', 'name', 'kind', 'status', 'organization', 'scope', 'expires', 'last use'];
  print(csvTable(head, rows).slice(CSV_MARK.length).trimEnd());
}

async function register(working: Working, rest: readonly string[]): Promise<void> {
  const { clients, print } = working;
  const metadata = jsonObjectIn(onlyWord(rest, USAGE), 'metadata of a client (RFC 7591)');
  const result = await clients.register(ACTING, metadata, organizationOf(working.organization));
  if ('error' in result) throw new Trouble(`${result.error}: ${result.says}`);
  const { id, client, secret } = result;
  const answer = { ...metadataOf(id, client), ...(secret !== undefined && { client_secret: secret }) };
  print(JSON.stringify(answer, undefined, 2));
}

async function invite(working: Working, rest: readonly string[]): Promise<void> {
  if (rest.length === 0) throw new UsageError(USAGE);
  working.print(await working.clients.invite(ACTING, rest, organizationOf(working.organization)));
}

async function setStatus(
  { clients, print }: Working,
  rest: readonly string[],
  status: 'active' | 'suspended',
): Promise<void> {
  const id = onlyWord(rest, USAGE);
  const client = await clients.setStatus(ACTING, id, status);
  print(`${id} (${client.name}) is ${client.status}`);
}

async function rotate({ clients, print }: Working, rest: readonly string[]): Promise<void> {
  if (rest.length > 0) throw new UsageError(USAGE);
  const keys = await clients.rotateKeys(ACTING);
  print(`${keys.join(' and ')} are published now, and used in a day`);
}
