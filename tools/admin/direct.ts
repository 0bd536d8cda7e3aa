/** Keys, anchors and bundles of Direct mail, as an administrator of this machine settles them in a stopped server's folder. */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { Config } from '../../src/server/config.ts';
import {
  addBundle,
  importAnchors,
  importFound,
  importIntermediates,
  importKey,
  isRemovable,
  removeTrust,
  TrustRefused,
  type AdministerParts,
} from '../../src/delivery/direct-administer.ts';
import {
  ALL,
  ANCHOR_KIND,
  BUNDLE_KIND,
  FOUND_KIND,
  KEY_KIND,
  type AnchorRow,
  type BundleRow,
  type Directions,
  type FoundRow,
  type KeyRow,
} from '../../src/delivery/direct-records.ts';
import { certZoneLines } from '../../src/direct/certificates/cert-record.ts';
import { parseOwner, type TrustOwner } from '../../src/direct/certificates/owner.ts';
import { readCertificates } from '../../src/direct/certificates/pem.ts';
import { createLog } from '../../src/http/log.ts';
import { allRecords } from '../../src/ports/record.ts';
import { openConfiguredStore } from '../../src/server/compose-store.ts';
import { createKeyFiles } from '../../src/server/direct-key-files.ts';
import { needStore } from '../../src/stores/embedded/folder/folder.ts';
import { Trouble, UsageError } from '../command.ts';

interface DirectCommand {
  /** The words after `direct`. */
  readonly words: readonly string[];
  readonly direction: string | undefined;
  /** File with the certificate that signs a bundle. */
  readonly signer: string | undefined;
  readonly config: Config;
  /** Takes the lines that tell what was done. */
  readonly print: (line: string) => void;
}

interface Command extends DirectCommand {
  readonly parts: AdministerParts;
  readonly operands: readonly string[];
}

interface CommandRow {
  readonly operands: readonly [min: number, max: number];
  readonly run: (command: Command) => Promise<void>;
}

const COMMANDS: Readonly<Record<string, CommandRow>> = {
  'import-key': { operands: [3, 3], run: runImportKey },
  'import-anchor': { operands: [2, 2], run: runImportAnchor },
  'import-intermediate': { operands: [2, 2], run: runImportIntermediate },
  'import-certificate': { operands: [2, 2], run: runImportCertificate },
  'add-bundle': { operands: [2, 2], run: runAddBundle },
  list: { operands: [0, 0], run: list },
  remove: { operands: [2, 3], run: runRemove },
  'show-dns-record': { operands: [1, 1], run: showDnsRecord },
};

/** @throws UsageError for words that are no command, Trouble for what is refused */
export async function administerDirect(asked: DirectCommand): Promise<void> {
  const { words, config } = asked;
  const [name = '', ...operands] = words;
  const row = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (row === undefined || operands.length < row.operands[0] || operands.length > row.operands[1])
    throw new UsageError(
      'direct import-key OWNER CERTIFICATE KEY, import-anchor OWNER FILE, import-intermediate OWNER FILE, import-certificate ADDRESS FILE, add-bundle OWNER URL, list, remove WHAT OWNER NAME or show-dns-record OWNER is expected.',
    );
  if (config.store === 'embedded') needStore(config.dataDir);
  const clock = { now: () => Date.now() };
  const log = createLog('warn', (lines) => process.stderr.write(lines), clock.now);
  const store = await openConfiguredStore(config, {}, { log });
  const agent = { organization: '', client: 'admin', subject: userInfo().username } as const;
  try {
    await row.run({ ...asked, parts: { store, clock, agent }, operands });
  } catch (error) {
    if (!(error instanceof TrustRefused)) throw error;
    throw new Trouble(error.message);
  } finally {
    await store.close();
    log.flush();
  }
}

async function runImportKey({ parts, operands, config, print }: Command): Promise<void> {
  const [owner, file = '', keyFile = ''] = [ownerIn(operands), operands[1], operands[2]];
  const certificates = certificatesIn(file);
  const privateKey = privateKeyIn(keyFile);
  const [certificate] = certificates;
  if (certificate === undefined) throw new UsageError(`${file} holds no certificate.`);
  const files = createKeyFiles(needKeyFolder(config));
  // Judged before the key is copied: what is refused leaves no file.
  await importKey(parts, {
    owner,
    certificates,
    privateKey,
    file: () => files.write(privateKey, certificate.fingerprint256),
  });
  print(`${owner} has the key of ${certificate.fingerprint256}, until ${certificate.validTo}`);
}

async function runImportAnchor({ parts, operands, direction, print }: Command): Promise<void> {
  const owner = ownerIn(operands);
  const certificates = certificatesIn(operands[1] ?? '');
  await importAnchors(parts, { owner, certificates, ...directionsOf(direction) });
  for (const one of certificates) print(`${owner} trusts ${one.fingerprint256}, until ${one.validTo}`);
}

