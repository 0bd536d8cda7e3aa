/**
 * What is written is read back, to the digit: everything but id, meta and the published rewritten fields
 * (`docs/reference/transitions.md`), posted singly and in one transaction (rules 3.5).
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { BODY_TYPES } from '../../../src/resources/index.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import { openServer, type TestServer } from '../../server.ts';
import { SAMPLES } from '../validation/samples.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());

/** JSON with every number as it is written, and object keys in any order. */
const literally = (text: string): Record<string, unknown> =>
  JSON.parse(text, (_key, value: unknown, { source }: { source?: string }) =>
    typeof value === 'number' ? `number ${source}` : value,
  ) as Record<string, unknown>; // resources are objects

/** Without what the server gives; `rewritten`: elements that it may store otherwise. */
function kept(text: string, rewritten: readonly string[] = []): object {
  const gone = new Set(['id', 'meta', ...rewritten]);
  return Object.fromEntries(Object.entries(literally(text)).filter(([name]) => !gone.has(name)));
}

// — every type

const ELSEWHERE: ReadonlySet<string> = new Set([
  'AuditEvent', // written by the server alone
  'Subscription', // its status is the server's
  'Task', // below, with parties
  'ServiceRequest',
  ...BODY_TYPES, // not stored
]);

const OTHERS = Object.entries(SAMPLES).filter(([type]) => !ELSEWHERE.has(type));

/** Of a message the server writes when it was sent, that it is not read yet, and what it is. */
const SERVER_WRITES: Readonly<Record<string, readonly string[]>> = {
  Communication: ['status', 'sent', 'category', 'extension'],
};

