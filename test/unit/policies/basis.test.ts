/** The bases of a disclosure: the table, the code system, and which of them a policy decides. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { possibleBases } from '../../../src/policies/bases/possible.ts';
import { BASES, isBasis, type Basis } from '../../../src/policies/basis.ts';
import { EVIDENCE_CODES, NO_EVIDENCE, type ClaimEvidence } from '../../../src/policies/claim.ts';
import type { ConsentKind } from '../../../src/policies/consent/kinds.ts';
import type { Permit } from '../../../src/policies/consent/permit.ts';
import { ELSEWHERE_BASES } from '../../../src/policies/elsewhere.ts';
import type { PartyKind } from '../../../src/policies/party-kind.ts';
import { decide, type Disclosure } from '../../../src/policies/index.ts';
import { asResource, consentOf } from './consent/consents.ts';
import { DISCLOSURE } from './disclosure.ts';

test('(compliance 4, B32) the code system holds the bases of the table, those that are not offered, and no others', () => {
  const file = join(import.meta.dirname, '../../../profiles/closeloop/disclosure-basis-codes.json');
  const { concept } = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly concept: readonly { readonly code: string }[];
  };
  expect(concept.map(({ code }) => code)).toEqual([...Object.keys(BASES), ...Object.keys(ELSEWHERE_BASES)]);
  expect(['law-enforcement', 'toString', undefined].filter(isBasis)).toEqual([]);
});

const disclosure: Disclosure = { ...DISCLOSURE, what: { type: 'Task', ref: 'Task/1' } };

const claiming = (claimed: Basis, more: Partial<Disclosure> = {}): Disclosure => ({
  ...disclosure,
  claimed,
  purpose: BASES[claimed].purpose,
  ...more,
});

const to = (...kinds: PartyKind[]) => ({ recipientKinds: new Set(kinds) });
const resting = (evidence: Partial<ClaimEvidence>) => ({ evidence: { ...NO_EVIDENCE, ...evidence } });
const file = (code: string, current = true) =>
  ({ ref: 'DocumentReference/1', current, codes: [code] }) as const;
const permit = (kind: ConsentKind, more: Partial<Permit> = {}): Partial<Disclosure> => ({
  permits: [
    {
      kind,
      source: 'Consent/1',
      patient: 'Patient/1',
      from: { named: ['Organization/a'], treating: false },
      to: { named: ['Organization/b'], treating: false },
      purposes: [],
      labels: undefined,
      types: undefined,
      refs: undefined,
      since: 0,
      until: undefined,
      ...more,
    },
  ],
});

/** One case that passes for each basis, and what each condition says when it alone is broken. */
interface Case {
  readonly passes: Partial<Disclosure>;
  readonly broken: readonly (readonly [change: Partial<Disclosure>, says: string])[];
}

const oversightBy = resting({ authority: new Set(['oversight-agency']) });
const court = resting({ law: 'Order 17', files: [file('court-order')] });
const process = resting({ files: [file('legal-process'), file('assurance')] });
const notSaid = 'the law that requires or authorizes it, or the agreement of the patient';
const threat = { justification: 'Said so today', clinician: true };

