import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Caller } from '../../../src/operations/request.ts';
import { OPERATIONS } from '../../../src/operations/extended/index.ts';
import { buildOperationDefinition } from '../../../src/operations/extended/operation.ts';
import { validateResource } from '../../../src/resources/validate.ts';
import { parseJson } from '../../../src/fhir/json.ts';
import { OperationOutcomeError } from '../../../src/fhir/issue.ts';
import { administrator, callerOf } from '../../world.ts';
import {
  accept,
  confirm,
  FROM_LARKSPUR,
  FROM_TIDEWATER,
  larkspur,
  LARKSPUR,
  openExchange,
  outcome,
  outsider,
  request,
  stateOf,
  tidewater,
  type Exchange,
} from './exchange.ts';

let exchange: Exchange;
beforeEach(async () => {
  exchange = await openExchange();
  await exchange.say(request({ at: 0, id: 'L-1' }));
  await exchange.say(accept({ at: 1, id: 'T-1' }));
});
afterEach(() => exchange.close());

type Parameter = Readonly<Record<string, unknown>>;

const MESSAGE_OPERATIONS = [...OPERATIONS.values()].filter(({ name }) => name.endsWith('-message'));

/** Invokes an operation on the only work item; the fate it came to, or the code of the refusal. */
async function resolve(
  who: Caller,
  operation: string,
  parameters: readonly Parameter[] = [],
  more: { readonly task?: string; readonly key?: string } = {},
): Promise<string> {
  const [item] = await exchange.workItems();
  const text = JSON.stringify({ resourceType: 'Parameters', parameter: parameters });
  try {
    const { resource } = await exchange.engine.perform({
      interaction: 'operation',
      type: 'Task',
      id: more.task ?? item?.task.id,
      operation,
      query: [],
      queryText: '',
      body: parseJson(text),
      prefer: {},
      idempotencyKey: more.key === undefined ? undefined : { id: more.key, fingerprint: text },
      caller: who,
      requestId: 'request-1',
      signal: new AbortController().signal,
    });
    const [fate] = (resource?.['parameter'] ?? []) as { name: string; valueCode: string }[];
    return fate?.valueCode ?? '';
  } catch (error) {
    if (error instanceof OperationOutcomeError) return error.code;
    throw error;
  }
}

const MISTYPED = outcome({ at: 20, id: 'T-20', referral: 'R-MISTYPED' });
const WRONG_PATIENT = outcome({ at: 20, id: 'T-20', patient: 'MQ-99' });
const kinds = async () => (await exchange.workItems()).map(({ kind }) => kind);
const state = async () => stateOf(await exchange.referral());
const orderOf = async (): Promise<string> =>
  ((await exchange.referral())['focus'] as { reference: string }).reference;
const to = (reference: string): readonly Parameter[] => [{ name: 'referral', valueReference: { reference } }];

describe('$link-message', () => {
  test.each(['ServiceRequest', 'Task'])(
    'by its %s: the message is applied, and the work done',
    async (type) => {
      await exchange.say(MISTYPED);
      const order = type === 'Task' ? `Task/${(await exchange.referral()).id}` : await orderOf();
      expect(await resolve(larkspur, 'link-message', to(order))).toBe('applied');
      expect(await state()).toBe('completed 7.0');
      expect(await kinds()).toEqual(['note-missing']);
      const [document] = await exchange.all('DocumentReference', 'identifier=T-20');
      expect(document).toMatchObject({
        category: [{ coding: [{ code: 'applied' }] }, { coding: [{ code: 'send-referral-outcome' }] }],
        context: { related: [{ reference: await orderOf() }] },
      });
      const seen = await exchange.ask(tidewater, 'GET', `DocumentReference/${document?.id}`);
      expect(seen.status).toBe(200);
    },
  );

  test('never to a referral of others, nor for another patient', async () => {
    await exchange.say(request({ at: 2, id: 'L-2', referral: 'R-2', patient: 'MQ-2' }));
    await exchange.say(MISTYPED);
    const [other] = await exchange.all('ServiceRequest', 'identifier=R-2');
    expect(await resolve(larkspur, 'link-message', to(`ServiceRequest/${other?.id}`))).toBe('quarantine');
    expect(await kinds()).toEqual(['message-quarantined']);
    expect(await state()).toBe('accepted 3.0');
  });

  test.each([
    ['nothing', [], 'field-missing'],
    ['what is not here', to('ServiceRequest/none'), 'reference-not-found'],
    ['what is no referral', to('Organization/larkspur'), 'reference-not-found'],
  ])('refuses %s', async (_name, parameters, code) => {
    await exchange.say(MISTYPED);
    expect(await resolve(larkspur, 'link-message', parameters)).toBe(code);
    expect(await kinds()).toEqual(['message-unmatched']);
  });
});

