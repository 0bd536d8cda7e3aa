/**
 * `$deliveries` of a referral that goes out by Direct mail, over the real server: real SMTP and S/MIME on loopback, the
 * other side an address outside of it (routing section 3).
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { importAnchors, importFound, importKey } from '../../../src/delivery/direct-administer.ts';
import { writeDisposition } from '../../../src/direct/mdn/write.ts';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import type { Disposition } from '../../../src/ports/direct.ts';
import { createKeyFiles } from '../../../src/server/direct-key-files.ts';
import { createAuthority, rsaKeys } from '../../../tools/certificates/authority.ts';
import { openLetter, protect, type Correspondent } from '../../../tools/direct/correspondent.ts';
import { openPostOffice, type PostOffice } from '../../../tools/direct/post-office.ts';
import * as make from '../../resources.ts';
import { openServerWith, type TestServer } from '../../server.ts';
import { refOf } from '../../world.ts';
import { eventually, initiatorLink } from '../hl7v2-mllp/linked.ts';
import { shownIn, type ShownDelivery } from './shown.ts';
import { directEndpoint } from '../../../tools/direct/endpoint.ts';

const OURS = 'referrals@direct.larkspur.example.org';
const THEIRS = 'intake@direct.tidewater.example.org';
const folder = mkdtempSync(join(tmpdir(), 'closeloop-delivered-'));
let office: PostOffice;
let server: TestServer;
let ours: Correspondent;
let theirs: Correspondent;
let outside: Ref;
let role: Ref;

beforeAll(async () => {
  const authority = createAuthority({ commonName: 'Authority of a test', keys: await rsaKeys() });
  const party = async (address: Correspondent['address']): Promise<Correspondent> => {
    const domain = address.slice(address.indexOf('@') + 1);
    const { certificate, privateKey } = authority.issue({
      commonName: domain,
      domains: [domain],
      keys: await rsaKeys(),
    });
    return { address, certificate, privateKey };
  };
  [ours, theirs] = [await party(OURS), await party(THEIRS)];
  office = await openPostOffice();
  const domains = join(folder, 'domains.json');
  writeFileSync(domains, JSON.stringify([{ domain: 'direct.larkspur.example.org', way: 'sta' }]));
  const links = join(folder, 'links.json');
  writeFileSync(links, JSON.stringify([{ links: [initiatorLink()] }]));
  server = await openServerWith({
    organizations: ['initiator', 'recipient'],
    argv: [
      `--direct-domains ${domains} --direct-keys ${join(folder, 'keys')} --direct-listen 127.0.0.1:0`,
      `--direct-relay smtp://127.0.0.1:${office.port} --direct-relay-tls offered`,
      `--dispatch-interval-ms 20 --hl7-links ${links}`,
    ].flatMap((flags) => flags.split(' ')),
  });
  const { store } = server.running;
  const agent = { organization: '', client: 'admin', subject: 'root' } as const;
  const parts = { store, clock: { now: () => Date.now() }, agent };
  const own = new X509Certificate(ours.certificate);
  const privateKey = createPrivateKey(ours.privateKey);
  const file = () => createKeyFiles(join(folder, 'keys')).write(privateKey, own.fingerprint256);
  const owner = 'direct.larkspur.example.org';
  await importKey(parts, { owner, certificates: [own], privateKey, file });
  const certificates = [new X509Certificate(authority.certificate)];
  await importAnchors(parts, { owner, certificates, in: true, out: true });
  await importFound(parts, { address: THEIRS, certificate: new X509Certificate(theirs.certificate) });

  await addressed('Organization/initiator', OURS);
  const { id: _id, ...nobody } = make.organization('x', { name: 'Tidewater Clinic' });
  outside = refOf(await server.create('initiator', nobody));
  await addressed(outside, THEIRS);
  const doctor = refOf(
    await server.create('initiator', {
      resourceType: 'Practitioner',
      identifier: [{ system: make.NPI_SYSTEM, value: make.npiOf('doctor') }],
      name: [{ family: 'Vale', given: ['Ada'] }],
    }),
  );
  role = refOf(
    await server.create('initiator', {
      resourceType: 'PractitionerRole',
      practitioner: { reference: doctor },
      organization: { reference: 'Organization/initiator' },
    }),
  );
}, 60_000);
afterAll(async () => {
  await server.close();
  await office.close();
  rmSync(folder, { recursive: true });
});

/** An Endpoint of Direct for an organization, verified. */
async function addressed(organization: Ref, address: string): Promise<void> {
  const made = await server.create('initiator', directEndpoint(organization, address));
  const { status, text } = await server.ask('administrator', 'POST', `${refOf(made)}/$verify`);
  if (status !== 200) throw new Error(text);
}

