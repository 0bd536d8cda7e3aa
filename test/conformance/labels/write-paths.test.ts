/** Labels are derived in the commit that writes a resource, whichever way it comes (compliance S1, S5, S8). */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Parameters, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { openServer, openServerWith, type TestServer } from '../../server.ts';
import { openExchange, request } from '../hl7v2/exchange.ts';
import { act, condition, conf, ICD10, labelsOf, OPIOID, patientOf } from './scene.ts';

let server: TestServer;
let patient: string;
beforeAll(async () => {
  server = await openServer(['initiator', 'recipient']);
  patient = await patientOf(server);
});
afterAll(() => server.close());

const opioid = (more: object = {}) => condition(patient, 'F11.20', more);

describe('(compliance S1) a label is in the version that the reply tells', () => {
  test('of a create, which says that labels were added, and not which', async () => {
    const reply = await server.ask('initiator', 'POST', 'Condition', opioid());
    expect([reply.status, labelsOf(reply.json)]).toEqual([201, OPIOID]);
    expect(reply.warning).toContain('The server added security labels to Condition');
    expect(reply.warning).not.toMatch(/SUD|ETH|F11/);
    const at = `Condition/${reply.json.id ?? ''}`;
    expect(labelsOf(await server.read('initiator', at))).toBe(OPIOID);
    expect((await server.ask('initiator', 'GET', `${at}/_history`)).json['total']).toBe(1);
  });

  test('of an update, a patch and a transaction', async () => {
    const { id, ...made } = await server.create('initiator', condition(patient, 'I10'));
    const at = `Condition/${id}`;
    const updated = await server.ask('initiator', 'PUT', at, { ...made, id, ...opioid() });
    expect(labelsOf(updated.json)).toBe(OPIOID);
    const patch = [{ op: 'replace', path: '/code/coding/0/code', value: 'B20' }];
    const type = { headers: { 'content-type': 'application/json-patch+json' } };
    const patched = await server.ask('initiator', 'PATCH', at, patch, type);
    expect(labelsOf(patched.json).split(' ')).toEqual(expect.arrayContaining(['HIV']));
    const [transacted] = await server.transact('initiator', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [{ resource: opioid(), request: { method: 'POST', url: 'Condition' } }],
    });
    expect(labelsOf(await server.read('initiator', String(transacted)))).toBe(OPIOID);
  });

  test('of a stored Bundle, inside it', async () => {
    const { entry } = await server.create('initiator', {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [{ fullUrl: 'urn:uuid:5b0b6f4e-9a5c-4a5e-8c1f-2f8a3a1f5c11', resource: opioid() }],
    });
    expect(labelsOf((entry as readonly { resource: Resource }[])[0]?.resource)).toBe(OPIOID);
  });

  test('of an update that leaves the server’s labels out: nothing is written', async () => {
    const { id, meta } = await server.create('initiator', opioid());
    const same = await server.ask('initiator', 'PUT', `Condition/${id}`, { ...opioid(), id });
    expect([same.status, same.version]).toEqual([200, Number(meta?.versionId)]);
  });

  test('a re-POST of what was read has the same labels', async () => {
    const { id: _id, meta, ...rest } = await server.create('initiator', opioid());
    const again = await server.create('initiator', {
      ...rest,
      meta: { security: meta?.security },
    } as Resource);
    expect(again.meta?.security).toEqual(meta?.security);
  });

  test('a client’s own label stays, and is told where nothing is added', async () => {
    const security = [conf('V'), act('SUD'), act('ETH'), act('OPIOIDUD')];
    const reply = await server.ask('initiator', 'POST', 'Condition', opioid({ meta: { security } }));
    expect([reply.json.meta?.security, reply.warning]).toEqual([security, '']);
  });

  test('of a large resource', async () => {
    const note = Array.from({ length: 3000 }, (_, at) => ({ text: `${at} ${'words '.repeat(12)}` }));
    expect(labelsOf(await server.create('initiator', opioid({ note })))).toBe(OPIOID);
  });

  test('the directory and published knowledge are about nobody', async () => {
    const questionnaire = await server.create('initiator', {
      resourceType: 'Questionnaire',
      status: 'active',
      code: [{ system: ICD10, code: 'F11.20' }],
    });
    expect(questionnaire.meta?.security).toBeUndefined();
  });
});

describe('(compliance S1, S5) what comes by other doors', () => {
  test('an imported document: its entries by their codes, its file by all of them', async () => {
    const source = readFileSync(
      join(import.meta.dirname, '../../fixtures/ccda/consultation-note.xml'),
      'utf8',
    );
    const coded = source.replace(
      /(<observation[^]*?)<value xsi:type="CD"[^>]*?(\/?)>/,
      (_all, before: string, end: string) =>
        `${before}<value xsi:type="CD" code="F32.1" codeSystem="2.16.840.1.113883.6.90" displayName="Depression"${end}>`,
    );
    expect(coded).not.toBe(source);
    const type = { headers: { 'content-type': 'application/hl7-cda+xml' } };
    const { json } = await server.ask('initiator', 'POST', '$import-ccda', coded, type);
    const { parameter = [] } = json as unknown as Parameters;
    const at = String(parameter.find(({ name }) => name === 'document')?.valueReference?.reference);
    const document = await server.read('initiator', at);
    expect(labelsOf(document)).toBe('MH N PSY');
    expect(JSON.stringify(document.meta)).not.toContain('F32.1');
    const [condition] = await server.search('initiator', 'Condition?code=F32.1');
    expect(labelsOf(condition)).toBe('MH N PSY');
  });

  test('an order that a message brings', async () => {
    const exchange = await openExchange();
    try {
      await exchange.say(request({ at: 0, id: 'L-1' }, { reason: 'F11.20^Opioid dependence^I10C' }));
      const [order] = await exchange.all('ServiceRequest');
      expect(labelsOf(order)).toBe(OPIOID);
    } finally {
      await exchange.close();
    }
  });

  test('an import of the operator’s', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'closeloop-labels-'));
    try {
      const file = join(folder, 'import.json');
      const data = join(folder, 'data');
      const custodian = {
        url: 'https://closeloop.dev/fhir/StructureDefinition/custodian',
        valueReference: { reference: 'Organization/initiator' },
      };
      const meta = { extension: [custodian] };
      const entry = [
        make.organization('initiator'),
        { ...make.patient(), id: 'p', meta },
        { ...condition('Patient/p', 'F11.20'), id: 'c', meta },
      ].map((resource) => ({ resource }));
      writeFileSync(file, JSON.stringify({ resourceType: 'Bundle', type: 'collection', entry }));
      const argv = ['tools/admin.ts', 'import', file, '--data-dir', data];
      expect(spawnSync(process.execPath, argv, { encoding: 'utf8' }).stderr).toBe('');
      const opened = await openServerWith({ folder: data, organizations: ['initiator'] });
      const { json } = await opened.ask('administrator', 'GET', 'Condition/c');
      await opened.close();
      expect(labelsOf(json)).toBe(OPIOID);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
