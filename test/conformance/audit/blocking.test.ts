/**
 * Reports of a compliance officer: what was kept back (compliance I6) equals what the exported audit says, told by an
 * intermediary (compliance P17), and legal holds (audit-compliance AU50; harmony Z5).
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AuditEvent, Resource } from '../../../src/fhir/types.ts';
import { HOLD_KIND } from '../../../src/operations/holds.ts';
import type { Caller } from '../../../src/operations/request.ts';
import { jobEntry } from '../../../src/ports/audit.ts';
import { auditedCommit } from '../../../src/ports/commit.ts';
import { RECORDS_AT_ONCE } from '../../../src/ports/record.ts';
import * as make from '../../resources.ts';
import {
  callerOf,
  initiator,
  openWorld,
  recipient,
  refOf,
  stranger,
  type Stored,
  type World,
} from '../../world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await world.seedDirectory('initiator', 'recipient', 'stranger', 'third');
});
afterAll(() => world.close());

const officer = (id = 'initiator', more: Partial<Caller> = {}): Caller =>
  callerOf(id, { serverScopes: ['closeloop/compliance'], user: 'Practitioner/officer', ...more });

const actor = (reference: string) => ({ role: { coding: [{ code: 'IRCP' }] }, reference: { reference } });
async function refer(denied: boolean, performer = 'recipient'): Promise<{ patient: Stored; note: Stored }> {
  const patient = await world.create(initiator, make.patient());
  const binary = await world.create(initiator, make.binary());
  const note = await world.create(initiator, make.documentReference(refOf(patient), refOf(binary)));
  await world.create(
    initiator,
    make.serviceRequest(
      {
        subject: refOf(patient),
        requester: 'Organization/initiator',
        performer: `Organization/${performer}`,
      },
      { supportingInfo: [make.to(refOf(note))] },
    ),
  );
  if (denied)
    await world.create(
      initiator,
      make.consent(refOf(patient), {
        provision: { type: 'deny', actor: [actor(`Organization/${performer}`)] },
      }),
    );
  return { patient, note };
}

type Part = { name: string; valueString?: string; valueInteger?: number; valueBoolean?: boolean };
type Line = { name: string; part: readonly Part[] };
const linesOf = (resource: Resource | undefined, name: string) =>
  ((resource?.['parameter'] ?? []) as readonly Line[])
    .filter((line) => line.name === name)
    .map(({ part }) =>
      Object.fromEntries(
        part.map((one) => [one.name, one.valueString ?? one.valueInteger ?? one.valueBoolean]),
      ),
    );

describe('(audit-compliance AU35) (audit-compliance AU36) (compliance I6) a period that has nothing in it', () => {
  test.each(['from=2026-03-01&to=2026-02-01', 'from=2999-01-01'])('%s is refused', async (period) => {
    const patient = refOf(await world.create(initiator, make.patient()));
    const asker = officer('initiator', { serverScopes: ['closeloop/compliance', 'closeloop/privacy'] });
    for (const report of [
      '$information-blocking-report?',
      '$break-glass-report?',
      '$incident-sheet?user=Practitioner/a&',
      `${patient}/$access-report?`,
    ])
      expect([report, (await world.ask(asker, 'GET', `${report}${period}`)).code]).toEqual([
        report,
        'parameter-invalid',
      ]);
  });
});

describe('(audit-compliance AU36) $incident-sheet', () => {
  const sheetOf = async (query: string) => {
    const { json } = await world.ask(officer(), 'GET', `$incident-sheet?${query}`);
    const lines = (json?.['parameter'] ?? []) as readonly (Line & Part)[];
    return {
      lines: lines
        .filter(({ name }) => name === 'touched')
        .map(({ part }) => part.filter(({ name }) => name === 'version' || name === 'patient')),
      patients: lines.find(({ name }) => name === 'patients')?.valueInteger,
    };
  };
  const row = (subject: string, more: object) => ({
    event: 'operation' as const,
    action: 'E' as const,
    outcome: '0' as const,
    agent: { organization: 'Organization/initiator' as const, client: 'app', subject },
    requestId: '',
    entities: [],
    patients: [],
    viewers: ['Organization/initiator' as const],
    ...more,
  });

  test('finds who is known by a subject alone, and patients of whom no version is named', async () => {
    await world.store.record(row('system-1', { patients: ['Patient/seen'], query: '$access-report' }));
    expect(await sheetOf('user=system-1')).toEqual({
      lines: [
        [
          { name: 'version', valueString: 'Patient/seen' },
          { name: 'patient', valueString: 'Patient/seen' },
        ],
      ],
      patients: 1,
    });
  });

  test('names with each patient that patient alone', async () => {
    const about = Array.from({ length: 50 }, (_, at): `Patient/${string}` => `Patient/of-search-${at}`);
    const entities = about.map((ref) => `${ref}/_history/1`);
    await world.store.record(row('system-2', { event: 'search-type', patients: about, entities }));
    const { lines, patients } = await sheetOf('user=system-2');
    expect([lines.length, lines.flat().length, patients]).toEqual([50, 100, 50]);
  });
});

describe('(compliance I6) $information-blocking-report', () => {
  test('equals the counts of the exported audit, told apart by counterparty and exception', async () => {
    const [denied, open, third] = [await refer(true), await refer(false), await refer(true, 'third')];
    for (let time = 0; time < 3; time += 1) await world.ask(recipient, 'GET', refOf(denied.note));
    await world.ask(recipient, 'GET', refOf(denied.patient));
    await world.ask(recipient, 'GET', refOf(open.note));
    await world.ask(callerOf('third'), 'GET', refOf(third.note));
    await world.ask(stranger, 'GET', refOf(denied.note));
    const { json } = await world.ask(officer(), 'GET', '$information-blocking-report');
    expect(linesOf(json, 'denial')).toEqual([
      {
        counterparty: 'Organization/recipient',
        exception: 'privacy-individual-request',
        rail: 'fhir',
        class: 'DocumentReference',
        count: 3,
      },
      {
        counterparty: 'Organization/recipient',
        exception: 'privacy-individual-request',
        rail: 'fhir',
        class: 'Patient',
        count: 1,
      },
      {
        counterparty: 'Organization/third',
        exception: 'privacy-individual-request',
        rail: 'fhir',
        class: 'DocumentReference',
        count: 1,
      },
    ]);
    expect(linesOf(json, 'rate')).toContainEqual({
      counterparty: 'Organization/recipient',
      entity: 'cross',
      class: 'DocumentReference',
      asks: 4,
      denials: 3,
      biased: false,
    });
    expect(linesOf(json, 'answer')[0]).toEqual({
      counterparty: 'Organization/recipient',
      answeredLater: 0,
      open: 2,
    });
    // The same from the events that the organization can export, by nothing but their text.
    const events = (await world.bundle(initiator, 'AuditEvent?_count=1000')).entry ?? [];
    const counted = new Map<string, number>();
    for (const { resource } of events) {
      const event = resource as unknown as AuditEvent;
      const who = event.agent
        .map((agent) => agent.who?.reference)
        .find((one) => one?.startsWith('Organization/'));
      if (event.outcome !== '4' || who === undefined || who === 'Organization/initiator') continue;
      const what = event.entity?.find(({ role }) => role?.code === '4')?.what?.reference?.split('/')[0];
      counted.set(`${who} ${what}`, (counted.get(`${who} ${what}`) ?? 0) + 1);
    }
    expect(Object.fromEntries(counted)).toEqual(
      Object.fromEntries(
        linesOf(json, 'denial').map(({ counterparty, class: kind, count }) => [
          `${counterparty} ${kind}`,
          count,
        ]),
      ),
    );
  });

  test('is for the duty, and can be asked about one counterparty', async () => {
    expect((await world.ask(initiator, 'GET', '$information-blocking-report')).code).toBe(
      'scope-insufficient',
    );
    const { json } = await world.ask(officer(), 'GET', '$information-blocking-report?from=2999-01-01');
    expect(json?.['parameter']).toBeUndefined();
    const one = await world.ask(officer(), 'POST', '$information-blocking-report', {
      resourceType: 'Parameters',
      parameter: [{ name: 'counterparty', valueReference: { reference: 'Organization/third' } }],
    });
    expect(new Set(linesOf(one.json, 'denial').map(({ counterparty }) => counterparty))).toEqual(
      new Set(['Organization/third']),
    );
  });
});

describe('(compliance P17) $intermediary-disclosures', () => {
  test('lists each entity with its date and what, and nothing that was refused', async () => {
    const [told, untold] = [await refer(false), await refer(true)];
    await world.ask(recipient, 'GET', refOf(told.note));
    await world.ask(recipient, 'GET', refOf(told.patient));
    await world.ask(recipient, 'GET', refOf(untold.note));
    const { json } = await world.ask(officer(), 'GET', `${refOf(told.patient)}/$intermediary-disclosures`);
    const [line, ...more] = linesOf(json, 'disclosure');
    expect(more).toEqual([]);
    expect(line).toMatchObject({ entity: 'Organization/recipient', what: 'DocumentReference, Patient' });
    const none = await world.ask(officer(), 'GET', `${refOf(untold.patient)}/$intermediary-disclosures`);
    expect([none.status, linesOf(none.json, 'disclosure')]).toEqual([200, []]);
  });
});

describe('(audit-compliance AU50; harmony Z5) legal holds', () => {
  const matter = (name = 'Doe v. Clinic') => ({
    resourceType: 'Parameters',
    parameter: [{ name: 'matter', valueString: name }],
  });

  test('what is held is deleted by nobody, the patient with everything of the compartment', async () => {
    const patient = await world.create(initiator, make.patient());
    const binary = await world.create(initiator, make.binary());
    const note = await world.create(initiator, make.documentReference(refOf(patient), refOf(binary)));
    const held = await world.ask(officer(), 'POST', `${refOf(patient)}/$hold`, matter());
    expect(held.status).toBe(200);
    for (const ref of [refOf(patient), refOf(note)])
      for (const who of [
        initiator,
        officer(),
        callerOf('administrator', { organization: undefined, administrator: true }),
      ]) {
        const refused = await world.ask(who, 'DELETE', ref);
        expect([ref, refused.status, refused.code]).toEqual([ref, 409, 'deletion-refused']);
        // It does not say why: that there is a hold is the officer's to know.
        expect(JSON.stringify(refused.issues)).not.toMatch(/hold|Doe/);
      }
    expect(JSON.stringify((await world.ask(initiator, 'GET', refOf(patient))).json)).not.toContain('Doe');
    const list = await world.ask(officer(), 'GET', '$holds');
    expect(linesOf(list.json, 'hold')).toMatchObject([{ what: refOf(patient), matter: 'Doe v. Clinic' }]);
    await world.ask(officer(), 'POST', `${refOf(patient)}/$hold`, matter('Another'));
    const left = await world.ask(officer(), 'POST', `${refOf(patient)}/$unhold`, matter());
    expect(left.json?.['parameter']).toEqual([{ name: 'left', valueInteger: 1 }]);
    expect((await world.ask(initiator, 'DELETE', refOf(note))).code).toBe('deletion-refused');
    await world.ask(officer(), 'POST', `${refOf(patient)}/$unhold`, matter('Another'));
    expect((await world.ask(initiator, 'DELETE', refOf(note))).status).toBe(204);
    const events = (
      await world.store.snapshot().audit({ viewer: undefined, names: [refOf(patient)], count: 100 })
    ).map(({ entry }) => entry.event);
    expect(events.filter((event) => event.includes('hold'))).toEqual(['unhold', 'unhold', 'hold', 'hold']);
  });

  test('is lifted from behind as many others as there are', async () => {
    const patient = refOf(await world.create(initiator, make.patient()));
    const holdOf = (key: string, name: string) => ({
      kind: HOLD_KIND,
      key,
      expect: 'absent' as const,
      body: {
        what: patient,
        organization: 'Organization/initiator',
        matter: name,
        by: 'officer',
        at: '2026',
      },
      index: [['what', patient] as const],
    });
    const others = Array.from({ length: RECORDS_AT_ONCE }, (_, i) => holdOf(`${patient} ${i}`, 'Another'));
    const records = [...others, holdOf(`${patient} last`, 'Doe v. Clinic')];
    await world.store.commit(auditedCommit([jobEntry('holds')], { records }));
    const left = await world.ask(officer(), 'POST', `${patient}/$unhold`, matter());
    expect(left.json?.['parameter']).toEqual([{ name: 'left', valueInteger: RECORDS_AT_ONCE }]);
  });

  test('is for the compliance officer of the keeper', async () => {
    const { patient } = await refer(false);
    for (const [who, code] of [
      [initiator, 'scope-insufficient'],
      [officer('recipient'), 'not-custodian'],
      [officer('stranger'), 'not-found'],
    ] as const)
      expect((await world.ask(who, 'POST', `${refOf(patient)}/$hold`, matter())).code).toBe(code);
    expect((await world.ask(officer(), 'POST', `${refOf(patient)}/$unhold`, matter())).code).toBe(
      'not-found',
    );
    expect((await world.ask(initiator, 'GET', '$holds')).code).toBe('scope-insufficient');
  });
});

describe('(audit-compliance AU36) $incident-sheet', () => {
  test('lists what a session or a person touched, and who opened it later', async () => {
    const { patient, note } = await refer(false);
    const thief = callerOf('initiator', { user: 'Practitioner/thief', session: 'stolen' });
    await world.ask(thief, 'GET', refOf(note));
    await world.ask(thief, 'GET', refOf(note));
    await world.ask(recipient, 'GET', refOf(note));
    for (const query of ['session=stolen', 'user=Practitioner/thief']) {
      const { json } = await world.ask(officer(), 'GET', `$incident-sheet?${query}`);
      const [line, ...more] = linesOf(json, 'touched');
      expect([query, more]).toEqual([query, []]);
      expect(line).toMatchObject({
        version: `${refOf(note)}/_history/${note.meta?.versionId}`,
        patient: refOf(patient),
        recipient: 'Organization/initiator',
        count: 2,
        opened: expect.any(String),
      });
      expect(JSON.stringify(json)).toContain('{"name":"patients","valueInteger":1}');
    }
    expect((await world.ask(officer(), 'GET', '$incident-sheet')).code).toBe('field-missing');
    expect((await world.ask(initiator, 'GET', '$incident-sheet?session=stolen')).code).toBe(
      'scope-insufficient',
    );
    // Another organization's officer learns nothing of our sessions.
    const other = await world.ask(officer('recipient'), 'GET', '$incident-sheet?session=stolen');
    expect(linesOf(other.json, 'touched')).toEqual([]);
  });
});
