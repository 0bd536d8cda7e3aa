/** `$import-ccda`, `$ccda` and `$render` at a real server. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { convertDocument } from '../../../src/ccda/read/convert.ts';
import type { Bundle, Parameters, Resource } from '../../../src/fhir/types.ts';
import { openServer, type TestServer } from '../../server.ts';

const FOLDER = join(import.meta.dirname, '../../fixtures/ccda');
const documentOf = (name: string): string => readFileSync(join(FOLDER, `${name}.xml`), 'utf8');
const CDA = { 'content-type': 'application/hl7-cda+xml' };

let server: TestServer;
beforeAll(async () => {
  server = await openServer(['initiator', 'recipient', 'stranger']);
});
afterAll(() => server.close());

/** The parameters of an answer, by name. */
function partsOf(json: Resource) {
  const { parameter = [] } = json as unknown as Parameters;
  return new Map(parameter.map((one) => [one.name, one]));
}

const imported = async (who: string, body: string) => {
  const response = await server.ask(who, 'POST', '$import-ccda', body, { headers: CDA });
  if (response.status !== 200) throw new Error(response.text);
  const parts = partsOf(response.json);
  return {
    document: String(parts.get('document')?.valueReference?.reference),
    bundle: parts.get('bundle')?.resource as unknown as Bundle,
    losses: parts.get('losses')?.resource as unknown as Resource,
    remarks: JSON.stringify(
      (response.json as unknown as Parameters).parameter?.filter(({ name }) => name === 'remark'),
    ),
  };
};

