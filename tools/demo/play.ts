/** One BSeR referral from request to outcome, by two EHRs that only speak FHIR, with a Subscription really received. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client } from 'fhir-kit-client';
import type { Resource } from '../../src/fhir/types.ts';
import { printStep, printTimeline } from './print.ts';
import { feedback, packageOf, visitFor } from './package.ts';
import { ORGANIZATIONS, type Side, type World } from './world.ts';

/** Longest wait for a notification: it comes within milliseconds, or the demonstration says that it did not. */
const NOTIFIED_WITHIN_MS = 10_000;

type Stored = Resource & { readonly id: string };

export async function play(world: World): Promise<void> {
  const initiator = clientOf(world, 'initiator');
  const recipient = clientOf(world, 'recipient');
  const inbox = await openInbox();
  try {
    await subscribe(recipient, inbox.url);
    printStep('the recipient subscribes to referrals that come in');

    const sent = await create(initiator, undefined, packageOf());
    const [serviceRequest, task] = [created(sent, 'ServiceRequest'), created(sent, 'Task')];
    printStep(`the initiator sends the referral: ${task}`);
    const notified = await inbox.wait(task);
    printStep(`the recipient is notified: ${notified}`);

    await move(recipient, task, 'accepted');
    printStep('the recipient accepts (TID 02)');

    const visit = await create(recipient, 'Appointment', visitFor(serviceRequest, patientOf(sent)));
    printStep(`the recipient books a visit, which moves the referral (TID 06): Appointment/${visit.id}`);

    const report = await create(recipient, 'Bundle', feedback(serviceRequest, patientOf(sent)));
    await move(recipient, task, 'completed', {
      type: { text: 'Referral outcome' },
      valueReference: { reference: `Bundle/${report.id}` },
    });
    printStep('the recipient reports the outcome; the loop is closed (TID 16)');
  } finally {
    inbox.close();
  }
  await printTimeline(world, initiator, recipient);
}

export function clientOf({ base, tokens }: World, side: Side | 'admin'): Client {
  return new Client({ baseUrl: base, bearerToken: tokens[side] });
}

async function create(client: Client, resourceType: string | undefined, body: Resource): Promise<Stored> {
  const reply =
    resourceType === undefined
      ? await client.transaction({ body })
      : await client.create({ resourceType, body });
  return reply as unknown as Stored;
}

/** Where a transaction's response says that it made a resource of this type. */
function created(response: Resource, type: string): string {
  const entries = response['entry'] as readonly { response: { location?: string } }[];
  const location = entries
    .map((entry) => entry.response.location ?? '')
    .find((text) => text.startsWith(`${type}/`));
  if (location === undefined) throw new Error(`the server made no ${type}`);
  return location.split('/_history/')[0] ?? location;
}

const patientOf = (response: Resource): string => created(response, 'Patient');

async function move(client: Client, task: string, status: string, output?: object): Promise<void> {
  const operations = [
    { op: 'replace', path: '/status', value: status },
    ...(output === undefined ? [] : [{ op: 'add', path: '/output', value: [output] }]),
  ];
  await client.patch({
    resourceType: 'Task',
    id: task.slice('Task/'.length),
    jsonPatch: operations as never,
  });
}

async function subscribe(client: Client, url: string): Promise<void> {
  await create(client, 'Subscription', {
    resourceType: 'Subscription',
    status: 'requested',
    reason: 'Referrals for us',
    criteria: `Task?status=received&owner=${ORGANIZATIONS.recipient.role}`,
    channel: { type: 'rest-hook', endpoint: url, payload: 'application/fhir+json' },
  });
}

interface Inbox {
  readonly url: string;
  /** Resolves with what arrived about a resource. */
  wait(ref: string): Promise<string>;
  close(): void;
}

/** The recipient's own receiver: an HTTP server on this machine. */
async function openInbox(): Promise<Inbox> {
  const arrived: string[] = [];
  const server: Server = createServer((request, response) => {
    arrived.push(`${request.method ?? ''} ${request.url ?? ''}`);
    request.resume().on('end', () => response.writeHead(200).end());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo; // it listens on a port
  return {
    url: `http://127.0.0.1:${port}/fhir`,
    async wait(ref) {
      for (const end = Date.now() + NOTIFIED_WITHIN_MS; Date.now() < end;) {
        const found = arrived.find((line) => line.endsWith(ref));
        if (found !== undefined) return found;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new Error(`no notification about ${ref} came within ${NOTIFIED_WITHIN_MS} ms`);
    },
    close: () => server.close(),
  };
}
