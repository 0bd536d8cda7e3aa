/**
 * Two referrals from request to outcome, one by two EHRs that only speak FHIR and one begun by an HL7 v2 engine; one that is
 * mailed by Direct; and one under 42 CFR Part 2.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Client } from 'fhir-kit-client';
import type { Resource } from '../../src/fhir/types.ts';
import { connectOutside } from '../hl7/outside.ts';
import { playBehavioural } from './behavioural.ts';
import { playVendor } from './vendor.ts';
import { clientOf, moveTo } from './clients.ts';
import type { DemoDirect } from './direct.ts';
import { openEngines } from './engines.ts';
import { playDirect } from './play-direct.ts';
import { printReceived, printStep, printTimeline, printTitle } from './print.ts';
import { consultationNote, feedback, packageOf, visitFor } from './package.ts';
import { ORGANIZATIONS } from './organizations.ts';
import type { World } from './world.ts';

/**
 * The longest wait for a notification, which normally takes milliseconds; after it the demonstration reports a failure.
 */
const NOTIFIED_WITHIN_MS = 10_000;

type Stored = Resource & { readonly id: string };

export async function play(world: World, direct: DemoDirect): Promise<void> {
  const engines = await openEngines(world);
  const inbox = await openInbox();
  try {
    printTitle('One referral over FHIR');
    await subscribe(clientOf(world, 'recipient'), inbox.url);
    printStep('the recipient subscribes to referrals that come in');
    const task = await sendOverFhir(world, inbox);
    await closeTheLoop(world, task);
    await engines.wait('initiator', 'OSU^O51', 2);
    await printTimeline(clientOf(world, 'initiator'), clientOf(world, 'recipient'), task);
    printReceived(engines.received());

    printTitle('The same loop, begun by an HL7 v2 engine');
    engines.clear();
    const second = await sendOverMllp(world);
    await closeTheLoop(world, second);
    await engines.wait('initiator', 'OSU^O51', 2);
    await printTimeline(clientOf(world, 'initiator'), clientOf(world, 'recipient'), second);
    printReceived(engines.received());

    await playDirect(world, direct);

    await playBehavioural(world);
    await playVendor(world);
  } finally {
    inbox.close();
    engines.close();
  }
}

/** The initiator's EHR posts one transaction; the recipient's receiver gets a notification. */
async function sendOverFhir(world: World, inbox: Inbox): Promise<string> {
  const sent = await create(clientOf(world, 'initiator'), undefined, packageOf());
  const task = created(sent, 'Task');
  printStep(`the initiator sends the referral: ${task}`);
  printStep(`the recipient is notified: ${await inbox.wait(task)}`);
  return task;
}

/** The initiator's engine sends OMG^O19 and reads the acknowledgment; the recipient finds the Task. */
async function sendOverMllp(world: World): Promise<string> {
  const [port] = world.running.mllp;
  if (port === undefined) throw new Error('the demonstration listens for HL7 v2');
  const engine = await connectOutside(port.host, port.port);
  const id = randomUUID().slice(0, 8);
  const file = new URL('../../examples/omg-o19.hl7', import.meta.url);
  const message = readFileSync(file, 'utf8')
    .replaceAll('R-2026-00731', `R-${id}`)
    .replace('DEMO-000001', `DEMO-${id}`);
  const answer = await engine.send(message.replaceAll('\n', '\r'));
  engine.close();
  printStep(
    `the initiator's engine sends OMG^O19 and is answered ${/MSA\|\w+\|[^\r|]+/.exec(answer)?.[0] ?? 'nothing'}`,
  );
  const client = clientOf(world, 'recipient');
  const found = await client.search({
    resourceType: 'Task',
    searchParams: { 'focus:ServiceRequest.identifier': `R-${id}` },
  });
  const [entry] = (found as unknown as { entry?: { resource: Stored }[] }).entry ?? []; // a searchset
  if (entry === undefined) throw new Error('the recipient does not see the referral');
  return `Task/${entry.resource.id}`;
}

/** The recipient's EHR accepts, books a visit and reports the outcome, all over FHIR. */
async function closeTheLoop(world: World, task: string): Promise<void> {
  const recipient = clientOf(world, 'recipient');
  await moveTo(recipient, task, 'accepted');
  printStep('the recipient accepts (TID 02)');

  const { focus, for: patient } = (await read(recipient, task)) as Stored &
    Record<'focus' | 'for', { reference: string }>;
  const visit = await create(recipient, 'Appointment', visitFor(focus.reference, patient.reference));
  printStep(`the recipient books a visit, which moves the referral (TID 06): Appointment/${visit.id}`);

  const note = await create(recipient, 'DocumentReference', await clinicalNote(recipient, focus.reference));
  printStep(`the recipient files a Consultation Note, a C-CDA: DocumentReference/${note.id}`);
  printStep(
    `the initiator's $timeline shows it: ${await stepOf(clientOf(world, 'initiator'), focus.reference, note.id)}`,
  );

  const report = await create(recipient, 'Bundle', feedback(focus.reference, patient.reference));
  await moveTo(recipient, task, 'completed', {
    type: { text: 'Referral outcome' },
    valueReference: { reference: `Bundle/${report.id}` },
  });
  printStep('the recipient reports the outcome; the loop is closed (TID 16)');
}

/** The Consultation Note that the server writes of the referral, as a document of its order. */
async function clinicalNote(recipient: Client, order: string): Promise<Resource> {
  const id = order.slice('ServiceRequest/'.length);
  const asked = { resourceType: 'ServiceRequest', id, name: '$ccda', method: 'GET' } as const;
  const reply = await recipient.operation({ ...asked, input: { kind: 'consultation-note' } });
  const { parameter = [] } = reply as unknown as { parameter?: { resource?: { data?: string } }[] }; // Parameters
  const data = parameter.map(({ resource }) => resource?.data).find((one) => one !== undefined);
  if (data === undefined) throw new Error('$ccda answered no document');
  return consultationNote(order, data);
}

/** The title of the step of `$timeline` that brought a document. */
async function stepOf(client: Client, order: string, document: string): Promise<string> {
  const id = order.slice('ServiceRequest/'.length);
  const asked = { resourceType: 'ServiceRequest', id, name: '$timeline', method: 'GET' } as const;
  const { entry = [] } = (await client.operation(asked)) as unknown as { entry?: { resource: Resource }[] }; // a searchset
  const step = entry.find(({ resource }) =>
    JSON.stringify(resource).includes(`DocumentReference/${document}`),
  );
  const { text } = (step?.resource['activity'] ?? {}) as { text?: string };
  if (text === undefined) throw new Error(`no step of $timeline names DocumentReference/${document}`);
  return text;
}

async function read(client: Client, ref: string): Promise<Stored> {
  const [resourceType = '', id = ''] = ref.split('/');
  return (await client.read({ resourceType, id })) as unknown as Stored; // a resource with its id
}

async function create(client: Client, resourceType: string | undefined, body: Resource): Promise<Stored> {
  const reply =
    resourceType === undefined
      ? await client.transaction({ body })
      : await client.create({ resourceType, body });
  return reply as unknown as Stored;
}

/** The location of a resource of this type in a transaction's response. */
function created(response: Resource, type: string): string {
  const entries = response['entry'] as readonly { response: { location?: string } }[];
  const location = entries
    .map((entry) => entry.response.location ?? '')
    .find((text) => text.startsWith(`${type}/`));
  if (location === undefined) throw new Error(`the server made no ${type}`);
  return location.split('/_history/')[0] ?? location;
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
  /** Resolves with the notification about a resource. */
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
