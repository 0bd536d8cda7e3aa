/** Doctor's look at clients and signing keys: what ends soon, what waits for approval, what is old (identity ID-60, smart SM-54). */
import type { Client } from '../../src/identity/client.ts';
import type { Finding } from '../../src/ports/store.ts';
import type { Config } from '../../src/server/config.ts';
import { readRecords } from '../../src/stores/embedded/record-reading.ts';

const DAY_MS = 86_400_000;
/** A registration that ends so soon deserves a look. */
const SOON_MS = 30 * DAY_MS;
/** Keys are rotated every 90 days by a job; when they are older, it does not run. */
const OLD_MS = 100 * DAY_MS;

export function examineClients({ dataDir, authorizationServer }: Config): readonly Finding[] {
  if (authorizationServer === 'off') return [{ ok: true, says: 'other servers issue the tokens' }];
  const now = Date.now();
  const clients = readRecords(dataDir, 'client').map(({ key, body }) => ({
    id: key,
    client: body as Client,
  })); // of this kind
  const active = clients.filter(({ client }) => client.status === 'active').length;
  return [
    { ok: true, says: `${clients.length} clients, ${active} of them active` },
    ...clients.flatMap(({ id, client }) => examineClient(id, client, now)),
    ...examineSigningKeys(dataDir, now),
  ];
}

function examineClient(id: string, { name, status, expiresAt }: Client, now: number): readonly Finding[] {
  const called = `${name} (${id})`;
  if (status === 'requested')
    return [
      { ok: true, warning: true, says: `${called} waits for approval → admin -- clients approve ${id}` },
    ];
  if (status !== 'active' || expiresAt === undefined || expiresAt - now > SOON_MS) return [];
  const ends = new Date(expiresAt).toISOString().slice(0, 10);
  const says = `${called} ${expiresAt <= now ? 'ended' : 'ends'} on ${ends} → admin -- clients approve ${id}, for another year`;
  return [expiresAt <= now ? { ok: false, says } : { ok: true, warning: true, says }];
}

function examineSigningKeys(dataDir: string, now: number): readonly Finding[] {
  const used = readRecords(dataDir, 'signing-key')
    .map(({ body }) => (body as { readonly usedFrom: number }).usedFrom) // of this kind
    .filter((from) => from <= now);
  if (used.length === 0) return [{ ok: true, says: 'no signing keys yet: the first token makes them' }];
  const days = Math.floor((now - Math.max(...used)) / DAY_MS);
  return [
    days * DAY_MS <= OLD_MS
      ? { ok: true, says: `the signing keys are used for ${days} days` }
      : {
          ok: false,
          says: `the signing keys are used for ${days} days → admin -- keys rotate, and look at the job signing-keys`,
        },
  ];
}
