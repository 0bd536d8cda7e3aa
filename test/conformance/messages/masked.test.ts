/** Messages of a pair that left Active, for both sides, on every read path; and what the associate reads beside them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Bundle, Ref, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { openServer, type Response, type TestServer } from '../../server.ts';
import { keep, keepAgreement } from '../../stored-agreement.ts';
import { resourcesOf, type Stored } from '../../world.ts';

const ELM: Ref = 'Organization/elm';
const BILLING: Ref = 'Organization/billing';
const SECRET = 'Zoster since March';
const OURS = 'https://closeloop.dev/fhir';
const WITHHELD = 'Content withheld: no agreement in force.';

let server: TestServer;
let agreement = 0;

beforeAll(async () => {
  server = await openServer(['elm', 'billing'], '--full-text', 'on');
  const type = [{ coding: [{ system: `${OURS}/CodeSystem/party-kind`, code: 'business-associate' }] }];
  await server.ask('administrator', 'PUT', BILLING, make.organization('billing', { type }));
  await bring('active');
  await keep(
    server.running.store,
    file('sent', ELM),
    file('own', BILLING),
    { resource: { ...make.patient(), id: 'p' }, custodian: ELM },
    message('told', ELM, 'phi', 'sent'),
    message('said', BILLING, 'phi', 'own'),
    message('notice', ELM, 'administrative'),
    {
      resource: { ...make.observation('Patient/p'), id: 'o' },
      custodian: ELM,
      reach: { parties: [BILLING], outward: ['Patient/p'] },
    },
  );
});
afterAll(() => server.close());

/** The agreement comes into a state. */
async function bring(state: 'active' | 'pending' | 'expired' | 'revoked'): Promise<void> {
  const parties = { principal: ELM, associate: BILLING, isShown: true, base: agreement };
  agreement = await keepAgreement(server.running.store, state, parties);
}

const file = (id: string, custodian: Ref) => ({
  resource: { resourceType: 'Binary', id, contentType: 'text/plain', data: 'WW9zdGVy' },
  custodian,
});

/** A message between the two, as it stands after it was sent. */
function message(id: string, custodian: Ref, content: string, attached?: string) {
  const at = {
    url: `${OURS}/StructureDefinition/agreement-at-send`,
    extension: [
      { url: 'contract', valueReference: { reference: 'Contract/baa-elm-billing/_history/1' } },
      { url: 'state', valueCode: 'active' },
      { url: 'principal', valueReference: { reference: ELM } },
      { url: 'associate', valueReference: { reference: BILLING } },
    ],
  };
  const resource = {
    resourceType: 'Communication',
    id,
    extension: [at],
    status: 'in-progress',
    category: [{ coding: [{ system: `${OURS}/CodeSystem/message-content`, code: content }] }],
    topic: { text: SECRET },
    sender: { reference: custodian },
    recipient: [{ reference: custodian === ELM ? BILLING : ELM }],
    sent: '2026-03-01T10:00:00Z',
    payload: [
      { contentString: SECRET },
      ...(attached === undefined
        ? []
        : [{ contentAttachment: { contentType: 'text/plain', url: `Binary/${attached}`, title: SECRET } }]),
    ],
  } as unknown as Resource; // with all of it
  const outward: readonly Ref[] = attached === undefined ? [] : [`Binary/${attached}`];
  return { resource, custodian, reach: { parties: [ELM, BILLING], outward } };
}

const get = (who: string, url: string): Promise<Response> => server.ask(who, 'GET', url);
const textsOf = ({ json }: Response): readonly unknown[] =>
  ((json['payload'] ?? []) as readonly { contentString?: string }[]).flatMap(
    ({ contentString }) => contentString ?? [],
  );
const found = async (who: string, url: string): Promise<readonly string[]> =>
  (await server.search(who, url)).map(({ id }) => id).toSorted();

/** Every way in which the associate reads messages. */
const WAYS = [
  'Communication/told',
  'Communication/told/_history',
  'Communication/said',
  'Communication?_count=100',
  'Communication?recipient=Organization/billing',
  'Communication?sender:Organization.name=elm',
  '_history?_count=1000',
  'Communication/_history?_count=1000',
  '?_type=Communication',
  'Organization?_id=elm&_revinclude=Communication:sender',
  'Communication/told?_elements=topic,payload',
  'Communication/told?_summary=data',
];

/** How often the audit says that a message was told to the associate. */
async function timesTold(id: string): Promise<number> {
  const disclosed = 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle|disclose';
  const { json } = await get(
    'elm',
    `AuditEvent?agent=Organization/billing&entity=Communication/${id}&subtype=${disclosed}&_summary=count`,
  );
  return Number(json['total']);
}