// prettier-ignore
const CASES: Readonly<Partial<Record<Basis, Case>>> = {
  'treatment': { passes: {}, broken: [
    [to('community-organization'), 'a recipient that is of the kind provider'],
    [{ purpose: 'HPAYMT' }, 'the purpose of treatment'],
  ] },
  'treatment-own': { passes: { ...to('community-organization'), healthRelated: true }, broken: [
    [to('court'), 'a recipient that is of the kind community-organization or school'],
    [{ discloserKinds: new Set(['community-organization']) }, 'a discloser of the kind provider'],
    [{ healthRelated: false }, 'a service that has to do with health: a category or a code of one'],
  ] },
  'payment': { passes: to('health-plan'), broken: [
    [to('employer'), 'a recipient that is of the kind health-plan or provider'],
  ] },
  'operations': { passes: { ...to('health-plan'), ...resting({ related: true }) }, broken: [
    [to('school'), 'a recipient that is of the kind health-plan or provider'],
    [resting({}), 'a relationship of discloser and recipient with the patient, on record here'],
  ] },
  'required-by-law': { passes: { ...to(), ...resting({ law: 'Code 12' }) }, broken: [
    [resting({}), 'the law that it rests on'],
    [resting({ law: ' ' }), 'the law that it rests on'],
  ] },
  'public-health': { passes: { ...to('public-health-authority'), ...resting({ activity: 'disease-or-injury' }) }, broken: [
    [to('provider'), 'a recipient that is of the kind public-health-authority'],
    [resting({}), 'the activity of public health'],
    [resting({ activity: 'toString' }), 'the activity of public health'],
  ] },
  'child-abuse': { passes: to('protective-services'), broken: [
    [to('court'), 'a recipient for protective services, or the law or the authority that entitles it'],
  ] },
  'abuse-neglect': { passes: { ...to('protective-services'), ...resting({ law: 'Act, s. 4', informed: 'risk-of-harm' }) }, broken: [
    [to('court'), 'a recipient that is of the kind protective-services'],
    [resting({ law: 'Act, s. 4' }), 'whether the patient was informed'],
    [resting({ informed: 'informed' }), notSaid],
    [resting({ informed: 'informed', files: [file('patient-agreement', false)] }), notSaid],
  ] },
  'oversight': { passes: { ...to('oversight-agency'), ...oversightBy }, broken: [
    [to('provider'), 'a recipient that is of the kind oversight-agency'],
    [resting({}), 'an authority of the kind oversight-agency'],
    [resting({ authority: new Set(['court']) }), 'an authority of the kind oversight-agency'],
  ] },
  'judicial-order': { passes: { ...to('court'), ...court }, broken: [
    [to('provider'), 'a court as recipient, or as the authority that orders it'],
    [resting({ files: [file('court-order')] }), 'the law that it rests on'],
    [resting({ law: 'Order 17' }), 'the order of the court'],
  ] },
  'judicial-process': { passes: { ...to('court'), ...process }, broken: [
    [to('employer'), 'a court as recipient, or as the authority of the process'],
    [resting({ files: [file('assurance')] }), 'the subpoena or other process'],
    [resting({ files: [file('legal-process')] }), 'the assurance of notice, or of a qualified protective order'],
  ] },
  'serious-threat': { passes: { ...to(), ...resting(threat) }, broken: [
    [resting({ clinician: true }), 'a justification'],
    [resting({ justification: 'Said so today' }), 'a clinician who asserts it'],
  ] },
  'correctional': { passes: { ...to('correctional'), ...resting({ files: [file('representation')] }) }, broken: [
    [to('provider'), 'a recipient that is of the kind correctional'],
    [resting({}), 'what the institution represents'],
  ] },
  'workers-compensation': { passes: { ...to('employer'), ...resting({ law: 'Labor Code' }) }, broken: [
    [to('school'), 'a recipient that is of the kind workers-compensation or employer or health-plan'],
    [resting({}), 'the law that it rests on'],
  ] },
  'emergency': { passes: resting({ emergency: true }), broken: [
    [to('school'), 'a recipient that is of the kind provider'],
    [resting({}), 'emergency access by $break-glass'],
  ] },
  'secretary': { passes: { ...to('oversight-agency'), ...resting({ administrator: true }) }, broken: [
    [to('provider'), 'a recipient that is of the kind oversight-agency'],
    [resting({}), 'an administrator to claim it'],
  ] },
};

