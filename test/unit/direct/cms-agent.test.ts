/** The reference implementation's agent on the other side: mail and notifications, both ways (direct-xdm 2, 3, 6, 14). */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { judgeSigner } from '../../../src/direct/cms/judge.ts';
import { openMail, type OpenedMessage } from '../../../src/direct/cms/open.ts';
import { protectMail } from '../../../src/direct/cms/protect.ts';
import { readDispositions } from '../../../src/direct/mdn/read.ts';
import { writeDisposition } from '../../../src/direct/mdn/write.ts';
import { composeMail } from '../../../src/direct/mime/compose.ts';
import { MAIL_LIMITS } from '../../../src/direct/mime/limits.ts';
import { readMail, type MailText } from '../../../src/direct/mime/read.ts';
import type { Disposition } from '../../../src/ports/direct.ts';
import { signingKeyOf } from '../../../tools/direct/correspondent.ts';
import { startForeignAgent, type AgentAnswer, type ForeignAgent } from '../../direct-judges.ts';
import {
  createDirectWorld,
  INITIATOR_ADDRESS,
  RECIPIENT_ADDRESS,
  writeAgentFolder,
  type DirectParty,
  type DirectWorld,
} from '../../direct-world.ts';
import { judged, whyAbsent } from '../../judges.ts';

const ZIP = readFileSync(join(import.meta.dirname, '../../fixtures/direct/REQUEST.ZIP'));
const AT = Date.now();
const JAVA_MS = 60_000;
const scratch = mkdtempSync(join(tmpdir(), 'closeloop-agent-mail-'));

let world: DirectWorld;
let agent: ForeignAgent;

beforeAll(async () => {
  if (whyAbsent('nhind_agent') !== undefined) return;
  world = await createDirectWorld();
  const other = await world.party('a@direct.other.example.org');
  writeAgentFolder(scratch, world, [world.initiator, world.recipient, other]);
  agent = startForeignAgent(scratch);
});

afterAll(async () => {
  if (whyAbsent('nhind_agent') === undefined) await agent.close();
  rmSync(scratch, { recursive: true, force: true });
});

function bytesOf(answer: AgentAnswer): Buffer {
  if (answer.kind === 'ok') return answer.bytes;
  throw new Error(`${answer.word}: ${answer.says}`);
}

const protect = (
  message: Uint8Array,
  from: DirectParty,
  to: DirectParty,
  keyTransport: 'pkcs1' | 'oaep' = 'pkcs1',
): Promise<Uint8Array> =>
  protectMail(message, {
    headers: { from: from.address, to: to.address, messageId: 'm1@direct.alder.example.org', date: AT },
    signer: signingKeyOf(from),
    recipient: new X509Certificate(to.certificate),
    keyTransport,
    at: AT,
    random: (bytes) => randomBytes(bytes),
  });

const request = (): Promise<Uint8Array> =>
  composeMail({
    from: INITIATOR_ADDRESS,
    to: RECIPIENT_ADDRESS,
    subject: 'XDM/1.0/DDM',
    messageId: 'm1@direct.alder.example.org',
    date: AT,
    text: 'A referral for Zoë is attached.',
    files: [{ fileName: 'REQUEST.ZIP', contentType: 'application/zip', bytes: ZIP }],
    asks: 'dispatched',
  });

async function open(mail: Uint8Array, to: DirectParty): Promise<OpenedMessage> {
  const opened = await openMail(mail, [signingKeyOf(to)], MAIL_LIMITS);
  if (opened.kind !== 'opened') throw new Error(JSON.stringify(opened));
  return opened;
}

function read(message: Uint8Array): MailText {
  const reading = readMail(message, MAIL_LIMITS);
  if (reading.kind === 'fault') throw new Error(reading.fault);
  return reading;
}

