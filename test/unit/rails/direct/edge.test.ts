/**
 * A domain at a HISP (direct-xdm 1): mail leaves by submission, and comes from a mailbox of a mail server of others
 * (GreenMail), without any encryption of ours. Nothing is lost, and what was taken is taken once.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect } from '@jest/globals';
import { ImapFlow } from 'imapflow';
import { createTransport } from 'nodemailer';
import { writeDisposition } from '../../../../src/direct/mdn/write.ts';
import { composeMail } from '../../../../src/direct/mime/compose.ts';
import type { DirectAddress } from '../../../../src/ports/direct.ts';
import type { Timers } from '../../../../src/ports/clock.ts';
import { localDomainsOf } from '../../../../src/rails/direct/domains.ts';
import { startGreenMail, type MailServer } from '../../../direct-judges.ts';
import {
  createDirectWorld,
  INITIATOR_ADDRESS,
  RECIPIENT_ADDRESS,
  type DirectWorld,
} from '../../../direct-world.ts';
import { judged, whyAbsent } from '../../../judges.ts';
import { openGate } from '../../../tcp-gate.ts';
import { realTimers } from './smtp-world.ts';
import { openAgent, until, type Agent, type AgentOptions } from './agent.ts';

const JAVA_MS = 60_000;
const scratch = mkdtempSync(join(tmpdir(), 'closeloop-edge-'));
const passwordFile = join(scratch, 'password');
writeFileSync(passwordFile, 'secret\n');

let keys: DirectWorld;
let server: MailServer | undefined;
beforeAll(async () => {
  if (whyAbsent('greenmail') !== undefined) return;
  keys = await createDirectWorld();
  server = await startGreenMail([
    { address: INITIATOR_ADDRESS, login: 'nokafor', password: 'secret' },
    { address: RECIPIENT_ADDRESS, login: 'intake', password: 'secret' },
  ]);
}, JAVA_MS);
afterAll(() => server?.close());

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  for (const login of ['nokafor', 'intake']) await empty(login);
});

const ports = (): MailServer => {
  if (server === undefined) throw new Error('GreenMail is absent');
  return server;
};

async function clientOf(login: string): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port: ports().imapPort,
    secure: false,
    doSTARTTLS: false,
    auth: { user: login, pass: 'secret' },
    logger: false,
  });
  await client.connect();
  return client;
}

interface FoundMail {
  readonly seen: boolean;
  readonly flagged: boolean;
  readonly source: string;
}

/** What is in a folder: its flags and its source. */
async function look(login: string, folder = 'INBOX'): Promise<readonly FoundMail[]> {
  const client = await clientOf(login);
  const found: FoundMail[] = [];
  try {
    await client.mailboxOpen(folder, { readOnly: true });
    for await (const { flags, source } of client.fetch('1:*', { flags: true, source: true }))
      found.push({
        seen: flags?.has('\\Seen') === true,
        flagged: flags?.has('\\Flagged') === true,
        source: String(source),
      });
  } catch {
    // no such folder, or nothing in it
  } finally {
    await client.logout();
  }
  return found;
}

async function empty(login: string): Promise<void> {
  if (server === undefined) return;
  const client = await clientOf(login);
  await client.mailboxOpen('INBOX');
  if (client.mailbox !== false && client.mailbox.exists > 0) await client.messageDelete('1:*');
  await client.logout();
}

async function post(from: string, to: string, raw: Uint8Array): Promise<void> {
  const transport = createTransport({ host: '127.0.0.1', port: ports().smtpPort, ignoreTLS: true });
  await transport.sendMail({ envelope: { from, to }, raw: Buffer.from(raw) });
}

const text = (
  from: DirectAddress,
  to: DirectAddress,
  messageId = 'm1@direct.tarn.example.org',
): Promise<Uint8Array> =>
  composeMail({
    from,
    to,
    subject: 'A question',
    messageId,
    date: Date.now(),
    text: 'Hello.',
    files: [],
    asks: 'none',
  });

interface Wish extends Pick<AgentOptions, 'receive' | 'memberOf' | 'timers'> {
  readonly mailbox?: object;
  readonly imapPort?: number;
}

