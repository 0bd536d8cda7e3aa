/** Certificates as others make them: by openssl, on the command line, for tests of Direct mail. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate with its key, in files of a folder that the system clears. */
export interface Issued {
  readonly certificate: X509Certificate;
  readonly certificateFile: string;
  readonly keyFile: string;
}

interface Wish {
  readonly subject?: string;
  /** Lines of an extension section of openssl. */
  readonly extensions?: readonly string[];
  /** Undefined: it signs itself. */
  readonly issuer?: Issued | undefined;
  readonly key?: readonly string[];
  readonly digest?: string;
  /** `YYYYMMDDHHMMSSZ`, as `openssl ca` takes them. */
  readonly notBefore?: string;
  readonly notAfter?: string;
  /** Options of the signature, as for RSASSA-PSS. */
  readonly signing?: readonly string[];
}

/** Keys that are made in no time; those of RSA take seconds. */
const CURVE = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
export const RSA = ['rsa:2048'];

export const AUTHORITY = ['basicConstraints=critical,CA:true', 'keyUsage=critical,keyCertSign,cRLSign'];

const openssl = (...args: readonly (string | readonly string[])[]): void =>
  void execFileSync('openssl', args.flat(), { stdio: ['ignore', 'ignore', 'pipe'] });

let folder: string | undefined;
let count = 0;

/** A name for a file that no other test uses. */
export function freshFile(extension: string): string {
  folder ??= mkdtempSync(join(tmpdir(), 'direct-authority-'));
  count += 1;
  return join(folder, `${count}.${extension}`);
}

/** The configuration of `openssl ca`, which alone takes dates and makes lists. */
function configuration(extensions: readonly string[]): { readonly file: string; readonly index: string } {
  const [index, serial, crlNumber, file] = ['index', 'serial', 'crlnumber', 'cnf'].map(freshFile) as [
    string,
    string,
    string,
    string,
  ];
  writeFileSync(index, '');
  writeFileSync(serial, `${(4096 + count).toString(16).padStart(6, '0')}\n`);
  writeFileSync(crlNumber, '01\n');
  const lines = [
    '[ca]',
    'default_ca = authority',
    '[authority]',
    `database = ${index}`,
    `serial = ${serial}`,
    `crlnumber = ${crlNumber}`,
    `new_certs_dir = ${folder ?? '.'}`,
    'default_md = sha256',
    'policy = any',
    'unique_subject = no',
    'copy_extensions = none',
    '[any]',
    'commonName = optional',
    'emailAddress = optional',
    '[wished]',
    ...extensions,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return { file, index };
}

export function issue(wish: Wish = {}): Issued {
  const {
    subject = `/CN=test ${count}`,
    extensions = [],
    issuer,
    key = CURVE,
    digest = 'sha256',
    notBefore = '20250101000000Z',
    notAfter = '20350101000000Z',
    signing = [],
  } = wish;
  const [keyFile, request, certificateFile] = ['key', 'csr', 'pem'].map(freshFile) as [
    string,
    string,
    string,
  ];
  openssl('req', '-new', '-nodes', '-newkey', ...key, '-keyout', keyFile, '-out', request, '-subj', subject);
  const { file } = configuration(extensions);
  openssl(
    ['ca', '-batch', '-notext', '-config', file, '-in', request, '-out', certificateFile],
    issuer === undefined
      ? ['-selfsign', '-keyfile', keyFile]
      : ['-cert', issuer.certificateFile, '-keyfile', issuer.keyFile],
    ['-md', digest, '-startdate', notBefore, '-enddate', notAfter, ...signing],
    extensions.length === 0 ? [] : ['-extensions', 'wished'],
  );
  return { certificate: new X509Certificate(readFileSync(certificateFile)), certificateFile, keyFile };
}

export const authority = (wish: Wish = {}): Issued => issue({ extensions: AUTHORITY, ...wish });

/** A certificate that all rows of section 4 accept, with other lines where a test says so. */
export const endEntity = (
  issuer: Issued,
  {
    san,
    usage,
    more = [],
    ...wish
  }: Wish & { readonly san?: string; readonly usage?: string; readonly more?: readonly string[] } = {},
): Issued =>
  issue({
    issuer,
    ...wish,
    extensions: [
      'basicConstraints=critical,CA:false',
      ...(usage === '' ? [] : [`keyUsage=critical,${usage ?? 'digitalSignature,keyAgreement'}`]),
      ...(san === '' ? [] : [`subjectAltName=${san ?? 'DNS:direct.tarn.example.org'}`]),
      ...more,
    ],
  });

interface ListWish {
  readonly revoked?: readonly { readonly certificate: Issued; readonly reason?: string }[];
  /** `YYYYMMDDHHMMSSZ` */
  readonly thisUpdate?: string;
  readonly nextUpdate?: string;
  readonly digest?: string;
  readonly extensions?: readonly string[];
}

/** A list of revoked certificates, DER. */
export function listOf(issuer: Issued, wish: ListWish = {}): Uint8Array {
  const {
    revoked = [],
    thisUpdate = '20260101000000Z',
    nextUpdate = '20340101000000Z',
    digest = 'sha256',
    extensions = [],
  } = wish;
  const { file } = configuration(extensions);
  const common = ['ca', '-config', file, '-cert', issuer.certificateFile, '-keyfile', issuer.keyFile];
  for (const { certificate, reason } of revoked)
    openssl(
      ...common,
      '-revoke',
      certificate.certificateFile,
      ...(reason === undefined ? [] : ['-crl_reason', reason]),
    );
  const [pem, der] = [freshFile('crl'), freshFile('der')];
  openssl(
    [...common, '-gencrl', '-out', pem, '-md', digest],
    ['-crl_lastupdate', thisUpdate, '-crl_nextupdate', nextUpdate],
    extensions.length === 0 ? [] : ['-crlexts', 'wished'],
  );
  openssl('crl', '-in', pem, '-outform', 'DER', '-out', der);
  return readFileSync(der);
}
