/** The file with the local domains (direct-xdm 1): what it may say, and that every mistake is named with its place. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { localDomain, localDomainsOf, readDomains } from '../../../../src/rails/direct/domains.ts';

const folder = mkdtempSync(join(tmpdir(), 'closeloop-domains-'));
const secret = join(folder, 'secret');
writeFileSync(secret, 'pass word\n');

const STA = { domain: 'Direct.Tarn.example.org', way: 'sta' };
const MAILBOX = {
  server: 'imaps://imap.hisp.example.net',
  user: 'alder',
  passwordFile: secret,
  addresses: ['Intake@direct.alder.example.org'],
};
const EDGE = {
  domain: 'direct.alder.example.org',
  way: 'edge',
  mailboxes: [MAILBOX],
  submission: { server: 'smtp://smtp.hisp.example.net:587', user: 'alder', passwordFile: secret },
};

test('(direct-xdm 1) both ways stand in one file, domains and addresses in lower case', () => {
  const file = join(folder, 'domains.json');
  writeFileSync(file, JSON.stringify([STA, EDGE]));
  const domains = readDomains(file);
  expect(domains).toEqual([
    { domain: 'direct.tarn.example.org', way: 'sta' },
    {
      domain: 'direct.alder.example.org',
      way: 'edge',
      mailboxes: [
        {
          server: 'imaps://imap.hisp.example.net',
          user: 'alder',
          password: 'pass word',
          ca: undefined,
          tls: 'required',
          addresses: ['intake@direct.alder.example.org'],
          folder: 'INBOX',
          done: undefined,
        },
      ],
      submission: expect.objectContaining({
        server: 'smtp://smtp.hisp.example.net:587',
        password: 'pass word',
      }),
    },
  ]);
  expect(localDomain(domains, 'a@direct.tarn.example.org')?.way).toBe('sta');
  expect(localDomain(domains, 'a@sub.direct.tarn.example.org')).toBeUndefined();
});

test.each<[string, unknown, RegExp]>([
  ['no list', {}, /^f must be a list/],
  ['no domain', [{ way: 'sta' }], /f\[0\]\.domain must be a text/],
  ['what is no domain', [{ domain: 'no domain', way: 'sta' }], /is no domain/],
  ['an unknown way', [{ domain: 'a.example.org', way: 'pop' }], /way must be sta or edge/],
  ['a misspelt member', [{ ...STA, mailboxs: [] }], /has no member mailboxs/],
  ['a mailbox of the own agent', [{ ...EDGE, way: 'sta' }], /has no member mailboxes, submission/],
  ['a peer that is no domain', [{ ...STA, oaep: ['a b'] }], /f\[0\]\.oaep\[0\]: a b is no domain/],
  ['peers in no list', [{ ...STA, oaep: 'a.example.org' }], /f\[0\]\.oaep must be a list/],
  ['a peer of a HISP', [{ ...EDGE, oaep: ['a.example.org'] }], /has no member oaep/],
  ['a domain twice', [STA, STA], /twice/],
  ['no submission', [{ ...EDGE, submission: undefined }], /submission must be an object/],
  ['a wrong scheme', [{ ...EDGE, mailboxes: [{ ...MAILBOX, server: 'https://h' }] }], /imaps:\/\/host:port/],
  [
    'an address of elsewhere',
    [{ ...EDGE, mailboxes: [{ ...MAILBOX, addresses: ['a@b.org'] }] }],
    /no address of/,
  ],
  ['no address', [{ ...EDGE, mailboxes: [{ ...MAILBOX, addresses: [] }] }], /at least one/],
  ['a user without a password', [{ ...EDGE, submission: { server: 'smtp://h', user: 'a' } }], /go together/],
])('(direct-xdm 1) %s is refused with its place', (_what, value, says) => {
  expect(() => localDomainsOf(value, 'f')).toThrow(says);
});
