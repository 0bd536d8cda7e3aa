/**
 * Programs of others that judge Direct mail: the reference implementation of Direct (org.nhind:agent, mail;
 * org.nhind:xd-common, packages), a mail server (GreenMail), and the schema of ebRIM. `.ci/direct/install` fetches them;
 * `DIRECT_JUDGES` names their folder where it is not the usual one.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { ParseOption, XmlDocument, XmlValidateError, XsdValidator } from 'libxml2-wasm';
import { xmlRegisterFsInputProviders } from 'libxml2-wasm/lib/nodejs.mjs';
import { childEnv } from './child-env.ts';

const FOLDER = process.env['DIRECT_JUDGES'] ?? join(homedir(), '.cache/closeloop/direct-judges');

/** A file of each judge, without which it is not there. */
const FILES = {
  agent: 'agent/agent-8.0.0.jar',
  xd: 'xd/xd-common-1.0.3.jar',
  greenmail: 'greenmail/greenmail-standalone-2.1.13.jar',
  ebrim: 'ebrim/wsdl/schema/ebRS30/lcm.xsd',
} as const;

/** The reason why a judge of Direct mail cannot be asked; undefined when it can. */
export function whyNoDirectJudge(judge: keyof typeof FILES): string | undefined {
  if (!existsSync(join(FOLDER, FILES[judge]))) return `${FILES[judge]} not found: .ci/direct/install`;
  if (judge === 'ebrim') return undefined;
  try {
    execFileSync('java', ['-version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'Debian: apt-get install default-jdk-headless';
  }
}

const driver = (name: string): string => join(import.meta.dirname, 'judges/direct', name);

/** What the agent says to a request: the bytes, or the word for its refusal (`UntrustedMessage`) and a sentence. */
export type AgentAnswer =
  | { readonly kind: 'ok'; readonly bytes: Buffer }
  | { readonly kind: 'refused'; readonly word: string; readonly says: string };

/** The security agent of the reference implementation: a process that keeps running, since it takes seconds to start. */
export interface ForeignAgent {
  /** Opens and verifies a mail for its recipient: the message that it finds inside. */
  readonly open: (from: string, to: string, mail: Uint8Array) => Promise<AgentAnswer>;
  /** Signs and encrypts a message: the mail. */
  readonly protect: (from: string, to: string, message: Uint8Array) => Promise<AgentAnswer>;
  /** Writes the notification of a recipient about an opened message, as a message to be protected. */
  readonly notify: (
    word: 'Processed' | 'Dispatched' | 'Failed',
    by: string,
    opened: Uint8Array,
  ) => Promise<AgentAnswer>;
  readonly close: () => Promise<void>;
}

/**
 * Starts the agent with the anchors, certificates and keys of a folder (`writeAgentFolder` in direct-world.ts), which it
 * reads anew for each request.
 */
export function startForeignAgent(folder: string): ForeignAgent {
  const scratch = mkdtempSync(join(tmpdir(), 'closeloop-agent-'));
  const agent = spawn('java', ['-cp', join(FOLDER, 'agent/*'), driver('Agent.java'), folder], {
    cwd: scratch, // it leaves copies of mails where it runs
    env: childEnv(),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const waiting: ((line: string | undefined) => void)[] = [];
  createInterface({ input: agent.stdout }).on('line', (line) => waiting.shift()?.(line));
  const ended = new Promise<void>((resolve) => {
    agent.once('close', () => {
      for (const tell of waiting.splice(0)) tell(undefined);
      resolve();
    });
  });
  let count = 0;
  const ask = async (what: string, one: string, other: string, bytes: Uint8Array): Promise<AgentAnswer> => {
    count += 1;
    const given = join(scratch, `${String(count)}.given`);
    const made = join(scratch, `${String(count)}.made`);
    writeFileSync(given, bytes);
    const answer = new Promise<string | undefined>((resolve) => {
      waiting.push(resolve);
    });
    agent.stdin.write(`${[what, one, other, given, made].join('\t')}\n`);
    const [kind, word = '', says = ''] = ((await answer) ?? 'refused\tended').split('\t');
    return kind === 'ok' ? { kind, bytes: readFileSync(made) } : { kind: 'refused', word, says };
  };
  return {
    open: (from, to, mail) => ask('in', from, to, mail),
    protect: (from, to, message) => ask('out', from, to, message),
    notify: (word, by, opened) => ask('mdn', word, by, opened),
    async close() {
      agent.stdin.end();
      await ended;
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

/** What xd-common read of a package: names and values of the set and of each document. */
export interface ForeignReading {
  readonly set: Readonly<Record<string, string>>;
  readonly documents: readonly Readonly<Record<string, string>>[];
}

/** Reads packages with the reference implementation; seconds, however many there are. Throws when it refuses one. */
export function readByXdCommon(packages: readonly Uint8Array[]): readonly ForeignReading[] {
  const scratch = mkdtempSync(join(tmpdir(), 'closeloop-xd-'));
  try {
    const files = packages.map((bytes, at) => {
      const file = join(scratch, `${String(at)}.zip`);
      writeFileSync(file, bytes);
      return file;
    });
    const told = execFileSync('java', ['-cp', join(FOLDER, 'xd/*'), driver('Xdm.java'), ...files], {
      env: childEnv(),
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
    });
    const rows = told.split('\n').map((line) => line.split('\t'));
    return packages.map((_, at) => readingOf(rows.filter(([number]) => number === String(at))));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function readingOf(rows: readonly (readonly string[])[]): ForeignReading {
  const valuesOf = (of: string): Record<string, string> =>
    Object.fromEntries(
      rows.filter((row) => row[1] === of).map(([, , name = '', value = '']) => [name, value]),
    );
  const places = new Set(rows.map(([, place = '']) => place));
  return {
    set: valuesOf('set'),
    documents: [...places].filter((place) => place !== 'set').map(valuesOf),
  };
}

/** A mail server of others on loopback: SMTP and IMAP, with one mailbox for each login. */
export interface MailServer {
  readonly smtpPort: number;
  readonly imapPort: number;
  readonly close: () => Promise<void>;
}

export interface Mailbox {
  readonly address: string;
  readonly login: string;
  readonly password: string;
}

/** Starts GreenMail; resolves when it answers, after one or two seconds. Plain text: it stands on loopback. */
export async function startGreenMail(mailboxes: readonly Mailbox[]): Promise<MailServer> {
  const [smtpPort, imapPort, apiPort] = [await freePort(), await freePort(), await freePort()];
  const users = mailboxes.map(
    ({ login, password, address }) => `${login}:${password}@${address.slice(address.lastIndexOf('@') + 1)}`,
  );
  const server = spawn(
    'java',
    [
      '-Dgreenmail.hostname=127.0.0.1',
      '-Dgreenmail.api.hostname=127.0.0.1',
      `-Dgreenmail.smtp.port=${String(smtpPort)}`,
      `-Dgreenmail.imap.port=${String(imapPort)}`,
      `-Dgreenmail.api.port=${String(apiPort)}`,
      `-Dgreenmail.users=${users.join(',')}`,
      '-jar',
      join(FOLDER, FILES.greenmail),
    ],
    { env: childEnv(), stdio: 'ignore' },
  );
  let hasEnded = false;
  const ended = new Promise<void>((resolve) => {
    server.once('close', () => {
      hasEnded = true;
      resolve();
    });
  });
  for (const port of [smtpPort, imapPort])
    while (!(await answers(port))) {
      if (hasEnded) throw new Error('GreenMail ended');
      await setTimeout(POLL_MS);
    }
  return {
    smtpPort,
    imapPort,
    async close() {
      server.kill('SIGKILL');
      await ended;
    },
  };
}

const POLL_MS = 50;

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Lists what is wrong with a METADATA.XML by the schema of ebRIM (lcm 3.0); nothing when it is valid. */
export type JudgeMetadata = (xml: Uint8Array) => readonly string[];

export function openEbrim(): JudgeMetadata {
  xmlRegisterFsInputProviders();
  const file = join(FOLDER, FILES.ebrim);
  const schema = XmlDocument.fromBuffer(readFileSync(file), { url: file });
  const validator = XsdValidator.fromDoc(schema);
  schema.dispose();
  return (xml) => {
    const document = XmlDocument.fromBuffer(xml, { option: ParseOption.XML_PARSE_NONET });
    try {
      validator.validate(document);
      return [];
    } catch (error) {
      if (error instanceof XmlValidateError) return error.details.map((one) => one.message.trim());
      throw error;
    } finally {
      document.dispose();
    }
  };
}

/** The hash that a METADATA.XML has of a document: SHA-1 of its bytes, hexadecimal in lower case. */
export const sha1Of = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');
