/**
 * Direct mail by the CPU that one mail takes: the package written and read, signing and encrypting, decrypting and
 * verifying, and both ways whole. The mail is a referral with a Referral Note, signed and encrypted with RSA 2048.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { openMail } from '../../src/direct/cms/open.ts';
import { composeMail, PACKAGE_SUBJECT } from '../../src/direct/mime/compose.ts';
import { MAIL_LIMITS } from '../../src/direct/mime/limits.ts';
import { readMail } from '../../src/direct/mime/read.ts';
import { readXdm } from '../../src/direct/xdm/read-package.ts';
import type { Submission } from '../../src/direct/xdm/submission.ts';
import { writeXdm } from '../../src/direct/xdm/write-package.ts';
import type { DirectAddress } from '../../src/ports/direct.ts';
import { variableOf } from '../../src/server/setting.ts';
import { createAuthority, rsaKeys } from '../certificates/authority.ts';
import { findPort } from '../demo/world.ts';
import { protect, signingKeyOf, writeMail, type Correspondent } from '../direct/correspondent.ts';
import { openPostOffice, sendMailTo } from '../direct/post-office.ts';
import { buildRequest } from '../direct/request.ts';
import { mailSettings, makePartners, seedMailDirectory, trustPartners } from '../durability/mail-scene.ts';
import { median, type Figure, type Options } from './figure.ts';
import { ADMINISTRATOR, serveCloseloop } from './serving.ts';
import { makeFolder } from './world.ts';

const SAMPLE = join(import.meta.dirname, '../../test/fixtures/direct/REQUEST.ZIP');
/** Runs of each step for a second that is asked for; the first of them, a third, are not counted: the code is compiled by then. */
const RUNS_PER_SECOND = 20;
const RUNS_MIN = 5;
const WARM_SHARE = 3;
const MILLISECOND = 1000;

export async function measureDirect({ seconds }: Options): Promise<readonly Figure[]> {
  const runs = Math.max(RUNS_MIN, Math.round(seconds * RUNS_PER_SECOND));
  const steps = await stepsOf(readFileSync(SAMPLE));
  const took = await inTurns(steps, runs);
  const alone = Object.entries(took).map(([name, values]) => ({
    name: `${name}, CPU`,
    value: median(values),
    unit: 'ms',
    note: `${String(Math.round(steps.size / 1024))} KB of mail, the median of ${String(values.length)}, all steps in turns`,
  }));
  return [...alone, ...(await measureServer(runs))];
}

/** Requests mailed to a real server, one after the other: the CPU that it takes until they are on disk and notified. */
async function measureServer(runs: number): Promise<readonly Figure[]> {
  const root = makeFolder();
  const folder = join(root, 'data');
  mkdirSync(folder);
  const office = await openPostOffice();
  const [partners, port] = [await makePartners(), await findPort()];
  const { partner, own } = partners.parties;
  const settings = mailSettings(root, { smtp: port, relay: office.port });
  const env = Object.fromEntries(Object.entries(settings).map(([name, value]) => [variableOf(name), value]));
  const first = await serveCloseloop(folder, env);
  await seedMailDirectory(`http://127.0.0.1:${String(first.port)}/fhir`, first.tokens[ADMINISTRATOR] ?? '');
  await first.stop();
  await trustPartners(partners, { folder, settings: TRUSTING, keys: settings.directKeys });
  const server = await serveCloseloop(folder, env);
  let sent = 0;
  const mailOne = async (): Promise<void> => {
    sent += 1;
    const { zip } = await buildRequest({
      from: partner.address,
      to: own.address,
      number: `R-${String(sent)}`,
    });
    const file = { fileName: 'REQUEST.ZIP', contentType: 'application/zip', bytes: zip };
    const { bytes } = await writeMail(partner, own, [file]);
    const envelope = { from: partner.address, to: own.address };
    await sendMailTo(port, { ...envelope, bytes: Buffer.from(bytes) });
    await office.wait(partner.address, sent * NOTIFICATIONS);
  };
  try {
    for (let run = 0; run < Math.ceil(runs / WARM_SHARE); run += 1) await mailOne();
    const took: number[] = [];
    for (let run = 0; run < ROUNDS; run += 1) {
      const before = await server.cpuSeconds();
      for (let each = 0; each < runs; each += 1) await mailOne();
      took.push((((await server.cpuSeconds()) - before) * MILLISECOND) / runs);
    }
    return [
      {
        name: 'a request mailed to the server: applied, on disk, and both notifications mailed, CPU',
        value: median(took),
        unit: 'ms',
        note: `the median of ${String(ROUNDS)} rounds of ${String(runs)} mails, one after the other; all threads`,
      },
    ];
  } finally {
    await server.stop();
    await office.close();
  }
}