describe('org.nhind:agent', () => {
  judged(
    'nhind_agent',
    'opens our mail with a package, and we open the mail that it makes of the same message',
    async () => {
      const { initiator, recipient, authority } = world;
      const message = await request();
      const theirs = bytesOf(
        await agent.open(INITIATOR_ADDRESS, RECIPIENT_ADDRESS, await protect(message, initiator, recipient)),
      );
      expect(ZIP.equals(read(theirs).parts[1]?.bytes ?? ZIP.subarray(1))).toBe(true);
      expect(read(theirs)).toMatchObject({ asksDispatched: true, messageId: 'm1@direct.alder.example.org' });

      const mail = bytesOf(await agent.protect(INITIATOR_ADDRESS, RECIPIENT_ADDRESS, message));
      const ours = await open(mail, recipient);
      const reading = read(ours.message);
      expect(ours.isWrapped).toBe(true);
      expect(reading.parts.map(({ contentType, fileName }) => [contentType, fileName])).toEqual([
        ['text/plain', undefined],
        ['application/zip', 'REQUEST.ZIP'],
      ]);
      expect(Buffer.from(reading.parts[0]?.bytes ?? []).toString()).toBe(
        'A referral for Zoë is attached.\r\n',
      );
      expect(ZIP.equals(reading.parts[1]?.bytes ?? ZIP.subarray(1))).toBe(true);
      const outer = read(mail).from;
      const anchors = [new X509Certificate(authority.certificate)];
      const said = { outer, inner: reading.from };
      const judge = (signer: (typeof ours.signers)[number]) =>
        judgeSigner(signer, said, anchors, AT, { lists: new Map(), graceMs: 0 });
      expect(ours.signers.map(judge)).toEqual([undefined]);
    },
    JAVA_MS,
  );

  judged(
    'nhind_agent',
    'refuses what our profile says it refuses: OAEP with SHA-256, and a sender of another domain',
    async () => {
      const { initiator, recipient } = world;
      const message = await request();
      const oaep = await protect(message, initiator, recipient, 'oaep');
      expect(await agent.open(INITIATOR_ADDRESS, RECIPIENT_ADDRESS, oaep)).toMatchObject({ kind: 'refused' });
      const mail = await protect(message, initiator, recipient);
      expect(await agent.open('a@direct.other.example.org', RECIPIENT_ADDRESS, mail)).toMatchObject({
        kind: 'refused',
      });
    },
    JAVA_MS,
  );

  judged(
    'nhind_agent',
    'writes notifications that we read, protected like any mail',
    async () => {
      const message = await request();
      for (const [word, outcome] of [
        ['Processed', 'processed'],
        ['Dispatched', 'dispatched'],
        ['Failed', 'failed'],
      ] as const) {
        const notification = bytesOf(await agent.notify(word, RECIPIENT_ADDRESS, message));
        const mail = bytesOf(await agent.protect(RECIPIENT_ADDRESS, INITIATOR_ADDRESS, notification));
        const reading = read((await open(mail, world.initiator)).message);
        expect(reading.isAutomatic).toBe(true);
        expect(readDispositions(reading)).toMatchObject([
          {
            kind: 'mdn',
            outcome,
            originalMessageId: 'm1@direct.alder.example.org',
            finalRecipient: RECIPIENT_ADDRESS,
          },
        ]);
      }
    },
    JAVA_MS,
  );

  judged(
    'nhind_agent',
    'opens the notifications that we write',
    async () => {
      const words: readonly Disposition[] = ['processed', 'dispatched', 'failed'];
      for (const disposition of words) {
        const notification = writeDisposition(
          {
            by: RECIPIENT_ADDRESS,
            to: INITIATOR_ADDRESS,
            messageId: 'm1@direct.alder.example.org',
            disposition,
            at: new Date(AT).toISOString(),
            attempts: 0,
            dueAt: AT,
          },
          {
            reportingUa: 'direct.tarn.example.org; Closeloop',
            at: AT,
            messageId: 'n1@direct.tarn.example.org',
          },
        );
        const mail = await protect(notification, world.recipient, world.initiator);
        const opened = bytesOf(await agent.open(RECIPIENT_ADDRESS, INITIATOR_ADDRESS, mail)).toString();
        expect(opened).toMatch(new RegExp(`MDN-sent-automatically; ?${disposition}`));
        expect(/X-DIRECT-FINAL-DESTINATION-DELIVERY/.test(opened)).toBe(disposition === 'dispatched');
      }
    },
    JAVA_MS,
  );
});
