/** What a patient in person reads of what the organization keeps of them: everything but notes (compliance R6, R8). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Bundle, Coding, Ref } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { openServer, type Response, type TestServer } from '../../server.ts';
import { refsOf } from '../../world.ts';

const act = (code: string): Coding => ({ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code });

let server: TestServer;
let patient: Ref;
let plain: Ref;
let note: Ref;
let minors: Ref;
const tokens = new Map<string, string>();
beforeAll(async () => {
  server = await openServer(['initiator', 'recipient']);
  patient = `Patient/${(await server.create('initiator', make.patient())).id}`;
  plain = await keep();
  note = await keep(act('PSYTHPN'));
  minors = await keep(act('ADOL'));
  const related = await server.create('initiator', {
    resourceType: 'RelatedPerson',
    patient: { reference: patient },
  });
  for (const [who, fhirUser] of [
    ['patient', patient],
    ['parent', `RelatedPerson/${related.id}`],
    ['clinician', 'Practitioner/p'],
  ] as const) {
    const asked = {
      subject: who,
      client: 'app',
      scope: 'patient/*.rs',
      organization: 'Organization/initiator',
    };
    const launch = {
      ...asked,
      patient: patient.slice('Patient/'.length),
      claims: { fhirUser, ...(who === 'clinician' && { roles: who }) },
    };
    tokens.set(who, (await server.running.devIssuer?.sign(launch as never)) ?? '');
  }
});
afterAll(() => server.close());

const keep = async (...security: readonly Coding[]): Promise<Ref> => {
  const more = security.length > 0 ? { meta: { security } } : {};
  return `Observation/${(await server.create('initiator', make.observation(patient, more))).id}`;
};

const ask = (who: string, url: string): Promise<Response> =>
  server.ask('initiator', 'GET', url, undefined, { headers: { authorization: `Bearer ${tokens.get(who)}` } });

const observationsIn = ({ json }: Response): readonly Ref[] =>
  refsOf(json as unknown as Bundle).filter((ref) => ref.startsWith('Observation/'));

describe('(compliance R6) the patient in person', () => {
  test('finds everything but notes, in totals, too', async () => {
    const everything = await ask('patient', `${patient}/$everything`);
    expect(new Set(observationsIn(everything))).toEqual(new Set([plain, minors]));
    const counted = await ask('patient', `Observation?_summary=count`);
    expect(counted.json['total']).toBe(2);
    expect(observationsIn(await ask('patient', `Observation?_security=PSYTHPN`))).toEqual([]);
  });

  test('is told why a note is not read, and that there is no review', async () => {
    for (const url of [note, `${note}/_history`]) {
      const denied = await ask('patient', url);
      expect([denied.status, denied.code]).toEqual([403, 'access-denied']);
      expect(denied.text).toContain('"code":"unreviewable"');
      expect(denied.text).toContain('"code":"privacy-access-denial"');
    }
    expect((await ask('patient', 'Observation/none')).code).toBe('not-found');
    expect((await ask('patient', plain)).status).toBe(200);
  });

  test('and a clinician, for whom the chart was opened, reads them', async () => {
    expect((await ask('clinician', note)).status).toBe(200);
    const everything = await ask('clinician', `${patient}/$everything`);
    expect(new Set(observationsIn(everything))).toEqual(new Set([plain, note, minors]));
  });
});

describe('(compliance R8) a parent', () => {
  test('does not learn of what a minor consented to alone', async () => {
    expect((await ask('parent', minors)).code).toBe('not-found');
    const everything = await ask('parent', `${patient}/$everything`);
    expect(observationsIn(everything)).toEqual([plain]);
  });
});
