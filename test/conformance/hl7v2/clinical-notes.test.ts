/** Clinical documents (C-CDA) as notes of HL7 v2 messages: kept, described, read, and sent. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { validateResource } from '../../../src/resources/validate.ts';
import { to } from '../../resources.ts';
import { administrator, refOf } from '../../world.ts';
import {
  accept,
  interim,
  larkspur,
  note,
  openExchange,
  outcome,
  request,
  stateOf,
  tidewater,
  type Exchange,
} from './exchange.ts';
import { openPair } from './pair.ts';

const NOTE = readFileSync(join(import.meta.dirname, '../../fixtures/ccda/consultation-note.xml'), 'utf8');
const LOINC_NOTE = '11488-4';

let exchange: Exchange;
beforeEach(async () => {
  exchange = await openExchange();
  await exchange.say(request({ at: 0, id: 'L-1' }));
  await exchange.say(accept({ at: 1, id: 'T-1' }));
});
afterEach(() => exchange.close());

/** A note that brings a document as this type of ED. */
const cda = (at: number, id: string, xml = NOTE, ed = 'application^hl7-cda+xml'): string =>
  note({ at, id }, xml).replace('application^pdf', ed);

const document = async (): Promise<Resource> => {
  const found = await exchange.all('DocumentReference', `contenttype=application/hl7-cda%2Bxml`);
  if (found.length !== 1) throw new Error(`${found.length} clinical documents`);
  return found[0] as Resource;
};
const outputs = async (): Promise<readonly string[]> => {
  const { output = [] } = (await exchange.referral()) as unknown as { output?: { type: { text: string } }[] };
  return output.map(({ type }) => type.text);
};

describe('(ccda 14, 16) a clinical document in MDM^T02', () => {
  test('is kept byte for byte, and says what the document says', async () => {
    expect((await exchange.say(cda(2, 'T-2', NOTE, 'TEXT^XML'))).fate).toBe('applied');
    const kept = await document();
    expect(kept).toMatchObject({
      masterIdentifier: { system: 'urn:ietf:rfc:3986' },
      identifier: [{ value: 'DOC-T-2' }, {}],
      type: { coding: [{ code: LOINC_NOTE }] },
      custodian: { reference: 'Organization/tidewater' },
      content: [{ attachment: { contentType: 'application/hl7-cda+xml' } }],
    });
    const [{ attachment }] = kept['content'] as [{ attachment: { url: string } }];
    const binary = await exchange.ask(larkspur, 'GET', attachment.url);
    expect(Buffer.from(String(binary.json?.['data']), 'base64').toString()).toBe(NOTE);
  });

  test('pairs with its status as every note does', async () => {
    await exchange.say(interim({ at: 2, id: 'T-2' }));
    await exchange.say(cda(3, 'T-3'));
    expect(await outputs()).toEqual(['Interim consultation note']);
    expect(stateOf(await exchange.referral())).toBe('in-progress 5.1.4');
  });

  test('(harmony Z45) its resources are the sender’s, with their source; its orders are drafts', async () => {
    const tasks = (await exchange.all('Task')).length;
    await exchange.say(cda(2, 'T-2'));
    const { id } = await document();
    const [provenance] = await exchange.all(
      'Provenance',
      `entity=DocumentReference/${id}&agent=Organization/tidewater&_sort=-_lastUpdated`,
    );
    expect(provenance).toBeDefined();
    const { subject } = (await document()) as unknown as { subject: { reference: string } };
    for (const type of ['Condition', 'Composition', 'Observation']) {
      const own = await exchange.bundle(tidewater, `${type}?subject=${subject.reference}`);
      expect([type, (own?.entry ?? []).length]).not.toEqual([type, 0]);
    }
    expect(await exchange.all('Patient')).toHaveLength(1);
    const orders = await exchange.all('ServiceRequest');
    expect(orders.filter(({ intent, status }) => intent === 'order' && status === 'active')).toHaveLength(1);
    expect(await exchange.all('Task')).toHaveLength(tasks);
  });

  test('leaves sound resources', async () => {
    await exchange.say(cda(2, 'T-2'));
    const types = [
      'DocumentReference',
      'Composition',
      'Condition',
      'Observation',
      'Provenance',
      'Practitioner',
    ];
    const stored = (await Promise.all(types.map((type) => exchange.all(type)))).flat();
    const wrong = stored.flatMap((resource) =>
      validateResource(resource, { profiles: 'claimed' }).filter(
        ({ severity = 'error' }) => severity === 'error',
      ),
    );
    expect(wrong).toEqual([]);
  });

  test('(ccda 16) is no more than a note where it cannot be read, and the sender is told', async () => {
    const { fate, remarks } = await exchange.say(cda(2, 'T-2', '<ClinicalDocument xmlns="urn:hl7-org:v3"/>'));
    expect(fate).toBe('applied');
    expect(remarks.map(({ says }) => says)).toContainEqual(
      expect.stringContaining('was not read: ccda-invalid'),
    );
    await exchange.say(outcome({ at: 3, id: 'T-3' }));
    expect(await outputs()).toEqual(['Referral outcome']);
    expect(await exchange.all('Composition')).toEqual([]);
  });

  test('about another person is kept, and nothing is made of it', async () => {
    const other = NOTE.replaceAll('<family>Quintero</family>', '<family>Somebody</family>');
    const { fate, remarks } = await exchange.say(cda(2, 'T-2', other));
    expect(fate).toBe('applied');
    expect(remarks.map(({ says }) => says)).toContainEqual(expect.stringContaining('its patient is not'));
    expect(await exchange.all('Condition')).toEqual([]);
  });

  test('that answers another order stays with the referral of the message', async () => {
    const { remarks } = await exchange.say(cda(2, 'T-2', NOTE.replace('R-2025-00731', 'R-9')));
    expect(remarks.map(({ says }) => says)).toContainEqual(expect.stringContaining('names another order'));
    expect(await outputs()).toEqual([]);
    expect(((await document())['context'] as { related: unknown[] }).related).toHaveLength(1);
  });

  test('the same document twice is two notes, and is read once', async () => {
    await exchange.say(cda(2, 'T-2'));
    const before = (await exchange.all('Condition')).length;
    const { fate, remarks } = await exchange.say(cda(3, 'T-3'));
    expect(fate).toBe('applied');
    expect(remarks.map(({ says }) => says)).toContainEqual(expect.stringContaining('kept already'));
    expect(await exchange.all('Condition')).toHaveLength(before);
  });

  test.each([
    ['too many entries for one commit', { bundleEntriesMax: 3 }, 'too many entries'],
    ['what a step refuses', { validation: ['ServiceRequest:required'] }, 'was not read: profile'],
  ])('of %s is kept without what was read', async (_what, settings, says) => {
    const strict = await openExchange({ settings });
    try {
      await strict.say(request({ at: 0, id: 'L-1' }));
      await strict.say(accept({ at: 1, id: 'T-1' }));
      await strict.say(interim({ at: 2, id: 'T-2' }));
      const { fate, remarks } = await strict.say(cda(3, 'T-3'));
      expect(fate).toBe('applied');
      expect(remarks.map((remark) => remark.says)).toContainEqual(expect.stringContaining(says));
      expect(stateOf(await strict.referral())).toBe('in-progress 5.1.4');
      expect(await strict.all('Condition')).toEqual([]);
    } finally {
      await strict.close();
    }
  });
});