describe('(ccda 16) $import-ccda', () => {
  test('keeps the bytes as they came, and what they say as resources of the caller', async () => {
    const source = documentOf('referral-note');
    const { document, losses } = await imported('initiator', source);
    const kept = await server.read('initiator', document);
    expect(kept).toMatchObject({
      status: 'current',
      masterIdentifier: { value: 'urn:uuid:1355b0be-bbed-5ca3-8e0e-3e994df15d80' },
      type: { coding: [{ code: '57133-1' }] },
    });
    const url =
      (kept as unknown as { content: { attachment: { url: string } }[] }).content[0]?.attachment.url ?? '';
    const binary = await server.read('initiator', url.split('/').slice(-2).join('/'));
    expect(Buffer.from(String(binary['data']), 'base64').toString('utf8')).toBe(source);
    expect(losses).toMatchObject({ resourceType: 'List', code: { coding: [{ code: 'loss-report' }] } });
    const patients = await server.search('initiator', 'Patient?identifier=urn:oid:2.999.10.1.5|MQ-40417');
    expect(patients).toHaveLength(1);
    const patient = `Patient/${patients[0]?.id ?? ''}`;
    expect(await server.search('initiator', `Condition?patient=${patient}`)).toHaveLength(3);
    expect(await server.search('initiator', `MedicationRequest?patient=${patient}`)).toHaveLength(2);
    expect((await server.ask('recipient', 'GET', patient)).status).toBe(404);
    const [provenance] = await server.search('initiator', `Provenance?entity=${document}`);
    expect(provenance?.['agent']).toMatchObject([{ who: { reference: 'Organization/initiator' } }]);
  });

  test('opens no referral: the order is a draft', async () => {
    const orders = await server.search('initiator', 'ServiceRequest?identifier=R-2025-00731');
    expect(orders.map(({ status }) => status)).toEqual(['draft']);
    expect(await server.search('initiator', 'Task')).toEqual([]);
  });

  test('the same document again changes nothing', async () => {
    const again = await imported('initiator', documentOf('referral-note'));
    expect(again.remarks).toContain('kept already');
    expect(await server.search('initiator', 'Patient?identifier=MQ-40417')).toHaveLength(1);
    expect(await server.search('initiator', 'DocumentReference?type=57133-1')).toHaveLength(1);
  });

  test('other content under the same id is kept beside it, and that is said', async () => {
    const body = documentOf('referral-note').replace('Viral sinusitis', 'Sinusitis');
    const other = await imported('initiator', body);
    expect(other.remarks).toContain('another document under the same id');
    expect(await server.search('initiator', 'DocumentReference?type=57133-1')).toHaveLength(2);
  });

  test('a later version replaces the earlier one, an earlier one is filed behind it', async () => {
    const version = (number: number, id: string): string =>
      documentOf('referral-note')
        .replace('1355B0BE-BBED-5CA3-8E0E-3E994DF15D80', id)
        .replace('<versionNumber value="1"/>', `<versionNumber value="${number}"/>`);
    const third = await imported('initiator', version(3, '11111111-2222-4333-8444-000000000003'));
    expect(await server.read('initiator', third.document)).toMatchObject({
      status: 'current',
      relatesTo: [{ code: 'replaces' }, { code: 'replaces' }],
    });
    const current = await server.search('initiator', 'DocumentReference?type=57133-1&status=current');
    expect(current.map(({ id }) => `DocumentReference/${id ?? ''}`)).toEqual([third.document]);
    const second = await imported('initiator', version(2, '11111111-2222-4333-8444-000000000002'));
    expect(await server.read('initiator', second.document)).toMatchObject({ status: 'superseded' });
  });

  test('a patient is found by a number of the caller’s own, and not where the name is another', async () => {
    const other = documentOf('consultation-note').replaceAll(
      '<family>Quintero</family>',
      '<family>Somebody</family>',
    );
    const apart = await imported('initiator', other);
    expect(apart.remarks).toContain('nothing is read from it');
    expect(await server.read('initiator', apart.document)).not.toHaveProperty('subject');
    expect(await server.search('initiator', `Provenance?entity=${apart.document}`)).toEqual([]);
    const { bundle } = await imported('initiator', documentOf('consultation-note'));
    expect(bundle.type).toBe('document');
    expect(await server.search('initiator', 'Patient?identifier=MQ-40417')).toHaveLength(1);
  });

  test('what a rule refuses is kept by itself, and why is said', async () => {
    const many = Array.from(
      { length: 250 },
      (_, index) =>
        `<author><time value="2025"/><assignedAuthor><id root="2.999.5" extension="${String(index)}"/><assignedPerson><name>N ${String(index)}</name></assignedPerson></assignedAuthor></author>`,
    );
    const body = documentOf('ccd-restricted').replace('<custodian>', `${many.join('')}<custodian>`);
    const apart = await imported('recipient', body);
    expect(apart.remarks).toContain('nothing is read from it');
    expect((await server.ask('recipient', 'GET', apart.document)).status).toBe(200);
    expect((await imported('recipient', body)).document).toBe(apart.document);
  });

  test('an answer is linked to the order that it names', async () => {
    const [order] = await server.search('initiator', 'ServiceRequest?identifier=R-2025-00731');
    const [note] = await server.search('initiator', 'DocumentReference?type=11488-4');
    expect(note?.['context']).toMatchObject({
      related: [{ reference: `ServiceRequest/${order?.id ?? ''}` }],
    });
  });

  test('by a stored Binary, by Parameters, and by nothing', async () => {
    const data = Buffer.from(documentOf('ccd-restricted')).toString('base64');
    const binary = await server.create('initiator', {
      resourceType: 'Binary',
      contentType: 'text/xml',
      data,
    });
    const parameters = {
      resourceType: 'Parameters',
      parameter: [{ name: 'source', valueReference: { reference: `Binary/${binary.id}` } }],
    };
    const response = await server.ask('initiator', 'POST', '$import-ccda', parameters);
    expect(response.status).toBe(200);
    const nothing = await server.ask('initiator', 'POST', '$import-ccda', { resourceType: 'Parameters' });
    expect([nothing.status, nothing.code]).toEqual([422, 'field-missing']);
  });

  test.each([
    ['no document', '<a/>', 'ccda-invalid'],
    ['a DOCTYPE', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', 'xml-invalid'],
  ])('%s is refused with a code', async (_what, body, code) => {
    const response = await server.ask('initiator', 'POST', '$import-ccda', body, { headers: CDA });
    expect(response.code).toBe(code);
  });

  test('as text/xml or application/xml, and Parameters in the same types', async () => {
    const body = documentOf('referral-note');
    const parameters = `<?xml version="1.0"?><Parameters xmlns="http://hl7.org/fhir"><parameter><name value="document"/><resource><Binary><contentType value="text/xml"/><data value="${Buffer.from(body).toString('base64')}"/></Binary></resource></parameter></Parameters>`;
    for (const type of ['text/xml', 'application/xml; charset=utf-8'])
      for (const sent of [body, parameters]) {
        const headers = { 'content-type': type };
        const response = await server.ask('initiator', 'POST', '$import-ccda', sent, { headers });
        expect([type, response.status, response.text.slice(0, 80)]).toEqual([
          type,
          200,
          expect.stringContaining('Parameters'),
        ]);
      }
  });

  test('an administrator who acts for nobody keeps the file, and claims no number of its parties', async () => {
    for (const id of ['22222222-0000-4000-8000-000000000001', '22222222-0000-4000-8000-000000000002']) {
      const body = documentOf('referral-note').replace('1355B0BE-BBED-5CA3-8E0E-3E994DF15D80', id);
      const { document, remarks } = await imported('administrator', body);
      expect(remarks).toContain('nothing is read from it');
      expect(await server.search('administrator', `Provenance?entity=${document}`)).toEqual([]);
    }
    const own = await imported('recipient', documentOf('referral-note').replace('1355B0BE', '33333333'));
    expect(own.remarks).not.toContain('nothing is read');
  });

  test('an empty body is told what to send', async () => {
    const response = await server.ask('initiator', 'POST', '$import-ccda', '', { headers: CDA });
    expect([response.status, response.code]).toEqual([422, 'field-missing']);
    expect(response.text).toContain('application/hl7-cda+xml');
  });

  test('a code that its system does not have is kept in words, and the document taken', async () => {
    const { losses } = await imported(
      'stranger',
      documentOf('consultation-note')
        .replace(/code="(?:DISTR|CALLBCK|PCP)"/, 'code="NOSUCH"')
        .replace(
          /<maritalStatusCode code="M"[^>]*\/>/,
          '<maritalStatusCode code="NOSUCH" codeSystem="2.16.840.1.113883.5.2" displayName="It is complicated"/>',
        ),
    );
    expect(JSON.stringify(losses)).toContain('no such code');
    const [patient] = await server.search('stranger', 'Patient');
    expect(patient?.['maritalStatus']).toEqual({ text: 'It is complicated' });
  });

  test('a large document is read as a small one is', async () => {
    const note = documentOf('consultation-note');
    const large = note
      .replace(/<id root="[^"]*"\/>/, '<id root="99999999-2222-4333-8444-000000000001"/>')
      .replace(/<setId [^>]*\/>\s*<versionNumber [^>]*\/>/, '')
      .replace('</paragraph>', `</paragraph><paragraph>${'x'.repeat(300_000)}</paragraph>`);
    const { bundle } = await imported('initiator', large);
    expect(JSON.stringify(bundle)).toContain('"115"'.replaceAll('"', ''));
  });
});

describe('(ccda 12.3) $ccda', () => {
  const raw = async (who: string, url: string, accept: string): Promise<globalThis.Response> => {
    const { devIssuer, port } = server.running;
    const token = await devIssuer?.sign({
      subject: 's',
      client: 'c',
      scope: 'system/*.cruds',
      organization: `Organization/${who}`,
    });
    return fetch(`http://127.0.0.1:${port}/fhir/${url}`, {
      headers: { authorization: `Bearer ${token ?? ''}`, accept },
    });
  };

  test('a referral is a Referral Note of what its order reaches, and reads back', async () => {
    const patient = await server.create('initiator', {
      resourceType: 'Patient',
      name: [{ family: 'Reyes', given: ['Ana'] }],
      gender: 'female',
      birthDate: '1980-02-03',
      identifier: [{ system: 'urn:oid:2.999.77', value: 'P1' }],
    });
    const subject = { reference: `Patient/${patient.id}` };
    const told = await server.create('initiator', {
      resourceType: 'Condition',
      subject,
      clinicalStatus: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }],
      },
      code: {
        coding: [{ system: 'http://snomed.info/sct', code: '239873007', display: 'Osteoarthritis of knee' }],
      },
    });
    await server.create('initiator', {
      resourceType: 'Condition',
      subject,
      clinicalStatus: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }],
      },
      code: { text: 'a secret of the patient' },
    });
    const order = await server.create('initiator', {
      resourceType: 'ServiceRequest',
      status: 'active',
      intent: 'order',
      subject,
      code: { text: 'Orthopedic consultation' },
      requester: { reference: 'PractitionerRole/initiator' },
      performer: [{ reference: 'PractitionerRole/recipient' }],
      reasonReference: [{ reference: `Condition/${told.id}` }],
      authoredOn: '2026-01-02T10:00:00Z',
    });
    const response = await raw('initiator', `ServiceRequest/${order.id}/$ccda`, 'application/hl7-cda+xml');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/hl7-cda+xml');
    expect(response.headers.get('link')).toContain('lossesOnly=true');
    const xml = await response.text();
    expect(xml).toContain('Osteoarthritis of knee');
    expect(xml).not.toContain('a secret of the patient');
    const again = await raw('initiator', `ServiceRequest/${order.id}/$ccda`, 'application/hl7-cda+xml');
    expect(await again.text()).toBe(xml);
    const { bundle } = await convertDocument(Buffer.from(xml), {
      newId: () => crypto.randomUUID(),
      now: '2026-01-01T00:00:00Z',
    });
    expect(JSON.stringify(bundle)).toContain('239873007');
    const parameters = await server.ask('initiator', 'GET', `ServiceRequest/${order.id}/$ccda`);
    expect([...partsOf(parameters.json).keys()]).toEqual(['document', 'losses']);
    const losses = await server.ask('initiator', 'GET', `ServiceRequest/${order.id}/$ccda?lossesOnly=true`);
    expect(losses.json.resourceType).toBe('List');
    expect((await server.ask('stranger', 'GET', `ServiceRequest/${order.id}/$ccda`)).status).toBe(404);
    // The recipient tells what it was shown.
    expect((await server.ask('recipient', 'GET', `ServiceRequest/${order.id}/$ccda`)).status).toBe(200);
    const record = await raw('initiator', `Patient/${patient.id}/$ccda`, 'application/hl7-cda+xml');
    expect(await record.text()).toContain('a secret of the patient');
  });

  test('a record with more of a type than one document holds says so', async () => {
    const patient = await server.create('recipient', { resourceType: 'Patient', name: [{ family: 'Long' }] });
    const entry = Array.from({ length: 501 }, (_one, index) => ({
      resource: {
        resourceType: 'AllergyIntolerance',
        clinicalStatus: {
          coding: [
            {
              system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical',
              code: 'active',
            },
          ],
        },
        code: { text: `Substance ${index}` },
        patient: { reference: `Patient/${patient.id}` },
      },
      request: { method: 'POST', url: 'AllergyIntolerance' },
    }));
    const lossesOf = async (): Promise<string> =>
      (await server.ask('recipient', 'GET', `Patient/${patient.id}/$ccda?lossesOnly=true`)).text;
    const all = { resourceType: 'Bundle', type: 'transaction' };
    const most = { ...all, entry: entry.slice(1) };
    expect((await server.ask('recipient', 'POST', '', most)).status).toBe(200);
    expect(await lossesOf()).not.toContain('more than one document holds');
    const last = { ...all, entry: entry.slice(0, 1) };
    expect((await server.ask('recipient', 'POST', '', last)).status).toBe(200);
    expect(await lossesOf()).toContain('more than one document holds');
  }, 60_000);

  test('the document alone is asked for under either name of its type', async () => {
    const patient = await server.create('recipient', {
      resourceType: 'Patient',
      name: [{ family: 'Short' }],
    });
    for (const type of ['application/hl7-cda+xml', 'text/xml']) {
      const response = await raw('recipient', `Patient/${patient.id}/$ccda`, type);
      expect(response.headers.get('content-type')).toBe(type);
      expect(response.headers.get('link')).toContain('lossesOnly=true');
      expect(await response.text()).toContain('<ClinicalDocument ');
    }
    const resource = await raw('recipient', `Patient/${patient.id}/$ccda`, 'application/fhir+xml');
    expect(await resource.text()).toContain('<Parameters ');
  });

  test('a document Bundle, stored or sent', async () => {
    const { bundle } = await convertDocument(Buffer.from(documentOf('consultation-note')), {
      newId: () => crypto.randomUUID(),
      now: '2026-01-01T00:00:00Z',
    });
    const response = await server.ask('recipient', 'POST', 'Bundle/$ccda', bundle);
    const document = partsOf(response.json).get('document')?.resource as unknown as { data: string };
    expect(Buffer.from(document.data, 'base64').toString('utf8')).toContain('<inFulfillmentOf>');
    const stored = await server.create('recipient', bundle as unknown as Resource);
    expect((await server.ask('recipient', 'GET', `Bundle/${stored.id}/$ccda`)).status).toBe(200);
  });

  test.each([
    ['ServiceRequest/none/$ccda', 404, 'not-found'],
    ['Patient/none/$ccda', 404, 'not-found'],
    ['Patient/none/$ccda?kind=letter', 400, 'parameter-invalid'],
    ['Patient/none/$ccda?section=everything', 400, 'parameter-invalid'],
  ])('%s is refused', async (url, status, code) => {
    const response = await server.ask('initiator', 'GET', url);
    expect([response.code, response.status]).toEqual([code, status]);
  });

  test('a stored document is a page that runs nothing', async () => {
    const { document } = await imported('stranger', documentOf('referral-note'));
    const page = await raw('stranger', `${document}/$render`, 'text/html,*/*;q=0.8');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'.*sandbox/);
    expect(page.headers.get('content-disposition')).toBeNull();
    // frame-ancestors says who may frame it
    expect(page.headers.get('x-frame-options')).toBeNull();
    const html = await page.text();
    expect(html).toContain('Viral sinusitis');
    expect(html).not.toMatch(/<script|<link|https?:\/\/(?!www\.w3\.org)/);
    const other = await raw('initiator', `${document}/$render`, 'text/html');
    expect(other.status).toBe(404);
    const asResource = await raw('stranger', `${document}/$render`, 'application/fhir+json');
    expect(((await asResource.json()) as Resource).resourceType).toBe('Binary');
  });
});