describe('$correct-message', () => {
  const corrected = (message: string): readonly Parameter[] => [{ name: 'message', valueString: message }];

  test('the corrected text is applied; both are kept', async () => {
    await exchange.say(WRONG_PATIENT);
    expect(await resolve(larkspur, 'correct-message', corrected(outcome({ at: 20, id: 'T-20' })))).toBe(
      'applied',
    );
    expect(await state()).toBe('completed 7.0');
    const documents = await exchange.all('DocumentReference', 'identifier=T-20');
    const fates = documents.map(({ category, relatesTo }) => [
      (category as { coding: { code: string }[] }[])[0]?.coding[0]?.code,
      relatesTo === undefined ? 'original' : 'correction',
    ]);
    expect(fates.toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual([
      ['applied', 'correction'],
      ['corrected', 'original'],
    ]);
    const [applied] = documents.filter(({ relatesTo }) => relatesTo !== undefined);
    const [provenance] = await exchange.all('Provenance', `entity=DocumentReference/${applied?.id}`);
    expect(JSON.stringify(provenance?.['agent'])).toMatch(/tidewater.*enterer.*larkspur/);
    expect(await kinds()).toEqual(['note-missing']);
  });

  test('a correction that is wrong asks again', async () => {
    await exchange.say(WRONG_PATIENT);
    const still = corrected(outcome({ at: 20, id: 'T-20', patient: 'MQ-98' }));
    expect(await resolve(larkspur, 'correct-message', still)).toBe('quarantine');
    expect(await kinds()).toEqual(['message-quarantined']);
  });

  test.each([
    ['another sender', request({ at: 20, id: 'T-20' })],
    ['another control id', outcome({ at: 20, id: 'T-21' })],
    ['another kind', outcome({ at: 20, id: 'T-20' }).replaceAll('OSU', 'OMG').replaceAll('O51', 'O19')],
    ['no message', 'corrected'],
  ])('may not make it %s', async (_name, text) => {
    await exchange.say(WRONG_PATIENT);
    expect(await resolve(larkspur, 'correct-message', corrected(text))).toBe('structure-invalid');
    expect(await state()).toBe('accepted 3.0');
  });
});

describe('$replay-message', () => {
  test('applies what has become right, and leaves what has not', async () => {
    await exchange.say(WRONG_PATIENT);
    expect(await resolve(larkspur, 'replay-message')).toBe('quarantine');
    expect(await kinds()).toEqual(['message-quarantined']);
    const [patient] = await exchange.all('Patient');
    const numbers = [{ system: `urn:oid:${LARKSPUR.patients}`, value: 'MQ-99' }];
    const moved = await exchange.ask(larkspur, 'PUT', `Patient/${patient?.id}`, {
      ...patient,
      identifier: numbers,
    });
    expect(moved.status).toBe(200);
    expect(await resolve(larkspur, 'replay-message')).toBe('applied');
    expect(await state()).toBe('completed 7.0');
    expect(await kinds()).toEqual(['note-missing']);
  });

  test('lets through what waited for it', async () => {
    await exchange.say(request({ at: 0, id: 'L-2', referral: 'R-2' }));
    const late = accept({ at: 5, id: 'T-5', referral: 'R-2' }).replace('19710308', '19700308');
    await exchange.say(late);
    await exchange.say(outcome({ at: 6, id: 'T-6', referral: 'R-2' }));
    const [quarantined] = (await exchange.workItems()).filter(({ kind }) => kind === 'message-quarantined');
    const right = [{ name: 'message', valueString: accept({ at: 5, id: 'T-5', referral: 'R-2' }) }];
    expect(await resolve(larkspur, 'correct-message', right, { task: quarantined?.task.id ?? '' })).toBe(
      'applied',
    );
    expect(stateOf(await exchange.referral('R-2'))).toBe('completed 7.0');
  });
});

describe('$discard-message', () => {
  const because: readonly Parameter[] = [{ name: 'reason', valueString: 'sent to us by mistake' }];

  test('ends the work with its reason; the message stays kept', async () => {
    await exchange.say(MISTYPED);
    const [item] = await exchange.workItems();
    expect(await resolve(larkspur, 'discard-message', because)).toBe('discarded');
    expect(await kinds()).toEqual([]);
    const task = await exchange.ask(larkspur, 'GET', `Task/${item?.task.id}`);
    expect(task.json).toMatchObject({ status: 'cancelled', statusReason: { text: 'sent to us by mistake' } });
    expect(await exchange.all('DocumentReference', 'identifier=T-20')).toHaveLength(1);
    expect(await resolve(larkspur, 'replay-message', [], { task: item?.task.id ?? '' })).toBe(
      'referral-rule',
    );
  });

  test('needs a reason', async () => {
    await exchange.say(MISTYPED);
    expect(await resolve(larkspur, 'discard-message')).toBe('field-missing');
    expect(await kinds()).toEqual(['message-unmatched']);
  });
});

describe('whoever resolves', () => {
  const EVERY = MESSAGE_OPERATIONS.map(({ name }) => name);
  /** Everything that the operation takes. */
  const all = async (operation: string): Promise<readonly Parameter[]> => {
    const wanted = OPERATIONS.get(operation)?.parameters ?? [];
    return [
      ...to(await orderOf()),
      { name: 'message', valueString: outcome({ at: 20, id: 'T-20' }) },
      { name: 'reason', valueString: 'because' },
    ].filter((given) => wanted.some(({ name, use }) => use === 'in' && name === given['name']));
  };

  test.each(EVERY)('$%s is for the organization that is asked, and for administrators', async (operation) => {
    await exchange.say(MISTYPED);
    const parameters = await all(operation);
    for (const who of [tidewater, outsider])
      expect(await resolve(who, operation, parameters)).toBe('not-found');
    const reader = callerOf('larkspur', { scope: 'system/*.rs' });
    expect(await resolve(reader, operation, parameters)).toBe('scope-insufficient');
    expect(await kinds()).toEqual(['message-unmatched']);
    expect(await resolve(administrator, operation, parameters)).toMatch(/^(applied|discarded|work-item)$/);
  });

  test.each(EVERY)('$%s is for open work about messages alone', async (operation) => {
    const { id } = await exchange.referral();
    expect(await resolve(tidewater, operation, await all(operation), { task: id })).toBe('not-custodian');
    expect(await resolve(larkspur, operation, await all(operation), { task: id })).toBe('referral-rule');
    expect(await resolve(larkspur, operation, await all(operation), { task: 'none' })).toBe('not-found');
  });

  test.each(EVERY)('$%s leaves who did it in the audit', async (operation) => {
    await exchange.say(MISTYPED);
    const [item] = await exchange.workItems();
    await resolve(larkspur, operation, await all(operation));
    const events = await exchange.bundle(larkspur, `AuditEvent?entity=Task/${item?.task.id}`);
    const own = JSON.stringify(
      events.entry?.filter((entry) => JSON.stringify(entry).includes('"operation"')),
    );
    expect(own).toContain('client-larkspur');
    expect(own).toContain(Buffer.from(`$${operation}`).toString('base64'));
  });

  test('under the same key, the first answer again', async () => {
    await exchange.say(MISTYPED);
    const [item] = await exchange.workItems();
    const more = { task: item?.task.id ?? '', key: 'once' };
    const parameters = await all('link-message');
    expect(await resolve(larkspur, 'link-message', parameters, more)).toBe('applied');
    expect(await resolve(larkspur, 'link-message', parameters, more)).toBe('applied');
    expect(await exchange.all('DocumentReference', 'identifier=T-20')).toHaveLength(1);
  });

  test('a message whose link is gone says so', async () => {
    await exchange.say(MISTYPED, { ...FROM_TIDEWATER, name: 'gone' });
    expect(await resolve(larkspur, 'replay-message')).toBe('referral-rule');
  });

  test('what is the initiator’s to do waits for its person, too', async () => {
    await exchange.say(confirm({ at: 30, id: 'T-30' }));
    expect(await kinds()).toEqual(['message-parked']);
    expect(await resolve(larkspur, 'discard-message', await all('discard-message'))).toBe('discarded');
    expect(FROM_LARKSPUR.name).toBe('larkspur');
  });
});

describe('definitions', () => {
  test.each(MESSAGE_OPERATIONS.map((operation) => [operation.name, operation] as const))(
    '$%s is a sound OperationDefinition',
    (name, operation) => {
      const definition = buildOperationDefinition(operation);
      const wrong = validateResource(JSON.parse(JSON.stringify(definition)), { profiles: 'none' });
      expect(wrong.filter(({ severity = 'error' }) => severity === 'error')).toEqual([]);
      expect(definition).toMatchObject({
        code: name,
        instance: true,
        resource: ['Task'],
        affectsState: true,
      });
    },
  );
});
