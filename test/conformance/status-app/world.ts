/** The demonstration's world in this process, with its pages. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../../src/http/log.ts';
import { start } from '../../../src/server/compose.ts';
import { readConfig } from '../../../src/server/config.ts';
import type { Resource } from '../../../src/fhir/types.ts';
import { clientOf, moveTo } from '../../../tools/demo/clients.ts';
import { makePeople } from '../../../tools/demo/people.ts';
import { feedback, packageOf, visitFor } from '../../../tools/demo/package.ts';
import { createDemoPages, type DemoPages } from '../../../tools/demo/pages.ts';
import type { DemoUser } from '../../../tools/demo/users.ts';
import { demoListening, findPort, prepareWorld, type World } from '../../../tools/demo/world.ts';
import { createSignInStub, type SignInStub } from './sign-in-stub.ts';

export interface AppWorld extends World {
  readonly origin: string;
  readonly stub: SignInStub;
  /** Gives everybody another password and another secret. */
  newFactors(): Promise<readonly DemoUser[]>;
  close(): Promise<void>;
}

const UNFLUSHED = { pragmas: ['synchronous=OFF'], reserveBytes: 0 } as const;

/** @param signIn who lets people in: the stub, or the server itself */
export async function openAppWorld(signIn: 'stub' | 'server' = 'stub'): Promise<AppWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-app-'));
  const port = await findPort();
  const origin = `http://localhost:${port}`;
  const flags = {
    '--port': String(port),
    '--data-dir': folder,
    '--public-base-url': `${origin}/fhir`,
    '--subscription-allow-list': '127.0.0.1:*',
    '--registration': 'initial-token',
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
  const ports = { initiator: await findPort(), recipient: await findPort() };
  const world = await prepareWorld(running, config, ports);
  const user = `${origin}/fhir/Organization/demo-initiator`;
  const stub = createSignInStub(origin, world.tokens.initiator, user);
  const own = createDemoPages(world);
  pages = signIn === 'server' ? own : (req, res) => stub.answer(req, res) || own(req, res);
  return {
    ...world,
    origin,
    stub,
    newFactors: () => makePeople(running, config),
    async close() {
      await running.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The initiator sends a referral; the id of its Task. */
export async function sendReferral(world: World): Promise<string> {
  const sent: unknown = await clientOf(world, 'initiator').transaction({ body: packageOf() });
  const { entry } = sent as { entry: readonly { response: { location: string } }[] }; // a transaction's response
  const task = entry.map(({ response }) => /^Task\/([^/]+)/.exec(response.location)?.[1]).find(Boolean);
  if (task === undefined) throw new Error('the server opened no Task');
  return task;
}

/** The recipient accepts, books a visit and reports the outcome. */
export async function closeLoop(world: World, task: string): Promise<void> {
  const recipient = clientOf(world, 'recipient');
  await moveTo(recipient, `Task/${task}`, 'accepted');
  const read: unknown = await recipient.read({ resourceType: 'Task', id: task });
  const { focus, for: patient } = read as Record<'focus' | 'for', { reference: string }>; // a Task
  const create = async (resourceType: string, body: Resource) => {
    const created: unknown = await recipient.create({ resourceType, body });
    return created as Resource; // as stored
  };
  await create('Appointment', visitFor(focus.reference, patient.reference));
  const report = await create('Bundle', feedback(focus.reference, patient.reference));
  const output = { type: { text: 'Referral outcome' }, valueReference: { reference: `Bundle/${report.id}` } };
  await moveTo(recipient, `Task/${task}`, 'completed', output);
}
