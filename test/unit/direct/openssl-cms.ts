/** `openssl cms` as the other side of a mail: it makes and reads the CMS, the MIME around it is made by hand here. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Certificate } from '../../../tools/certificates/authority.ts';
import { childEnv } from '../../child-env.ts';

type Pair = Pick<Certificate, 'certificate' | 'privateKey'>;

export interface OpensslCms {
  /** SignedData in DER. `options` as on the command line. */
  readonly sign: (content: Uint8Array, signer: Pair, options: readonly string[]) => Buffer;
  /** The same with a signature more. */
  readonly resign: (
    signature: Uint8Array,
    content: Uint8Array,
    signer: Pair,
    options: readonly string[],
  ) => Buffer;
  /** EnvelopedData or AuthEnvelopedData in DER or BER. */
  readonly encrypt: (
    content: Uint8Array,
    recipients: readonly { readonly certificate: string; readonly options?: readonly string[] }[],
    options: readonly string[],
  ) => Buffer;
  /** Throws when it refuses. */
  readonly decrypt: (envelope: Uint8Array, recipient: Pair) => Buffer;
  /** Throws when it refuses; resolves to what it says. */
  readonly verify: (content: Uint8Array, signature: Uint8Array, authority: string) => string;
  /** What the structure holds, as text. */
  readonly print: (cms: Uint8Array) => string;
  readonly close: () => void;
}

export function openOpensslCms(): OpensslCms {
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-cms-'));
  let count = 0;
  const file = (content: Uint8Array | string): string => {
    count += 1;
    const path = join(folder, String(count));
    writeFileSync(path, content);
    return path;
  };
  const run = (argv: readonly string[]): Buffer => {
    const out = file('');
    execFileSync('openssl', ['cms', ...argv, '-out', out], {
      env: childEnv(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return readFileSync(out);
  };
  const signedBy = ({ certificate, privateKey }: Pair): readonly string[] => [
    '-signer',
    file(certificate),
    '-inkey',
    file(privateKey),
  ];
  return {
    sign: (content, by, options) =>
      run(['-sign', '-binary', '-outform', 'DER', '-in', file(content), ...signedBy(by), ...options]),
    resign: (signature, content, by, options) =>
      run([
        '-resign',
        '-binary',
        '-inform',
        'DER',
        '-outform',
        'DER',
        '-in',
        file(signature),
        '-content',
        file(content),
        ...signedBy(by),
        ...options,
      ]),
    encrypt: (content, recipients, options) =>
      run([
        '-encrypt',
        '-binary',
        '-outform',
        'DER',
        '-in',
        file(content),
        ...options,
        ...recipients.flatMap((one) => ['-recip', file(one.certificate), ...(one.options ?? [])]),
      ]),
    decrypt: (envelope, { certificate, privateKey }) =>
      run([
        '-decrypt',
        '-binary',
        '-inform',
        'DER',
        '-in',
        file(envelope),
        '-recip',
        file(certificate),
        '-inkey',
        file(privateKey),
      ]),
    verify: (content, signature, authority) =>
      run([
        '-verify',
        '-binary',
        '-inform',
        'DER',
        '-in',
        file(signature),
        '-content',
        file(content),
        '-CAfile',
        file(authority),
        '-purpose',
        'any',
      ]).toString('latin1'),
    print: (cms) => run(['-cmsout', '-print', '-inform', 'DER', '-in', file(cms)]).toString('latin1'),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const lines = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('base64')
    .replaceAll(/.{1,64}/g, '$&\r\n');

/** multipart/signed around a part and its signature. */
export const signedMime = (part: Uint8Array | string, signature: Uint8Array): Buffer =>
  Buffer.concat([
    Buffer.from(
      'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha256; boundary="b1"\r\n\r\nThis is S/MIME.\r\n--b1\r\n',
    ),
    Buffer.from(part),
    Buffer.from(
      `\r\n--b1\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines(signature)}\r\n--b1--\r\n`,
    ),
  ]);

/** The mail around an envelope. */
export const envelopeMime = (
  envelope: Uint8Array,
  header = 'From: nokafor@direct.alder.example.org\r\nTo: intake@direct.tarn.example.org\r\nMessage-ID: <o1@direct.alder.example.org>\r\n',
): Buffer =>
  Buffer.from(
    `${header}MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines(envelope)}`,
  );

/** What stands in base64 below the header of a mail or of a part. */
export const base64Body = (entity: Uint8Array): Buffer => {
  const text = Buffer.from(entity).toString('latin1');
  return Buffer.from(text.slice(text.indexOf('\r\n\r\n')), 'base64');
};

/** The two parts of a multipart/signed, without the line end before each boundary. */
export function cutByHand(inner: Uint8Array): { readonly part: Buffer; readonly signature: Buffer } {
  const text = Buffer.from(inner).toString('latin1');
  const boundary = /boundary="([^"]+)"/.exec(text)?.[1] ?? '';
  const [, part = '', signature = ''] = text.split(`--${boundary}`);
  return {
    part: Buffer.from(part.replace(/^\r\n/, '').replace(/\r\n$/, ''), 'latin1'),
    signature: base64Body(Buffer.from(signature, 'latin1')),
  };
}
