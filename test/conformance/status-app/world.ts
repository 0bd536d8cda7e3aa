/** The demonstration's world in this process, with its pages, a stub for signing in, and a browser. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../../src/http/log.ts';
import { start } from '../../../src/server/compose.ts';
import { readConfig } from '../../../src/server/config.ts';
import { createDemoPages, type DemoPages } from '../../../tools/demo/pages.ts';
import { demoListening, findPort, prepareWorld, type World } from '../../../tools/demo/world.ts';
import { createSignInStub, type SignInStub } from './sign-in-stub.ts';

export interface AppWorld extends World {
  readonly origin: string;
  readonly stub: SignInStub;
  close(): Promise<void>;
}

const UNFLUSHED = { pragmas: ['synchronous=OFF'], reserveBytes: 0 } as const;

export async function openAppWorld(): Promise<AppWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-app-'));
  const port = await findPort();
  const origin = `http://localhost:${port}`;
  const flags = {
    '--port': String(port),
    '--data-dir': folder,
    '--public-base-url': `${origin}/fhir`,
    '--subscription-allow-list': '127.0.0.1:*',
  };
  const config = readConfig(['--demo', ...Object.entries(flags).flat()], {});
  const log = createLog(
    'error',
    (lines) => process.stderr.write(lines),
    () => Date.now(),
  );
  let pages: DemoPages | undefined;
  const running = await start(config, log, {
    store: UNFLUSHED,
    listening: [demoListening(0)],
    pages: (req, res) => pages?.(req, res) ?? false,
  });
  const world = await prepareWorld(running, config.administratorScope, { initiator: 9, recipient: 9 });
  const tokenOf = (hint: string) =>
    hint.startsWith('recipient') ? world.tokens.recipient : world.tokens.initiator;
  const stub = createSignInStub(origin, tokenOf, `${origin}/fhir/Organization/demo-initiator`);
  const own = createDemoPages(world);
  pages = (req, res) => stub.answer(req, res) || own(req, res);
  return {
    ...world,
    origin,
    stub,
    async close() {
      await running.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