/** Processed and dispatched. */
const NOTIFICATIONS = 2;
const ROUNDS = 5;
/** The commands for trust take the settings of the server; without an issuer they would ask for one. */
const TRUSTING: readonly string[] = ['--demo'];

interface Steps {
  /** Bytes of the mail as it goes over SMTP. */
  readonly size: number;
  readonly each: Readonly<Record<string, () => Promise<unknown>>>;
}

async function stepsOf(archive: Uint8Array): Promise<Steps> {
  const [from, to] = await correspondents();
  const submission = await submissionOf(archive);
  const about = { institution: 'Alder Family Medicine', application: 'Closeloop' };
  const pack = () => writeXdm(submission, about);
  const compose = (zip: Uint8Array) =>
    composeMail({
      from: from.address,
      to: to.address,
      subject: PACKAGE_SUBJECT,
      messageId: MESSAGE_ID,
      date: 0,
      text: 'A referral is attached.',
      files: [{ fileName: 'REQUEST.ZIP', contentType: 'application/zip', bytes: zip }],
      asks: 'dispatched',
    });
  const seal = (message: Uint8Array) => protect(from, to, message, { messageId: MESSAGE_ID });
  const keys = [signingKeyOf(to)];
  const open = (bytes: Uint8Array) => openMail(bytes, keys, MAIL_LIMITS);
  const unpack = (zip: Uint8Array) => readXdm(zip);

  const zip = await pack();
  const message = await compose(zip);
  const mail = await seal(message);
  return {
    size: mail.length,
    each: {
      'a package written': pack,
      'a package read': () => unpack(zip),
      'a message composed, signed and encrypted': async () => seal(await compose(zip)),
      'a mail decrypted and its signature verified': () => open(mail),
      'a mail out, whole': async () => seal(await compose(await pack())),
      'a mail in, whole, up to the door': async () => {
        const opened = await open(mail);
        if (opened.kind !== 'opened') throw new Error(`the mail is ${opened.kind}`);
        const reading = readMail(opened.message, MAIL_LIMITS);
        const file = reading.kind === 'mail' ? reading.parts.find(isPackage) : undefined;
        return unpack(file?.bytes ?? new Uint8Array());
      },
    },
  };
}

const MESSAGE_ID = 'bench@direct.alder.example.org';

const isPackage = ({ contentType }: { readonly contentType: string }): boolean =>
  contentType === 'application/zip';

async function submissionOf(archive: Uint8Array): Promise<Submission> {
  const reading = await readXdm(archive);
  if (reading.kind !== 'package') throw new Error(`the sample is no package: ${reading.fault.code}`);
  return reading.submission as Submission; // a sample of 360X has what 360X requires
}

async function correspondents(): Promise<readonly [Correspondent, Correspondent]> {
  const authority = createAuthority({ commonName: 'Bench', keys: await rsaKeys() });
  const make = async (address: DirectAddress, domain: string): Promise<Correspondent> => {
    const { certificate, privateKey } = authority.issue({
      commonName: domain,
      domains: [domain],
      keys: await rsaKeys(),
    });
    // Checked once, so that a broken certificate is no figure.
    new X509Certificate(certificate).verify(authority.keys.publicKey);
    return { address, certificate, privateKey };
  };
  return [
    await make('nokafor@direct.alder.example.org', 'direct.alder.example.org'),
    await make('intake@direct.tarn.example.org', 'direct.tarn.example.org'),
  ];
}

/** CPU of each step in milliseconds: a run of every step, then the next, so that all see the same machine. */
async function inTurns({ each }: Steps, runs: number): Promise<Readonly<Record<string, readonly number[]>>> {
  const names = Object.keys(each);
  const took: Record<string, number[]> = Object.fromEntries(names.map((name) => [name, []]));
  const warm = Math.ceil(runs / WARM_SHARE);
  for (let run = -warm; run < runs; run += 1) {
    for (const name of names) {
      const before = process.cpuUsage();
      await each[name]?.();
      const { user, system } = process.cpuUsage(before);
      if (run >= 0) took[name]?.push((user + system) / MILLISECOND);
    }
  }
  return took;
}
