/** How a mail is encrypted for its recipient, as OpenSSL reads it (direct-xdm 3). */
import { randomBytes, X509Certificate } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { localDomainsOf } from '../../../../src/rails/direct/domains.ts';
import { createPost } from '../../../../src/rails/direct/post.ts';
import { createDirectWorld } from '../../../direct-world.ts';
import { base64Body, openOpensslCms } from '../../direct/openssl-cms.ts';
import { setClock, trustOf } from './agent.ts';

test.each<[string, { readonly oaep?: readonly string[] }, RegExp]>([
  ['PKCS #1 v1.5, where nothing is said of the peer', {}, /algorithm: rsaEncryption/],
  ['PKCS #1 v1.5, where another peer is named', { oaep: ['tarn.example.org'] }, /algorithm: rsaEncryption/],
  [
    'OAEP, where its domain is named',
    { oaep: ['Direct.Tarn.example.org'] },
    /algorithm: rsaesOaep[\s\S]*sha256/,
  ],
])('(direct-xdm 3) the key of a mail goes by %s', async (_what, peers, algorithm) => {
  const { initiator, recipient, authority } = await createDirectWorld();
  const sent: Uint8Array[] = [];
  const post = createPost({
    domains: localDomainsOf([{ domain: initiator.domain, way: 'sta', ...peers }], 'f'),
    relay: () => ({
      send: async ({ bytes }) => {
        sent.push(bytes);
        return { kind: 'taken' };
      },
      isAt: () => false,
      verify: async () => ({ ok: true, says: 'answers' }),
    }),
    submissions: new Map(),
    trust: trustOf(initiator, [authority.certificate]),
    discovery: {
      find: async () => ({ certificate: new X509Certificate(recipient.certificate), source: 'dns' }),
    },
    clock: setClock(),
    random: randomBytes,
    settings: { mailBytesMax: 100_000 },
  });
  const message = {
    from: initiator.address,
    to: recipient.address,
    messageId: 'm1@direct.alder.example.org',
    bytes: Buffer.from('Subject: x\r\n\r\nx\r\n'),
    isOfNobody: false,
  };
  expect(await post(message, AbortSignal.timeout(5000))).toEqual({ kind: 'taken' });
  const openssl = openOpensslCms();
  try {
    const envelope = base64Body(sent[0] ?? new Uint8Array());
    expect(openssl.print(envelope)).toMatch(algorithm);
    expect(openssl.decrypt(envelope, recipient).toString()).toMatch(/multipart\/signed/);
  } finally {
    openssl.close();
  }
});
