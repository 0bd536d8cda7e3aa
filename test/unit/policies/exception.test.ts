/** On which exception of 45 CFR 171 each refusal keeps information back. */
import { expect, test } from '@jest/globals';
import { buildOutcome, EXCEPTION_SYSTEM, ISSUES, type IssueCode } from '../../../src/fhir/issue.ts';
import {
  EXCEPTIONS,
  exceptionCoding,
  exceptionFor,
  isExceptionOn,
  type DeniedBy,
  type InformationBlockingException,
} from '../../../src/policies/exception.ts';

type Row = readonly [
  code: IssueCode,
  type: string,
  http: number,
  acknowledged: string,
  fate: string,
  exception: InformationBlockingException | '–',
];

// Compliance 15, row by row.
// prettier-ignore
const ROWS: readonly Row[] = [
  ['consent-needed',         'business-rule', 422, 'AA 207', 'work-item', 'privacy-precondition'],
  ['consent-incomplete',     'invalid',       422, 'AA 207', 'work-item', 'privacy-precondition'],
  ['consent-rule',           'business-rule', 422, '- ',     'none',      '–'],
  ['basis-missing',          'business-rule', 422, 'AA 207', 'work-item', 'privacy-precondition'],
  ['basis-evidence-missing', 'required',      422, 'AA 207', 'work-item', 'privacy-precondition'],
  ['basis-not-offered',      'not-supported', 422, '- ',     'none',      'none-review'],
  ['disclosure-denied',      'suppressed',    403, '- ',     'none',      'privacy-individual-request'],
  ['access-denied',          'suppressed',    403, '- ',     'none',      'privacy-access-denial'],
  ['minimum-necessary',      'business-rule', 422, '- ',     'none',      'none-review'],
  ['purpose-not-allowed',    'forbidden',     403, '- ',     'none',      'security'],
  ['party-kind-protected',   'forbidden',     403, '- ',     'none',      '–'],
  ['label-protected',        'forbidden',     403, '- ',     'none',      '–'],
  ['break-glass-incomplete', 'required',      422, '- ',     'none',      '–'],
  ['break-glass-refused',    'forbidden',     403, '- ',     'none',      'security'],
  ['rail-cannot-carry',      'not-supported', 422, '- ',     'none',      'manner'],
  ['left-out',               'informational', 200, '- ',     'applied',   '–'],
  ['part2-notice',           'informational', 200, '- ',     'applied',   '–'],
  ['emergency-only',         'informational', 200, '- ',     'applied',   '–'],
  ['part2-notice-missing',   'incomplete',    200, 'AA 207', 'applied',   '–'],
  // 503 and 429
  ['busy',                   'transient',     503, '- ',     'none',      'performance'],
  ['too-many-requests',      'throttled',     429, '- ',     'none',      'performance'],
  ['search-too-costly',      'too-costly',    503, '- ',     'none',      'performance'],
];

test.each(ROWS)('(compliance 15, I1, I2) %s', (code, type, http, acknowledged, fate, exception) => {
  const row = ISSUES[code];
  expect([row.type, row.http, `${row.msa} ${row.err}`, row.fate, row.exception]).toEqual([
    type,
    http,
    acknowledged,
    fate,
    exception,
  ]);
  expect(exceptionFor(code) ?? '–').toBe(exception);
});

test.each<[IssueCode, DeniedBy, string | undefined]>([
  ['disclosure-denied', 'patient', 'privacy-individual-request'],
  ['disclosure-denied', 'agreement', 'privacy-precondition'],
  ['disclosure-denied', 'organization', 'none-review'],
  ['consent-needed', 'organization', 'none-review'],
  ['consent-rule', 'organization', undefined],
])('(compliance I2, I3) %s, by %s: %s', (code, by, exception) => {
  expect(exceptionFor(code, by)).toBe(exception);
});

test('(compliance I1) every exception that a refusal names is in the table', () => {
  const named = Object.values(ISSUES).flatMap(({ exception }) => (exception === '–' ? [] : [exception]));
  expect(named.filter((one) => !(one in EXCEPTIONS))).toEqual([]);
});

test.each<[InformationBlockingException, string, boolean]>([
  ['care-access', '2024-12-16', false],
  ['care-access', '2024-12-17', true],
  ['privacy-precondition', '2020-01-01', true],
])('(compliance 8) %s on %s: %s', (exception, day, on) => {
  expect(isExceptionOn(exception, day)).toBe(on);
});

test('(compliance I1) a refusal names its exception last, and one that is given stands for the one of its row', () => {
  const codesOf = (codings?: readonly object[]) =>
    buildOutcome([{ code: 'disclosure-denied', ...(codings && { codings }) }]).issue[0]?.details?.coding?.map(
      ({ code }) => code,
    );
  expect(codesOf()).toEqual(['disclosure-denied', 'privacy-individual-request']);
  expect(codesOf([exceptionCoding('none-review')])).toEqual(['disclosure-denied', 'none-review']);
  expect(exceptionCoding('manner').system).toBe(EXCEPTION_SYSTEM);
});