async function openEdge({
  mailbox = {},
  imapPort = ports().imapPort,
  ...options
}: Wish = {}): Promise<Agent> {
  const account = { user: 'nokafor', passwordFile, tls: 'offered' };
  const agent = await openAgent({
    own: keys.initiator,
    peer: keys.recipient,
    anchors: [],
    domains: localDomainsOf(
      [
        {
          domain: keys.initiator.domain,
          way: 'edge',
          mailboxes: [
            {
              ...account,
              server: `imap://127.0.0.1:${imapPort}`,
              addresses: [INITIATOR_ADDRESS],
              ...mailbox,
            },
          ],
          submission: { server: `smtp://127.0.0.1:${ports().smtpPort}`, tls: 'offered' },
        },
      ],
      'test',
    ),
    settings: { listen: undefined },
    ...options,
  });
  closing.push(() => agent.close());
  return agent;
}

describe('(direct-xdm 1) edge mode', () => {
  judged(
    'greenmail',
    'a package leaves by submission as it is, and its notification is evidence where the mailbox brings it',
    async () => {
      const agent = await openEdge();
      const { entry, receipt } = await agent.send();
      await until(async () => (await look('intake')).length === 1);
      const [mail] = await look('intake');
      expect(mail?.source).toMatch(/^Subject: XDM\/1\.0\/DDM/m);
      expect(mail?.source).toContain('REFERRAL.ZIP');
      const id = receipt.outcome === 'accepted' ? (receipt.evidence?.[0]?.source ?? '') : '';
      const about = { messageId: id, at: new Date().toISOString(), attempts: 0, dueAt: 0 };
      const write = (by: DirectAddress) =>
        writeDisposition(
          { ...about, by, to: INITIATOR_ADDRESS, disposition: 'processed' },
          { reportingUa: 'test', at: Date.now(), messageId: `n@${by}` },
        );
      await post('x@direct.other.example.org', INITIATOR_ADDRESS, write('x@direct.other.example.org'));
      await post(RECIPIENT_ADDRESS, INITIATOR_ADDRESS, write(RECIPIENT_ADDRESS));
      await until(async () => (await agent.delivery(entry.id))?.state === 'transported');
      expect(await agent.delivery(entry.id)).toMatchObject({ state: 'transported' });
      expect(agent.mails).toEqual([]);
      await until(async () => (await look('nokafor')).every(({ seen }) => seen));
      const issues = (await agent.audit()).flatMap(({ entry: row }) => row.issue ?? []);
      expect(issues).toEqual(['disposition-unmatched']);
    },
    JAVA_MS,
  );

  judged(
    'greenmail',
    'a mail is marked when its fate is on disk, and fetched again when it is not',
    async () => {
      let isFull = true;
      const agent = await openEdge({
        receive: async () => (isFull ? { fate: 'not-kept', owed: [] } : { fate: 'work-item', owed: [] }),
      });
      await post(RECIPIENT_ADDRESS, INITIATOR_ADDRESS, await text(RECIPIENT_ADDRESS, INITIATOR_ADDRESS));
      await until(() => agent.mails.length >= 2);
      expect(await look('nokafor')).toMatchObject([{ seen: false }]);
      isFull = false;
      await until(async () => (await look('nokafor'))[0]?.seen === true);
      const taken = agent.mails.length;
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(agent.mails).toHaveLength(taken);
      expect(agent.mails.at(-1)).toMatchObject({
        from: RECIPIENT_ADDRESS,
        to: INITIATOR_ADDRESS,
        subject: 'A question',
        through: 'edge',
        distrust: undefined,
      });
    },
    JAVA_MS,
  );

  judged(
    'greenmail',
    'with a folder for what is done, mails move there',
    async () => {
      const agent = await openEdge({ mailbox: { done: 'Closeloop' } });
      await post(RECIPIENT_ADDRESS, INITIATOR_ADDRESS, await text(RECIPIENT_ADDRESS, INITIATOR_ADDRESS));
      await until(async () => (await look('nokafor', 'Closeloop')).length === 1);
      expect(agent.mails).toHaveLength(1);
      expect(await look('nokafor')).toEqual([]);
    },
    JAVA_MS,
  );

  const SECOND: DirectAddress = 'second@direct.alder.example.org';
  const HIDDEN: DirectAddress = 'undisclosed@direct.tarn.example.org';
  const ofBoth = { addresses: [INITIATOR_ADDRESS, SECOND] };

  for (const mailbox of [ofBoth, { ...ofBoth, done: 'Taken' }])
    judged(
      'greenmail',
      `a blind copy to a mailbox of several members is nobody’s: it stays there, ${'done' in mailbox ? 'where others move' : 'marked'}`,
      async () => {
        const agent = await openEdge({
          mailbox,
          memberOf: async (address) => `Organization/${address.split('@')[0] ?? ''}`,
        });
        await post(RECIPIENT_ADDRESS, INITIATOR_ADDRESS, await text(RECIPIENT_ADDRESS, HIDDEN));
        await until(async () => (await look('nokafor'))[0]?.flagged === true);
        await post(RECIPIENT_ADDRESS, INITIATOR_ADDRESS, await text(RECIPIENT_ADDRESS, SECOND));
        await until(() => agent.mails.length === 1);
        await new Promise((resolve) => setTimeout(resolve, 500));
        expect(agent.mails).toMatchObject([{ to: SECOND }]);
        expect((await look('nokafor')).find(({ source }) => source.includes(HIDDEN))).toMatchObject({
          seen: true,
          flagged: true,
        });
        expect(agent.rail.status().received).toMatchObject({ 'mail-for-nobody': 1 });
        const said = agent.logs.filter((line) => line.includes('names none of its addresses'));
        expect(said).toHaveLength(1);
        expect(said[0]).not.toContain('undisclosed');
      },
      JAVA_MS,
    );

  judged(
    'greenmail',
    'a blind copy to a mailbox of one member is its first address’s',
    async () => {
      const agent = await openEdge({ mailbox: ofBoth, memberOf: async () => 'Organization/own' });
      await post(RECIPIENT_ADDRESS, INITIATOR_ADDRESS, await text(RECIPIENT_ADDRESS, HIDDEN));
      await until(() => agent.mails.length === 1);
      expect(agent.mails).toMatchObject([{ to: INITIATOR_ADDRESS }]);
    },
    JAVA_MS,
  );

  judged(
    'greenmail',
    'a connection that is cut is made again, and what came meanwhile is taken',
    async () => {
      const gate = await openGate({ host: '127.0.0.1', port: ports().imapPort });
      closing.push(() => gate.close());
      // The pauses between attempts, which are seconds.
      const timers: Timers = { after: (ms, call) => realTimers.after(ms / 10, call) };
      const agent = await openEdge({ imapPort: gate.port, timers });
      await until(() => agent.rail.status().mailboxes[0]?.isWell === true);
      gate.cut();
      await post(RECIPIENT_ADDRESS, INITIATOR_ADDRESS, await text(RECIPIENT_ADDRESS, INITIATOR_ADDRESS));
      await until(() => agent.rail.status().mailboxes[0]?.isWell === false);
      gate.open();
      await until(() => agent.mails.length === 1);
      expect(agent.mails).toHaveLength(1);
    },
    JAVA_MS,
  );

  judged(
    'greenmail',
    'doctor opens the mailbox and the submission, and says what is wrong without a word of the server',
    async () => {
      const agent = await openEdge();
      expect(await agent.rail.verify()).toEqual([
        { ok: true, says: 'domains: direct.alder.example.org (edge)' },
        expect.objectContaining({ ok: true, says: expect.stringContaining('answers') }),
        expect.objectContaining({ ok: true, says: expect.stringContaining('mails in INBOX') }),
      ]);
      writeFileSync(join(scratch, 'wrong'), 'wrong');
      const wrong = await openEdge({ mailbox: { passwordFile: join(scratch, 'wrong') } });
      expect(await wrong.rail.verify()).toContainEqual({
        ok: false,
        says: expect.stringContaining('the login failed → check'),
      });
      await until(() => wrong.rail.status().mailboxes[0]?.isWell === false);
      expect(wrong.logs).toContainEqual(expect.stringContaining('the login failed'));
    },
    JAVA_MS,
  );
});
