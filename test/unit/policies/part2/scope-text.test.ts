import { describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../../src/fhir/types.ts';
import { scopeText } from '../../../../src/policies/part2/scope-text.ts';

const EXTENSION = 'https://closeloop.dev/fhir/StructureDefinition';
const ROLES = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType';
const REASONS = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';

const actor = (code: string, reference: string, display?: string) => ({
  role: { coding: [{ system: ROLES, code }] },
  reference: { reference, ...(display !== undefined && { display }) },
});

const TPO: Resource = {
  resourceType: 'Consent',
  status: 'active',
  dateTime: '2026-11-20T08:00:00Z',
  extension: [
    { url: `${EXTENSION}/information-description`, valueString: 'All my treatment records' },
    { url: `${EXTENSION}/expiration-event`, valueString: 'none' },
  ],
  provision: {
    type: 'permit',
    actor: [
      actor('CST', 'Organization/detox'),
      actor('IRCP', 'Group/tpo-recipients', 'my treating providers'),
    ],
    purpose: ['TREAT', 'HPAYMT', 'HOPERAT'].map((code) => ({ system: REASONS, code })),
  },
};

describe('the explanation of a consent (compliance P14)', () => {
  test('says who may disclose what to whom, what for, and until when', () => {
    expect(scopeText(TPO, new Map([['Organization/detox', 'Hope Detox']]))).toBe(
      'Consent of 2026-11-20: Hope Detox may disclose "All my treatment records" to my treating providers for treatment, payment and health care operations without an end. It may be revoked in writing.',
    );
  });

  test.each([
    [
      'a date',
      { period: { end: '2027-01-31T23:59:59Z' } },
      [] as const,
      'for the purpose of the consent until 2027-01-31.',
    ],
    [
      'an event',
      {},
      [{ url: `${EXTENSION}/expiration-event`, valueString: 'the end of the treatment' }],
      'until the end of the treatment.',
    ],
    ['no end', {}, [], 'without an end.'],
  ])('ends with %s', (_end, provision, extension, says) => {
    expect(scopeText({ resourceType: 'Consent', extension, provision })).toContain(says);
  });

  test('names codes where no words stand, and nothing that it does not know', () => {
    const provision = {
      class: [{ system: 'http://hl7.org/fhir/resource-types', code: 'Condition' }],
      actor: [actor('IRCP', 'Organization/x')],
    };
    expect(scopeText({ resourceType: 'Consent', provision })).toBe(
      'Consent of an unknown date: the discloser may disclose Condition to the recipient for the purpose of the consent without an end. It may be revoked in writing.',
    );
  });
});
