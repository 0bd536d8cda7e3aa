/** The basis on which the recipient of a referral is told (rules 1.17). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AuditEvent, OperationOutcome, Ref, Resource } from '../../../src/fhir/types.ts';
import { DISCLOSURE_BASIS } from '../../../src/resources/referral-rules/basis.ts';
import { SAME_LEGAL_ENTITY } from '../../../src/resources/parties/entity.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';
import { refOf } from '../../world.ts';

let server: TestServer;
let patient: Ref;

beforeAll(async () => {
  server = await openServer();
  patient = refOf(await server.create('initiator', make.patient()));
});
afterAll(() => server.close());

const SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/disclosure-basis';
const code = (value: string) => ({ url: 'code', valueCoding: { system: SYSTEM, code: value } });
const claim = (value: string, ...parts: readonly object[]) => ({
  extension: [{ url: DISCLOSURE_BASIS, extension: [code(value), ...parts] }],
});

let made = 0;
const order = (more: object = {}): Resource =>
  make.serviceRequest(
    {
      subject: patient,
      requester: 'PractitionerRole/initiator',
      performer: 'Organization/recipient',
      placer: `B-${(made += 1)}`,
    },
    more as Record<string, unknown>,
  );

const send = (more: object = {}) => server.ask('initiator', 'POST', 'ServiceRequest', order(more));

const basisOf = (request: Resource): string | undefined => {
  const [found] = ((request['extension'] ?? []) as ReturnType<typeof claim>['extension']).filter(
    ({ url }) => url === DISCLOSURE_BASIS,
  );
  return (found?.extension[0] as ReturnType<typeof code> | undefined)?.valueCoding.code;
};

const WRITTEN = 'The server wrote the basis of the disclosure: treatment (45 CFR 164.506(c)(2)).';

describe('(compliance D3) an order that claims no basis', () => {
  test('is stored with treatment in the commit that sends it, and the reply says so', async () => {
    const sent = await send();
    expect([sent.status, basisOf(sent.json)]).toEqual([201, 'treatment']);
    expect(sent.warning).toContain(WRITTEN.slice(0, 40));
    const again = await server.ask('initiator', 'POST', 'ServiceRequest', order(), {
      prefer: 'return=OperationOutcome',
    });
    expect(again.says.split('\n')).toContain(WRITTEN);
    const history = await server.search('initiator', `${refOf(sent.json)}/_history`);
    expect(history).toHaveLength(1);
  });

  test('is given it when its Task sends it, in one commit with the Task', async () => {
    const draft = await server.create('initiator', order({ status: 'draft', performer: undefined }));
    expect(basisOf(draft)).toBeUndefined();
    const task = make.task({
      focus: refOf(draft),
      for: patient,
      requester: 'PractitionerRole/initiator',
      owner: 'Organization/recipient',
    });
    const sent = await server.ask('initiator', 'POST', 'Task', task, { prefer: 'return=OperationOutcome' });
    expect([sent.status, sent.says.split('\n').filter((says) => says === WRITTEN)]).toEqual([201, [WRITTEN]]);
    const stored = await server.read('recipient', refOf(draft));
    expect([basisOf(stored), stored.meta?.versionId]).toEqual(['treatment', String(sent.version)]);
  });

  test('of a transaction with its Task is told once', async () => {
    const full = 'urn:uuid:6a3c6a52-6d62-4b9e-9a0c-0f3b3c1d7e11';
    const task = make.task({
      focus: full,
      for: patient,
      requester: 'PractitionerRole/initiator',
      owner: 'Organization/recipient',
    });
    const [request = ''] = await server.transact(
      'initiator',
      make.transaction(
        { fullUrl: full, method: 'POST', url: 'ServiceRequest', resource: order() },
        { method: 'POST', url: 'Task', resource: task },
      ),
    );
    expect(basisOf(await server.read('recipient', request))).toBe('treatment');
  });

  test('and is for nobody stays as it is', async () => {
    expect(basisOf(await server.create('initiator', order({ performer: undefined })))).toBeUndefined();
  });
});

describe('(compliance D3) an order that claims a basis', () => {
  test('keeps it, with what it rests on', async () => {
    const claimed = claim('treatment', { url: 'justification', valueString: 'Urgent' });
    const sent = await send(claimed);
    expect(sent.json['extension']).toEqual(claimed.extension);
    expect(sent.warning).not.toContain('wrote the basis');
  });

  test.each<[string, object]>([
    ['a code that is none', claim('hearsay')],
    ['no code', { extension: [{ url: DISCLOSURE_BASIS, extension: [{ url: 'law', valueString: 'x' }] }] }],
    ['two', { extension: [...claim('treatment').extension, ...claim('payment').extension] }],
    ['a part that is none', claim('treatment', { url: 'reason', valueString: 'x' })],
    [
      'evidence of another type',
      claim('authorization', { url: 'evidence', valueReference: { reference: 'Task/1' } }),
    ],
    [
      'another answer whether the patient was informed',
      claim('abuse-neglect', { url: 'informed', valueCode: 'no' }),
    ],
  ])('is refused with %s', async (_says, more) => {
    const refused = await send(more);
    expect([refused.status, refused.code]).toEqual([422, 'structure-invalid']);
  });

  test('that its recipient and its evidence fit is delivered for the purpose of that basis', async () => {
    const why = { url: 'justification', valueString: 'The plan asks for the whole order' };
    const sent = await send(claim('payment', why));
    expect(sent.status).toBe(201);
    const told = await auditOf(sent.link ?? 'Task/0');
    expect([policiesIn(told)[0], purposesIn(told)]).toEqual([
      'https://closeloop.dev/fhir/basis/payment',
      ['HPAYMT'],
    ]);
  });

  test.each<[string, object, readonly string[]]>([
    ['no recipient that fits', claim('oversight'), ['performer', 'authority']],
    ['no evidence', claim('workers-compensation'), ['performer', 'law']],
    ['no word whether the patient was informed', claim('abuse-neglect'), ['performer', 'law', 'informed']],
  ])('(compliance B30) with %s is refused, and nothing is stored', async (_says, more, pieces) => {
    const refused = await send(more);
    expect([refused.status, refused.code]).toEqual([422, 'basis-evidence-missing']);
    const places = issuesIn(refused.json).map(({ expression = [] }) => expression[0] ?? '');
    expect(pieces.map((piece, at) => places[at]?.includes(piece))).toEqual(pieces.map(() => true));
    expect(issuesIn(refused.json)[0]?.details?.coding?.at(-1)?.code).toBe('privacy-precondition');
    const placer = `B-${made}`;
    expect(await server.search('initiator', `ServiceRequest?identifier=${placer}`)).toEqual([]);
  });

  test.each(['law-enforcement', 'research'])('(compliance B32) %s is not offered', async (code) => {
    const refused = await send(claim(code));
    expect([refused.status, refused.code]).toEqual([422, 'basis-not-offered']);
    expect(issuesIn(refused.json)[0]?.details?.coding?.at(-1)?.code).toBe('none-review');
  });
});

describe('(compliance D3) once it was sent', () => {
  test.each<[string, (stored: Resource) => Resource, number]>([
    ['another basis', (stored) => ({ ...stored, ...claim('payment') }), 422],
    [
      'more of the same',
      (stored) => ({ ...stored, ...claim('treatment', { url: 'law', valueString: 'x' }) }),
      422,
    ],
    ['the same', (stored) => stored, 200],
    ['the same beside a note', (stored) => ({ ...stored, note: [{ text: 'Fasting' }] }), 200],
    [
      'without it',
      ({ extension: _left, ...stored }) => ({ ...stored, note: [{ text: 'Hungry' }] }) as Resource,
      200,
    ],
  ])('a PUT with %s', async (_says, change, status) => {
    const { json } = await send();
    const put = await server.ask('initiator', 'PUT', refOf(json), change(json));
    expect([put.status, put.code]).toEqual([status, status === 422 ? 'field-frozen' : undefined]);
    expect(basisOf(await server.read('initiator', refOf(json)))).toBe('treatment');
  });

  test('a patch that takes it away changes nothing', async () => {
    const { json } = await send();
    const patch = await server.ask('initiator', 'PATCH', refOf(json), [{ op: 'remove', path: '/extension' }]);
    expect([patch.status, basisOf(await server.read('initiator', refOf(json)))]).toEqual([200, 'treatment']);
  });
});

const issuesIn = (outcome: Resource) => (outcome as unknown as OperationOutcome).issue;
const policiesIn = ({ agent }: AuditEvent): readonly string[] => agent.flatMap(({ policy = [] }) => policy);
const purposesIn = ({ purposeOfEvent = [] }: AuditEvent): readonly string[] =>
  purposeOfEvent.flatMap(({ coding = [] }) => coding.map((one) => one.code ?? ''));

/** The AuditEvent of the delivery of a Task, once there is one. */
async function auditOf(task: Ref, outcome = '0'): Promise<AuditEvent> {
  for (const end = Date.now() + 10_000; Date.now() < end;) {
    const events = await server.auditOf('initiator', task);
    const found = events.find(
      (one) => one.outcome === outcome && one.entity?.some(({ role }) => role?.code === '16'),
    );
    if (found !== undefined) return found;
  }
  throw new Error(`nothing of ${task} was delivered`);
}

