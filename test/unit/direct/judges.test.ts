/** The judges of Direct mail agree among themselves before they judge us. (direct-xdm 13) */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect } from '@jest/globals';
import { ImapFlow } from 'imapflow';
import { createTransport } from 'nodemailer';
import { openEbrim, readByXdCommon, startForeignAgent, startGreenMail } from '../../direct-judges.ts';
import {
  createDirectWorld,
  INITIATOR_ADDRESS,
  RECIPIENT_ADDRESS,
  writeAgentFolder,
} from '../../direct-world.ts';
import { judged } from '../../judges.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/direct');
const scratch = mkdtempSync(join(tmpdir(), 'closeloop-judges-'));
const JAVA_MS = 60_000;

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const fixture = (name: string): Buffer => readFileSync(join(FIXTURES, name));

const MESSAGE = [
  `From: ${INITIATOR_ADDRESS}`,
  `To: ${RECIPIENT_ADDRESS}`,
  'Subject: XDM/1.0/DDM',
  'Message-ID: <r1@direct.alder.example.org>',
  'Date: Tue, 01 Dec 2026 02:00:00 +0000',
  'MIME-Version: 1.0',
  'Content-Type: text/plain',
  '',
  'A referral.',
  '',
].join('\r\n');

const UNZIP = 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))';

const FROM_TO = [INITIATOR_ADDRESS, RECIPIENT_ADDRESS] as const;

describe('the throw-away authority', () => {
  judged('openssl', 'issues certificates and revokes them, as OpenSSL sees it', async () => {
    const { authority, initiator, recipient } = await createDirectWorld();
    const file = (name: string, bytes: string | Buffer): string => {
      writeFileSync(join(scratch, name), bytes);
      return join(scratch, name);
    };
    const ca = file('ca.pem', authority.certificate);
    const leaf = file('leaf.pem', initiator.certificate);
    const other = file('other.pem', recipient.certificate);
    const now = Date.now();
    const list = file('list.crl', authority.revoke([initiator.serial], now - 1000, now + JAVA_MS));
    const verify = (certificate: string, ...argv: readonly string[]): string =>
      execFileSync('openssl', ['verify', '-CAfile', ca, '-purpose', 'smimesign', ...argv, certificate], {
        encoding: 'utf8',
        stdio: 'pipe',
      });

    expect(verify(leaf)).toMatch(/OK/);
    expect(() => verify(leaf, '-crl_check', '-CRLfile', list)).toThrow(/certificate revoked/);
    expect(verify(other, '-crl_check', '-CRLfile', list)).toMatch(/OK/);
  });
});

describe('org.nhind:agent', () => {
  judged(
    'nhind_agent',
    'opens what it protects, writes a notification, and refuses another sender',
    async () => {
      const world = await createDirectWorld();
      const folder = join(scratch, 'agent');
      writeAgentFolder(folder, world, [world.initiator, world.recipient]);
      const agent = startForeignAgent(folder);
      const mail = bytesOf(await agent.protect(...FROM_TO, Buffer.from(MESSAGE)));
      const opened = bytesOf(await agent.open(...FROM_TO, mail));
      const told = bytesOf(await agent.notify('Dispatched', RECIPIENT_ADDRESS, opened));
      const refused = await agent.open('somebody@direct.other.example.org', RECIPIENT_ADDRESS, mail);
      await agent.close();

      expect(mail.toString()).toContain('smime-type=enveloped-data');
      expect(opened.toString()).toContain('A referral.');
      expect(told.toString()).toMatch(/Original-Message-ID: <r1@direct\.alder\.example\.org>/);
      expect(refused).toMatchObject({ kind: 'refused' });
    },
    JAVA_MS,
  );
});

describe('org.nhind:xd-common', () => {
  judged(
    'xd_common',
    'reads the sample packages, and their hashes are those of the bytes',
    () => {
      const readings = readByXdCommon(['REQUEST.ZIP', 'ACCEPT.ZIP', 'OUTCOME.ZIP'].map(fixture));

      expect(readings.map(({ documents }) => documents.length)).toEqual([2, 1, 2]);
      for (const { set, documents } of readings) {
        expect(set['contentTypeCode']).toBe('57133-1');
        for (const { hash, dataHash } of documents) expect(hash).toBe(dataHash);
      }
    },
    JAVA_MS,
  );
});

describe('the schema of ebRIM', () => {
  judged('ebrim', 'takes the metadata of a sample, and says what is wrong with others', () => {
    const judge = openEbrim();
    const metadata = execFileSync(
      'python3',
      ['-c', UNZIP, join(FIXTURES, 'REQUEST.ZIP'), 'IHE_XDM/SUBSET01/METADATA.XML'],
      { encoding: 'utf8' },
    );

    expect(judge(Buffer.from(metadata))).toEqual([]);
    expect(judge(Buffer.from(metadata.replace(/<rim:Slot name=/, '<rim:Slot title=')))).not.toEqual([]);
  });
});

describe('GreenMail', () => {
  judged(
    'greenmail',
    'takes a mail over SMTP and gives it over IMAP',
    async () => {
      const server = await startGreenMail([
        { address: RECIPIENT_ADDRESS, login: 'intake', password: 'secret' },
      ]);
      const transport = createTransport({ host: '127.0.0.1', port: server.smtpPort, ignoreTLS: true });
      const [from, to] = FROM_TO;
      await transport.sendMail({ envelope: { from, to }, raw: MESSAGE });
      const client = new ImapFlow({
        host: '127.0.0.1',
        port: server.imapPort,
        secure: false,
        doSTARTTLS: false,
        auth: { user: 'intake', pass: 'secret' },
        logger: false,
      });
      await client.connect();
      await client.mailboxOpen('INBOX');
      const got = await client.fetchOne('1', { source: true });
      await client.logout();
      await server.close();

      expect(got === false ? '' : String(got.source)).toContain('A referral.');
    },
    JAVA_MS,
  );
});

function bytesOf(answer: Awaited<ReturnType<ReturnType<typeof startForeignAgent>['open']>>): Buffer {
  if (answer.kind === 'ok') return answer.bytes;
  throw new Error(`${answer.word}: ${answer.says}`);
}
