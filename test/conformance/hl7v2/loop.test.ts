import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sample } from '../../unit/hl7v2/samples.ts';
import { validateResource } from '../../../src/resources/validate.ts';
import type { Resource } from '../../../src/fhir/types.ts';
import type { Stored } from '../../world.ts';
import {
  accept,
  book,
  interim,
  larkspur,
  note,
  openExchange,
  outcome,
  outsider,
  ping,
  request,
  stateOf,
  tidewater,
  type Exchange,
} from './exchange.ts';

/** The published samples in the order of MSH-7, along each branch, and the state that each leaves. */
const BRANCHES: readonly (readonly [
  name: string,
  steps: readonly (readonly [sample: string, state: string])[],
])[] = [
  [
    'a visit is moved and missed, and the loop closes with a note on the way',
    [
      ['pcc-55-request', 'received 2.0'],
      ['pcc-55-accept', 'accepted 3.0'],
      ['pcc-60-appointment-booked', 'in-progress 5.1.1'],
      ['pcc-60-rescheduled', 'in-progress 5.1.1'],
      ['pcc-61-no-show', 'in-progress 5.1.2'],
      ['pcc-57-outcome', 'completed 7.0'],
    ],
  ],
  [
    'a visit is called off',
    [
      ['pcc-55-request', 'received 2.0'],
      ['pcc-55-accept', 'accepted 3.0'],
      ['pcc-60-appointment-booked', 'in-progress 5.1.1'],
      ['pcc-60-rescheduled', 'in-progress 5.1.1'],
      ['pcc-60-appointment-cancelled', 'in-progress 5.1.3'],
      ['pcc-57-outcome', 'completed 7.0'],
    ],
  ],
  [
    'an interim note, then the outcome',
    [
      ['pcc-55-request', 'received 2.0'],
      ['pcc-55-accept', 'accepted 3.0'],
      ['pcc-60-appointment-booked', 'in-progress 5.1.1'],
      ['pcc-59-interim-note', 'in-progress 5.1.4'],
      ['pcc-57-outcome', 'completed 7.0'],
    ],
  ],
  [
    'declined',
    [
      ['pcc-55-request', 'received 2.0'],
      ['pcc-55-decline', 'rejected 4.0'],
    ],
  ],
  [
    'declined after acceptance',
    [
      ['pcc-55-request', 'received 2.0'],
      ['pcc-55-accept', 'accepted 3.0'],
      ['pcc-56-decline-after-accept', 'rejected 4.0'],
    ],
  ],
  [
    'cancelled',
    [
      ['pcc-55-request', 'received 2.0'],
      ['pcc-55-accept', 'accepted 3.0'],
      ['pcc-58-cancel-request', 'in-progress 5.2'],
      ['pcc-58-cancel-confirmation', 'cancelled 6.0'],
    ],
  ],
];

describe('the published samples, in their order', () => {
  test.each(BRANCHES)('%s', async (_name, steps) => {
    const exchange = await openExchange();
    try {
      for (const [name, state] of steps) {
        const { fate, code } = await exchange.say(sample(name));
        expect([name, fate, code]).toEqual([name, 'applied', 'AA']);
        expect([name, stateOf(await exchange.referral())]).toEqual([name, state]);
      }
    } finally {
      await exchange.close();
    }
  });
});