describe('(compliance V2) (harmony Z35) the AuditEvent of a delivery', () => {
  const OURS = 'https://closeloop.dev/fhir/basis/';
  const LAW = 'https://www.ecfr.gov/current/title-45/section-164.506';

  test('has the one basis that decided, at its requestor, and a search finds it', async () => {
    const { link = 'Task/0' } = await send();
    const told = await auditOf(link);
    expect(told.agent.map(({ requestor, policy }) => [requestor, policy ?? []])).toContainEqual([
      true,
      [`${OURS}treatment`, LAW],
    ]);
    expect([policiesIn(told), purposesIn(told)]).toEqual([[`${OURS}treatment`, LAW], ['TREAT']]);
    const found = await server.search('initiator', `AuditEvent?policy=${OURS}treatment&entity=${link}`);
    expect(found.map(({ id }) => id)).toContain(told.id);
    expect(await server.search('initiator', `AuditEvent?policy=${OURS}payment&entity=${link}`)).toEqual([]);
  });

  test('within one legal entity it is own', async () => {
    const one = await server.read('administrator', 'Organization/initiator');
    const confirmed = {
      ...one,
      partOf: make.to('Organization/recipient'),
      extension: [{ url: SAME_LEGAL_ENTITY, valueBoolean: true }],
    };
    expect((await server.ask('administrator', 'PUT', 'Organization/initiator', confirmed)).status).toBe(200);
    const { link = 'Task/0' } = await send();
    expect(policiesIn(await auditOf(link))).toEqual([`${OURS}own`, LAW]);
  });
});
