/**
 * A directory that others made: OpenLDAP's slapd, as Debian packs it, holds certificates and is asked as any directory
 * (direct-xdm 5, 13).
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { createLdapSource } from '../../../../src/rails/direct/discovery/ldap-source.ts';
import { guardOf } from '../../../guarded.ts';
import { judged, whyAbsent } from '../../../judges.ts';
import { slapdPlaces } from '../../../slapd-judge.ts';
import { authority, endEntity, type Issued } from '../../../direct-authority.ts';

const DOMAIN = 'direct.tarn.example.org';
const BASE = 'dc=tarn,dc=example,dc=org';

const folder = mkdtempSync(join(tmpdir(), 'closeloop-slapd-'));
let server: ChildProcess | undefined;
let port = 0;

const ca = authority();
const people: Readonly<Record<string, Issued>> = {
  [`intake@${DOMAIN}`]: endEntity(ca, { san: `email:intake@${DOMAIN}` }),
  [`star*(x)\\@${DOMAIN}`]: endEntity(ca),
  [DOMAIN]: endEntity(ca),
};

const base64 = (value: string | Uint8Array): string => Buffer.from(value).toString('base64');

beforeAll(async () => {
  if (whyAbsent('slapd') !== undefined) return;
  const { program, schema, modules, env } = slapdPlaces();
  mkdirSync(join(folder, 'db'));
  const configuration = join(folder, 'slapd.conf');
  const schemas = ['core', 'cosine', 'inetorgperson'].map(
    (name) => `include ${join(schema, `${name}.schema`)}`,
  );
  const lines = [
    ...schemas,
    `modulepath ${modules}`,
    'moduleload back_mdb',
    'database mdb',
    `suffix "${BASE}"`,
    `directory ${join(folder, 'db')}`,
    'access to * by * read',
  ];
  writeFileSync(configuration, `${lines.join('\n')}\n`);
  const entries = Object.entries(people).map(([mail, { certificate }], index) =>
    [
      `dn: cn=entry ${index},${BASE}`,
      'objectClass: inetOrgPerson',
      `cn: entry ${index}`,
      'sn: entry',
      `mail:: ${base64(mail)}`,
      `userCertificate;binary:: ${base64(certificate.raw)}`,
    ].join('\n'),
  );
  const root = [
    `dn: ${BASE}`,
    'objectClass: dcObject',
    'objectClass: organization',
    'o: Tarn',
    'dc: tarn',
  ].join('\n');
  const ldif = join(folder, 'entries.ldif');
  writeFileSync(ldif, `${[root, ...entries].join('\n\n')}\n`);
  execFileSync(program, ['-T', 'add', '-f', configuration, '-l', ldif], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  port = await freePort();
  server = spawn(program, ['-h', `ldap://127.0.0.1:${port}`, '-f', configuration, '-d', '0'], {
    env,
    stdio: 'ignore',
  });
  for (let tries = 0; tries < 100 && !(await answers(port)); tries += 1) await sleep(50);
}, 30_000);
afterAll(() => {
  server?.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port: free } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return free;
}

const answers = (at: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(at, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    }).on('error', () => resolve(false));
  });

function find(asked: string) {
  const guard = guardOf({ purpose: 'direct-directory', allowList: ['127.0.0.0/8'] });
  const source = createLdapSource({
    query: (name) =>
      Promise.resolve([
        { type: 'SRV', name, ttl: 60, data: { target: '127.0.0.1', port, priority: 0, weight: 0 } },
      ]),
    connect: (address, signal) => guard.connect({ purpose: 'direct-directory', address }, { signal }),
    chance: () => 0,
  });
  return source.find(asked, DOMAIN, new AbortController().signal);
}

const prints = async (asked: string): Promise<readonly string[]> =>
  (await find(asked)).map(({ fingerprint256 }) => fingerprint256);

judged(
  'slapd',
  'slapd hands out the certificate of an address and of a domain, and of nobody else',
  async () => {
    for (const [mail, { certificate }] of Object.entries(people))
      expect([mail, await prints(mail)]).toEqual([mail, [certificate.fingerprint256]]);
    expect(await prints(`INTAKE@${DOMAIN}`)).toHaveLength(1);
    for (const mail of [`nobody@${DOMAIN}`, `*@${DOMAIN}`, '*', `intake@${DOMAIN})(cn=*`])
      expect(await prints(mail)).toEqual([]);
  },
);
