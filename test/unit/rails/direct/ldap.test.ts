/**
 * Certificates in LDAP directories, over real sockets through the guard. Name server and directories are on loopback and
 * our own: no directory of others was there to judge (direct-xdm 5, 13, 14).
 */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Answer } from 'dns-packet';
import { ConnectionFailed } from '../../../../src/ports/outgoing.ts';
import { createLdapSource, orderServers } from '../../../../src/rails/direct/discovery/ldap-source.ts';
import { guardOf, type Guarding } from '../../../guarded.ts';
import {
  openDirectory,
  type Answered,
  type AskedSearch,
  type Directory,
  type DirectoryEntry,
} from '../../../direct-directory.ts';
import { authority, endEntity } from '../../../direct-authority.ts';

const DOMAIN = 'direct.tarn.example.org';
const ADDRESS = `intake@${DOMAIN}`;
const BASE = 'dc=tarn,dc=example,dc=org';

const ca = authority();
const one = endEntity(ca);
const other = endEntity(ca, { san: `email:${ADDRESS}` });

const open: Directory[] = [];
afterEach(async () => {
  for (const directory of open.splice(0)) await directory.close();
});

async function directory(answer: (search: AskedSearch) => Answered): Promise<Directory> {
  const made = await openDirectory(answer);
  open.push(made);
  return made;
}

/** A directory with one naming context, below which everything is answered the same. */
const holding = (answered: Answered, contexts: readonly string[] = [BASE]) =>
  directory(({ base }) =>
    base === '' ? { entries: [{ dn: '', attributes: { namingContexts: contexts } }] } : answered,
  );

const server = (port: number, priority = 0, weight = 0, target = '127.0.0.1') => ({
  target,
  port,
  priority,
  weight,
});

function find(
  servers: readonly ReturnType<typeof server>[],
  asked = ADDRESS,
  guarding: Guarding = { allowList: ['127.0.0.0/8'] },
  signal = new AbortController().signal,
) {
  const guard = guardOf({ purpose: 'direct-directory', ...guarding });
  const questions: string[] = [];
  const source = createLdapSource({
    query: (name, type) => {
      questions.push(`${type} ${name}`);
      return Promise.resolve(
        servers.map(({ target, ...data }): Answer => ({
          type: 'SRV',
          name,
          ttl: 60,
          data: { target, ...data },
        })),
      );
    },
    connect: (address, within) => guard.connect({ purpose: 'direct-directory', address }, { signal: within }),
    chance: () => 0,
  });
  return source
    .find(asked, DOMAIN, signal)
    .then((found) => ({ questions, found: found.map(({ fingerprint256 }) => fingerprint256) }));
}

const entry = (attributes: DirectoryEntry['attributes']): Answered => ({
  entries: [{ dn: `cn=intake,${BASE}`, attributes }],
});

describe('what is asked and found (direct-xdm 5)', () => {
  test('the directory that SRV names, each of its contexts, by the mail attribute', async () => {
    const at = await holding(entry({ userCertificate: [one.certificate.raw] }), [BASE, 'o=second']);
    const { questions, found } = await find([server(at.port)]);
    expect(questions).toEqual([`SRV _ldap._tcp.${DOMAIN}`]);
    expect(found).toEqual([one.certificate.fingerprint256, one.certificate.fingerprint256]);
    expect(at.searches.map(({ base, scope, attribute, value }) => [base, scope, attribute, value])).toEqual([
      ['', 0, undefined, undefined],
      [BASE, 2, 'mail', ADDRESS],
      ['o=second', 2, 'mail', ADDRESS],
    ]);
    expect(at.searches[1]?.attributes).toEqual([
      'userCertificate',
      'userCertificate;binary',
      'userSMIMECertificate',
      'userSMIMECertificate;binary',
    ]);
  });

  test.each([
    'userCertificate',
    'userCertificate;binary',
    'userSMIMECertificate',
    'userSMIMECertificate;binary',
  ])('the attribute %s, with one value and with several', async (name) => {
    const single = await holding(entry({ [name]: [one.certificate.raw] }));
    expect((await find([server(single.port)])).found).toEqual([one.certificate.fingerprint256]);
    const several = await holding(entry({ [name]: [one.certificate.raw, other.certificate.raw] }));
    expect((await find([server(several.port)])).found).toEqual([
      one.certificate.fingerprint256,
      other.certificate.fingerprint256,
    ]);
  });

  test('the value travels as it is, whatever would mean something in the text of a filter (RFC 4515)', async () => {
    const at = await holding({});
    for (const local of ['*', 'a*b', "o'neil", 'x)(uid=*', '\\2a', 'a&b|c'])
      await find([server(at.port)], `${local}@${DOMAIN}`);
    expect(at.searches.flatMap(({ value }) => value ?? [])).toEqual(
      ['*', 'a*b', "o'neil", 'x)(uid=*', '\\2a', 'a&b|c'].map((local) => `${local}@${DOMAIN}`),
    );
  });

  test('nothing where there is no directory, no context, no entry, no certificate', async () => {
    expect((await find([])).found).toEqual([]);
    expect((await find([server(389, 0, 0, '.')])).found).toEqual([]);
    for (const at of [
      await holding({}, []),
      await holding({}),
      await holding(entry({})),
      await holding(entry({ userCertificate: ['no certificate'] })),
      await holding({ code: 32 }),
    ])
      expect((await find([server(at.port)])).found).toEqual([]);
  });
});