describe('what a message leaves', () => {
  let exchange: Exchange;
  beforeAll(async () => {
    exchange = await openExchange();
    await exchange.say(request({ at: 0, id: 'L-1' }));
    await exchange.say(accept({ at: 1, id: 'T-1' }));
    await exchange.say(book({ at: 2, id: 'T-2' }));
    await exchange.say(note({ at: 3, id: 'T-3' }));
    await exchange.say(outcome({ at: 4, id: 'T-4' }));
  });
  afterAll(() => exchange.close());

  const documentOf = async (id: string): Promise<Stored> => {
    const [document] = await exchange.all('DocumentReference', `identifier=${id}`);
    if (document === undefined) throw new Error(`no document ${id}`);
    return document;
  };

  test('its bytes, as they were received', async () => {
    const document = await documentOf('L-1');
    const [{ attachment }] = document['content'] as [
      { attachment: { url: string; size: number; hash: string } },
    ];
    const binary = await exchange.ask(larkspur, 'GET', attachment.url);
    const bytes = Buffer.from(String(binary.json?.['data']), 'base64');
    expect(bytes.toString('utf8')).toBe(`${request({ at: 0, id: 'L-1' }).replaceAll('\n', '\r')}\r`);
    expect(attachment.size).toBe(bytes.length);
    expect(binary.json?.['contentType']).toBe('x-application/hl7-v2+er7');
  });

  test('a document of the referral, dated by MSH-7 and named by MSH-10', async () => {
    const document = await documentOf('T-1');
    const { focus } = (await exchange.referral()) as unknown as { focus: { reference: string } };
    expect(document).toMatchObject({
      masterIdentifier: { system: 'urn:oid:2.999.20.1', value: 'T-1' },
      date: '2025-03-14T09:01:00Z',
      author: [{ reference: 'Organization/tidewater' }],
      custodian: { reference: 'Organization/tidewater' },
      context: { related: [focus] },
    });
  });

  test('a provenance: what came of it, from whom, by which mapping', async () => {
    const { id } = await documentOf('T-1');
    const [provenance] = await exchange.all('Provenance', `entity=DocumentReference/${id}`);
    const { id: task } = await exchange.referral();
    expect(provenance).toMatchObject({
      target: expect.arrayContaining([{ reference: `Task/${task}` }]) as unknown,
      agent: [
        { who: { reference: 'Organization/tidewater' } },
        { who: { identifier: { system: 'https://closeloop.dev/fhir/hl7v2-mapping', value: '1' } } },
      ],
      entity: [{ what: { reference: `DocumentReference/${id}` } }, { what: {} }],
    });
  });

  test('its audit: that it was received, and the move by its row', async () => {
    const { id } = await exchange.referral();
    const events = await exchange.bundle(tidewater, `AuditEvent?entity=Task/${id}`);
    const codes = JSON.stringify(events).match(/"code":"(0[129]|06|16)","display":"send-[a-z-]+"/g);
    expect(codes).toEqual([
      '"code":"16","display":"send-referral-outcome"',
      '"code":"06","display":"send-schedule-visit-information"',
      '"code":"02","display":"send-acceptance"',
      '"code":"01","display":"send-referral-package"',
    ]);
  });

  test('both parties read all of it, and nobody else does', async () => {
    for (const type of [
      'DocumentReference',
      'Provenance',
      'Appointment',
      'Bundle',
      'Task',
      'ServiceRequest',
    ]) {
      const [mine, theirs, nobodys] = await Promise.all(
        [larkspur, tidewater, outsider].map((who) => exchange.bundle(who, `${type}?_count=100`)),
      );
      expect([type, mine?.entry?.length]).toEqual([type, theirs?.entry?.length]);
      expect([type, mine?.entry?.length ?? 0]).not.toEqual([type, 0]);
      expect([type, nobodys?.entry ?? []]).toEqual([type, []]);
    }
  });

  test('the outcome as feedback: a document around the note', async () => {
    const { output } = (await exchange.referral()) as unknown as {
      output: { type: { text: string }; valueReference: { reference: string } }[];
    };
    expect(output.map(({ type }) => type.text)).toEqual(['Referral outcome']);
    const bundle = await exchange.ask(larkspur, 'GET', output[0]?.valueReference.reference ?? '');
    expect(bundle.json).toMatchObject({
      type: 'document',
      entry: [
        { resource: { resourceType: 'Composition', status: 'final', title: 'Referral outcome' } },
        { resource: { resourceType: 'DocumentReference', docStatus: 'final' } },
      ],
    });
  });

  test('only sound resources', async () => {
    const types = [
      'DocumentReference',
      'Provenance',
      'Binary',
      'Bundle',
      'Task',
      'ServiceRequest',
      'Patient',
      'Appointment',
    ];
    const stored: Resource[] = (await Promise.all(types.map((type) => exchange.all(type)))).flat();
    const wrong = stored.flatMap((resource) =>
      validateResource(resource, { profiles: 'claimed' })
        .filter(({ severity = 'error' }) => severity === 'error')
        .map(({ diagnostics, expression }) => [resource.resourceType, diagnostics, expression]),
    );
    expect(wrong).toEqual([]);
    expect(stored.length).toBeGreaterThan(20);
  });
});

