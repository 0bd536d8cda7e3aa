/** Labels by code and by flag, and the one confidentiality of each resource (compliance S1 to S3, section 16). */
import { describe, expect, test } from '@jest/globals';
import type { Coding, Resource } from '../../../../src/fhir/types.ts';
import { learnSensitivities, sensitivitiesOf } from '../../../../src/policies/labels/derive.ts';
import { planLabels, writeLabels } from '../../../../src/policies/labels/label-plan.ts';
import { GOLDEN } from './golden.ts';
import { CODE_ROWS } from './sensitivity-rows.ts';

const BASIS = 'http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-sec-label-basis';

const say = ({ code, extension = [] }: Coding): string => {
  const basis = extension.find(({ url }) => url === BASIS)?.valueCoding?.code;
  return basis === undefined ? String(code) : `${code}<${basis}`;
};

const labelled = (resource: Resource): Resource => {
  const plan = planLabels(resource, { before: undefined });
  return plan === undefined ? resource : writeLabels(resource, plan);
};

const labelsOf = (resource: Resource): string => (labelled(resource).meta?.security ?? []).map(say).join(' ');

describe('(compliance S3) the table of sensitive codes', () => {
  test.each(CODE_ROWS)('%s %s: %s', (system, code, labels) => {
    const resource = { resourceType: 'Condition', code: { coding: [{ system, code }] } };
    expect([...sensitivitiesOf(resource).keys()].join(' ')).toBe(labels);
  });
});

describe('(compliance S1, S2) the golden table', () => {
  test.each(GOLDEN)('%s', (_name, resource, labels) => {
    expect(labelsOf(resource)).toBe(labels);
  });

  test.each(GOLDEN)('again: %s', (_name, resource) => {
    expect(planLabels(labelled(resource), { before: undefined })).toBeUndefined();
  });

  test('a label says who added it, and by which table', () => {
    const [, sud] =
      labelled({ resourceType: 'Condition', code: { coding: [CODE('F11.20')] } }).meta?.security ?? [];
    expect(sud).toEqual({
      system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode',
      code: 'SUD',
      extension: [
        { url: BASIS, valueCoding: CODE('F11.20') },
        {
          url: BASIS.replace('basis', 'classifier'),
          valueReference: { type: 'Device', display: 'Closeloop' },
        },
        {
          url: BASIS.replace('basis', 'related-artifact'),
          valueRelatedArtifact: {
            type: 'derived-from',
            display: expect.stringMatching(/table of sensitive codes, version \d{4}-\d\d-\d\d$/),
          },
        },
      ],
    });
  });
});

const CODE = (code: string) => ({ system: 'http://hl7.org/fhir/sid/icd-10-cm', code });
const coded = (code: string) => ({ resourceType: 'Condition', code: { coding: [CODE(code)] } });

describe('(compliance S1) what is inside a Bundle', () => {
  const bundle = (more: object = {}): Resource => ({
    resourceType: 'Bundle',
    type: 'collection',
    entry: [
      { resource: coded('I10') },
      { resource: { resourceType: 'Bundle', type: 'document', entry: [{ resource: coded('B20') }] } },
      { fullUrl: 'urn:x' },
    ],
    ...more,
  });

  test('is labelled where it stands', () => {
    const [plain, inner, none] = (labelled(bundle())['entry'] ?? []) as readonly { resource?: Resource }[];
    expect(plain?.resource).toEqual(coded('I10'));
    const [hiv] = (inner?.resource?.['entry'] ?? []) as readonly { resource: Resource }[];
    expect(hiv?.resource.meta?.security?.map(say)).toEqual(['N<HIV', 'HIV<B20']);
    expect(none).toEqual({ fullUrl: 'urn:x' });
  });

  test('stays as it was signed', () => {
    const signed = bundle({ signature: { when: '2026-03-01T00:00:00Z' } });
    expect(labelled(signed)['entry']).toBe(signed['entry']);
  });

  test('is looked through in turns where it is large, with the same result', async () => {
    const many = Array.from({ length: 3000 }, (_, index) => ({ text: `${index}` }));
    const large = { ...bundle(), entry: [{ resource: { ...coded('F11.20'), note: many } }] };
    let turns = 0;
    await learnSensitivities(large, () => {
      turns += 1;
      return undefined;
    });
    expect(turns).toBeGreaterThan(1);
    const [first] = labelled(large)['entry'] as readonly { resource: Resource }[];
    expect(first?.resource.meta?.security?.map(say)).toEqual(labelsOf(coded('F11.20')).split(' '));
  });
});
