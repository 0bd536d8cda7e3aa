/** Malware by each way in and out (baa-messaging MS12): kept apart, read by nobody, sent to nobody; a scanner that is away lets nothing pass. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createMalwareScanner } from '../../../src/scanning/index.ts';
import type { MalwareScanner } from '../../../src/ports/scanner.ts';
import { EICAR, openFakeClamd, type FakeClamd } from '../../malware-scanners.ts';
import { openServer, type TestServer } from '../../server.ts';
import { documentReference, patient, serviceRequest } from '../../resources.ts';
import { administrator } from '../../world.ts';
import { CDA, PDF, zip } from '../../unit/attachments/files.ts';
import { mailWith, openMailed, TO_LARKSPUR } from '../direct/mailed.ts';
import { accept, note, openExchange, request, stateOf, type Exchange } from '../hl7v2/exchange.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function fake(): Promise<FakeClamd> {
  const clamd = await openFakeClamd();
  closing.push(() => clamd.close());
  return clamd;
}

async function scannerAt(address: string): Promise<MalwareScanner> {
  const { connect } = await import('node:net');
  const [host = '', port] = address.split(':');
  const open = async () => {
    const socket = connect(Number(port), host);
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return socket;
  };
  return createMalwareScanner({ place: { connect: open }, timeoutMs: 1_000, warn: () => undefined });
}

/** What is kept of a message, and that nobody reads it. */
async function expectApart(exchange: Exchange): Promise<void> {
  const kinds = (await exchange.workItems()).map(({ kind }) => kind);
  expect(kinds.toSorted()).toEqual(['incident', 'message-quarantined']);
  const kept = (await exchange.all('DocumentReference')).find(({ category }) =>
    JSON.stringify(category).includes('quarantine'),
  );
  const url = (kept as unknown as { content: [{ attachment: { url: string } }] }).content[0].attachment.url;
  for (const address of [url, `${url}/_history`]) {
    const answer = await exchange.ask(administrator, 'GET', address);
    expect(answer.text ?? '').not.toContain('"data"');
  }
  await expect(exchange.ask(administrator, 'GET', url)).resolves.toMatchObject({ code: 'file-quarantined' });
}

describe('HL7 v2 that comes in (baa-messaging MS12)', () => {
  async function referred(): Promise<{ readonly exchange: Exchange; readonly clamd: FakeClamd }> {
    const clamd = await fake();
    const exchange = await openExchange({ engine: { scanner: await scannerAt(clamd.address) } });
    closing.push(() => exchange.close());
    await exchange.say(request({ at: 0, id: 'L-1' }));
    await exchange.say(accept({ at: 5, id: 'T-1' }));
    return { exchange, clamd };
  }

  test('a note with malware in its ED is quarantined, and its sender is told', async () => {
    const { exchange } = await referred();
    const before = stateOf(await exchange.referral());
    const answer = await exchange.say(note({ at: 9, id: 'T-2' }, `%PDF-1.4 ${EICAR.toString()}`));
    expect(answer).toMatchObject({ code: 'AE', fate: 'quarantine' });
    expect(JSON.stringify(answer.remarks)).toContain('malware scanner (Eicar-Test-Signature)');
    expect(stateOf(await exchange.referral())).toBe(before);
    await expectApart(exchange);
    // The same again is told the same, and asks nobody twice.
    await exchange.say(note({ at: 9, id: 'T-2' }, `%PDF-1.4 ${EICAR.toString()}`));
    expect(await exchange.workItems()).toHaveLength(2);
    // A person cannot have it tried again.
    const [item] = (await exchange.workItems()).filter(({ kind }) => kind === 'message-quarantined');
    const again = await exchange.ask(administrator, 'POST', `Task/${item?.task.id}/$replay`, {
      resourceType: 'Parameters',
    });
    expect(again.status).toBeGreaterThanOrEqual(400);
  });

  test('a note without malware is applied', async () => {
    const { exchange } = await referred();
    await expect(exchange.say(note({ at: 9, id: 'T-2' }, '%PDF-1.4 a letter'))).resolves.toMatchObject({
      code: 'AA',
    });
  });

  test('a scanner that is away: nothing is kept, and the sender sends again', async () => {
    const { exchange, clamd } = await referred();
    clamd.behave('close');
    const message = note({ at: 9, id: 'T-2' }, '%PDF-1.4 another letter');
    await expect(exchange.say(message)).resolves.toMatchObject({ fate: 'not-kept' });
    clamd.behave('by-content');
    await expect(exchange.say(message)).resolves.toMatchObject({ code: 'AA' });
  });
});