describe.each(['pending', 'expired', 'revoked'] as const)('(baa-messaging MK1 to MK6) %s', (state) => {
  beforeAll(() => bring(state));

  test.each(WAYS)('the associate reads no content by %s', async (way) => {
    const { status, text } = await get('billing', way);
    expect(status).toBe(200);
    expect(text).toContain('MASKED');
    const other = (await get('elm', way)).text;
    expect(other).toContain(SECRET);
    expect(other).not.toContain('MASKED');
    const notice = (resourcesOf(JSON.parse(text) as Bundle) as readonly Stored[]).filter(
      ({ id }) => id === 'notice',
    );
    const left = notice.reduce((all, one) => all.replace(JSON.stringify(one), ''), text);
    expect(left).not.toContain(SECRET);
  });

  test('a version is masked, and its ETag is another', async () => {
    const version = (await get('elm', 'Communication/told')).version;
    const theirs = await get('billing', `Communication/told/_history/${version}`);
    expect(textsOf(theirs)).toEqual([WITHHELD]);
    expect([
      theirs.headers['etag'],
      (await get('elm', `Communication/told/_history/${version}`)).headers['etag'],
    ]).toEqual([`W/"${version}m"`, `W/"${version}"`]);
    const again = await server.ask('billing', 'GET', 'Communication/told', undefined, {
      headers: { 'if-none-match': `W/"${version}"` },
    });
    expect(again.status).toBe(200);
  });

  test('who said it itself reads it no more, and the other side reads all of it', async () => {
    expect(textsOf(await get('billing', 'Communication/said'))).toEqual([WITHHELD]);
    expect(textsOf(await get('elm', 'Communication/said'))).toEqual([SECRET]);
  });

  test('(baa-messaging MK5) an administrative message is as it was', async () => {
    const { json, headers } = await get('billing', 'Communication/notice');
    expect(textsOf({ json } as Response)).toEqual([SECRET]);
    expect(headers['etag']).not.toContain('m');
  });

  test('(baa-messaging MK3) files of masked messages are refused, one’s own as well', async () => {
    for (const one of ['Binary/sent', 'Binary/own', 'Binary/sent/_history']) {
      const refused = await get('billing', one);
      expect([one, refused.status, refused.code]).toEqual([one, 403, 'agreement-not-active']);
      expect(refused.says).toContain('no agreement with');
      expect(refused.link).toBe('Contract/baa-elm-billing');
      expect((await get('elm', one)).status).toBe(200);
    }
  });

  test('(baa-messaging MK3) words of a masked message find it for nobody but the other side', async () => {
    const all = ['notice', 'said', 'told'];
    const byWords = 'Communication?_content=Zoster';
    expect([await found('elm', byWords), await found('billing', byWords)]).toEqual([all, ['notice']]);
    const without = 'Communication?_filter=sent ge 2020-01-01';
    expect(await found('billing', without)).toEqual(all);
  });

  test('(harmony Z6) an update of what is shown in part is refused', async () => {
    const { json } = await get('billing', 'Communication/said');
    const put = await server.ask('billing', 'PUT', 'Communication/said', json);
    expect([put.status, put.code]).toEqual([422, 'masked-write']);
  });

  test('(harmony Z6) a patch of what is shown passes, and leaves what is not shown as it is', async () => {
    const patched = await server.ask('billing', 'PATCH', 'Communication/told', [
      { op: 'replace', path: '/status', value: 'completed' },
    ]);
    expect(patched.status).toBe(200);
    expect(patched.text).not.toContain(SECRET);
    expect(patched.headers['etag']).toBe(`W/"${patched.version}m"`);
    const whole = await get('elm', 'Communication/told');
    expect([textsOf(whole), whole.version]).toEqual([[SECRET], patched.version]);
    const secret = await server.ask('billing', 'PATCH', 'Communication/told', [
      { op: 'test', path: '/topic/text', value: SECRET },
    ]);
    expect(secret.status).toBe(422);
  });

  test('(harmony Z3) what a referral reaches is 403 with the Contract, anything else 404', async () => {
    for (const one of ['Observation/o', 'Patient/p', 'Observation/o/_history', 'Patient/p/$everything']) {
      const refused = await get('billing', one);
      expect([one, refused.status, refused.code]).toEqual([one, 403, 'agreement-not-active']);
      expect(refused.text).toContain(`"valueCode":"${state}"`);
      expect(refused.link).toBe('Contract/baa-elm-billing');
    }
    expect((await get('billing', 'Observation/none')).status).toBe(404);
    expect((await get('billing', 'Observation?patient=Patient/p')).text).toContain('"suppressed"');
    expect((await get('billing', 'Observation?code=1')).text).not.toContain('"suppressed"');
    expect(await found('billing', 'Contract')).toEqual(['baa-elm-billing']);
  });

  test('(baa-messaging MK6) each masked read is on record, with the Contract', async () => {
    await get('billing', 'Communication/told');
    const [event] = await server.auditOf('elm', 'Communication/told');
    const text = JSON.stringify(event);
    expect(text).toContain('"type":"masked","valueString":"true"');
    expect(text).toContain('Contract/baa-elm-billing/_history/1');
  });

  test.each(['Communication/told', 'Communication/told/_history', 'Communication?_id=told,notice'])(
    '(baa-messaging MK6, MS51) what was masked by %s was not told',
    async (way) => {
      const before = [await timesTold('told'), await timesTold('notice')];
      await get('billing', way);
      const isBeside = way.includes('notice');
      expect([await timesTold('told'), await timesTold('notice')]).toEqual([
        before[0],
        (before[1] ?? 0) + (isBeside ? 1 : 0),
      ]);
    },
  );

  test('(baa-messaging MK4) an agreement in force shows everything again at once', async () => {
    await bring('active');
    const { json, version, headers } = await get('billing', 'Communication/told');
    expect(textsOf({ json } as Response)).toEqual([SECRET]);
    expect(headers['etag']).toBe(`W/"${version}"`);
    for (const one of ['Binary/sent', 'Binary/own', 'Observation/o', 'Patient/p'])
      expect([one, (await get('billing', one)).status]).toEqual([one, 200]);
    expect(await found('billing', 'Communication?_content=Zoster')).toEqual(['notice', 'said', 'told']);
    const [event] = await server.auditOf('elm', 'Communication/told');
    expect(JSON.stringify(event)).not.toContain('"masked"');
  });
});
