/** Which scopes a client may ask for, as a table: what cannot be granted as written is refused by name (smart SM-16, SM-40). */
import { describe, expect, test } from '@jest/globals';
import { faultOfScopes } from '../../../src/resources/scope-faults.ts';
import { clauseOfScope, readScopes } from '../../../src/resources/scope-query.ts';

const BASE = 'https://referrals.example.org/fhir';
const CATEGORY = 'http://terminology.hl7.org/CodeSystem/observation-category';

const GRANTABLE: readonly string[] = [
  'openid fhirUser profile',
  'launch',
  'launch/patient launch/encounter',
  'online_access offline_access',
  'closeloop/break-glass',
  'patient/*.read',
  'user/Task.write',
  'system/*.*',
  'patient/Observation.rs',
  'system/Task.cruds',
  'user/*.ds',
  `patient/Observation.rs?category=${CATEGORY}|laboratory`,
  `patient/Observation.rs?category=${encodeURIComponent(`${CATEGORY}|laboratory`)}`,
  'patient/Condition.rs?category=http://terminology.hl7.org/CodeSystem/condition-category|encounter-diagnosis',
  'patient/Condition.rs?category=http://hl7.org/fhir/us/core/CodeSystem/condition-category|health-concern',
  'system/Task.rs?code=http://hl7.org/fhir/CodeSystem/task-code|fulfill',
  'system/Task.rs?owner=Organization/recipient',
  `system/Task.rs?owner=${BASE}/Organization/recipient`,
  'system/Task.rs?status=received,accepted',
  'system/Task.rs?status=received&code=http%3A%2F%2Fx%7Cy&intent=order&priority=stat',
  'user/DocumentReference.rs?type=http://loinc.org|11488-4',
  'system/Observation.rs?date=ge2026-01-01&date=lt2027-01-01',
  'system/Observation.rs?value-quantity=gt5',
  'system/Patient.rs?family=Chalmers',
  'system/Patient.rs?_id=example',
  'system/ValueSet.rs?url=http://example.org/vs',
  'user/*.rs?_security=http://terminology.hl7.org/CodeSystem/v3-Confidentiality|N',
  'user/*.rs?_tag=http://example.org|trial',
  'user/Task.rs?_tag=http://example.org|trial',
  `patient/Patient.r ${'launch/patient '.repeat(99)}`,
  '',
];