async function refer(requester: Ref = role): Promise<string> {
  const subject = refOf(await server.create('initiator', make.patient()));
  const order = make.serviceRequest({ subject, requester, performer: outside });
  return refOf(await server.create('initiator', order));
}

const requestOf = async (order: string): Promise<ShownDelivery | undefined> => {
  const { json, status, text } = await server.ask('initiator', 'GET', `${order}/$deliveries`);
  if (status !== 200) throw new Error(text);
  return shownIn(json).find(({ event }) => event === 'send-referral-package');
};
const reaches = (order: string, state: string): Promise<void> =>
  eventually(async () => (await requestOf(order))?.state === state, `${order} ${state}`);

let letters = 0;
async function nextMessageId(): Promise<string> {
  letters += 1;
  const kept = await office.wait(THEIRS, letters);
  const { mail } = await openLetter(theirs, kept[letters - 1]?.bytes ?? new Uint8Array());
  return mail.messageId ?? '';
}

/** Their notification about a mail of ours, as a mail of nobody. */
async function notify(messageId: string, disposition: Disposition): Promise<void> {
  const at = Date.now();
  const owed = {
    ...({ by: THEIRS, to: OURS, messageId, disposition, attempts: 0, dueAt: at } as const),
    at: new Date(at).toISOString(),
  };
  const id = `${disposition}-${letters}@direct.tidewater.example.org`;
  const message = writeDisposition(owed, { reportingUa: 'test; 1', at, messageId: id });
  const raw = Buffer.from(await protect(theirs, ours, message, { messageId: id, at }));
  const { port = 0 } = server.running.direct ?? {};
  const transport = createTransport({ host: '127.0.0.1', port, ignoreTLS: true });
  await transport.sendMail({ envelope: { from: THEIRS, to: [OURS] }, raw });
  transport.close();
}

describe('(routing RL11) a referral by Direct mail', () => {
  test('is sent, transported when processed, received when dispatched, and nothing else moves', async () => {
    const order = await refer();
    const messageId = await nextMessageId();
    await reaches(order, 'sent');
    const sent = await requestOf(order);
    expect(sent?.ways).toMatchObject([
      {
        rail: 'direct-project',
        outcome: 'accepted',
        evidence: ['smtp-accepted'],
        awaits: ['mdn-processed'],
        until: expect.any(String),
      },
    ]);
    await notify(messageId, 'processed');
    await reaches(order, 'transported');
    expect((await requestOf(order))?.ways[0]).toMatchObject({
      awaits: ['mdn-dispatched'],
      until: expect.any(String),
    });
    await notify(messageId, 'dispatched');
    await reaches(order, 'received');
    expect((await requestOf(order))?.ways[0]?.evidence).toEqual([
      'smtp-accepted',
      'mdn-processed',
      'mdn-dispatched',
    ]);
    const [task] = await server.search('initiator', `Task?focus=${order}`);
    expect(task?.['status']).toBe('received');
    const { text } = await server.ask('initiator', 'GET', `${order}/$deliveries`);
    expect(text).not.toMatch(/tidewater\.example/);
  });

  test('a report that it failed ends it and asks a person; dispatched after all reopens it and closes the item', async () => {
    const order = await refer();
    const messageId = await nextMessageId();
    await reaches(order, 'sent');
    await notify(messageId, 'failed');
    await reaches(order, 'failed');
    const items = async (): Promise<readonly Resource[]> =>
      (await server.search('initiator', 'Task?code=delivery-failed')).filter((item) =>
        String(item['description']).includes('direct-project'),
      );
    expect((await items()).map(({ status }) => status)).toEqual(['requested']);
    await notify(messageId, 'dispatched');
    await reaches(order, 'received');
    expect((await items()).map(({ status }) => status)).toEqual(['completed']);
  });

  test('what it lacks holds it: nothing is sent, and the reason is that of the work item', async () => {
    const request = await requestOf(await refer('PractitionerRole/initiator'));
    expect(request).toMatchObject({
      state: 'queued',
      held: expect.stringContaining('there is no ordering provider'),
      ways: [],
    });
  });
});
