/** What a person told outside is entered afterwards (compliance B35). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AuditEvent, Ref } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { openServer, type Response, type TestServer } from '../../server.ts';

let server: TestServer;
let patient: Ref;
let tokens: Readonly<Record<string, string>>;
beforeAll(async () => {
  server = await openServer(['initiator', 'recipient']);
  patient = `Patient/${(await server.create('initiator', make.patient())).id}`;
  tokens = {
    officer: await sign('initiator', 'closeloop/compliance'),
    clerk: await sign('initiator', 'system/*.cruds'),
    outsider: await sign('recipient', 'system/*.cruds closeloop/compliance'),
  };
});
afterAll(() => server.close());

async function sign(organization: string, scope: string): Promise<string> {
  const claims = {
    subject: `s-${organization}`,
    client: 'office',
    scope,
    organization: `Organization/${organization}`,
  };
  return (await server.running.devIssuer?.sign(claims as never)) ?? '';
}

const PHONE = {
  date: { valueDateTime: '2026-10-02' },
  recipient: { valueString: 'County Sheriff' },
  address: { valueString: '1 Main St' },
  what: { valueString: 'Name and time of discharge' },
  basis: { valueCode: 'law-enforcement' },
  law: { valueString: 'Order 12/2026' },
};

const record = (who: string, given: object = PHONE, key?: string): Promise<Response> => {
  const parameter = Object.entries(given).map(([name, value]) => ({ name, ...(value as object) }));
  const headers = {
    authorization: `Bearer ${tokens[who]}`,
    ...(key !== undefined && { 'idempotency-key': key }),
  };
  return server.ask(
    'initiator',
    'POST',
    `${patient}/$record-disclosure`,
    { resourceType: 'Parameters', parameter },
    { headers },
  );
};

const eventOf = ({ json }: Response): string =>
  (json as unknown as { parameter: { valueReference: { reference: string } }[] }).parameter[0]?.valueReference
    .reference ?? '';

describe('(compliance B35) a disclosure that was made outside', () => {
  test('is on record with its date, recipient, address, content and basis', async () => {
    const done = await record('officer');
    expect([done.status, done.text]).toEqual([200, expect.stringContaining('AuditEvent/')]);
    const event = (await server.read('initiator', eventOf(done))) as unknown as AuditEvent;
    expect(event).toMatchObject({
      type: { code: '110106' },
      subtype: [{ code: 'disclose' }],
      action: 'R',
      period: { start: '2026-10-02' },
      purposeOfEvent: [{ coding: [{ code: 'HLEGAL' }] }],
    });
    const said = JSON.stringify(event);
    for (const part of [
      'County Sheriff',
      '1 Main St',
      'Name and time of discharge',
      'Order 12/2026',
      'basis/law-enforcement',
      'section-164.512',
      patient,
    ])
      expect(said).toContain(part);
  });

  test('names its evidence, and the associate who made it', async () => {
    const consent = await server.create('initiator', make.consent(patient));
    const evidence = { valueReference: { reference: `Consent/${consent.id}` } };
    const by = { valueReference: { reference: 'Organization/recipient' } };
    const done = await record('officer', { ...PHONE, basis: { valueCode: 'authorization' }, evidence, by });
    const said = JSON.stringify(await server.read('initiator', eventOf(done)));
    expect(said).toContain(`Consent/${consent.id}`);
    expect(said).toContain('Organization/recipient');
  });

  test('is entered once under one key', async () => {
    const [first, again] = [await record('officer', PHONE, 'k-1'), await record('officer', PHONE, 'k-1')];
    expect(eventOf(again)).toBe(eventOf(first));
  });

  test('is nobody else’s to see', async () => {
    const done = await record('officer');
    expect((await server.ask('recipient', 'GET', eventOf(done))).status).toBe(404);
  });

  // prettier-ignore
  test.each<readonly [what: string, who: string, more: object, status: number, code: string]>([
    ['without the duty',              'clerk',    {},                                                    403, 'scope-insufficient'],
    ['by another organization',       'outsider', {},                                                    404, 'not-found'],
    ['on no known basis',             'officer',  { basis: { valueCode: 'curiosity' } },                 400, 'parameter-invalid'],
    ['in the future',                 'officer',  { date: { valueDateTime: '2126-01-01' } },             400, 'parameter-invalid'],
    ['without a recipient',           'officer',  { recipient: undefined },                              422, 'field-missing'],
    ['to nobody',                     'officer',  { recipient: { valueString: ' \u00A0 ' } },             400, 'parameter-invalid'],
    ['with a text without an end',    'officer',  { what: { valueString: 'x'.repeat(1001) } },           400, 'parameter-invalid'],
    ['with evidence that is not here','officer',  { evidence: { valueReference: { reference: 'Consent/none' } } }, 422, 'reference-not-found'],
    ['with evidence that is none',    'officer',  { evidence: { valueReference: { reference: 'Task/1' } } },       400, 'parameter-invalid'],
  ])('is refused %s', async (_what, who, more, status, code) => {
    const given = Object.fromEntries(Object.entries({ ...PHONE, ...more }).filter(([, value]) => value !== undefined));
    const answer = await record(who, given);
    expect([answer.status, answer.code]).toEqual([status, code]);
  });
});
