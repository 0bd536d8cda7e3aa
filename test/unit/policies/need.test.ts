/** What is missing, as the refusal shows it (compliance K1). */
import { expect, test } from '@jest/globals';
import { buildOutcome } from '../../../src/fhir/issue.ts';
import { issueOfNeed, missingNeed, NEEDS, type Need, type NeedKind } from '../../../src/policies/need.ts';

const NEED: Need = missingNeed('part2-disclosure', {
  from: 'Organization/detox',
  to: 'Organization/elm',
  patient: 'Patient/p',
  purposes: ['TREAT'],
});

const shown = (need: Need) =>
  buildOutcome([issueOfNeed(need, { recipient: 'Elm Street', expression: ['Task.status'] })]).issue[0];

test('(compliance K1) the refusal is the form: code, need, exception, and what a client draws the dialog from', () => {
  const form = 'https://closeloop.dev/fhir/Questionnaire/part2-tpo';
  expect(shown({ ...NEED, reason: 'expired', existing: 'Consent/c1', labels: ['42CFRPart2'], form })).toEqual(
    {
      severity: 'error',
      code: 'business-rule',
      details: {
        coding: [
          { system: 'https://closeloop.dev/fhir/CodeSystem/issue', code: 'consent-needed' },
          { system: 'https://closeloop.dev/fhir/CodeSystem/need', code: 'part2-disclosure' },
          {
            system: 'https://closeloop.dev/fhir/CodeSystem/information-blocking-exception',
            code: 'privacy-precondition',
          },
        ],
        text: expect.stringContaining('then send the same request again'),
      },
      diagnostics:
        "Telling Elm Street needs the patient's written consent under 42 CFR 2.31. On file: Consent/c1, expired.",
      extension: [
        {
          url: 'https://closeloop.dev/fhir/StructureDefinition/need',
          extension: [
            { url: 'reason', valueCode: 'expired' },
            { url: 'from', valueReference: { reference: 'Organization/detox' } },
            { url: 'to', valueReference: { reference: 'Organization/elm' } },
            { url: 'purpose', valueCode: 'TREAT' },
            { url: 'label', valueCode: '42CFRPart2' },
            { url: 'form', valueCanonical: form },
            { url: 'existing', valueReference: { reference: 'Consent/c1' } },
          ],
        },
      ],
      expression: ['Task.status'],
    },
  );
});

test('(compliance A11, P6) what is on file and incomplete is refused as that, with the elements', () => {
  const issue = shown({ ...NEED, reason: 'incomplete', existing: 'Consent/c1', missing: ['expiry (A5)'] });
  expect(issue?.details?.coding?.[0]?.code).toBe('consent-incomplete');
  expect(issue?.diagnostics).toContain('it lacks: expiry (A5).');
  expect(issue?.extension?.[0]?.extension).toContainEqual({
    url: 'missingElement',
    valueString: 'expiry (A5)',
  });
});

test.each(Object.keys(NEEDS) as NeedKind[])(
  '(compliance K1) the need %s names nobody but the recipient',
  (kind) => {
    const said = shown({ ...NEED, kind })?.diagnostics ?? '';
    expect(said).toMatch(/^Telling Elm Street needs .+ under .+\. On file: none\.$/);
    expect(said).not.toContain('Patient/');
  },
);
