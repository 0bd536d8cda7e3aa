/**
 * Direct through a HISP: mail comes from a mailbox (IMAP) and goes to a submission server (SMTP), both of GreenMail, a mail
 * server of others. The partner mails a request; it is accepted, and the answer is in the partner's mailbox.
 * (direct-xdm 1, 13)
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, expect } from '@jest/globals';
import { ImapFlow } from 'imapflow';
import { composeMail } from '../../../src/direct/mime/compose.ts';
import { MAIL_LIMITS } from '../../../src/direct/mime/limits.ts';
import { readDispositions } from '../../../src/direct/mdn/read.ts';
import { readMail, type MailText } from '../../../src/direct/mime/read.ts';
import { readXdm } from '../../../src/direct/xdm/read-package.ts';
import { sendMailTo } from '../../../tools/direct/post-office.ts';
import { startGreenMail, type MailServer } from '../../direct-judges.ts';
import { INITIATOR_ADDRESS as ALDER, RECIPIENT_ADDRESS as TARN } from '../../direct-world.ts';
import { judged } from '../../judges.ts';
import { openServerWith, type TestServer } from '../../server.ts';
import { refOf } from '../../world.ts';
import { must, writeEndpoint } from './pair.ts';

const scratch = mkdtempSync(join(tmpdir(), 'closeloop-edge-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const REQUEST = readFileSync(join(import.meta.dirname, '../../fixtures/direct/REQUEST.ZIP'));
const NUMBER = 'R-2025-00731';
const WITHIN_MS = 30_000;

judged(
  'greenmail',
  'a request from the mailbox is applied, accepted, and answered through the submission server',
  async () => {
    const mail = await startGreenMail([
      { address: ALDER, login: 'nokafor', password: 'alder' },
      { address: TARN, login: 'intake', password: 'tarn' },
    ]);
    const server = await openServerWith({ organizations: ['tarn'], argv: edgeFlags(mail) });
    try {
      await must(server.ask('administrator', 'PUT', 'Organization/tarn', TARN_RIDGE));
      await writeEndpoint(server, 'Organization/tarn', { address: TARN });
      const partner = await server.create('tarn', {
        resourceType: 'Organization',
        active: true,
        name: 'Alder Family Medicine',
      });
      await writeEndpoint(server, `Organization/${partner.id}`, { address: ALDER }, 'tarn');
      await sendMailTo(mail.smtpPort, { from: ALDER, to: TARN, bytes: Buffer.from(await request()) });
      const task = await until(async () => (await referrals(server))[0], 'the referral');
      await must(
        server.ask('tarn', 'PATCH', refOf(task), [{ op: 'replace', path: '/status', value: 'accepted' }]),
      );
      const letters = await until(async () => {
        const found = await mailbox(mail, 'nokafor', 'alder');
        return found.some(({ parts }) => parts.some(isPackage)) && found.some(isDispatched)
          ? found
          : undefined;
      }, 'the acceptance, and the notification');
      const [zip] = letters.flatMap(({ parts }) => parts.filter(isPackage));
      const reading = await readXdm(zip?.bytes ?? new Uint8Array());

      expect(reading).toMatchObject({ kind: 'package', submission: { referralId: { value: NUMBER } } });
      expect(await referrals(server)).toHaveLength(1);
    } finally {
      await server.close();
      await mail.close();
    }
  },
  2 * WITHIN_MS + WITHIN_MS,
);

const TARN_RIDGE = {
  resourceType: 'Organization',
  id: 'tarn',
  active: true,
  identifier: [{ system: 'urn:ietf:rfc:3986', value: 'urn:oid:2.999.20.1' }],
  name: 'Tarn Ridge Orthopedics',
};

function edgeFlags({ imapPort, smtpPort }: MailServer): readonly string[] {
  const password = join(scratch, 'password');
  const domains = join(scratch, 'domains.json');
  writeFileSync(password, 'tarn');
  const account = { user: 'intake', passwordFile: password, tls: 'offered' };
  writeFileSync(
    domains,
    JSON.stringify([
      {
        domain: 'direct.tarn.example.org',
        way: 'edge',
        mailboxes: [{ ...account, server: `imap://127.0.0.1:${String(imapPort)}`, addresses: [TARN] }],
        // GreenMail asks nobody for a password at its SMTP port.
        submission: { server: `smtp://127.0.0.1:${String(smtpPort)}`, tls: 'offered' },
      },
    ]),
  );
  return ['--direct-domains', domains, '--direct-poll-ms', '1000'];
}

const request = (): Promise<Uint8Array> =>
  composeMail({
    from: ALDER,
    to: TARN,
    subject: 'XDM/1.0/DDM',
    messageId: 'edge1@direct.alder.example.org',
    date: Date.now(),
    text: 'A referral is attached.',
    files: [{ fileName: 'REQUEST.ZIP', contentType: 'application/zip', bytes: REQUEST }],
    asks: 'dispatched',
  });

const referrals = (server: TestServer) =>
  server.search('tarn', `Task?focus:ServiceRequest.identifier=${NUMBER}`);

const isPackage = ({ contentType }: { readonly contentType: string }): boolean =>
  contentType === 'application/zip';

const isDispatched = (letter: MailText): boolean =>
  readDispositions(letter).some(({ outcome }) => outcome === 'dispatched');

/** Everything that lies in a mailbox, read. */
async function mailbox({ imapPort }: MailServer, user: string, pass: string): Promise<readonly MailText[]> {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port: imapPort,
    secure: false,
    doSTARTTLS: false,
    auth: { user, pass },
    logger: false,
  });
  await client.connect();
  const letters: MailText[] = [];
  try {
    const { exists } = await client.mailboxOpen('INBOX');
    if (exists === 0) return letters;
    for await (const { source } of client.fetch('1:*', { source: true })) {
      const reading = readMail(source ?? Buffer.of(), MAIL_LIMITS);
      if (reading.kind === 'mail') letters.push(reading);
    }
  } finally {
    await client.logout();
  }
  return letters;
}

async function until<T>(ask: () => Promise<T | undefined>, what: string): Promise<T> {
  for (const end = Date.now() + WITHIN_MS; Date.now() < end; await pause(100)) {
    const found = await ask();
    if (found !== undefined) return found;
  }
  throw new Error(`${what} did not come in time`);
}
