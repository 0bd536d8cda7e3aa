/** One referral that goes by Direct mail: SMTP, S/MIME and packages of 360X, on loopback, with what comes back. */
import { randomUUID } from 'node:crypto';
import type { Client } from 'fhir-kit-client';
import {
  isPackage,
  openLetter,
  segmentsIn,
  writeMail,
  writeNotification,
  type OpenedLetter,
  type WrittenMail,
} from '../direct/correspondent.ts';
import { sendMailTo } from '../direct/post-office.ts';
import { buildRequest } from '../direct/request.ts';
import type { DemoDirect } from './direct.ts';
import { clientOf, moveTo } from './clients.ts';
import { printStep, printTimeline, printTitle } from './print.ts';
import type { World } from './world.ts';

export async function playDirect(world: World, direct: DemoDirect): Promise<void> {
  const { initiator, recipient } = direct.parties;
  const recipientsClient = clientOf(world, 'recipient');
  printTitle('The same loop, begun by Direct mail');
  const number = `R-${randomUUID().slice(0, 8)}`;
  const { zip } = await buildRequest({ from: initiator.address, to: recipient.address, number });
  const file = { fileName: 'REQUEST.ZIP', contentType: 'application/zip', bytes: zip };
  const before = direct.office.kept.length;
  await mail(world, direct, await writeMail(initiator, recipient, [file]));
  printStep(`${initiator.address} mails a request to ${recipient.address}, signed and encrypted`);
  const task = await taskOf(world, number);
  printStep(`the recipient sees the referral ${number}: ${task}`);
  await lettersFrom(direct, before, 2);
  await moveTo(recipientsClient, task, 'accepted');
  printStep('the recipient accepts over FHIR (TID 02)');
  for (const { mail: letter } of await lettersFrom(direct, before + 2, 1)) {
    const { messageId = '' } = letter;
    for (const disposition of ['processed', 'dispatched'] as const)
      await mail(world, direct, await writeNotification(initiator, recipient, { messageId, disposition }));
  }
  printStep(
    `the initiator's mail system notifies in turn; $deliveries: ${await stateOf(recipientsClient, task)}`,
  );
  await printTimeline(clientOf(world, 'initiator'), recipientsClient, task);
}

/** By SMTP to the server, which must take it. */
const mail = ({ running }: World, { parties }: DemoDirect, { bytes }: WrittenMail): Promise<void> =>
  sendMailTo(running.direct?.port ?? 0, {
    from: parties.initiator.address,
    to: parties.recipient.address,
    bytes: Buffer.from(bytes),
  });

/** What is known of the last event of a referral: whether it arrived. */
async function stateOf(client: Client, task: string): Promise<string> {
  const id = task.slice('Task/'.length);
  const asked = { resourceType: 'Task', id, name: '$deliveries', method: 'GET' } as const;
  const { parameter = [] } = (await client.operation(asked)) as unknown as {
    parameter?: { name: string; part?: { name: string; valueString?: string }[] }[];
  }; // Parameters
  const last = parameter.findLast(({ name }) => name === 'delivery');
  return last?.part?.find(({ name }) => name === 'words')?.valueString ?? 'nothing';
}

async function taskOf(world: World, number: string): Promise<string> {
  const found = await clientOf(world, 'recipient').search({
    resourceType: 'Task',
    searchParams: { 'focus:ServiceRequest.identifier': number },
  });
  const [entry] = (found as unknown as { entry?: { resource: { id: string } }[] }).entry ?? []; // a searchset
  if (entry === undefined) throw new Error('the recipient does not see the referral that was mailed');
  return `Task/${entry.resource.id}`;
}

/** Waits for mails to the initiator, opens them with the initiator's own key, and prints what they say. */
async function lettersFrom(
  { office, parties: { initiator } }: DemoDirect,
  from: number,
  count: number,
): Promise<readonly OpenedLetter[]> {
  const mails = await office.wait(initiator.address, from + count);
  const letters = await Promise.all(
    mails.slice(from, from + count).map(({ bytes }) => openLetter(initiator, bytes)),
  );
  for (const { mail: letter, dispositions } of letters) {
    const zip = letter.parts.find(isPackage);
    const told = dispositions.map(({ outcome }) => `the notification ${outcome}`);
    const says = zip === undefined ? told : [...told, await messageIn(zip.bytes)];
    printStep(`mail to the initiator: ${says.join(', ')}`);
  }
  return letters;
}

/** The order of the message in a package: `OSU^O51 OK/IP`. */
async function messageIn(zip: Uint8Array): Promise<string> {
  const segments = (await segmentsIn(zip)).map((segment) => segment.split('|'));
  const [head = []] = segments;
  if (head.length === 1) return head.join('');
  const order = segments.find(([name]) => name === 'ORC') ?? [];
  const type = (head[8] ?? '').split('^', 2).join('^');
  return `a package with ${type} ${[order[1], order[5]].filter((code) => code !== undefined && code !== '').join('/')}`;
}
