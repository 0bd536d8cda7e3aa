/** Trust bundles, made by openssl: certificates alone, and signed by who publishes them (direct-xdm 4, 14). */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { readAttributeCertificates, readBundle } from '../../../src/direct/cms/bundle.ts';
import { authority, endEntity, freshFile, issue, RSA, type Issued } from '../../direct-authority.ts';

const AT = Date.parse('2026-11-30T12:00:00Z');

const one = authority();
const other = authority();
const publisher = issue({ key: RSA, extensions: ['keyUsage=digitalSignature'] });

/** A .p7b. */
function bundleOf(...certificates: readonly Issued[]): string {
  const [pem, bundle] = [freshFile('pem'), freshFile('p7b')];
  writeFileSync(pem, certificates.map(({ certificate }) => certificate.toString()).join('\n'));
  execFileSync('openssl', ['crl2pkcs7', '-nocrl', '-certfile', pem, '-outform', 'DER', '-out', bundle]);
  return bundle;
}

/** A .p7m: the bundle within what its publisher signs. */
function signed(bundle: string, signer: Issued, more: readonly string[] = []): Uint8Array {
  const out = freshFile('p7m');
  const keys = ['-signer', signer.certificateFile, '-inkey', signer.keyFile];
  const form = ['-binary', '-nodetach', '-outform', 'DER'];
  execFileSync('openssl', ['cms', '-sign', ...form, '-in', bundle, '-out', out, ...keys, ...more]);
  return readFileSync(out);
}

const prints = (read: ReturnType<typeof readBundle>) =>
  typeof read === 'string' ? read : read.map(({ fingerprint256 }) => fingerprint256).toSorted();
const printsOf = (...certificates: readonly Issued[]) =>
  certificates.map(({ certificate }) => certificate.fingerprint256).toSorted();

describe('certificates alone (.p7b)', () => {
  test('each authority that is valid now', () => {
    const old = authority({ notAfter: '20260101000000Z' });
    const bundle = readFileSync(bundleOf(one, old, endEntity(one), other));
    expect(prints(readBundle(bundle, undefined, AT))).toEqual(printsOf(one, other));
  });

  test('none of them, and none at all, is refused', () => {
    expect(readBundle(readFileSync(bundleOf(endEntity(one))), undefined, AT)).toBe('empty');
    const pem = freshFile('pem');
    writeFileSync(pem, '');
    const empty = Buffer.from('300f06092a864886f70d010702a0020500', 'hex');
    expect(readBundle(empty, undefined, AT)).toBe('unreadable');
  });

  test('where a signer is configured, it must be signed', () => {
    expect(readBundle(readFileSync(bundleOf(one)), publisher.certificate, AT)).toBe('unsigned');
  });

  test('what is no bundle', () => {
    const bundle = readFileSync(bundleOf(one));
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from('<html>'),
      bundle.subarray(0, 100),
      one.certificate.raw,
    ])
      expect(readBundle(bytes, undefined, AT)).toBe('unreadable');
  });
});

describe('signed by its publisher (.p7m)', () => {
  const bundle = bundleOf(one, other);

  test.each<[what: string, more: readonly string[]]>([
    ['as openssl does', []],
    ['without attributes', ['-noattr']],
    ['with SHA-512', ['-md', 'sha512']],
    ['with RSASSA-PSS', ['-keyopt', 'rsa_padding_mode:pss']],
    ['by key identifier', ['-keyid']],
    ['in pieces of indefinite length', ['-stream']],
  ])('%s', (_what, more) => {
    expect(prints(readBundle(signed(bundle, publisher, more), publisher.certificate, AT))).toEqual(
      printsOf(one, other),
    );
  });

  test('by somebody else, or by a certificate that merely came along', () => {
    const stranger = issue({ extensions: ['keyUsage=digitalSignature'] });
    expect(readBundle(signed(bundle, stranger), publisher.certificate, AT)).toBe('wrong-signer');
    const along = ['-certfile', publisher.certificateFile];
    expect(readBundle(signed(bundle, stranger, along), publisher.certificate, AT)).toBe('wrong-signer');
  });

  test('with SHA-1', () => {
    expect(readBundle(signed(bundle, publisher, ['-md', 'sha1']), publisher.certificate, AT)).toBe(
      'wrong-signer',
    );
  });

  test('where no signer is configured', () => {
    expect(readBundle(signed(bundle, publisher), undefined, AT)).toBe('signer-missing');
  });

  test('changed after it was signed: each octet of the bundle within', () => {
    const bytes = Buffer.from(signed(bundle, publisher));
    const inner = bytes.indexOf(one.certificate.raw);
    for (const at of [inner, inner + 50, inner + 200]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(prints(readBundle(changed, publisher.certificate, AT))).toBe('wrong-signer');
    }
  });

  test('around something that is no bundle, or an empty one', () => {
    const text = freshFile('txt');
    writeFileSync(text, 'no bundle');
    expect(readBundle(signed(text, publisher), publisher.certificate, AT)).toBe('unreadable');
    expect(readBundle(signed(bundleOf(endEntity(one)), publisher), publisher.certificate, AT)).toBe('empty');
  });
});

test('an attribute of a directory is a certificate, or a PKCS #7 file with some', () => {
  const leaf = endEntity(one);
  expect(readAttributeCertificates(leaf.certificate.raw).map(({ fingerprint256 }) => fingerprint256)).toEqual(
    printsOf(leaf),
  );
  const several = readAttributeCertificates(readFileSync(bundleOf(leaf, one)));
  expect(several.map(({ fingerprint256 }) => fingerprint256).toSorted()).toEqual(printsOf(leaf, one));
  expect(readAttributeCertificates(Buffer.from('no certificate'))).toEqual([]);
});
