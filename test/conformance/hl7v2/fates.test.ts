import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Link } from '../../../src/hl7v2/link.ts';
import { CommitRefused, SearchRefused, type Store } from '../../../src/ports/store.ts';
import { callerOf } from '../../world.ts';
import {
  accept,
  adt,
  book,
  callOff,
  cancel,
  confirm,
  decline,
  FROM_LARKSPUR,
  FROM_OUTSIDER,
  FROM_TIDEWATER,
  interim,
  larkspur,
  LARKSPUR,
  openExchange,
  outcome,
  outsider,
  OUTSIDER,
  rebook,
  request,
  stateOf,
  tidewater,
  TIDEWATER,
  type Exchange,
  type ExchangeOptions,
} from './exchange.ts';

let exchange: Exchange;
const open = async (options?: ExchangeOptions): Promise<void> => {
  exchange = await openExchange(options);
};
afterEach(() => exchange.close());

/** A referral that is here already, accepted. */
async function accepted(): Promise<void> {
  await exchange.say(request({ at: 0, id: 'L-1' }));
  await exchange.say(accept({ at: 1, id: 'T-1' }));
}

const edited = (message: string, from: string | RegExp, to: string): string => {
  const changed = message.replace(from, to);
  if (changed === message) throw new Error('the message was not changed');
  return changed;
};

describe('four fates', () => {
  beforeEach(async () => {
    await open();
    await accepted();
  });

  const at = { at: 10, id: 'X-1' };
  // prettier-ignore
  const FATES = [
    // what comes                             message                                                               fate          code  ERR-3  whose work, of which kind
    ['what is no message',                    'what is this',                                                       'quarantine', 'AE', '100', 'message-quarantined', 'larkspur'],
    ['a request without a reason',            request(at, { reason: '' }),                                          'quarantine', 'AE', '101', 'message-quarantined', 'tidewater'],
    ['a status without a referral number',    edited(accept(at), /\|R-2025-00731\^\^[^|]*/, '|'),                   'quarantine', 'AE', '101', 'message-quarantined', 'larkspur'],
    ['a status without a patient',            edited(outcome(at), /\nPID[^\n]*/, ''),                               'quarantine', 'AE', '101', 'message-quarantined', 'larkspur'],
    ['a facility that the link has not',      edited(outcome(at), '^2.999.10.1^', '^2.999.77.1^'),                  'quarantine', 'AE', '204', 'message-quarantined', 'larkspur'],
    ['an acceptance by the initiator',        accept({ ...at, from: LARKSPUR, to: TIDEWATER }),                     'quarantine', 'AE', '103', 'message-quarantined', 'tidewater'],
    ['a request to cancel by the recipient',  cancel({ ...at, from: TIDEWATER, to: LARKSPUR }),                     'quarantine', 'AE', '103', 'message-quarantined', 'larkspur'],
    ['a request by the recipient',            request({ ...at, from: TIDEWATER, to: LARKSPUR }),                    'quarantine', 'AE', '103', 'message-quarantined', 'larkspur'],
    ['another patient',                       outcome({ ...at, patient: 'MQ-1' }),                                  'quarantine', 'AE', '204', 'message-quarantined', 'larkspur'],
    ['another name',                          edited(outcome(at), 'Quintero^Marisol', 'Smith^Ann'),                 'quarantine', 'AE', '204', 'message-quarantined', 'larkspur'],
    ['another birth date',                    edited(outcome(at), '19710308', '19720308'),                          'quarantine', 'AE', '204', 'message-quarantined', 'larkspur'],
    ['a referral that nobody knows',          outcome({ ...at, referral: 'R-0' }),                                  'work-item',  'AA', '204', 'message-unmatched',   'larkspur'],
    ['its number of another authority',       outcome({ ...at, authority: '2.999.1' }),                             'work-item',  'AA', '204', 'message-unmatched',   'larkspur'],
    ['a status that is none',                 edited(outcome(at), '|SC|', '|UC|'),                                  'work-item',  'AA', '103', 'message-unfit',       'larkspur'],
    ['the same number for another order',     request(at, { reason: '^Hip pain' }),                                 'work-item',  'AA', '205', 'message-unfit',       'tidewater'],
    ['a confirmation of what nobody asked',   confirm(at),                                                          'parked',     'AA', '103', 'message-parked',      'larkspur'],
    ['a visit called off that was never one', callOff(at),                                                          'parked',     'AA', '103', 'message-parked',      'larkspur'],
    ['older than what was applied',           decline({ ...at, at: 0 }),                                            'late',       'AA', '103', undefined,             undefined],
    ['the same once more, newly written',     accept(at),                                                           'applied',    'AA', '103', undefined,             undefined],
    ['the same request, newly written',       request(at),                                                          'applied',    'AA', '205', undefined,             undefined],
  ] as const;

  test.each(FATES)('%s', async (_name, message, fate, code, condition, kind, owner) => {
    const before = await exchange.referral();
    const link = message.includes('|^2.999.10.1^ISO||^2.999.20.1') ? FROM_LARKSPUR : FROM_TIDEWATER;
    const answer = await exchange.say(message, link);
    expect([answer.fate, answer.code]).toEqual([fate, code]);
    expect(answer.remarks.map((remark) => remark.code)).toContain(condition);
    const items = await exchange.workItems();
    expect(items.map((item) => [item.kind, item.owner])).toEqual(
      kind === undefined ? [] : [[kind, `Organization/${owner}`]],
    );
    const { id, meta } = await exchange.referral();
    expect([id, meta?.versionId]).toEqual([before.id, before.meta?.versionId]);
    expect(await exchange.all('ServiceRequest')).toHaveLength(1);
    expect(exchange.logged).toEqual([]);
  });

  test('what is asked of a person is theirs to read, and nobody else’s', async () => {
    await exchange.say(outcome({ at: 10, id: 'X-1', patient: 'MQ-1' }));
    const seenBy = async (who: typeof larkspur) =>
      (await exchange.bundle(who, 'Task?code=message-quarantined')).entry?.length ?? 0;
    expect(await Promise.all([larkspur, tidewater, outsider].map(seenBy))).toEqual([1, 0, 0]);
    const [item] = await exchange.workItems();
    const input = (item?.task['input'] ?? []) as { valueReference: { reference: string } }[];
    const [message] = input;
    const document = await exchange.ask(larkspur, 'GET', message?.valueReference.reference ?? '');
    expect(document.json).toMatchObject({ masterIdentifier: { value: 'X-1' } });
    expect(document.json?.['context']).toBeUndefined();
    expect(document.json?.['subject']).toBeUndefined();
  });

  test('no work item says a word of the patient', async () => {
    for (const [, message] of FATES) await exchange.say(message, FROM_TIDEWATER);
    const words = (await exchange.workItems()).map(({ task }) => JSON.stringify(task)).join();
    expect(words).not.toMatch(/Quintero|Marisol|MQ-|1971|Smith/);
  });
});

