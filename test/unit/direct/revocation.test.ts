/** Lists of revoked certificates, made by openssl: whose they are, what they are about, how old they may be (direct-xdm 4, 14). */
import { describe, expect, test } from '@jest/globals';
import { chainTo } from '../../../src/direct/certificates/chain.ts';
import { findRevoked, listPlacesOf, type KnownList } from '../../../src/direct/certificates/revocation.ts';
import { readRevocationList } from '../../../src/direct/certificates/revocation-list.ts';
import { AUTHORITY, authority, endEntity, listOf, RSA, type Issued } from '../../direct-authority.ts';

const AT = Date.parse('2026-11-30T12:00:00Z');
const HOUR = 3600_000;
const PLACE = 'http://lists.example.org/ca.crl';
const OTHER = 'http://mirror.example.org/ca.crl';
const points = (...places: readonly string[]) => [
  `crlDistributionPoints=${places.map((place) => `URI:${place}`).join(',')}`,
];

const ca = authority();
const leaf = endEntity(ca, { more: points(PLACE) });

function judge(
  one: Issued,
  lists: Readonly<Record<string, Partial<KnownList> | Uint8Array>>,
  { anchors = [ca], between = [] as readonly Issued[], graceMs = 24 * HOUR } = {},
) {
  const material = { leaf: one.certificate, intermediates: between.map(({ certificate }) => certificate) };
  const chain = chainTo(
    material,
    anchors.map(({ certificate }) => certificate),
    AT,
  );
  if (chain === undefined) throw new Error('no chain');
  const known = Object.entries(lists).map(([place, given]): [string, KnownList] => [
    place,
    given instanceof Uint8Array
      ? { list: readRevocationList(given), failingSince: undefined }
      : { list: undefined, failingSince: undefined, ...given },
  ]);
  return findRevoked(chain, { lists: new Map(known), graceMs }, AT);
}

describe('what a list says (direct-xdm 4)', () => {
  const other = endEntity(ca, { more: points(PLACE) });

  test('a certificate on it was revoked, whatever the reason; another one was not', () => {
    for (const reason of ['keyCompromise', 'certificateHold', 'superseded']) {
      const list = listOf(ca, { revoked: [{ certificate: leaf, reason }] });
      expect(judge(leaf, { [PLACE]: list })).toBe('revoked');
      expect(judge(other, { [PLACE]: list })).toBeUndefined();
    }
    expect(judge(leaf, { [PLACE]: listOf(ca) })).toBeUndefined();
  });

  test('the reason is read', () => {
    const list = readRevocationList(
      listOf(ca, { revoked: [{ certificate: leaf, reason: 'keyCompromise' }] }),
    );
    expect([...(list?.revoked ?? [])]).toEqual([
      [leaf.certificate.serialNumber.toLowerCase().replace(/^0+/, ''), 1],
    ]);
  });

  test('an authority between was revoked', () => {
    const between = authority({ issuer: ca, extensions: [...AUTHORITY, ...points(PLACE)] });
    const below = endEntity(between);
    expect(
      judge(below, { [PLACE]: listOf(ca, { revoked: [{ certificate: between }] }) }, { between: [between] }),
    ).toBe('revoked');
    expect(judge(below, { [PLACE]: listOf(ca) }, { between: [between] })).toBeUndefined();
  });

  test('a certificate that names no list is not asked for one', () => {
    expect(judge(endEntity(ca), {}, { graceMs: 0 })).toBeUndefined();
  });
});

