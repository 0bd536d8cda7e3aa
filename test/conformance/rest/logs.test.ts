/** The log of a whole run: what was done, by whom and how long it took; nothing that names a patient (rules 5.1). */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readConfig } from '../../../src/server/config.ts';
import { createLog } from '../../../src/http/log.ts';
import { start } from '../../../src/server/compose.ts';
import * as make from '../../resources.ts';
import { initiatorLink, openWire, order, saysOf } from '../hl7v2-mllp/linked.ts';
import { clientOf } from './client.ts';

const TLS = join(import.meta.dirname, '../../fixtures/tls');

const SECRETS = ['Verhoeven', '1931-07-08', 'MRN-771', 'Secretstreet', '5550177'];

test('no name, birth date, identifier, id or query stands in it, at the finest level', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-logs-'));
  let logged = '';
  const log = createLog(
    'debug',
    (lines) => (logged += lines),
    () => Date.now(),
  );
  const running = await start(
    readConfig(['--demo', '--port', '0', '--data-dir', folder, '--log-level', 'debug'], {}),
    log,
  );
  const { send, must } = await clientOf(running);
  const as = 'administrator';
  for (const id of ['initiator', 'recipient', 'stranger']) {
    await must(`PUT Organization/${id}`, { as, body: make.organization(id) });
    await must(`POST Organization/${id}/$admit`, { as });
  }

  const body = make.patient({
    identifier: [{ system: make.MRN_SYSTEM, value: 'MRN-771' }],
    name: [{ family: 'Verhoeven' }],
    birthDate: '1931-07-08',
    address: [{ line: ['1 Secretstreet'] }],
    telecom: [{ system: 'phone', value: '5550177' }],
  });
  const { json } = await must('POST Patient', { body, headers: { 'if-none-exist': 'identifier=MRN-771' } });
  const query = 'family=Verhoeven&birthdate=1931-07-08&identifier=MRN-771&phone=5550177';
  for (const line of [
    `GET Patient/${json.id}`,
    `GET Patient?${query}`,
    `GET Patient?${query}&nothing=Verhoeven`,
    `GET Patient?birthdate=Verhoeven`,
    `GET Patient/Verhoeven_`,
    `GET Verhoeven/MRN-771`,
    `GET Patient/${json.id}/_history?_since=Verhoeven`,
    `DELETE Patient?${query}&name=nobody`,
    'GET AuditEvent?entity=Patient/MRN-771',
  ])
    await send(line);
  await send('POST Patient/_search', { body: query });
  await send(`PUT Patient/${json.id}`, { body: { ...json, gender: 'Verhoeven' } });
  await send(`PATCH Patient/${json.id}`, {
    body: [{ op: 'test', path: '/name/0/family', value: 'Secretstreet' }],
  });
  await send('POST Patient', { body: '{"name":"Verhoeven","name":"MRN-771"}' });
  await send('POST Patient', { body, headers: { 'x-request-id': 'Verhoeven MRN-771' } });
  await send('POST ', {
    body: make.transaction({ method: 'POST', url: 'Patient?identifier=MRN-771', resource: body }),
  });
  await send('GET Patient?name=Verhoeven', { as: 'nobody', headers: { authorization: 'Bearer Verhoeven' } });
  await running.stop();
  rmSync(folder, { recursive: true });

  const lines = logged.split('\n').filter((line) => line !== '');
  expect(lines.length).toBeGreaterThan(20);
  const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(told.filter(({ level }) => level === 'error')).toEqual([]);
  expect(told.find(({ route }) => route === '/Patient/{id}')).toMatchObject({
    msg: 'request',
    method: 'GET',
    status: 200,
    requestId: expect.any(String),
    ms: expect.any(Number),
    organization: 'Organization/initiator',
  });
  for (const [route, refusal] of [
    ['/Patient', 'search-parameter-unknown'],
    ['', 'type-unknown'],
  ])
    expect(told).toContainEqual(expect.objectContaining({ msg: 'request', route, refusal }));
  for (const secret of [...SECRETS, json.id ?? '', 'birthdate', 'identifier=', '?'])
    expect(lines.filter((line) => line.includes(secret))).toEqual([]);
});

test('a quarantined message and a reload, good or bad, are lines of it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-logs-'));
  const links = join(folder, 'links.json');
  writeFileSync(links, JSON.stringify([{ links: [initiatorLink()] }]));
  const [tlsCert, tlsKey] = ['cert.pem', 'key.pem'].map((name) => join(folder, name)) as [string, string];
  copyFileSync(join(TLS, 'receiver.cert.pem'), tlsCert);
  copyFileSync(join(TLS, 'receiver.key.pem'), tlsKey);
  let logged = '';
  const log = createLog(
    'info',
    (lines) => (logged += lines),
    () => Date.now(),
  );
  const argv = ['--demo', '--port', '0', '--data-dir', join(folder, 'data'), '--hl7-links', links];
  const running = await start(readConfig([...argv, '--tls-cert', tlsCert, '--tls-key', tlsKey], {}), log);

  const wire = await openWire(running.mllp[0]!.port);
  for (const id of ['Q-1', 'Q-2'])
    expect(saysOf(await wire.ask(order({ id, from: '9.9.9' })))).toBe(`AE ${id}`);
  wire.close();
  running.reload();
  rmSync(tlsCert);
  running.reload();
  await running.stop();
  rmSync(folder, { recursive: true });

  const lines = logged
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const warned = lines.filter(({ msg }) => String(msg).startsWith('a message was quarantined'));
  expect(warned).toEqual([
    expect.objectContaining({ level: 'warn', link: 'initiator-engine', issues: expect.any(Array) }),
  ]);
  expect(
    lines.filter(({ msg }) => /certificate/.test(String(msg))).map(({ level, msg }) => [level, msg]),
  ).toEqual([
    ['info', 'the certificate was read again'],
    ['error', 'the certificate could not be read again; the old goes on'],
  ]);
});