describe('Direct mail that comes in (baa-messaging MS12)', () => {
  test('a mail with malware is quarantined, one without is not, and a scanner that is away takes none', async () => {
    const clamd = await fake();
    const mailed = await openMailed({ engine: { scanner: await scannerAt(clamd.address) } });
    closing.push(() => mailed.close());
    const post = async (name: string, bytes: Uint8Array) =>
      mailed.post(
        await mailWith(
          [{ fileName: name, contentType: 'application/pdf', bytes: Buffer.from(bytes) }],
          TO_LARKSPUR,
        ),
      );
    clamd.behave('close');
    await expect(post('a.pdf', PDF)).resolves.toMatchObject({ fate: 'not-kept' });
    clamd.behave('by-content');
    await expect(post('b.pdf', Buffer.concat([PDF, EICAR]))).resolves.toMatchObject({ fate: 'quarantine' });
    await expectApart(mailed);
    await expect(post('c.pdf', PDF)).resolves.toMatchObject({ fate: 'work-item' });
  });
});

describe('a server with a scanner (baa-messaging MS11, MS12)', () => {
  async function serving(): Promise<{ readonly server: TestServer; readonly clamd: FakeClamd }> {
    const clamd = await fake();
    const server = await openServer(
      ['initiator', 'recipient'],
      '--clamd-address',
      clamd.address,
      '--subscription-allow-list',
      '127.0.0.1:*',
    );
    closing.push(() => server.close());
    return { server, clamd };
  }

  test('$import-ccda and $import-xdm refuse malware, in whatever it is packed', async () => {
    const { server, clamd } = await serving();
    const body = CDA.toString().replace(
      '<title>',
      `<component><nonXMLBody><text representation="B64">${EICAR.toString('base64')}</text></nonXMLBody></component><title>`,
    );
    for (const [operation, contentType, bytes] of [
      ['$import-ccda', 'application/hl7-cda+xml', Buffer.from(body)],
      ['$import-xdm', 'application/zip', Buffer.concat([zip([['a.txt', PDF]]), EICAR])],
    ] as const) {
      const refused = await server.ask('initiator', 'POST', operation, bytes, {
        headers: { 'content-type': contentType },
      });
      expect([operation, refused.status]).toEqual([operation, 422]);
      expect(refused.text).toContain('attachment-infected');
    }
    clamd.behave('close');
    const away = await server.ask('initiator', 'POST', '$import-ccda', CDA, {
      headers: { 'content-type': 'application/hl7-cda+xml' },
    });
    expect(away.status).toBe(503);
  });

  test('a subscriber is not sent what holds malware, and hears of the rest', async () => {
    const { server, clamd } = await serving();
    const got: string[] = [];
    const hook = createServer((req, res) => {
      let text = '';
      req.on('data', (part) => (text += String(part)));
      req.on('end', () => {
        got.push(text);
        res.end();
      });
    });
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => void hook.close(() => resolve())));
    const { port } = hook.address() as AddressInfo;
    await server.create('initiator', {
      resourceType: 'Subscription',
      status: 'requested',
      reason: 'a test',
      criteria: 'DocumentReference?status=current',
      channel: {
        type: 'rest-hook',
        endpoint: `http://127.0.0.1:${port}/hook`,
        payload: 'application/fhir+json',
      },
    });
    const document = (title: string, bytes: Uint8Array) =>
      server.create('initiator', {
        resourceType: 'DocumentReference',
        status: 'current',
        content: [
          { attachment: { contentType: 'text/plain', title, data: Buffer.from(bytes).toString('base64') } },
        ],
      });
    const bad = await document('bad', EICAR);
    await document('good', Buffer.from('a letter'));
    for (const end = Date.now() + 5_000; got.length === 0 && Date.now() < end;) await sleep(20);
    expect(got.map((text) => text.includes('"good"'))).toEqual([true]);
    const [row] = await server.outboxOf(`DocumentReference/${bad.id}`);
    expect(row).toMatchObject({ state: 'withheld', why: 'malware: Eicar-Test-Signature' });
    const items = await server.search('initiator', 'Task?code=incident');
    expect(items).toMatchObject([{ focus: { reference: `DocumentReference/${bad.id}` } }]);

    // A scanner that is away: the delivery waits, and goes when it is back.
    clamd.behave('close');
    const waits = await document('waits', Buffer.from('another letter'));
    await sleep(300);
    const [waiting] = await server.outboxOf(`DocumentReference/${waits.id}`);
    expect(waiting).toMatchObject({ state: 'waiting', why: 'scanner: closed' });
    expect(got).toHaveLength(1);
  });

  test('another organization reads a Binary when it was scanned; its keeper reads it as before', async () => {
    const { server, clamd } = await serving();
    const share = async (bytes: Uint8Array): Promise<string> => {
      const { id } = await server.create('initiator', {
        resourceType: 'Binary',
        contentType: 'text/plain',
        data: Buffer.from(bytes).toString('base64'),
      });
      const who = await server.create('initiator', patient());
      const subject = `Patient/${who.id}`;
      const document = await server.create('initiator', documentReference(subject, `Binary/${id}`));
      const order = { subject, requester: 'Organization/initiator', performer: 'Organization/recipient' };
      const supportingInfo = [{ reference: `DocumentReference/${document.id}` }];
      await server.create('initiator', serviceRequest(order, { supportingInfo }));
      return `Binary/${id}`;
    };
    const ref = await share(Buffer.from('a letter'));
    const put = (bytes: Uint8Array) =>
      server.ask('initiator', 'PUT', ref, {
        resourceType: 'Binary',
        id: ref.slice(7),
        contentType: 'text/plain',
        data: Buffer.from(bytes).toString('base64'),
      });
    expect((await server.ask('recipient', 'GET', ref)).status).toBe(200);
    // Its author puts other content where the document points: nobody has seen that yet.
    expect((await put(Buffer.from('another letter'))).status).toBe(200);
    clamd.behave('close');
    expect((await server.ask('recipient', 'GET', ref)).status).toBe(503);
    const letter = Buffer.from('another letter').toString('base64');
    const inTransaction = (who: string, url: string) =>
      server.ask(who, 'POST', '', {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [{ request: { method: 'GET', url } }],
      });
    const pages = [`Binary?_id=${ref.slice(7)}`, `${ref}/_history`, 'Binary/_history', '_history'];
    for (const page of pages) expect((await server.ask('recipient', 'GET', page)).text).not.toContain(letter);
    expect((await inTransaction('recipient', ref)).status).toBe(503);
    expect((await server.ask('initiator', 'GET', pages[0] ?? '')).text).toContain(letter);
    expect((await server.ask('initiator', 'GET', ref)).status).toBe(200);
    clamd.behave('by-content');
    expect((await server.ask('recipient', 'GET', pages[0] ?? '')).text).toContain(letter);
    expect((await server.ask('recipient', 'GET', ref)).status).toBe(200);
    const infected = await put(EICAR);
    for (const page of pages)
      expect((await server.ask('recipient', 'GET', page)).text).not.toContain(EICAR.toString('base64'));
    for (const url of [ref, `${ref}/_history/${infected.version}`])
      for (const who of ['recipient', 'initiator'])
        expect((await inTransaction(who, url)).code).toBe('file-quarantined');
    for (const who of ['recipient', 'initiator', 'recipient']) {
      const answer = await server.ask(who, 'GET', ref);
      expect([who, answer.status]).toEqual([who, 403]);
    }
  });
});
