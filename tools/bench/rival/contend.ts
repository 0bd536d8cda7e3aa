/** The two servers of the comparison: reached by their address, or started. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Measured } from '../load.ts';
import * as serving from '../serving.ts';
import * as worlds from '../world.ts';
import type { Contender } from './asked.ts';
import { cpuSecondsOf, listenerOf } from './process-time.ts';
import type { Target } from './rival-world.ts';

export interface Contending {
  readonly target: Target;
  readonly measured: Measured;
  readonly stop: () => Promise<void>;
}

/** The clinic in whose name the bench asks a Closeloop that it has started. */
const CLINIC = 'clinic-0';

/** A server of this build, or of another checkout by that one's own bench, with organizations and nothing else. */
async function start(checkout: string | undefined): Promise<Contending> {
  const { serveCloseloop, loadWorld, removeFolders } =
    checkout === undefined ? { ...serving, ...worlds } : await partsOfCheckout(checkout);
  const { folder } = await loadWorld(0);
  const server = await serveCloseloop(folder);
  const base = `http://127.0.0.1:${server.port}/fhir`;
  return {
    target: { base, token: server.tokens[CLINIC] },
    measured: server,
    async stop() {
      await server.stop();
      removeFolders();
    },
  };
}

type OwnParts = Pick<typeof serving, 'serveCloseloop'> & Pick<typeof worlds, 'loadWorld' | 'removeFolders'>;

/** What that checkout's bench starts servers with; its code fits its own folders. */
async function partsOfCheckout(checkout: string): Promise<OwnParts> {
  const addressOf = (name: string): string => pathToFileURL(join(checkout, 'tools/bench', name)).href;
  const { serveCloseloop } = (await import(addressOf('serving.ts'))) as typeof serving;
  const { loadWorld, removeFolders } = (await import(addressOf('world.ts'))) as typeof worlds;
  return { serveCloseloop, loadWorld, removeFolders };
}

/** @param pid of its process, where the port does not tell; without either there is no CPU time */
export async function contend(contender: Contender | undefined, pid?: number): Promise<Contending> {
  if (contender === undefined || 'checkout' in contender) return start(contender?.checkout);
  const { base } = contender;
  const { hostname, port, protocol } = new URL(base);
  const portNumber = Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port);
  const found = pid ?? (isHere(hostname) ? listenerOf(portNumber) : undefined);
  const cpuSeconds = async (): Promise<number> => (found === undefined ? Number.NaN : cpuSecondsOf(found));
  return { target: contender, measured: { port: portNumber, base, cpuSeconds }, stop: async () => undefined };
}

const isHere = (host: string): boolean => /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host);