async function runImportIntermediate({ parts, operands, print }: Command): Promise<void> {
  const owner = ownerIn(operands);
  const certificates = certificatesIn(operands[1] ?? '');
  await importIntermediates(parts, { owner, certificates });
  for (const one of certificates) print(`${owner} knows ${one.fingerprint256}, below its anchors`);
}

async function runImportCertificate({ parts, operands, print }: Command): Promise<void> {
  const address = ownerIn(operands);
  const [certificate, ...more] = certificatesIn(operands[1] ?? '');
  if (certificate === undefined || more.length > 0) throw new UsageError('One certificate is expected.');
  await importFound(parts, { address, certificate });
  print(`mail to ${address} is encrypted for ${certificate.fingerprint256}, where it is trusted`);
}

async function runAddBundle({ parts, operands, direction, signer, print }: Command): Promise<void> {
  const owner = ownerIn(operands);
  const [, url = ''] = operands;
  const [certificate] = signer === undefined ? [] : certificatesIn(signer);
  await addBundle(parts, { owner, url, signer: certificate, ...directionsOf(direction) });
  print(`${owner} will trust the anchors at ${url}, within minutes of the server's start`);
}

async function runRemove({ parts, operands, config, print }: Command): Promise<void> {
  const [what = '', , name = ''] = operands;
  if (!isRemovable(what) || (name === '' && what !== 'certificate'))
    throw new UsageError(
      'remove key, anchor, intermediate, bundle or certificate is expected, an owner and its name.',
    );
  const owner = ownerIn(operands.slice(1));
  const body = await removeTrust(parts, what, owner, name);
  if (what === 'key') createKeyFiles(needKeyFolder(config)).remove((body as KeyRow).file); // the body of a key
  print(`${owner} has no ${what} ${name} any more`.replaceAll(/ +/g, ' '));
}

async function showDnsRecord({ parts, operands, print }: Command): Promise<void> {
  const owner = ownerIn(operands);
  const rows = (await parts.store.snapshot().records(KEY_KIND, 'owner', owner)).map(
    ({ body }) => body as KeyRow,
  );
  if (rows.length === 0) throw new Trouble(`${owner} has no key here.`);
  for (const { certificate } of rows) {
    const read = new X509Certificate(certificate);
    if (read.validToDate.getTime() > parts.clock.now())
      for (const line of certZoneLines(owner, read)) print(line);
  }
}

async function list({ parts, print }: Command): Promise<void> {
  const snapshot = parts.store.snapshot();
  const bodies = async <T>(kind: string): Promise<readonly T[]> =>
    (await allRecords(snapshot, kind, ...ALL)).map(({ body }) => body as T); // each kind has its own
  const lines = [
    ...(await bodies<KeyRow>(KEY_KIND)).map(({ owner, fingerprint, certificate, file }) => [
      'key',
      owner,
      fingerprint,
      untilOf(certificate),
      file,
    ]),
    ...(await bodies<AnchorRow>(ANCHOR_KIND)).map((row) => [
      row.role,
      row.owner,
      row.fingerprint,
      untilOf(row.certificate),
      directionOf(row),
    ]),
    ...(await bodies<BundleRow>(BUNDLE_KIND)).map((row) => [
      'bundle',
      row.owner,
      row.url,
      `${row.anchors.length} anchors of ${row.refreshedAt ?? 'no refresh yet'}`,
      [directionOf(row), row.failure].filter((word) => word !== undefined).join(' '),
    ]),
    ...(await bodies<FoundRow>(FOUND_KIND)).map((row) => [
      'certificate',
      row.address,
      row.fingerprint,
      row.expires,
      `${row.source} ${row.result}`,
    ]),
  ];
  for (const line of lines) print(line.join('\t'));
}

const untilOf = (pem: string): string => new X509Certificate(pem).validToDate.toISOString();

const directionOf = (row: Directions): string =>
  [row.in ? 'in' : '', row.out ? 'out' : ''].filter((word) => word !== '').join('+');

function directionsOf(text = 'both'): Directions {
  const directions = new Map([
    ['in', { in: true, out: false }],
    ['out', { in: false, out: true }],
    ['both', { in: true, out: true }],
  ]).get(text);
  if (directions === undefined) throw new UsageError('--direction is in, out or both.');
  return directions;
}

function ownerIn([text = '']: readonly string[]): TrustOwner {
  const owner = parseOwner(text);
  if (owner === undefined) throw new UsageError(`"${text}" is neither a Direct address nor a domain.`);
  return owner;
}

function certificatesIn(file: string): readonly X509Certificate[] {
  const certificates = readCertificates(readFileSync(file));
  if (certificates === undefined) throw new UsageError(`${file} holds no certificate in PEM or DER.`);
  return certificates;
}

function privateKeyIn(file: string): KeyObject {
  try {
    return createPrivateKey(readFileSync(file));
  } catch {
    throw new UsageError(`${file} holds no private key in PEM without a passphrase.`);
  }
}

function needKeyFolder({ directKeys }: Config): string {
  if (directKeys === undefined) throw new UsageError('--direct-keys names the folder of the private keys.');
  return directKeys;
}