describe('which list counts (direct-xdm 4)', () => {
  const strict = { graceMs: 0 };

  test.each<[what: string, list: () => Uint8Array]>([
    ['of another authority', () => listOf(authority())],
    [
      'of another authority with the same name',
      () => listOf(authority({ subject: ca.certificate.subject.replace('CN=', '/CN=') })),
    ],
    ['signed with SHA-1', () => listOf(ca, { digest: 'sha1' })],
    ['of the future', () => listOf(ca, { thisUpdate: '20270101000000Z', nextUpdate: '20280101000000Z' })],
    ['of changes alone', () => listOf(ca, { extensions: ['2.5.29.27=critical,ASN1:INTEGER:1'] })],
    [
      'about authorities alone',
      () =>
        listOf(ca, { extensions: ['issuingDistributionPoint=critical,@point', '[point]', 'onlyCA=TRUE'] }),
    ],
    [
      'of several issuers',
      () =>
        listOf(ca, {
          extensions: ['issuingDistributionPoint=critical,@point', '[point]', 'indirectCRL=TRUE'],
        }),
    ],
    [
      'about some reasons',
      () =>
        listOf(ca, {
          extensions: [
            'issuingDistributionPoint=critical,@point',
            '[point]',
            'onlysomereasons=keyCompromise',
          ],
        }),
    ],
    [
      'that says it is elsewhere',
      () =>
        listOf(ca, {
          extensions: ['issuingDistributionPoint=critical,@point', '[point]', `fullname=URI:${OTHER}`],
        }),
    ],
    ['that is none', () => Buffer.from('<html>')],
    ['that was cut off', () => listOf(ca).subarray(0, -1)],
  ])('a list %s is none', (_what, list) => {
    expect(judge(leaf, { [PLACE]: list() }, strict)).toBe('revocation-unknown');
  });

  test.each<[what: string, extensions: readonly string[]]>([
    ['about users alone', ['issuingDistributionPoint=critical,@point', '[point]', 'onlyuser=TRUE']],
    [
      'that says where it is',
      ['issuingDistributionPoint=critical,@point', '[point]', `fullname=URI:${PLACE}`],
    ],
    ['with an extension that need not be understood', ['1.2.3.4=ASN1:NULL']],
  ])('a list %s counts', (_what, extensions) => {
    expect(judge(leaf, { [PLACE]: listOf(ca, { extensions }) }, strict)).toBeUndefined();
    const revoking = listOf(ca, { extensions, revoked: [{ certificate: leaf }] });
    expect(judge(leaf, { [PLACE]: revoking }, strict)).toBe('revoked');
  });

  test('a list of an authority that may sign none is none', () => {
    const mute = authority({
      extensions: ['basicConstraints=critical,CA:true', 'keyUsage=critical,keyCertSign'],
    });
    const below = endEntity(mute, { more: points(PLACE) });
    expect(judge(below, { [PLACE]: listOf(mute) }, { anchors: [mute], graceMs: 0 })).toBe(
      'revocation-unknown',
    );
  });

  test('a list that was changed on the way is none', () => {
    const list = Buffer.from(listOf(ca, { revoked: [{ certificate: leaf }] }));
    const serial = Buffer.from(leaf.certificate.serialNumber, 'hex');
    const at = list.indexOf(serial);
    list[at + serial.length - 1] = (list[at + serial.length - 1] ?? 0) ^ 1;
    expect(judge(leaf, { [PLACE]: list }, strict)).toBe('revocation-unknown');
  });

  test('one of several places is enough', () => {
    const two = endEntity(ca, { more: points(PLACE, OTHER) });
    expect(judge(two, { [PLACE]: { failingSince: 0 }, [OTHER]: listOf(ca) }, strict)).toBeUndefined();
    expect(judge(two, { [OTHER]: listOf(ca, { revoked: [{ certificate: two }] }) }, strict)).toBe('revoked');
  });

  test('places that nobody fetches from leave it open whether a certificate was revoked', () => {
    const far = endEntity(ca, { more: points('ldap://lists.example.org/cn=ca') });
    expect(judge(far, {})).toBe('revocation-unknown');
    expect(judge(leaf, {})).toBe('revocation-unknown');
  });

  test('a list that is a few minutes younger than the mail counts', () => {
    expect(judge(leaf, { [PLACE]: listOf(ca, { thisUpdate: '20261130120900Z' }) }, strict)).toBeUndefined();
    expect(judge(leaf, { [PLACE]: listOf(ca, { thisUpdate: '20261130121100Z' }) }, strict)).toBe(
      'revocation-unknown',
    );
  });

  test('a list of an RSA authority is verified, too', () => {
    const rsa = authority({ key: RSA });
    const below = endEntity(rsa, { more: points(PLACE) });
    expect(judge(below, { [PLACE]: listOf(rsa) }, { anchors: [rsa], graceMs: 0 })).toBeUndefined();
  });
});

describe('a list that cannot be had is waited for so long (direct-xdm 4)', () => {
  test.each<[failingFor: number, fault: string | undefined]>([
    [0, undefined],
    [24 * HOUR - 1, undefined],
    [24 * HOUR, 'revocation-unknown'],
    [48 * HOUR, 'revocation-unknown'],
  ])('for %d ms', (failingFor, fault) => {
    expect(judge(leaf, { [PLACE]: { failingSince: AT - failingFor } })).toBe(fault);
  });

  test('from its next update on, when there was one', () => {
    const late = readRevocationList(listOf(ca, { nextUpdate: '20261130000000Z' }));
    const old = readRevocationList(listOf(ca, { nextUpdate: '20261128000000Z' }));
    expect(judge(leaf, { [PLACE]: { list: late, failingSince: AT - 1 } })).toBeUndefined();
    expect(judge(leaf, { [PLACE]: { list: old, failingSince: AT - 1 } })).toBe('revocation-unknown');
  });

  test('whom an old list names is revoked for good', () => {
    const old = readRevocationList(
      listOf(ca, { nextUpdate: '20260201000000Z', revoked: [{ certificate: leaf }] }),
    );
    expect(judge(leaf, { [PLACE]: { list: old, failingSince: AT } })).toBe('revoked');
  });
});

test('the places of a chain are those of its certificates, not of its anchor (direct-xdm 4)', () => {
  const anchor = authority({ extensions: [...AUTHORITY, ...points('http://anchor.example.org/ca.crl')] });
  const one = endEntity(anchor, { more: points(PLACE, OTHER) });
  const chain = chainTo({ leaf: one.certificate, intermediates: [] }, [anchor.certificate], AT);
  expect(chain && listPlacesOf(chain)).toEqual([PLACE, OTHER]);
});
