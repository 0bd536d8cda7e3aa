/** What a form says to be one for its kind, and what captured words make (compliance C14, K2). */
import { describe, expect, test } from '@jest/globals';
import {
  buildConsent,
  withImplied,
  type CapturedConsent,
} from '../../../../src/policies/consent/captured.ts';
import { lacksOf } from '../../../../src/policies/consent/elements.ts';
import {
  consentFormOf,
  consentQuestionnaire,
  FORM_KINDS,
  statementsLacking,
  statementsOf,
} from '../../../../src/policies/consent/forms.ts';
import type { ConsentKind } from '../../../../src/policies/consent/kinds.ts';

const captured = (kind: ConsentKind, more: Partial<CapturedConsent> = {}): CapturedConsent => ({
  kind,
  patient: 'Patient/p',
  keeper: 'Organization/a',
  from: [],
  to: [{ reference: 'Organization/b' }],
  purposes: ['TREAT'],
  labels: [],
  types: [],
  codes: [],
  data: [],
  text: 'All my records',
  until: '2099-12-31',
  event: undefined,
  statements: statementsOf(kind),
  signers: [{ reference: 'Patient/p' }],
  authority: undefined,
  signedAt: '2026-11-20',
  ...more,
});

describe('(compliance C14) the forms that come with the server', () => {
  test.each(FORM_KINDS)('%s says its kind, and lacks no statement of it', (kind) => {
    const form = consentFormOf(consentQuestionnaire(kind));
    expect(form?.kind).toBe(kind);
    expect(form === undefined ? undefined : statementsLacking(form)).toEqual([]);
  });

  test('a Questionnaire without the extension is none, and an unknown kind has no statements', () => {
    expect(consentFormOf({ resourceType: 'Questionnaire' })).toBeUndefined();
    expect(statementsLacking({ kind: undefined, statements: [] })).toBeUndefined();
  });
});

describe('(compliance K2, A1–A10, P6, P9, P10) what is captured with every statement of its kind lacks nothing', () => {
  // prettier-ignore
  test.each<readonly [kind: ConsentKind, more: Partial<CapturedConsent>]>([
    ['hipaa-auth',             { labels: ['HIV'] }],
    ['part2-tpo',              { to: [], purposes: [], until: undefined, event: 'none' }],
    ['part2-specific',         {}],
    ['part2-counseling-notes', {}],
    ['part2-proceedings',      { purposes: [] }],
    ['involved-person',        {}],
    ['community-referral',     {}],
    ['hipaa-restrictions',     {}],
    ['hipaa-self-pay',         {}],
  ])('%s', (kind, more) => {
    const consent = buildConsent(withImplied(captured(kind, more)), 'DocumentReference/d');
    expect(lacksOf(consent)).toEqual([]);
  });

  test('and without its document it lacks the signature', () => {
    const consent = buildConsent(withImplied(captured('part2-tpo')), undefined);
    expect(lacksOf(consent).map(({ id }) => id)).toEqual(['2.31(a)(8)']);
  });
});