/** References to resources of this server become references elsewhere, so that the sample can stand alone. */
const alone = (text: string): string =>
  text.replaceAll(/"(reference|url)":"([A-Z][A-Za-z]+\/)/g, '"$1":"https://other.example/fhir/$2');

/** A file of a message stands in a Binary of this server, so that it cannot stand elsewhere: see messages/files.test.ts. */
function withoutFiles(message: Resource): Resource {
  const parts = (message['payload'] ?? []) as readonly object[];
  const payload = parts.filter((part) => !('contentAttachment' in part));
  expect(payload.length).toBeGreaterThan(0);
  return { ...message, payload };
}

describe('every type', () => {
  test.each(OTHERS)('%s', async (type, sample) => {
    const text = alone(JSON.stringify(type === 'Communication' ? withoutFiles(sample) : sample));
    const created = await server.ask('administrator for initiator', 'POST', type, text);
    expect([created.status, created.says]).toEqual([201, '']);
    const read = await server.ask('administrator', 'GET', `${type}/${created.json.id}`);
    expect(read.text).toBe(created.text);
    const rewritten = SERVER_WRITES[type];
    expect(kept(read.text, rewritten)).toEqual(kept(text, rewritten));
    const { meta } = sample;
    expect(read.json.meta).toMatchObject(JSON.parse(JSON.stringify(meta ?? {})) as object);
  });
});

// — a referral

const BSER = 'http://hl7.org/fhir/us/bser/StructureDefinition';
const NUMBERS = [
  '1.50',
  '0.10',
  '98.60',
  '-0.0',
  '1e2',
  '1.20E-3',
  '12345678901234567890.123456789',
  '0.30000000000000004',
];
const WORDS = 'Ærø · 患者 · \\u0041 · \\"quoted\\" · 👩‍⚕️';

/** The texts of a referral as an EHR writes them, with references to entries of a bundle. */
const PACKAGE: Readonly<Record<string, string>> = {
  Patient: `{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\">A &amp; B</div>"},
    "extension":[{"url":"http://example.org/height","valueDecimal":1.80}],
    "identifier":[{"system":"urn:oid:1.2.36.146.595.217.0.1","value":"MRN-1"}],
    "name":[{"family":"${WORDS}","given":["Ada",null],"_given":[null,{"extension":[{"url":"http://example.org/x","valueCode":"unknown"}]}]}],
    "gender":"female","birthDate":"1979-03","_birthDate":{"id":"b"}}`,
  Coverage: `{"resourceType":"Coverage","meta":{"profile":["${BSER}/BSeR-Coverage"]},"status":"active","beneficiary":{"reference":"urn:uuid:patient"},
    "relationship":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/subscriber-relationship","code":"self"}]},
    "payor":[{"display":"Plan"}],"order":1,"costToBeneficiary":[{"valueMoney":{"value":20.00,"currency":"USD"}}]}`,
  Consent: `{"resourceType":"Consent","meta":{"profile":["${BSER}/BSeR-PatientConsent"]},"status":"active",
    "scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},
    "category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"INFA"}]}],
    "patient":{"reference":"urn:uuid:patient"},"dateTime":"2026-01-01","performer":[{"reference":"urn:uuid:patient"}],
    "policyRule":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"OPTIN"}]},
    "provision":{"type":"permit"}}`,
  Observation: `{"resourceType":"Observation","status":"final","code":{"text":"body weight"},"subject":{"reference":"urn:uuid:patient"},
    "component":[${NUMBERS.map((value) => `{"code":{"text":"n"},"valueQuantity":{"value":${value},"unit":"kg"}}`).join()}]}`,
  Bundle: `{"resourceType":"Bundle","identifier":{"system":"urn:oid:2.999.1","value":"doc-1"},"type":"document","timestamp":"2026-01-01T10:00:00Z",
    "entry":[{"fullUrl":"urn:uuid:0f2a7c1e-6d5b-4d63-9c3f-1d2b3a4c5d6e","resource":{"resourceType":"Composition","status":"final",
    "type":{"coding":[{"system":"http://loinc.org","code":"57133-1"}]},"subject":{"reference":"urn:uuid:0f2a7c1e-6d5b-4d63-9c3f-1d2b3a4c5d6f"},"date":"2026-01-01",
    "author":[{"reference":"urn:uuid:0f2a7c1e-6d5b-4d63-9c3f-1d2b3a4c5d6f"}],"title":"Referral request"}},
    {"fullUrl":"urn:uuid:0f2a7c1e-6d5b-4d63-9c3f-1d2b3a4c5d6f","resource":{"resourceType":"Patient","id":"inner",
    "extension":[{"url":"http://example.org/height","valueDecimal":1.80}]}}]}`,
  ServiceRequest: `{"resourceType":"ServiceRequest","meta":{"profile":["${BSER}/BSeR-ReferralServiceRequest"]},
    "identifier":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"PLAC"}]},"system":"urn:oid:2.999.1","value":"R-round",
    "assigner":{"reference":"Organization/initiator"}}],"status":"active","intent":"order",
    "category":[{"coding":[{"system":"http://snomed.info/sct","code":"409073007"}]}],"code":{"coding":[{"system":"http://snomed.info/sct","code":"3457005"}]},
    "quantityQuantity":{"value":4.0},"subject":{"reference":"urn:uuid:patient"},"authoredOn":"2026-01-01T10:00:00+01:00",
    "requester":{"reference":"PractitionerRole/initiator"},"performer":[{"reference":"PractitionerRole/recipient","display":"Nutrition"}],
    "reasonCode":[{"text":"Obesity"}],"insurance":[{"reference":"urn:uuid:coverage"}],
    "supportingInfo":[{"reference":"urn:uuid:bundle"},{"reference":"urn:uuid:consent"},{"reference":"urn:uuid:observation"}],"note":[{"text":"${WORDS}"}]}`,
  Task: `{"resourceType":"Task","meta":{"profile":["${BSER}/referral-task","${BSER}/BSeR-ReferralTask"],"tag":[{"system":"urn:oid:2.999.1","code":"mine"}]},
    "identifier":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"PLAC"}]},"system":"urn:oid:2.999.1","value":"R-round"}],
    "status":"requested","businessStatus":{"coding":[{"system":"http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS","code":"2.0"}]},"intent":"order",
    "code":{"coding":[{"system":"http://hl7.org/fhir/CodeSystem/task-code","code":"fulfill"}]},"focus":{"reference":"urn:uuid:servicerequest"},"for":{"reference":"urn:uuid:patient"},
    "authoredOn":"2026-01-01T10:00:00.120+01:00","requester":{"reference":"PractitionerRole/initiator"},"owner":{"reference":"PractitionerRole/recipient"},
    "input":[{"type":{"text":"weight"},"valueDecimal":82.50}],"note":[{"text":"${WORDS}"}]}`,
};

const REWRITTEN: Readonly<Record<string, readonly string[]>> = {
  Task: ['status'],
  ServiceRequest: ['extension'], // its basis (compliance D3)
};

const urnOf = (type: string): string => `urn:uuid:${type.toLowerCase()}`;

function withRefs(text: string, refs: ReadonlyMap<string, Ref>): string {
  return text.replaceAll(/urn:uuid:[a-z]+(?=")/g, (urn) => refs.get(urn) ?? urn);
}

async function sendSingly(order: readonly string[]): Promise<ReadonlyMap<string, Ref>> {
  const refs = new Map<string, Ref>();
  for (const type of order) {
    const { status, location, text } = await server.ask(
      'initiator',
      'POST',
      type,
      withRefs(PACKAGE[type] ?? '', refs),
    );
    if (status !== 201 || location === undefined) throw new Error(`${type}: ${status} ${text}`);
    refs.set(urnOf(type), location);
  }
  return refs;
}

async function sendTogether(order: readonly string[]): Promise<ReadonlyMap<string, Ref>> {
  const entries = order.map(
    (type) =>
      `{"fullUrl":"${urnOf(type)}","resource":${PACKAGE[type]},"request":{"method":"POST","url":"${type}"}}`,
  );
  const body = `{"resourceType":"Bundle","type":"transaction","entry":[${entries.join()}]}`;
  const { status, text, json } = await server.ask('initiator', 'POST', '', body);
  if (status !== 200) throw new Error(text);
  const told = json['entry'] as readonly { response: { location: string } }[]; // a transaction-response
  return new Map(
    order.map((type, i) => [urnOf(type), told[i]?.response.location.replace(/\/_history\/.*/, '') as Ref]), // its own
  );
}

const ORDER = Object.keys(PACKAGE);

// prettier-ignore
describe.each<[string, () => Promise<ReadonlyMap<string, Ref>>]>([
  ['posted singly',                           () => sendSingly(ORDER)],
  ['in one transaction',                      () => sendTogether(ORDER)],
  ['in one transaction, the last entry first', () => sendTogether(ORDER.toReversed())],
])('a referral %s', (_name, send) => {
  let refs: ReadonlyMap<string, Ref>;
  beforeAll(async () => {
    refs = await send();
  });

  test.each(ORDER)('%s, as both parties read it', async (type) => {
    const expected = kept(withRefs(PACKAGE[type] ?? '', refs), REWRITTEN[type]);
    for (const party of ['initiator', 'recipient']) {
      const { status, text } = await server.ask(party, 'GET', refs.get(urnOf(type)) ?? '');
      expect(status).toBe(200);
      expect(kept(text, REWRITTEN[type])).toEqual(expected);
    }
  });

  test('the profiles and tags that were claimed stay', async () => {
    const { meta } = await server.read('recipient', refs.get(urnOf('Task')) ?? '');
    expect(meta).toMatchObject({
      profile: [`${BSER}/referral-task`, `${BSER}/BSeR-ReferralTask`],
      tag: [{ system: 'urn:oid:2.999.1', code: 'mine' }],
    });
  });

  test('digits stay when another element is patched, put, moved, searched for and read from history', async () => {
    const task = refs.get(urnOf('Task')) ?? '';
    const change = [{ op: 'add', path: '/priority', value: 'urgent' }];
    const patched = await server.ask('initiator', 'PATCH', task, change);
    const put = await server.ask('initiator', 'PUT', task, patched.text);
    const accept = [{ op: 'add', path: '/status', value: 'accepted' }];
    const moved = await server.ask('recipient', 'PATCH', task, accept);
    const found = await server.ask('recipient', 'GET', `Task?_id=${task.slice(5)}`);
    const past = await server.ask('initiator', 'GET', `${task}/_history/${patched.version}`);
    for (const { status, text } of [patched, put, moved, found, past])
      expect([status, text.includes('"valueDecimal":82.50')]).toEqual([200, true]);
    const observation = refs.get(urnOf('Observation')) ?? '';
    const note = [{ op: 'add', path: '/component/0/code/text', value: 'weight' }];
    const { text } = await server.ask('initiator', 'PATCH', observation, note);
    const values = [...text.matchAll(/"value":([-0-9.eE+]+)/g)].map(([, value]) => value);
    expect(values).toEqual(NUMBERS);
  });
});
