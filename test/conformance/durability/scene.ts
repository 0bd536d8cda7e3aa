/** A data folder of its own, and the real server started on it as a process, again and again. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { send, type Answer } from '../../../tools/durability/client.ts';
import {
  startServer,
  type ServerOptions,
  type ServerProcess,
} from '../../../tools/durability/server-process.ts';
import { createIssuer } from '../../../tools/durability/tokens.ts';

export interface Scene {
  readonly root: string;
  readonly folder: string;
  /** Of the organization. */
  readonly token: string;
  start(options?: Partial<ServerOptions>): ServerProcess;
  /** Makes the organization that the writes come from. */
  seed(base: string): Promise<void>;
  /** Creates a patient with this family name; undefined without an answer. */
  create(base: string, family: string, key?: string): Promise<Answer | undefined>;
  read(base: string, path: string): Promise<Answer | undefined>;
  /** Ends what still runs, and deletes everything. */
  end(): Promise<void>;
}

/** @param folder where the data is; default: in a temporary folder */
export async function openScene(folder?: string): Promise<Scene> {
  const root = mkdtempSync(join(tmpdir(), 'closeloop-durable-'));
  // Also for a server that runs as somebody else.
  chmodSync(root, 0o755);
  const data = folder ?? join(root, 'data');
  const issuer = await createIssuer(join(root, 'keys.json'));
  const [admin, north] = await Promise.all([issuer.sign('admin'), issuer.sign('north-ehr', 'north')]);
  const servers: ServerProcess[] = [];
  return {
    root,
    folder: data,
    token: north,
    start(options = {}) {
      const server = startServer({ folder: data, settings: issuer.settings, ...options });
      servers.push(server);
      return server;
    },
    async seed(base) {
      const organization = { resourceType: 'Organization', id: 'north', active: true, name: 'north' };
      const answer = await post(base, admin, ['PUT', '/Organization/north'], organization);
      if (answer?.status !== 201) throw new Error(`seed: ${answer?.status} ${answer?.text}`);
      const parameters = { resourceType: 'Parameters' };
      const admitted = await post(base, admin, ['POST', '/Organization/north/$admit'], parameters);
      if (admitted?.status !== 200) throw new Error(`seed: ${admitted?.status} ${admitted?.text}`);
    },
    create: (base, family, key) =>
      post(base, north, ['POST', '/Patient'], { resourceType: 'Patient', name: [{ family }] }, key),
    read: (base, path) => send(base, { method: 'GET', path, token: north, requestId: 'read' }),
    async end() {
      await Promise.all(servers.map((server) => server.end('SIGKILL')));
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function post(base: string, token: string, [method, path]: Target, resource: object, key?: string) {
  const requestId = `${method}${path.replaceAll('/', '.')}`;
  const body = JSON.stringify(resource);
  return send(base, { method, path, token, requestId, body, ...(key !== undefined && { key }) });
}

type Target = readonly [method: 'POST' | 'PUT', path: string];

/** The readiness of a server: 200 or 503. */
export const readiness = async (base: string): Promise<number> =>
  (await fetch(new URL('/health/ready', base))).status;
