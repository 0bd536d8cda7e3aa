/**
 * Direct mail by the CPU that one mail takes: the package written and read, signing and encrypting, decrypting and
 * verifying, and both ways whole. The mail is a referral with a Referral Note, signed and encrypted with RSA 2048.
 */
import { readFileSync } from 'node:fs';
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
import { createAuthority, rsaKeys } from '../certificates/authority.ts';
import { protect, signingKeyOf, type Correspondent } from '../direct/correspondent.ts';
import { median, type Figure, type Options } from './figure.ts';

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
  return Object.entries(took).map(([name, values]) => ({
    name: `${name}, CPU`,
    value: median(values),
    unit: 'ms',
    note: `${String(Math.round(steps.size / 1024))} KB of mail, the median of ${String(values.length)}, all steps in turns`,
  }));
}

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
