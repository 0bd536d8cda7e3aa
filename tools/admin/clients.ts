/** Clients and signing keys, as an administrator of this machine settles them in a stopped server's store (smart 8). */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { OperationOutcomeError } from '../../src/fhir/issue.ts';
import type { Ref } from '../../src/fhir/types.ts';
import { createLog } from '../../src/http/log.ts';
import { metadataOf } from '../../src/identity/registration.ts';
import { CSV_MARK, csvTable } from '../../src/operations/csv-lines.ts';
import type { ClientActing, ClientAdministration } from '../../src/ports/clients.ts';
import { clientsOf, openSecrets } from '../../src/server/compose-identity.ts';
import { openConfiguredStore } from '../../src/server/compose-store.ts';
import { baseOf, type Config } from '../../src/server/config.ts';
import { clock } from '../../src/server/time.ts';
import { needStore } from '../../src/stores/embedded/folder/folder.ts';
import { Trouble, UsageError } from '../command.ts';

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
  if (config.store === 'embedded') needStore(config.dataDir);
  const log = createLog(
    'warn',
    (lines) => process.stderr.write(lines),
    () => clock.now(),
  );
  const store = await openConfiguredStore(config, {}, { log });
  try {
    const base = baseOf(config, config.port);
    const clients = clientsOf(config, store, base, openSecrets({ config, store, log }));
    if (clients === undefined)
      throw new Trouble('authorizationServer is off: other servers have the clients.');
    await command({ ...asked, clients }, rest);
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    throw new Trouble(error.issues.map(({ code, diagnostics = '' }) => `${code}: ${diagnostics}`).join('\n'));
  } finally {
    await store.close();
    log.flush();
  }
}

const only = (rest: readonly string[]): string => {
  const [one, ...more] = rest;
  if (one === undefined || more.length > 0) throw new UsageError(USAGE);
  return one;
};

function organizationOf({ organization }: ClientsAsked): Ref | undefined {
  if (organization === undefined) return undefined;
  const [, id] = /^Organization\/([A-Za-z0-9.-]{1,64})$/.exec(organization) ?? [];
  if (id === undefined) throw new UsageError('--organization is a reference, as in Organization/elm-street.');
  return `Organization/${id}`;
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
  const result = await clients.register(ACTING, readMetadata(only(rest)), organizationOf(working));
  if ('error' in result) throw new Trouble(`${result.error}: ${result.says}`);
  const { id, client, secret } = result;
  const answer = { ...metadataOf(id, client), ...(secret !== undefined && { client_secret: secret }) };
  print(JSON.stringify(answer, undefined, 2));
}

function readMetadata(file: string): Readonly<Record<string, unknown>> {
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
    return parsed as Record<string, unknown>;
  throw new Trouble(`${file} must hold a JSON object of metadata (RFC 7591)`);
}

async function invite(working: Working, rest: readonly string[]): Promise<void> {
  if (rest.length === 0) throw new UsageError(USAGE);
  working.print(await working.clients.invite(ACTING, rest, organizationOf(working)));
}

async function setStatus(
  { clients, print }: Working,
  rest: readonly string[],
  status: 'active' | 'suspended',
): Promise<void> {
  const id = only(rest);
  const client = await clients.setStatus(ACTING, id, status);
  print(`${id} (${client.name}) is ${client.status}`);
}

async function rotate({ clients, print }: Working, rest: readonly string[]): Promise<void> {
  if (rest.length > 0) throw new UsageError(USAGE);
  const keys = await clients.rotateKeys(ACTING);
  print(`${keys.join(' and ')} are published now, and used in a day`);
}
