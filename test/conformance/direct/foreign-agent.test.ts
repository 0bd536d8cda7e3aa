/**
 * The reference implementation of Direct asks for a referral by mail, and learns its course by mail alone, to the outcome:
 * its messages are protected and opened by org.nhind:agent, its packages read by org.nhind:xd-common.
 * (direct-xdm 13, 360x 2)
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from '@jest/globals';
import { composeMail } from '../../../src/direct/mime/compose.ts';
import { MAIL_LIMITS } from '../../../src/direct/mime/limits.ts';
import { readDispositions } from '../../../src/direct/mdn/read.ts';
import { readMail, type MailText } from '../../../src/direct/mime/read.ts';
import { openPostOffice, sendMailTo, type CarriedMail } from '../../../tools/direct/post-office.ts';
import { readByXdCommon, startForeignAgent, type ForeignAgent } from '../../direct-judges.ts';
import { createDirectWorld, writeAgentFolder } from '../../direct-world.ts';
import { judged } from '../../judges.ts';
import { to } from '../../resources.ts';
import { refOf, type Stored } from '../../world.ts';
import type { TestServer } from '../../server.ts';
import { must, openDirectServer } from './pair.ts';

const scratch = mkdtempSync(join(tmpdir(), 'closeloop-foreign-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const REQUEST = readFileSync(join(import.meta.dirname, '../../fixtures/direct/REQUEST.ZIP'));
const NUMBER = 'R-2025-00731';
const ALDER = 'nokafor@direct.alder.example.org';
const TARN = 'intake@direct.tarn.example.org';
const MINUTES = 60_000;

/** The foreign party: what it sends, and what it finds in its mailbox. */
interface Correspondence {
  send(message: Uint8Array): Promise<void>;
  /** The next mail that is no notification, opened by the agent, and answered with both notifications. */
  next(): Promise<{ readonly mail: MailText; readonly zip: Uint8Array }>;
  /** Words of the notifications that came so far. */
  readonly told: string[];
}

judged(
  'nhind_agent',
  'a foreign agent asks by mail, and is answered by mail through to the outcome',
  async () => {
    const [world, office] = await Promise.all([createDirectWorld(), openPostOffice()]);
    const folder = join(scratch, 'agent');
    writeAgentFolder(folder, world, [world.initiator], [world.recipient]);
    const agent = startForeignAgent(folder);
    const { initiator, recipient } = world;
    const server = await openDirectServer({
      name: 'tarn',
      party: recipient,
      peers: [initiator],
      world,
      office,
      folder: scratch,
    });
    try {
      const foreign = correspond(agent, office.wait, server.running.direct?.port ?? 0);
      await foreign.send(
        await composeMail({
          from: ALDER,
          to: TARN,
          subject: 'XDM/1.0/DDM',
          messageId: `r1@direct.alder.example.org`,
          date: Date.now(),
          text: 'A referral is attached.',
          files: [{ fileName: 'REQUEST.ZIP', contentType: 'application/zip', bytes: REQUEST }],
          asks: 'dispatched',
        }),
      );
      const answers: Uint8Array[] = [];
      for (const answer of [accept, book, interim, outcome]) {
        await answer(server);
        answers.push((await foreign.next()).zip);
      }

      expect(foreign.told.slice(0, 2).toSorted()).toEqual(['dispatched', 'processed']);
      const read = readByXdCommon(answers);
      expect(
        read.map(({ documents }) =>
          documents.map(({ formatCode }) => formatCode?.split(':').slice(-3).join(':')),
        ),
      ).toEqual([
        ['OSU:O51:2017'],
        ['SIU:S12:2017'],
        ['OSU:O51:2017', expect.any(String)],
        ['OSU:O51:2017', expect.any(String)],
      ]);
      for (const { set, documents } of read) {
        expect(set['patientId']).toContain('MQ-40417');
        expect(set['intendedRecipient']).toContain(ALDER);
        for (const { hash, dataHash } of documents) expect(hash).toBe(dataHash);
      }
      const task = await referral(server);
      expect(task['status']).toBe('completed');
    } finally {
      await Promise.all([server.close(), agent.close()]);
      await office.close();
    }
  },
  2 * MINUTES,
);