const REFUSED: readonly (readonly [text: string, scope: string, why: RegExp])[] = [
  // against the grammar
  ['system/Task.dus', 'system/Task.dus', /order cruds/],
  ['patient/Observation.rd patient/Observation.sr', 'patient/Observation.sr', /order cruds/],
  ['system/Task.rr', 'system/Task.rr', /order cruds/],
  ['system/Task.', 'system/Task.', /no scope/],
  ['system/Task', 'system/Task', /no scope/],
  ['system/task.r', 'system/task.r', /no scope/],
  ['System/Task.rs', 'System/Task.rs', /no scope/],
  ['practitioner/Task.rs', 'practitioner/Task.rs', /no scope/],
  ['system/Task.READ', 'system/Task.READ', /some of cruds/],
  ['system/Task.rs?', 'system/Task.rs?', /empty/],
  ['system/Task.read?status=received', 'system/Task.read?status=received', /version 1/],
  ['system/Task/1.rs', 'system/Task/1.rs', /no scope/],
  ['email', 'email', /no scope/],
  ['launch/practitionerx', 'launch/practitionerx', /no scope/],
  ['closeloop/everything', 'closeloop/everything', /no scope/],
  ['system/Task.rs?status="x"', 'system/Task.rs?status="x"', /character/],
  [String.raw`system/Task.rs?status=a\,b`, String.raw`system/Task.rs?status=a\,b`, /character/],
  ['system/Task.rs?status=é', 'system/Task.rs?status=é', /character/],
  // types
  ['openid system/Tasks.rs', 'system/Tasks.rs', /not served/],
  ['system/Parameters.rs', 'system/Parameters.rs', /not served/],
  // queries that are not evaluated
  ['system/Task.rs?phase=x', 'system/Task.rs?phase=x', /phase/],
  [
    'system/Task.rs?focus:ServiceRequest.code=x',
    'system/Task.rs?focus:ServiceRequest.code=x',
    /modifiers nor chains/,
  ],
  ['system/Task.rs?patient.family=x', 'system/Task.rs?patient.family=x', /modifiers nor chains/],
  [
    'system/Patient.rs?_has:Task:patient:status=x',
    'system/Patient.rs?_has:Task:patient:status=x',
    /modifiers/,
  ],
  ['system/Task.rs?status:not=draft', 'system/Task.rs?status:not=draft', /modifiers/],
  ['system/Task.rs?owner:missing=true', 'system/Task.rs?owner:missing=true', /modifiers/],
  ['system/Task.rs?_filter=status%20eq%20draft', 'system/Task.rs?_filter=status%20eq%20draft', /_filter/],
  ['system/Task.rs?_text=x', 'system/Task.rs?_text=x', /_text/],
  ['system/Task.rs?_content=x', 'system/Task.rs?_content=x', /_content/],
  ['system/Task.rs?_list=1', 'system/Task.rs?_list=1', /_list/],
  ['system/Task.rs?_lastUpdated=gt2026', 'system/Task.rs?_lastUpdated=gt2026', /_lastUpdated/],
  ['system/Task.rs?_count=1', 'system/Task.rs?_count=1', /_count/],
  ['system/Task.rs?_include=Task:focus', 'system/Task.rs?_include=Task:focus', /modifiers|_include/],
  [
    'system/Observation.rs?code-value-quantity=x$1',
    'system/Observation.rs?code-value-quantity=x$1',
    /composite/,
  ],
  ['system/Location.rs?near=1|2|3', 'system/Location.rs?near=1|2|3', /plain/],
  ['system/Bundle.rs?composition=1', 'system/Bundle.rs?composition=1', /plain/],
  ['system/Observation.rs?date=ap2026', 'system/Observation.rs?date=ap2026', /present/],
  ['system/Observation.rs?date=tomorrow', 'system/Observation.rs?date=tomorrow', /date/],
  ['system/Task.rs?status=', 'system/Task.rs?status=', /missing/],
  ['user/*.rs?status=received', 'user/*.rs?status=received', /_security and _tag/],
  ['user/*.rs?_id=1', 'user/*.rs?_id=1', /_security and _tag/],
  ['system/Task.rs?status=%E0%A4%A', 'system/Task.rs?status=%E0%A4%A', /percent/],
  [
    'system/Task.rs?status=a&status=b&status=c&status=d&status=e',
    'system/Task.rs?status=a&status=b&status=c&status=d&status=e',
    /more than 4/,
  ],
  // too much at once
  ['launch '.repeat(101), '', /100 scopes/],
  [`system/Task.rs?status=${'x'.repeat(16_400)}`, '', /16384/],
];

describe('faultOfScopes', () => {
  test.each(GRANTABLE)('(smart SM-40) %j is granted as it is', (text) => {
    expect(faultOfScopes(text, BASE)).toBeUndefined();
  });

  test.each(REFUSED)('(smart SM-16) %j is refused by name', (text, scope, why) => {
    const fault = faultOfScopes(text, BASE);
    expect(fault?.scope).toBe(scope);
    expect(fault?.why).toMatch(why);
  });
});

describe('readScopes', () => {
  test('(smart SM-40) leaves out what cannot be evaluated, and never its query alone', () => {
    const read = readScopes('system/Task.rs?phase=x system/Task.c system/Patient.r?family=a', BASE);
    expect(read.map(({ text }) => text)).toEqual(['system/Task.c', 'system/Patient.r?family=a']);
  });

  test('(smart 4.1) means the same raw and percent-encoded, and keeps the text', () => {
    const raw = `patient/Observation.rs?category=${CATEGORY}|laboratory`;
    const encoded = `patient/Observation.rs?category=${encodeURIComponent(`${CATEGORY}|laboratory`)}`;
    const [one, other] = readScopes(`${raw} ${encoded}`, BASE);
    expect([one?.text, other?.text]).toEqual([raw, encoded]);
    expect(one && clauseOfScope(one)).toEqual({
      kind: 'token',
      param: 'category',
      code: 'laboratory',
      system: CATEGORY,
    });
    expect(other && clauseOfScope(other)).toEqual(one && clauseOfScope(one));
  });

  test('(smart SM-41) reads the same text once', () => {
    expect(readScopes('system/Task.rs?status=draft', BASE)).toBe(
      readScopes('system/Task.rs?status=draft', BASE),
    );
  });
});