describe('notes and their status', () => {
  let exchange: Exchange;
  beforeEach(async () => {
    exchange = await openExchange({ messages: { pairWithinMs: 60_000 } });
    await exchange.say(request({ at: 0, id: 'L-1' }));
    await exchange.say(accept({ at: 1, id: 'T-1' }));
  });
  afterEach(() => exchange.close());

  const outputs = async (): Promise<readonly string[]> => {
    const { output = [] } = (await exchange.referral()) as unknown as {
      output?: { type: { text: string } }[];
    };
    return output.map(({ type }) => type.text);
  };
  const missing = async () => (await exchange.workItems()).filter(({ kind }) => kind === 'note-missing');

  // prettier-ignore
  const ORDERS = [
    ['the note first',                 [note, interim],          'in-progress 5.1.4', ['Interim consultation note']],
    ['the interim status first',       [interim, note],          'in-progress 5.1.4', ['Interim consultation note']],
    ['the note before the outcome',    [note, outcome],          'completed 7.0',     ['Referral outcome']],
    ['the outcome before the note',    [outcome, note],          'completed 7.0',     ['Referral outcome']],
    ['a sign of life with a note',     [note, ping],             'in-progress 5.1.4', ['Interim consultation note']],
    ['two notes, each with its status', [note, interim, note, outcome], 'completed 7.0', ['Interim consultation note', 'Referral outcome']],
  ] as const;

  test.each(ORDERS)('%s', async (_name, messages, state, expected) => {
    for (const [index, message] of messages.entries()) {
      const { fate } = await exchange.say(message({ at: 10 + index, id: `T-1${index}` }));
      expect(fate).toBe('applied');
    }
    expect(stateOf(await exchange.referral())).toBe(state);
    expect(await outputs()).toEqual(expected);
    expect(await missing()).toEqual([]);
  });

  test.each([
    ['interim note', interim, 'in-progress 5.1.4'],
    ['outcome', outcome, 'completed 7.0'],
  ] as const)('an %s without a note is applied and flagged', async (_name, message, state) => {
    const { fate, code, remarks } = await exchange.say(message({ at: 10, id: 'T-10' }));
    expect([fate, code]).toEqual(['applied', 'AA']);
    expect(remarks.map(({ severity, location }) => [severity, location])).toEqual([['W', 'ORC-5']]);
    expect(stateOf(await exchange.referral())).toBe(state);
    expect((await missing()).map(({ owner }) => owner)).toEqual(['Organization/larkspur']);
  });

  test('a sign of life without a note is only that', async () => {
    const { fate } = await exchange.say(ping({ at: 10, id: 'T-10' }));
    expect(fate).toBe('applied');
    expect(stateOf(await exchange.referral())).toBe('accepted 3.0');
    expect(await missing()).toEqual([]);
  });

  test('beyond the window they are no pair', async () => {
    await exchange.say(note({ at: 10, id: 'T-10' }));
    exchange.clock.now += 60_001;
    await exchange.say(outcome({ at: 11, id: 'T-11' }));
    expect(await outputs()).toEqual([]);
    expect(await missing()).toHaveLength(1);
    exchange.clock.now += 60_001;
    await exchange.say(note({ at: 12, id: 'T-12' }));
    expect(await outputs()).toEqual([]);
  });
});