describe('(360x 6) a clinical document as the outcome, from server to server', () => {
  const OKAFOR = [{ name: { family: 'Okafor', given: ['Ngozi'] } }];

  test.each(['application/hl7-cda+xml', 'text/xml'])('stored as %s', async (contentType) => {
    const pair = await openPair();
    try {
      const own = (await pair.larkspur.ask(administrator, 'GET', 'Organization/larkspur')).json;
      await pair.larkspur.ask(administrator, 'PUT', 'Organization/larkspur', { ...own, contact: OKAFOR });
      const patient = await pair.larkspur.create(larkspur, {
        resourceType: 'Patient',
        name: [{ family: 'Quintero', given: ['Marisol'] }],
        birthDate: '1971-03-08',
      });
      await pair.larkspur.create(larkspur, {
        resourceType: 'ServiceRequest',
        status: 'active',
        intent: 'order',
        code: { text: 'Consultation' },
        subject: to(refOf(patient)),
        requester: to('Organization/larkspur'),
        performer: [to('Organization/tidewater')],
      });
      await pair.settle();
      const [task] = await pair.tidewater.all('Task', 'code=fulfill');
      const [asked] = await pair.tidewater.all('ServiceRequest');
      const stored = await pair.tidewater.create(tidewater, {
        resourceType: 'DocumentReference',
        status: 'current',
        content: [{ attachment: { contentType, data: Buffer.from(NOTE).toString('base64') } }],
        context: { related: [{ reference: `ServiceRequest/${asked?.id}` }] },
      });
      const move = async (operations: object[]) =>
        expect((await pair.tidewater.ask(tidewater, 'PATCH', `Task/${task?.id}`, operations)).status).toBe(
          200,
        );
      await move([{ op: 'replace', path: '/status', value: 'accepted' }]);
      await pair.settle();
      await move([
        { op: 'replace', path: '/status', value: 'completed' },
        {
          op: 'add',
          path: '/output',
          value: [{ type: { text: 'Outcome' }, valueReference: to(refOf(stored)) }],
        },
      ]);
      await pair.settle();
      const notes = pair.sent.filter(({ text }) => text.includes('MDM^T02'));
      expect(notes.map(({ answer }) => answer.fate)).toEqual(['applied']);
      expect(notes[0]?.text).toContain('^application^hl7-cda+xml^Base64^');
      const [kept] = await pair.larkspur.all('DocumentReference', 'contenttype=application/hl7-cda%2Bxml');
      expect(kept).toMatchObject({
        type: { coding: [{ code: LOINC_NOTE }] },
        custodian: to('Organization/tidewater'),
      });
      const url =
        (kept as unknown as { readonly content?: { attachment: { url: string } }[] }).content?.[0]?.attachment
          .url ?? '';
      const { json } = await pair.larkspur.ask(larkspur, 'GET', url);
      expect(Buffer.from(String(json?.['data']), 'base64').toString()).toBe(NOTE);
      const [referral] = await pair.larkspur.all('Task', 'code=fulfill');
      expect(referral?.['status']).toBe('completed');
      expect((await pair.larkspur.all('Condition')).length).toBeGreaterThan(0);
    } finally {
      await pair.close();
    }
  });
});