describe.each(Object.entries(CASES) as (readonly [Basis, Case])[])(
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
  ['work-related', { files: [file('patient-notice')] }, 'employer', []],
  ['work-related', {}, 'employer', ['the notice to the patient']],
  [
    'work-related',
    { files: [file('patient-notice')] },
    'school',
    ['a recipient that is of the kind employer'],
  ],
  ['school-immunization', { files: [file('patient-agreement')] }, 'school', []],
  ['school-immunization', {}, 'school', ['the agreement of parent or patient']],
])('(compliance B11) %s %j to a party of the kind %s lacks %j', (activity, evidence, kind, says) => {
  const { lacks = [] } = decide(
    claiming('public-health', { ...to(kind), ...resting({ activity, ...evidence }) }),
  );
  expect(lacks.map((lack) => lack.says)).toEqual(says);
});

test.each<[string, Partial<Disclosure>]>([
  ['the law', resting({ law: 'Act' })],
  ['an authority for protective services', resting({ authority: new Set(['protective-services']) })],
])('(compliance B12) child abuse is told to another by %s', (_says, evidence) => {
  expect(decide(claiming('child-abuse', { ...to('court'), ...evidence })).permitted).toBe(true);
});

test('(compliance B13) the agreement of an adult stands for the law', () => {
  const evidence = resting({ informed: 'informed', files: [file('patient-agreement')] });
  expect(decide(claiming('abuse-neglect', { ...to('protective-services'), ...evidence })).permitted).toBe(
    true,
  );
});

test('(compliance B16) a party is told by the order of a court that the claim names', () => {
  const evidence = resting({ law: 'Order 17', authority: new Set(['court']), files: [file('court-order')] });
  expect(decide(claiming('judicial-order', { ...to(), ...evidence })).permitted).toBe(true);
});

describe('(compliance B08, B15) what the patient signed', () => {
  const notes = { labels: ['PSYTHPN'] };
  test.each<[string, Basis, Partial<Disclosure>, boolean, string | undefined]>([
    ['an authorization', 'authorization', permit('hipaa-auth'), true, undefined],
    ['none', 'authorization', {}, false, 'authorization'],
    [
      'for somebody else',
      'authorization',
      permit('hipaa-auth', { to: { named: ['Organization/c'], treating: false } }),
      false,
      'authorization',
    ],
    ['that has ended', 'authorization', permit('hipaa-auth', { until: 0 }), false, 'authorization'],
    ['a consent under Part 2', 'authorization', permit('part2-tpo'), false, 'authorization'],
    ['an authorization for notes', 'psychotherapy-notes', permit('hipaa-auth', notes), true, undefined],
    [
      'an authorization for all',
      'psychotherapy-notes',
      permit('hipaa-auth'),
      false,
      'psychotherapy-authorization',
    ],
    ['none', 'psychotherapy-notes', {}, false, 'psychotherapy-authorization'],
  ])('%s: %s', (_says, basis, signed, permitted, need) => {
    const decision = decide(claiming(basis, { ...to(), ...signed }));
    expect([decision.permitted, decision.needs?.[0]?.kind]).toEqual([permitted, need]);
    expect([decision.code, decision.exception]).toEqual(
      permitted ? [undefined, undefined] : ['consent-needed', 'privacy-precondition'],
    );
  });
});

test('(compliance A11, B33, K1) what is on file and does not do is named, with what it lacks', () => {
  const combined = consentOf('hipaa-auth', { id: 'c', extension: [] });
  const asked = (consents: readonly Resource[], more: Partial<Disclosure> = {}) =>
    decide(claiming('psychotherapy-notes', { ...to(), consents, ...more }));
  const incomplete = asked([asResource(combined)]);
  expect([incomplete.code, incomplete.deciding]).toEqual(['consent-incomplete', ['Consent/c']]);
  expect(incomplete.needs?.[0]).toMatchObject({
    reason: 'incomplete',
    existing: 'Consent/c',
    form: 'https://closeloop.dev/fhir/Questionnaire/hipaa-auth',
    labels: ['PSYTHPN'],
  });
  expect(incomplete.needs?.[0]?.missing.join()).toContain('(A7)');
  const reasons = [permit('hipaa-auth'), permit('hipaa-auth', { until: 0 }), {}].map(
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
    const decision = decide({ ...disclosure, ...to('business-associate'), claimed });
    expect(decision).toMatchObject({
      permitted: false,
      policy: 'business-associate',
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
      files: Object.keys(EVIDENCE_CODES).map((code) => file(code)),
      clinician: true,
      emergency: true,
      administrator: true,
      related: true,
    }),
    ...permit('hipaa-auth', { labels: ['PSYTHPN'] }),
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
      (basis) => decide(claiming(basis, { ...everything, ...to(kind) })).permitted,
    );
    expect(told.toSorted()).toEqual([...fits, ...anybody].toSorted());
  });
});

