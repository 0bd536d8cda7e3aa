/** Which disclosures owe the notice, which labels go with it, and where it stands in a Bundle (compliance P14, P15, P30). */
import { describe, expect, test } from '@jest/globals';
import type { Bundle, Resource } from '../../../../src/fhir/types.ts';
import type { ConsentKind } from '../../../../src/policies/consent/kinds.ts';
import { part2ByNotice } from '../../../../src/policies/labels/label.ts';
import type { PartyKind } from '../../../../src/policies/party-kind.ts';
import { withNotice, withoutNotice } from '../../../../src/policies/part2/in-resource.ts';
import { BARE_NOTICE, mustRefrain, owesNotice, type Notice } from '../../../../src/policies/part2/notice.ts';
import { STATEMENT_1 } from '../../../../src/policies/part2/statements.ts';
import type { Purpose } from '../../../../src/policies/purpose.ts';

const kinds = (...named: readonly PartyKind[]): ReadonlySet<PartyKind> => new Set(named);

// prettier-ignore
test.each<readonly [law: string, purpose: Purpose, sameEntity: boolean, consented: boolean, recipient: PartyKind, owes: boolean]>([
  ['2.32(a): under a consent',           'TREAT',  false, true,  'provider',               true],
  ['2.32(a): for payment',               'HPAYMT', false, true,  'health-plan',            true],
  ['no consent is known: all the same',  'TREAT',  false, false, 'provider',               true],
  ['2.23: the patient',                  'PATRQT', false, true,  'provider',               false],
  ['2.12(c)(3): within the program',     'TREAT',  true,  true,  'provider',               false],
  ['2.12(c)(4): who serves it',          'HOPERAT', false, false, 'business-associate',    false],
  ['a business associate with consent',  'HOPERAT', false, true,  'business-associate',    true],
  ['2.51: an emergency',                 'ETREAT', false, false, 'provider',               false],
  ['2.51: glass that was broken',        'BTG',    false, false, 'provider',               false],
])('(compliance P15) %s', (_law, purpose, sameEntity, isConsented, recipient, owes) => {
  expect(owesNotice({ sameEntity, recipientKinds: kinds(recipient), purpose, isConsented })).toBe(owes);
});

// prettier-ignore
test.each<readonly [PartyKind, ConsentKind | undefined, boolean]>([
  ['provider',               'part2-tpo',      false],
  ['health-plan',            'part2-tpo',      false],
  ['business-associate',     'part2-tpo',      false],
  ['provider',               'part2-specific', true],
  ['community-organization', 'part2-tpo',      true],
  ['community-organization', undefined,        true],
  ['part2-program',          'part2-tpo',      true],
  ['provider',               undefined,        false],
])('(compliance P30) NORDSCLCD to a %s under %s: %s', (recipient, kind, refrains) => {
  expect(mustRefrain(kinds(recipient), kind)).toBe(refrains);
});

const CONSENT: Resource = { resourceType: 'Consent', id: 'c' };
const NOTICE: Notice = {
  ...BARE_NOTICE,
  scope: 'Scope.',
  consent: 'Consent/c',
  copy: CONSENT,
  refrains: true,
};
const SECURITY = { security: [part2ByNotice] };

const bundleOf = (type: string, ...resources: readonly Resource[]): Resource => ({
  resourceType: 'Bundle',
  type,
  entry: resources.map((resource) => ({
    fullUrl: `https://x.example/fhir/${resource.resourceType}/${resource.id}`,
    resource,
  })),
});

const entriesOf = (bundle: Resource) => (bundle as unknown as Bundle).entry ?? [];
const displays = (text: unknown): number => JSON.stringify(text).split('extension-display').length - 1;

describe('(compliance P30) the notice in a Bundle', () => {
  const composition: Resource = { resourceType: 'Composition', id: 'a', section: [{ title: 'Problems' }] };
  const condition: Resource = { resourceType: 'Condition', id: 'b', meta: SECURITY };
  const plain: Resource = { resourceType: 'Condition', id: 'p' };

  test('a document has a section of its own, before the others, with the consent', () => {
    const told = withNotice(bundleOf('document', composition, condition, plain), NOTICE);
    const [first, second, third, last] = entriesOf(told);
    const [section, problems] =
      (first?.resource as { section?: Record<string, unknown>[] } | undefined)?.section ?? [];
    expect(section).toMatchObject({
      title: 'Confidentiality',
      code: { coding: [{ system: 'http://loinc.org', code: '57017-6' }] },
      entry: [{ reference: 'Consent/c' }],
    });
    const { div } = (section?.['text'] ?? { div: '' }) as { div: string };
    expect(
      div
        .replaceAll(/<[^>]*>/g, ' ')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    ).toBe(`${STATEMENT_1} Scope.`.replaceAll(/\s+/g, ' '));
    expect(problems).toEqual({ title: 'Problems' });
    expect(first?.resource).toMatchObject({ confidentiality: 'R' });
    expect([displays(second), displays(third)]).toEqual([1, 0]);
    expect(last).toEqual({ fullUrl: 'https://x.example/fhir/Consent/c', resource: CONSENT });
    expect(JSON.stringify(told)).toContain('NORDSCLCD');
  });

  test('a message has a Communication about its Task, and the order refers to the consent', () => {
    const order: Resource = { resourceType: 'ServiceRequest', id: 'o' };
    const task: Resource = { resourceType: 'Task', id: 't', meta: SECURITY };
    const [, sentOrder, sentTask, said, copy] = entriesOf(
      withNotice(bundleOf('message', { resourceType: 'MessageHeader', id: 'h' }, order, task), NOTICE),
    );
    expect(sentOrder?.resource).toMatchObject({ supportingInfo: [{ reference: 'Consent/c' }] });
    expect(displays(sentTask)).toBe(1);
    expect(said?.resource).toMatchObject({
      resourceType: 'Communication',
      status: 'completed',
      about: [{ reference: 'Task/t' }],
      payload: [{ contentString: STATEMENT_1 }, { contentString: 'Scope.' }],
    });
    expect(copy?.resource).toBe(CONSENT);
  });

  test('a signed one keeps its entries', () => {
    const signed: Resource = { ...bundleOf('document', composition, condition), signature: { data: 'eA==' } };
    const told = withNotice(signed, NOTICE);
    expect(told['entry']).toBe(signed['entry']);
    expect(displays(told.meta)).toBe(1);
  });

  test('a message to a person names the consent', () => {
    const told = withNotice({ resourceType: 'Communication', id: 'm', meta: SECURITY }, NOTICE);
    expect(told['about']).toEqual([{ reference: 'Consent/c' }]);
  });
});

describe('(compliance P33) what is written back', () => {
  const stored: Resource = { resourceType: 'Task', id: 't', meta: SECURITY };

  test('is as it was stored', () => {
    expect(withoutNotice(withNotice(stored, NOTICE), stored)).toEqual(stored);
  });

  test('of a stranger is labelled, and keeps the labels that it came with', () => {
    const { extension } = withNotice(stored, NOTICE).meta ?? {};
    const came: Resource = {
      resourceType: 'Task',
      meta: { extension: extension ?? [], security: [PERSIST] },
    };
    expect(withoutNotice(came, undefined).meta).toEqual({ security: [PERSIST, part2ByNotice] });
  });

  test('without a statement is the same resource', () => {
    expect(withoutNotice(stored, undefined)).toBe(stored);
  });
});

const PERSIST = { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'PERSISTLABEL' };