function correspond(
  agent: ForeignAgent,
  wait: (to: string, count: number) => Promise<readonly CarriedMail[]>,
  port: number,
): Correspondence {
  let seen = 0;
  const told: string[] = [];
  const opened = async (bytes: Uint8Array): Promise<Buffer> => {
    const answer = await agent.open(TARN, ALDER, bytes);
    if (answer.kind !== 'ok') throw new Error(`${answer.word}: ${answer.says}`);
    return answer.bytes;
  };
  const send = async (message: Uint8Array): Promise<void> => {
    const mail = await agent.protect(ALDER, TARN, message);
    if (mail.kind !== 'ok') throw new Error(`${mail.word}: ${mail.says}`);
    await sendMailTo(port, { from: ALDER, to: TARN, bytes: mail.bytes });
  };
  return {
    send,
    told,
    async next() {
      for (;;) {
        const mails = await wait(ALDER, seen + 1);
        const message = await opened(mails[seen]?.bytes ?? Buffer.of());
        seen += 1;
        const mail = readMail(message, MAIL_LIMITS);
        if (mail.kind !== 'mail') throw new Error(mail.fault);
        const dispositions = readDispositions(mail);
        told.push(...dispositions.map(({ outcome }) => outcome));
        const zip = mail.parts.find(({ contentType }) => contentType === 'application/zip');
        if (dispositions.length > 0 || zip === undefined) continue;
        for (const word of ['Processed', 'Dispatched'] as const) {
          const notification = await agent.notify(word, ALDER, message);
          if (notification.kind === 'ok') await send(notification.bytes);
        }
        return { mail, zip: zip.bytes };
      }
    },
  };
}

async function referral(server: TestServer): Promise<Stored> {
  const [task] = await server.search('tarn', `Task?focus:ServiceRequest.identifier=${NUMBER}`);
  if (task === undefined) throw new Error('the recipient does not see the referral');
  return task;
}

const accept = async (server: TestServer): Promise<void> => {
  const task = await referral(server);
  await must(
    server.ask('tarn', 'PATCH', refOf(task), [{ op: 'replace', path: '/status', value: 'accepted' }]),
  );
};

async function book(server: TestServer): Promise<void> {
  const { focus, for: patient } = await placesOf(server);
  await server.create('tarn', {
    resourceType: 'Appointment',
    status: 'booked',
    basedOn: [focus],
    start: '2030-04-02T15:00:00Z',
    end: '2030-04-02T15:30:00Z',
    participant: [{ actor: patient, status: 'accepted' }],
  });
}

const interim = (server: TestServer): Promise<void> => report(server, 'in-progress', 'Injection given.');
const outcome = (server: TestServer): Promise<void> => report(server, 'completed', 'Surgery is not needed.');

async function report(server: TestServer, status: string, words: string): Promise<void> {
  const { focus } = await placesOf(server);
  const note = await server.create('tarn', {
    resourceType: 'DocumentReference',
    status: 'current',
    content: [{ attachment: { contentType: 'text/plain', data: Buffer.from(words).toString('base64') } }],
    context: { related: [focus] },
  });
  const task = await referral(server);
  const outputs = (task['output'] ?? []) as readonly unknown[];
  await must(
    server.ask('tarn', 'PUT', refOf(task), {
      ...task,
      meta: undefined,
      status,
      businessStatus: undefined,
      output: [...outputs, { type: { text: 'note' }, valueReference: to(refOf(note)) }],
    }),
  );
}

const placesOf = async (server: TestServer) =>
  (await referral(server)) as Stored & Record<'focus' | 'for', { readonly reference: string }>;