describe('(compliance L3(f), B31) where no basis is claimed', () => {
  test.each<[string, Partial<Disclosure>, Basis | undefined]>([
    ['a provider', {}, 'treatment'],
    ['a community organization', { ...to('community-organization'), healthRelated: true }, 'treatment-own'],
    ['a community organization for another service', to('community-organization'), undefined],
    ['a health plan', to('health-plan'), undefined],
    ['somebody whose kind nobody knows', to(), undefined],
    ['a provider, for payment', { purpose: 'HPAYMT' }, undefined],
  ])('%s', (_says, more, basis) => {
    const decision = decide({ ...disclosure, ...more });
    expect([decision.permitted, decision.basis]).toEqual([basis !== undefined, basis]);
    expect([decision.code, decision.needs?.map(({ kind }) => kind), decision.exception]).toEqual(
      basis === undefined
        ? ['basis-missing', ['authorization'], 'privacy-precondition']
        : [undefined, undefined, undefined],
    );
  });

  test('the refusal lists what could, with what each asks for', () => {
    expect(possibleBases({ ...disclosure, ...to() })).toEqual([
      'authorization (a signed authorization)',
      'required-by-law (the law)',
      'public-health (the activity of public health)',
      'child-abuse (the law, or an authority for protective services)',
      'psychotherapy-notes (a signed authorization for notes alone)',
      'judicial-order (the order of a court)',
      'judicial-process (the process of a court, and the assurance)',
      'serious-threat (why, and the clinician who says so)',
    ]);
    expect(possibleBases({ ...disclosure, ...to('community-organization') })[0]).toBe(
      'treatment-own (a health-related service)',
    );
  });
});

describe('(compliance B03, I3) the setting communityNeedsAuthorization', () => {
  const community = {
    ...to('community-organization'),
    healthRelated: true,
    communityNeedsAuthorization: true,
  };
  test('denies on no ground of law', () => {
    expect(decide({ ...disclosure, ...community })).toMatchObject({
      permitted: false,
      policy: 'community-authorization',
      code: 'consent-needed',
      exception: 'none-review',
    });
  });
  test.each<[string, Partial<Disclosure>]>([
    ['the patient agreed', permit('community-referral')],
    ['the patient authorized it', permit('hipaa-auth')],
    ['it is a provider as well', to('community-organization', 'provider')],
  ])('and permits where %s', (_says, more) => {
    expect(decide({ ...disclosure, ...community, ...more }).permitted).toBe(true);
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
  test.each(Object.entries(CASES) as (readonly [Basis, Case])[])('%s', (basis, { passes }) => {
    const permitted = (kind?: string) =>
      decide(claiming(basis, { ...passes, ...restricted(kind) })).permitted;
    // What is no restriction under 164.522 binds on every basis.
    expect([permitted(), permitted('hipaa-restrictions')]).toEqual([false, free.includes(basis)]);
  });

  test('(compliance I2, I5) names the Consent, and the exception only where it was documented', () => {
    const [consent] = restricted().consents ?? [];
    const exceptionWithout = (element?: string) =>
      decide({
        ...disclosure,
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
  expect(decide({ ...disclosure, consents: [denied] }).basis).toBeUndefined();
  const place = { ...disclosure, what: { type: 'Location', ref: 'Location/1' as const }, parties: false };
  expect(decide({ ...place, patient: undefined })).toEqual(
    expect.not.objectContaining({ basis: expect.anything() }),
  );
});