describe('directories that do not do what they should (direct-xdm 14)', () => {
  test('referrals and references are not followed, not even in a circle', async () => {
    const made: { at?: Directory } = {};
    made.at = await directory(({ base }) =>
      base === ''
        ? { entries: [{ dn: '', attributes: { namingContexts: [BASE] } }] }
        : {
            references: [`ldap://127.0.0.1:${made.at?.port ?? 0}/${BASE}`],
            code: 10,
            referral: [`ldap://127.0.0.1:${made.at?.port ?? 0}/${BASE}`],
          },
    );
    expect((await find([server(made.at.port)])).found).toEqual([]);
    expect(made.at.connections()).toBe(1);
    expect(made.at.searches).toHaveLength(2);
    const beside = await holding({
      ...entry({ userCertificate: [one.certificate.raw] }),
      references: ['ldap://127.0.0.1:1/'],
    });
    expect((await find([server(beside.port)])).found).toEqual([one.certificate.fingerprint256]);
  });

  test('the next server is asked when one does not answer', async () => {
    const gone = await holding({});
    await gone.close();
    open.pop();
    const busy = await holding({ code: 51 });
    const well = await holding(entry({ userCertificate: [one.certificate.raw] }));
    const { found } = await find([server(well.port, 30), server(gone.port, 10), server(busy.port, 20)]);
    expect(found).toEqual([one.certificate.fingerprint256]);
    expect(busy.connections()).toBe(1);
    await expect(find([server(gone.port)])).rejects.toThrow('refused');
    await expect(find([server(busy.port)])).rejects.toThrow('0x33');
  });

  test('a flood of octets and a cut connection end the search', async () => {
    const large = Buffer.alloc(2 * 1024 * 1024, 0x41);
    const flood = await holding(entry({ userCertificate: [large] }));
    await expect(find([server(flood.port)])).rejects.toThrow('Socket error');
  });

  test('a server that says nothing, or garbage, is waited for no longer than five seconds', async () => {
    const silent = await directory(() => ({ isSilent: true }));
    const garbage = await directory(() => ({ raw: Buffer.from('30ff00ff00', 'hex') }));
    await Promise.all(
      [silent, garbage].map(({ port }) => expect(find([server(port)])).rejects.toThrow('timed out')),
    );
  }, 20_000);

  test('a search that is given up ends at once', async () => {
    const silent = await directory(() => ({ isSilent: true }));
    const given = new AbortController();
    const finding = find([server(silent.port)], ADDRESS, undefined, given.signal);
    setTimeout(() => given.abort(), 50);
    await expect(finding).rejects.toThrow('aborted');
  });

  test('a directory inside is not connected to, by name or by address (directory DR40)', async () => {
    const inside = await holding(entry({ userCertificate: [one.certificate.raw] }));
    const refused = find([server(inside.port)], ADDRESS, {});
    await expect(refused).rejects.toThrow(new ConnectionFailed('policy'));
    const named = find([server(inside.port, 0, 0, 'ldap.tarn.example.org')], ADDRESS, {
      resolve: () => Promise.resolve(['127.0.0.1']),
    });
    await expect(named).rejects.toThrow(new ConnectionFailed('policy'));
    expect(inside.connections()).toBe(0);
  });
});

test('servers are asked by priority, and within one in proportion to their weights (RFC 2782)', () => {
  const [a, b, c] = [server(1, 10, 60), server(2, 10, 40), server(3, 5, 0)];
  expect(orderServers([a, b, c], () => 0).map(({ port }) => port)).toEqual([3, 2, 1]);
  expect(orderServers([a, b, c], () => 0.5).map(({ port }) => port)).toEqual([3, 1, 2]);
  const firsts = Array.from(
    { length: 1000 },
    (_, index) => orderServers([a, b], () => index / 1000)[0]?.port,
  );
  expect(firsts.filter((port) => port === 1)).toHaveLength(600);
});
