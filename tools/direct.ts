/**
 * Tries Direct mail by hand, as the initiator of the demonstration, whose JSON holds the addresses, keys and places.
 *
 *     npm run direct -- request --demo FILE [--number R]   mails a request for a referral (IHE 360X) to the recipient
 *     npm run direct -- read --demo FILE                   prints what has come to the initiator's mailbox
 *
 * FILE is the line that `npm run -s demo -- --json` prints. Each request has a referral ID of its own, unless --number says one.
 */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DirectPart } from '../src/ports/direct.ts';
import { EXIT, need, runCommand, UsageError } from './command.ts';
import type { DirectReady } from './demo/direct.ts';
import { isPackage, openLetter, segmentsIn, writeMail, type Correspondent } from './direct/correspondent.ts';
import { sendMailTo } from './direct/post-office.ts';
import { buildRequest } from './direct/request.ts';

await runCommand(import.meta.filename, {
  flags: { demo: { type: 'string' }, number: { type: 'string' } },
  operandsMax: 1,
  run: async ({ values, operands: [name = ''] }) => {
    if (name !== 'request' && name !== 'read') throw new UsageError('request or read is expected.');
    const { direct } = JSON.parse(readFileSync(need(values.demo, '--demo'), 'utf8')) as {
      readonly direct: DirectReady;
    };
    if (name === 'read') await read(direct);
    else await request(direct, values.number ?? `R-${randomUUID().slice(0, 8)}`);
    return EXIT.done;
  },
});

function initiatorOf({ addresses, certificates }: DirectReady): Correspondent {
  return { address: addresses.initiator, ...certificates.initiator };
}

async function request(direct: DirectReady, number: string): Promise<void> {
  const { addresses, certificates, smtp } = direct;
  const { zip } = await buildRequest({ from: addresses.initiator, to: addresses.recipient, number });
  const recipient = { address: addresses.recipient, certificate: certificates.recipient.certificate };
  const file = { fileName: 'REQUEST.ZIP', contentType: 'application/zip', bytes: zip };
  const { messageId, bytes } = await writeMail(initiatorOf(direct), recipient, [file]);
  await sendMailTo(smtp.port, {
    from: addresses.initiator,
    to: addresses.recipient,
    bytes: Buffer.from(bytes),
  });
  console.log(`${number} is mailed to ${addresses.recipient}, and taken: <${messageId}>`);
}

async function read(direct: DirectReady): Promise<void> {
  const files = readdirSync(direct.mailbox).filter((name) => name.endsWith('.eml'));
  for (const name of files.toSorted()) {
    const { mail, dispositions } = await openLetter(
      initiatorOf(direct),
      readFileSync(join(direct.mailbox, name)),
    );
    const told = dispositions.map(({ word, originalMessageId = '' }) => `${word} of <${originalMessageId}>`);
    const packages = await Promise.all(mail.parts.filter(isPackage).map(messageIn));
    console.log(`${name} from ${mail.from}: ${[...told, ...packages].join('; ') || mail.subject}`);
  }
}

/** MSH-9 and ORC of the message in a package. */
async function messageIn({ bytes }: DirectPart): Promise<string> {
  const segments = await segmentsIn(bytes);
  const [head = ''] = segments;
  const order = segments.find((segment) => /^(ORC|SCH)\|/.test(segment)) ?? '';
  return `${head.split('|')[8] ?? head} ${order}`.trim();
}
