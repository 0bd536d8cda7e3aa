/** The bases of a disclosure: the table, the code system, and which of them a policy decides. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { possibleBases } from '../../../src/policies/bases/possible.ts';
import { BASES, isBasis, type Basis } from '../../../src/policies/basis.ts';
import { EVIDENCE_CODES, type ClaimEvidence } from '../../../src/policies/claim.ts';
import { ELSEWHERE_BASES } from '../../../src/policies/elsewhere.ts';
import type { PartyKind } from '../../../src/policies/party-kind.ts';
import { decide, type Disclosure } from '../../../src/policies/index.ts';
import { asResource, consentOf } from './consent/consents.ts';
import {
  BASIS_CASES,
  type BasisCase,
  claiming,
  evidenceFile,
  permitting,
  resting,
  toKinds,
  TOLD_TASK,
} from './basis-cases.ts';

test('(compliance 4, B32) the code system holds the bases of the table, those that are not offered, and no others', () => {
  const file = join(import.meta.dirname, '../../../profiles/closeloop/disclosure-basis-codes.json');
  const { concept } = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly concept: readonly { readonly code: string }[];
  };
  expect(concept.map(({ code }) => code)).toEqual([...Object.keys(BASES), ...Object.keys(ELSEWHERE_BASES)]);
  expect(['law-enforcement', 'toString', undefined].filter(isBasis)).toEqual([]);
});

describe.each(Object.entries(BASIS_CASES) as (readonly [Basis, BasisCase])[])(
  '(compliance B01 to B21, B30) %s',
  (basis, { passes, broken }) => {
    test('permits when all is there, and is the one basis that decides (compliance B34)', () => {
      expect(decide(claiming(basis, passes))).toMatchObject({
        permitted: true,
        policy: basis,
        basis,
      });
    });

    test.each(broken)('is refused %#', (change, says) => {
      const { permitted, code, exception, lacks = [] } = decide(claiming(basis, { ...passes, ...change }));
      expect([permitted, code, exception]).toEqual([false, 'basis-evidence-missing', 'privacy-precondition']);
      expect(lacks.map((lack) => lack.says)).toEqual([says]);
    });

    test("is nobody's who is no party of the referral", () => {
      expect(decide(claiming(basis, { ...passes, parties: false })).permitted).toBe(false);
    });
  },
);

test.each<[string, Partial<ClaimEvidence>, PartyKind, readonly string[]]>([
  ['vital-event', {}, 'public-health-authority', []],
  ['regulated-product', {}, 'employer', []],
  ['exposed-person', {}, 'provider', []],
  ['work-related', { files: [evidenceFile('patient-notice')] }, 'employer', []],
  ['work-related', {}, 'employer', ['the notice to the patient']],
  [
    'work-related',
    { files: [evidenceFile('patient-notice')] },
    'school',
    ['a recipient that is of the kind employer'],
  ],
  ['school-immunization', { files: [evidenceFile('patient-agreement')] }, 'school', []],
  ['school-immunization', {}, 'school', ['the agreement of parent or patient']],
])('(compliance B11) %s %j to a party of the kind %s lacks %j', (activity, evidence, kind, says) => {
  const { lacks = [] } = decide(
    claiming('public-health', { ...toKinds(kind), ...resting({ activity, ...evidence }) }),
  );
  expect(lacks.map((lack) => lack.says)).toEqual(says);
});

test.each<[string, Partial<Disclosure>]>([
  ['the law', resting({ law: 'Act' })],
  ['an authority for protective services', resting({ authority: new Set(['protective-services']) })],
])('(compliance B12) child abuse is told to another by %s', (_says, evidence) => {
  expect(decide(claiming('child-abuse', { ...toKinds('court'), ...evidence })).permitted).toBe(true);
});

test('(compliance B13) the agreement of an adult stands for the law', () => {
  const evidence = resting({ informed: 'informed', files: [evidenceFile('patient-agreement')] });
  expect(
    decide(claiming('abuse-neglect', { ...toKinds('protective-services'), ...evidence })).permitted,
  ).toBe(true);
});

test('(compliance B16) a party is told by the order of a court that the claim names', () => {
  const evidence = resting({
    law: 'Order 17',
    authority: new Set(['court']),
    files: [evidenceFile('court-order')],
  });
  expect(decide(claiming('judicial-order', { ...toKinds(), ...evidence })).permitted).toBe(true);
});

describe('(compliance B08, B15) what the patient signed', () => {
  const notes = { labels: ['PSYTHPN'] };
  test.each<[string, Basis, Partial<Disclosure>, boolean, string | undefined]>([
    ['an authorization', 'authorization', permitting('hipaa-auth'), true, undefined],
    ['none', 'authorization', {}, false, 'authorization'],
    [
      'for somebody else',
      'authorization',
      permitting('hipaa-auth', { to: { named: ['Organization/c'], treating: false } }),
      false,
      'authorization',
    ],
    ['that has ended', 'authorization', permitting('hipaa-auth', { until: 0 }), false, 'authorization'],
    ['a consent under Part 2', 'authorization', permitting('part2-tpo'), false, 'authorization'],
    ['an authorization for notes', 'psychotherapy-notes', permitting('hipaa-auth', notes), true, undefined],
    [
      'an authorization for all',
      'psychotherapy-notes',
      permitting('hipaa-auth'),
      false,
      'psychotherapy-authorization',
    ],
    ['none', 'psychotherapy-notes', {}, false, 'psychotherapy-authorization'],
  ])('%s: %s', (_says, basis, signed, permitted, need) => {
    const decision = decide(claiming(basis, { ...toKinds(), ...signed }));
    expect([decision.permitted, decision.needs?.[0]?.kind]).toEqual([permitted, need]);
    expect([decision.code, decision.exception]).toEqual(
      permitted ? [undefined, undefined] : ['consent-needed', 'privacy-precondition'],
    );
  });
});

test('(compliance A11, B33, K1) what is on file and does not do is named, with what it lacks', () => {
  const combined = consentOf('hipaa-auth', { id: 'c', extension: [] });
  const asked = (consents: readonly Resource[], more: Partial<Disclosure> = {}) =>
    decide(claiming('psychotherapy-notes', { ...toKinds(), consents, ...more }));
  const incomplete = asked([asResource(combined)]);
  expect([incomplete.code, incomplete.deciding]).toEqual(['consent-incomplete', ['Consent/c']]);
  expect(incomplete.needs?.[0]).toMatchObject({
    reason: 'incomplete',
    existing: 'Consent/c',
    form: 'https://closeloop.dev/fhir/Questionnaire/hipaa-auth',
    labels: ['PSYTHPN'],
  });
  expect(incomplete.needs?.[0]?.missing.join()).toContain('(A7)');
  const reasons = [permitting('hipaa-auth'), permitting('hipaa-auth', { until: 0 }), {}].map(
    (signed) => asked([], signed).needs?.[0]?.reason,
  );
  expect(reasons).toEqual(['does-not-cover', 'expired', 'missing']);
});

test.each<Basis>(['individual', 'involved-person'])(
  '(compliance B07, B09) no referral tells on the basis %s',
  (basis) => {
    expect(decide(claiming(basis)).code).toBe('basis-evidence-missing');
  },
);

test.each(['treatment', undefined] as const)(
  '(compliance B06, harmony Z35) a business associate without an agreement, %s claimed',
  (claimed) => {
    const decision = decide({ ...TOLD_TASK, ...toKinds('business-associate'), claimed });
    expect(decision).toMatchObject({
      permitted: false,
      policy: 'agreement',
      code: 'agreement-not-active',
      exception: 'privacy-precondition',
    });
    expect(decision.needs?.map(({ kind }) => kind)).toEqual(['agreement']);
  },
);

describe('(compliance D1) each kind and each basis', () => {
  const everything = {
    ...resting({
      law: 'Act',
      justification: 'Because',
      informed: 'informed',
      activity: 'exposed-person',
      files: Object.keys(EVIDENCE_CODES).map((code) => evidenceFile(code)),
      clinician: true,
      emergency: true,
      administrator: true,
      related: true,
    }),
    ...permitting('hipaa-auth', { labels: ['PSYTHPN'] }),
    healthRelated: true,
  };
  const anybody: readonly Basis[] = [
    'authorization',
    'psychotherapy-notes',
    'public-health',
    'required-by-law',
    'serious-threat',
    'child-abuse',
  ];
  // Beside those that tell anybody.
  // prettier-ignore
  const FITS: Readonly<Record<PartyKind, readonly Basis[]>> = {
    'provider':                ['treatment', 'payment', 'operations', 'emergency'],
    'part2-program':           [],
    'health-plan':             ['payment', 'operations', 'workers-compensation'],
    'community-organization':  ['treatment-own'],
    'business-associate':      [],
    'intermediary':            [],
    'public-health-authority': [],
    'protective-services':     ['abuse-neglect'],
    'oversight-agency':        ['secretary'],
    'court':                   ['judicial-order', 'judicial-process'],
    'correctional':            ['correctional'],
    'workers-compensation':    ['workers-compensation'],
    'employer':                ['workers-compensation'],
    'school':                  ['treatment-own'],
  };

  test.each(Object.entries(FITS) as (readonly [PartyKind, readonly Basis[]])[])('%s', (kind, fits) => {
    const told = (Object.keys(BASES) as Basis[]).filter(
      (basis) => decide(claiming(basis, { ...everything, ...toKinds(kind) })).permitted,
    );
    expect(told.toSorted()).toEqual([...fits, ...anybody].toSorted());
  });
});

describe('(compliance L3(f), B31) where no basis is claimed', () => {
  test.each<[string, Partial<Disclosure>, Basis | undefined]>([
    ['a provider', {}, 'treatment'],
    [
      'a community organization',
      { ...toKinds('community-organization'), healthRelated: true },
      'treatment-own',
    ],
    ['a community organization for another service', toKinds('community-organization'), undefined],
    ['a health plan', toKinds('health-plan'), undefined],
    ['somebody whose kind nobody knows', toKinds(), undefined],
    ['a provider, for payment', { purpose: 'HPAYMT' }, undefined],
  ])('%s', (_says, more, basis) => {
    const decision = decide({ ...TOLD_TASK, ...more });
    expect([decision.permitted, decision.basis]).toEqual([basis !== undefined, basis]);
    expect([decision.code, decision.needs?.map(({ kind }) => kind), decision.exception]).toEqual(
      basis === undefined
        ? ['basis-missing', ['authorization'], 'privacy-precondition']
        : [undefined, undefined, undefined],
    );
  });

  test('the refusal lists what could, with what each asks for', () => {
    expect(possibleBases({ ...TOLD_TASK, ...toKinds() })).toEqual([
      'authorization (a signed authorization)',
      'required-by-law (the law)',
      'public-health (the activity of public health)',
      'child-abuse (the law, or an authority for protective services)',
      'psychotherapy-notes (a signed authorization for notes alone)',
      'judicial-order (the order of a court)',
      'judicial-process (the process of a court, and the assurance)',
      'serious-threat (why, and the clinician who says so)',
    ]);
    expect(possibleBases({ ...TOLD_TASK, ...toKinds('community-organization') })[0]).toBe(
      'treatment-own (a health-related service)',
    );
  });
});

describe('(compliance B03, I3) the setting communityNeedsAuthorization', () => {
  const community = {
    ...toKinds('community-organization'),
    healthRelated: true,
    communityNeedsAuthorization: true,
  };
  test('denies on no ground of law', () => {
    expect(decide({ ...TOLD_TASK, ...community })).toMatchObject({
      permitted: false,
      policy: 'community-authorization',
      code: 'consent-needed',
      exception: 'none-review',
    });
  });
  test.each<[string, Partial<Disclosure>]>([
    ['the patient agreed', permitting('community-referral')],
    ['the patient authorized it', permitting('hipaa-auth')],
    ['it is a provider as well', toKinds('community-organization', 'provider')],
  ])('and permits where %s', (_says, more) => {
    expect(decide({ ...TOLD_TASK, ...community, ...more }).permitted).toBe(true);
  });
});

describe('(compliance R2) a restriction that was agreed', () => {
  const restricted = (kind?: string): Partial<Disclosure> => ({
    consents: [
      {
        resourceType: 'Consent',
        id: 'r',
        status: 'active',
        scope: {},
        dateTime: '1969-12-01',
        performer: [{ reference: 'Patient/1' }],
        sourceReference: { reference: 'DocumentReference/2' },
        ...(kind && {
          policyRule: {
            coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/consent-kind', code: kind }],
          },
        }),
        provision: { type: 'deny' },
      },
    ],
  });
  const free: readonly Basis[] = [
    'abuse-neglect',
    'child-abuse',
    'correctional',
    'emergency',
    'judicial-order',
    'judicial-process',
    'oversight',
    'public-health',
    'required-by-law',
    'secretary',
    'serious-threat',
    'workers-compensation',
  ];
  test.each(Object.entries(BASIS_CASES) as (readonly [Basis, BasisCase])[])('%s', (basis, { passes }) => {
    const permitted = (kind?: string) =>
      decide(claiming(basis, { ...passes, ...restricted(kind) })).permitted;
    // What is no restriction under 164.522 binds on every basis.
    expect([permitted(), permitted('hipaa-restrictions')]).toEqual([false, free.includes(basis)]);
  });

  test('(compliance I2, I5) names the Consent, and the exception only where it was documented', () => {
    const [consent] = restricted().consents ?? [];
    const exceptionWithout = (element?: string) =>
      decide({
        ...TOLD_TASK,
        consents: [
          Object.fromEntries(Object.entries(consent ?? {}).filter(([name]) => name !== element)) as never,
        ],
      });
    expect(exceptionWithout()).toMatchObject({
      policy: 'patient-consent',
      code: 'disclosure-denied',
      exception: 'privacy-individual-request',
      deciding: ['Consent/r'],
    });
    for (const element of ['dateTime', 'performer', 'sourceReference'])
      expect(exceptionWithout(element).exception).toBe('none-review');
  });
});

test.each<[Basis, Basis | undefined]>([
  ['treatment', 'own'],
  ['payment', 'own'],
  ['operations', 'own'],
  ['oversight', 'own'], // health compliance is among the operations of the entity
  ['public-health', undefined],
  ['serious-threat', undefined],
])('(compliance B01) within one legal entity, %s claimed: %s', (claimed, basis) => {
  expect(decide({ ...claiming(claimed), sameEntity: true }).basis).toBe(basis);
});

test('(compliance B34) what is denied, or is about no patient, has no basis', () => {
  const denied = { resourceType: 'Consent', status: 'active', scope: {}, provision: { type: 'deny' } };
  expect(decide({ ...TOLD_TASK, consents: [denied] }).basis).toBeUndefined();
  const place = { ...TOLD_TASK, what: { type: 'Location', ref: 'Location/1' as const }, parties: false };
  expect(decide({ ...place, patient: undefined })).toEqual(
    expect.not.objectContaining({ basis: expect.anything() }),
  );
});