describe('who is asked for is a setting of the link', () => {
  const nameless = edited(request({ at: 0, id: 'L-1' }), '^2.999.20.1^ISO', '');
  const toNobody: Link = { ...FROM_LARKSPUR };
  // prettier-ignore
  const LINKS = [
    ['MSH-6',                 toNobody,                                                      request({ at: 0, id: 'L-1' }), 'applied',   'AA'],
    ['the default',           { ...toNobody, defaultReceiver: 'Organization/tidewater' },    nameless,                      'applied',   'AA'],
    ['nobody',                toNobody,                                                      nameless,                      'work-item', 'AA'],
    ['nobody, and it stops',  { ...toNobody, workItemAcknowledged: 'AE' },                   nameless,                      'work-item', 'AE'],
  ] as const satisfies readonly (readonly [string, Link, string, string, string])[];

  test.each(LINKS)('%s', async (_name, link, message, fate, code) => {
    await open({ links: [link] });
    const answer = await exchange.say(message, link);
    expect([answer.fate, answer.code]).toEqual([fate, code]);
    const owners = (await exchange.all('Task')).map((task) => task['owner']);
    expect(owners).toEqual([fate === 'applied' ? { reference: 'Organization/tidewater' } : undefined]);
    const kinds = (await exchange.workItems()).map(({ kind }) => kind);
    expect(kinds).toEqual(fate === 'applied' ? [] : ['message-unaddressed']);
  });
});

test('whoever mends the list of a link is told which facility came', async () => {
  await open();
  const from = { id: 'nobody', facility: '2.999.77.1' };
  const { remarks } = await exchange.say(accept({ at: 0, id: 'X-1', from }), FROM_TIDEWATER);
  expect(remarks).toMatchObject([
    { location: 'MSH-4', code: '204', says: 'facility "2.999.77.1" does not speak on this link' },
  ]);
});

