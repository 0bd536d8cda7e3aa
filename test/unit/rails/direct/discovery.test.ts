/** Where certificates are looked for, in which order, and which of those that are found count (direct-xdm 5). */
import { expect, test } from '@jest/globals';
import {
  createDiscovery,
  type CertificateSource,
  type SourceName,
} from '../../../../src/rails/direct/discovery/index.ts';
import type { DirectAddress } from '../../../../src/ports/direct.ts';
import { authority, endEntity, type Issued } from '../../../direct-authority.ts';

const AT = Date.parse('2026-11-30T12:00:00Z');
const TO: DirectAddress = 'intake@direct.tarn.example.org';
const DOMAIN = 'direct.tarn.example.org';
const trust = { revocationFor: () => Promise.resolve({ lists: new Map(), graceMs: 0 }) };

const ca = authority();
const good = endEntity(ca);
const strange = endEntity(authority());
const foreign = endEntity(ca, { san: 'DNS:direct.alder.example.org' });

/** A source that holds these, or does not answer. */
const source = (
  name: SourceName,
  holds: Readonly<Record<string, readonly Issued[]>> | undefined,
  asked: string[] = [],
): CertificateSource => ({
  name,
  find: async (what) => {
    asked.push(`${name} ${what}`);
    if (holds === undefined) throw new Error('no answer');
    return (holds[what] ?? []).map(({ certificate }) => certificate);
  },
});

const find = (...sources: readonly CertificateSource[]) =>
  createDiscovery({ trust, sources }).find(TO, [ca.certificate], [], AT, new AbortController().signal);

test('each source is asked for the address and then for its domain (direct-xdm 5)', async () => {
  const asked: string[] = [];
  const found = await find(
    source('address-book', {}, asked),
    source('dns', { [DOMAIN]: [good] }, asked),
    source('ldap', {}, asked),
  );
  expect(found).toMatchObject({ source: 'dns', certificate: good.certificate });
  expect(asked).toEqual([`address-book ${TO}`, `address-book ${DOMAIN}`, `dns ${TO}`, `dns ${DOMAIN}`]);
});

test('what is not trusted, or names somebody else, does not end the search (direct-xdm 5)', async () => {
  const found = await find(
    source('dns', { [TO]: [strange, foreign] }),
    source('ldap', { [DOMAIN]: [foreign, good] }),
  );
  expect(found).toMatchObject({ source: 'ldap', certificate: good.certificate });
});

test('found and not trusted is 5.7.11, not found is 5.7.31 (direct-xdm 6)', async () => {
  expect(await find(source('dns', { [TO]: [strange], [DOMAIN]: [foreign] }))).toEqual({
    failure: '5.7.11',
    faults: ['untrusted', 'not-bound'],
    isTemporary: false,
  });
  expect(await find(source('dns', {}), source('ldap', {}))).toEqual({
    failure: '5.7.31',
    faults: [],
    isTemporary: false,
  });
});

test('a source that does not answer keeps nobody from asking the next one, nor from asking again', async () => {
  expect(await find(source('dns', undefined), source('ldap', { [TO]: [good] }))).toMatchObject({
    source: 'ldap',
  });
  expect(await find(source('dns', undefined), source('ldap', {}))).toMatchObject({
    failure: '5.7.31',
    isTemporary: true,
  });
});