describe('attacks', () => {
  beforeEach(async () => {
    await open();
    await accepted();
  });

  // prettier-ignore
  const ATTACKS = [
    ['an outsider ends another’s referral',              outcome({ at: 20, id: 'O-1', from: OUTSIDER }),                   FROM_OUTSIDER, 'work-item'],
    ['… addressed to the recipient',                     cancel({ at: 20, id: 'O-1', from: OUTSIDER }),                    FROM_OUTSIDER, 'work-item'],
    ['a link speaks for another facility',               outcome({ at: 20, id: 'O-1' }),                                   FROM_OUTSIDER, 'quarantine'],
    ['the initiator’s link speaks for the recipient',    outcome({ at: 20, id: 'O-1' }),                                   FROM_LARKSPUR, 'quarantine'],
    ['the recipient names another organization',         outcome({ at: 20, id: 'O-1', to: OUTSIDER }),                     FROM_TIDEWATER, 'quarantine'],
    ['the recipient names another patient',              outcome({ at: 20, id: 'O-1', patient: 'MQ-2' }),                  FROM_TIDEWATER, 'quarantine'],
  ] as const;

  test.each(ATTACKS)('%s', async (_name, message, link, fate) => {
    const { remarks, ...answer } = await exchange.say(message, link);
    expect(answer.fate).toBe(fate);
    expect(JSON.stringify(remarks)).not.toMatch(/tidewater|larkspur|Task\/|ServiceRequest\//);
    expect(stateOf(await exchange.referral())).toBe('accepted 3.0');
  });

  test('an outsider learns nothing from a number that exists', async () => {
    const known = await exchange.say(outcome({ at: 20, id: 'O-1', from: OUTSIDER }), FROM_OUTSIDER);
    const unknown = await exchange.say(
      outcome({ at: 20, id: 'O-2', from: OUTSIDER, referral: 'R-0' }),
      FROM_OUTSIDER,
    );
    expect(known).toEqual(unknown);
  });

  test('an outsider’s request under another’s number and patient number touches neither', async () => {
    const [mine] = await exchange.all('Patient');
    const { fate } = await exchange.say(
      edited(request({ at: 20, id: 'O-1', from: OUTSIDER }), 'Quintero^Marisol', 'Evil^Eve'),
      FROM_OUTSIDER,
    );
    expect(fate).toBe('applied');
    const patients = await exchange.all('Patient');
    expect(patients).toHaveLength(2);
    expect(patients.find(({ id }) => id === mine?.id)).toEqual(mine);
    await exchange.say(outcome({ at: 21, id: 'T-9' }));
    const states = (await exchange.all('Task', 'code=fulfill')).map(stateOf).toSorted();
    expect(states).toEqual(['completed 7.0', 'received 2.0']);
  });
});

describe('patients', () => {
  beforeEach(() => open());

  // prettier-ignore
  const PERSONS = [
    // what comes                       second request                                                                              fate          patients
    ['the same person again',           request({ at: 5, id: 'L-2', referral: 'R-2' }),                                             'applied',    1],
    ['in other letters',                edited(request({ at: 5, id: 'L-2', referral: 'R-2' }), 'Quintero^Marisol', 'QUINTERO^MARISÓL'), 'applied', 1],
    ['without a birth date',            edited(request({ at: 5, id: 'L-2', referral: 'R-2' }), '19710308', ''),                   'applied',    1],
    ['another number',                  request({ at: 5, id: 'L-2', referral: 'R-2', patient: 'MQ-2' }),                            'applied',    2],
    ['the number under another name',   edited(request({ at: 5, id: 'L-2', referral: 'R-2' }), 'Quintero^Marisol', 'Smith^Ann'),    'quarantine', 1],
    ['the number, born another day',    edited(request({ at: 5, id: 'L-2', referral: 'R-2' }), '19710308', '19720308'),             'quarantine', 1],
    ['an authority not registered',     edited(request({ at: 5, id: 'L-2', referral: 'R-2' }), '&2.999.10.1.5&', '&2.999.10.1.6&'), 'applied',    2],
    ['the number at another organization', request({ at: 5, id: 'O-1', referral: 'R-2', from: OUTSIDER }),                          'applied',    2],
  ] as const;

  test.each(PERSONS)('%s', async (_name, message, fate, count) => {
    await exchange.say(request({ at: 0, id: 'L-1' }));
    const [first] = await exchange.all('Patient');
    expect((await exchange.say(message)).fate).toBe(fate);
    const patients = await exchange.all('Patient');
    expect(patients).toHaveLength(count);
    expect(patients.find(({ id }) => id === first?.id)).toEqual(first);
  });

  test('a patient that two entries of one organization share asks a person', async () => {
    const double = {
      resourceType: 'Patient',
      identifier: [{ system: `urn:oid:${LARKSPUR.patients}`, value: 'MQ-40417' }],
      name: [{ family: 'Quintero', given: ['Marisol'] }],
    };
    await exchange.create(larkspur, double);
    await exchange.create(larkspur, double);
    expect((await exchange.say(request({ at: 0, id: 'L-1' }))).fate).toBe('quarantine');
  });

  test('a clinician who is known by a number is taken as known', async () => {
    await exchange.say(request({ at: 0, id: 'L-1' }));
    await exchange.say(request({ at: 5, id: 'L-2', referral: 'R-2' }));
    await exchange.say(request({ at: 6, id: 'O-1', referral: 'R-3', from: OUTSIDER }));
    expect(await exchange.all('Practitioner', 'identifier=1999999984')).toHaveLength(2);
    expect(await exchange.all('PractitionerRole')).toHaveLength(2);
  });
});

describe('what is said about a patient alone', () => {
  const moved = 'Quintero^Marisol^J^^^^L||19710308|F|||7 Elm Street^^Fairmont^OR^97999^US^H';

  test.each(['A08', 'A31'] as const)('%s updates one who is known', async (event) => {
    await open();
    await exchange.say(request({ at: 0, id: 'L-1' }));
    const { fate } = await exchange.say(adt(event, { at: 5, id: 'L-5' }, { name: moved }));
    expect(fate).toBe('applied');
    const [patient, another] = await exchange.all('Patient');
    expect(patient?.['address']).toMatchObject([{ line: ['7 Elm Street'] }]);
    expect(patient?.['identifier']).toHaveLength(1);
    expect(another).toBeUndefined();
  });

  test('of one whom nobody knows, only that it came is recorded', async () => {
    await open();
    const { fate, code } = await exchange.say(adt('A08', { at: 5, id: 'L-5' }));
    expect([fate, code]).toEqual(['applied', 'AA']);
    const types = ['Patient', 'Binary', 'DocumentReference', 'Provenance', 'Task'];
    expect((await Promise.all(types.map((type) => exchange.all(type)))).flat()).toEqual([]);
  });

  test.each([
    [
      'another name under the number',
      adt('A08', { at: 5, id: 'L-5' }, { name: moved.replace('Quintero', 'Smith') }),
      'quarantine',
    ],
    ['a merge', adt('A40', { at: 5, id: 'L-5' }, { prior: 'MQ-2' }), 'work-item'],
    [
      'an update by another organization',
      adt('A08', { at: 5, id: 'O-5', from: OUTSIDER }, { name: moved }),
      'applied',
    ],
  ])('%s changes nothing', async (_name, message, fate) => {
    await open();
    await exchange.say(request({ at: 0, id: 'L-1' }));
    const before = await exchange.all('Patient');
    expect((await exchange.say(message)).fate).toBe(fate);
    expect(await exchange.all('Patient')).toEqual(before);
  });
});

describe('what cannot be kept', () => {
  test.each([
    ['disk-full', 'storage-full'],
    ['read-only', 'storage-read-only'],
    ['too-busy', 'busy'],
    ['unsure', 'commit-unsure'],
    ['closed', 'server-stopping'],
  ] as const)('%s: the sender must send again', async (reason, issue) => {
    await open();
    const failing: Pick<Store, 'commit'> = { commit: () => Promise.reject(new CommitRefused(reason)) };
    const commit = exchange.store.commit.bind(exchange.store);
    Object.assign(exchange.store, failing);
    const answer = await exchange.say(request({ at: 0, id: 'L-1' }));
    expect(answer).toMatchObject({ fate: 'not-kept', code: 'AR', remarks: [{ issue }] });
    Object.assign(exchange.store, { commit });
    expect((await exchange.say(request({ at: 0, id: 'L-1' }))).fate).toBe('applied');
  });
});

test('a store that is too busy to search is no fault of the message', async () => {
  await open();
  const snapshot = exchange.store.snapshot.bind(exchange.store);
  const busy: Pick<Store, 'snapshot'> = {
    snapshot: (seq) => ({
      ...snapshot(seq),
      search: () => Promise.reject(new SearchRefused('too-busy')),
    }),
  };
  Object.assign(exchange.store, busy);
  const answer = await exchange.say(request({ at: 0, id: 'L-1' }));
  expect(answer).toMatchObject({ fate: 'not-kept', code: 'AR', remarks: [{ issue: 'busy' }] });
  Object.assign(exchange.store, { snapshot });
  expect((await exchange.say(request({ at: 0, id: 'L-1' }))).fate).toBe('applied');
});

describe('the recipient speaks FHIR', () => {
  test('what the one said by message and the other by request is one loop', async () => {
    await open();
    await exchange.say(request({ at: 0, id: 'L-1' }));
    const { id } = await exchange.referral();
    const accepts = [{ op: 'replace', path: '/status', value: 'accepted' }];
    const patched = await exchange.ask(callerOf(TIDEWATER.id), 'PATCH', `Task/${id}`, accepts);
    expect(patched.status).toBe(200);
    await exchange.say(book({ at: 2, id: 'T-2' }));
    await exchange.say(rebook({ at: 3, id: 'T-3' }, { hour: 15 }));
    await exchange.say(interim({ at: 4, id: 'T-4' }));
    expect(stateOf(await exchange.referral())).toBe('in-progress 5.1.4');
    const [visit] = await exchange.all('Appointment');
    expect(visit).toMatchObject({ status: 'booked', start: '2025-04-02T15:00:00-05:00' });
  });
});
