/** What a Consent must hold to be valid, by its kind: each element removed is one refusal. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Consent } from '../../../../src/fhir/types.ts';
import { lacksOf, type ConsentAbout, type Lack } from '../../../../src/policies/consent/elements.ts';
import { CONSENT_KINDS, kindOf } from '../../../../src/policies/consent/kinds.ts';
import { signersFor } from '../../../../src/policies/consent/minors.ts';
import { TPO_RECIPIENTS } from '../../../../src/policies/consent/read-consent.ts';
import * as make from './consents.ts';

type Change = (consent: Consent) => Consent;

const lacked = (consent: Consent, about?: ConsentAbout): readonly string[] =>
  lacksOf(make.asResource(consent), about).map(({ id }) => id);

const without =
  (...members: readonly (keyof Consent)[]): Change =>
  (consent) =>
    Object.fromEntries(
      Object.entries(consent).filter(([member]) => !members.includes(member as keyof Consent)),
    ) as unknown as Consent;

const withoutIn =
  (...members: readonly string[]): Change =>
  (consent) => ({
    ...consent,
    provision: Object.fromEntries(
      Object.entries(consent.provision ?? {}).filter(([member]) => !members.includes(member)),
    ),
  });

const withoutActor =
  (role: string): Change =>
  (consent) =>
    make.withProvision(consent, {
      actor: (consent.provision?.actor ?? []).filter((one) => one.role.coding?.[0]?.code !== role),
    });

const unsaid =
  (code: string): Change =>
  (consent) => ({
    ...consent,
    extension: (consent.extension ?? []).filter(({ valueCode }) => valueCode !== code),
  });

const by =
  (performer: string): Change =>
  (consent) => ({ ...consent, performer: [{ reference: performer }] });

const provided =
  (more: Consent['provision']): Change =>
  (consent) =>
    make.withProvision(consent, more);

const extended =
  (...extensions: readonly NonNullable<Consent['extension']>[number][]): Change =>
  (consent) => ({ ...consent, extension: [...(consent.extension ?? []), ...extensions] });

const both =
  (...changes: readonly Change[]): Change =>
  (consent) =>
    changes.reduce((changed, change) => change(changed), consent);

const label = (code: string) => provided({ securityLabel: [make.label(code)] });
const purpose = (...codes: readonly string[]) => provided({ purpose: codes.map(make.purpose) });

test.each([
  'hipaa-auth',
  'part2-tpo',
  'part2-specific',
  'part2-counseling-notes',
  'part2-proceedings',
] as const)('(compliance C2) a complete %s lacks nothing', (kind) => {
  const consent = make.consentOf(kind);
  expect([kindOf(make.asResource(consent)), lacked(consent)]).toEqual([kind, []]);
});

describe('(compliance A1–A13) an authorization without', () => {
  test.each<[string, Change, readonly string[]]>([
    ['what may be told', withoutIn('securityLabel'), ['A1']],
    [
      'it, but described in words',
      both(withoutIn('securityLabel'), extended(make.words('information-description', 'All'))),
      [],
    ],
    ['who may disclose', withoutActor('CST'), ['A2']],
    ['whom to tell', withoutActor('IRCP'), ['A3']],
    ['a purpose', withoutIn('purpose'), ['A4']],
    ['an expiry', withoutIn('period'), ['A5']],
    [
      'an expiry, but with an event',
      both(withoutIn('period'), extended(make.words('expiration-event', 'End of care'))),
      [],
    ],
    [
      'an end: none is for research',
      both(withoutIn('period'), extended(make.words('expiration-event', 'none'))),
      ['A5'],
    ],
    ['a signed form', without('sourceReference'), ['A6']],
    ['a date', without('dateTime'), ['A6']],
    ['a signer', without('performer'), ['A6']],
    ['the authority of the representative', by('RelatedPerson/r'), ['A6']],
    [
      'nothing: the representative says by which authority',
      both(by('RelatedPerson/r'), extended(make.authority([{ url: 'authority', valueString: 'parent' }]))),
      [],
    ],
    ['the right to revoke', unsaid('revocation'), ['A7']],
    ['whether care depends on it', unsaid('conditioning'), ['A8']],
    ['what happens when it is told on', unsaid('redisclosure'), ['A9']],
    ['plain language', unsaid('plain-language'), ['A10']],
    ['a copy', unsaid('copy-given'), ['A10']],
    ['a copy, where the patient asked for it', both(unsaid('copy-given'), purpose('PATRQT')), []],
    ['anything but psychotherapy notes', label('PSYTHPN'), []],
    [
      'psychotherapy notes alone',
      provided({ securityLabel: [make.label('PSYTHPN'), make.label('HIV')] }),
      ['A12'],
    ],
  ])('%s', (_what, change, ids) => {
    expect(lacked(change(make.consentOf('hipaa-auth')))).toEqual(ids);
  });
});

describe('(compliance A6) the signed form', () => {
  const attached = (file: object): Change =>
    both(without('sourceReference'), (one) => ({ ...one, sourceAttachment: file }));
  const about: ConsentAbout = { foreignForm: true };
  test.each<[string, Change, ConsentAbout, boolean]>([
    ['a document', (one) => one, {}, true],
    ['a document that is not about the patient', (one) => one, about, false],
    [
      'the same, with a number',
      (one) => ({ ...one, sourceReference: { ...one.sourceReference, identifier: { value: '1' } } }),
      about,
      false,
    ],
    [
      'a paper by its number',
      (one) => ({ ...one, sourceReference: { identifier: { value: '1' } } }),
      {},
      true,
    ],
    ['a title alone', attached({ title: 'Signed' }), {}, false],
    ['a title and a type alone', attached({ title: 'Signed', contentType: 'application/pdf' }), {}, false],
    ['its content', attached({ data: 'eA==' }), {}, true],
    ['where it is', attached({ title: 'Signed', url: 'https://example.org/1' }), {}, true],
  ])('%s', (_what, change, known, isThere) => {
    const lacks = (['hipaa-auth', 'part2-tpo'] as const).map((kind) =>
      lacked(change(make.consentOf(kind)), known),
    );
    expect(lacks).toEqual(isThere ? [[], []] : [['A6'], ['2.31(a)(8)']]);
  });
});

describe('(compliance P6) a consent under Part 2 without', () => {
  test.each<[string, Change, readonly string[]]>([
    ['patient', without('patient'), ['2.31(a)(1)', '2.31(a)(8)']], // who signed is then not the patient
    ['who may disclose', withoutActor('CST'), ['2.31(a)(2)']],
    ['what may be told', withoutIn('securityLabel'), ['2.31(a)(3)']],
    ['whom to tell', withoutActor('IRCP'), ['2.31(a)(4)(i)']],
    ['how it is told on', unsaid('hipaa-redisclosure'), ['2.31(a)(4)(iii)']],
    ['a purpose', withoutIn('purpose'), ['2.31(a)(5)']],
    ['the right to revoke', unsaid('revocation'), ['2.31(a)(6)']],
    ['an expiry', withoutIn('period'), ['2.31(a)(7)']],
    [
      'an expiry, saying none',
      both(withoutIn('period'), extended(make.words('expiration-event', 'None'))),
      [],
    ],
    ['a signed form', without('sourceReference'), ['2.31(a)(8)']],
    ['a date', without('dateTime'), ['2.31(a)(9)']],
    ['that protection ends', unsaid('redisclosure'), ['2.31(a)(10)']],
    ['what follows from refusing', unsaid('refusal-consequences'), ['2.31(a)(10)']],
  ])('%s', (_what, change, ids) => {
    expect(lacked(change(make.consentOf('part2-tpo')))).toEqual(ids);
  });

  test('(compliance P6) only the single consent may last for ever', () => {
    const endless = both(withoutIn('period'), extended(make.words('expiration-event', 'none')));
    expect(lacked(endless(make.consentOf('part2-specific')))).toEqual(['2.31(a)(7)']);
  });

  test('(compliance P6) what is told to nobody under HIPAA needs no word on HIPAA', () => {
    const bare = unsaid('hipaa-redisclosure')(make.consentOf('part2-specific'));
    expect([lacked(bare), lacked(bare, { uncovered: true })]).toEqual([['2.31(a)(4)(iii)'], []]);
  });
});

describe('consents that stand alone', () => {
  test.each<[string, Consent, readonly string[]]>([
    [
      '(compliance P9) counseling notes by their labels',
      provided({ securityLabel: [make.COUNSELING, make.label('PSYTHPN')] })(
        make.consentOf('part2-counseling-notes'),
      ),
      [],
    ],
    [
      '(compliance P9) counseling notes with HIV',
      provided({ securityLabel: [make.COUNSELING, make.label('HIV')] })(
        make.consentOf('part2-counseling-notes'),
      ),
      ['2.31(b)'],
    ],
    [
      '(compliance P9) counseling notes without their label',
      label('42CFRPart2')(make.consentOf('part2-counseling-notes')),
      ['2.31(b)'],
    ],
    [
      '(compliance P10) proceedings with care',
      purpose('HLEGAL', 'TREAT')(make.consentOf('part2-proceedings')),
      ['2.31(d)'],
    ],
    [
      '(compliance P10) care with proceedings',
      purpose('TREAT', 'HLEGAL')(make.consentOf('part2-tpo')),
      ['2.31(d)'],
    ],
  ])('%s', (_what, consent, ids) => {
    expect(lacked(consent)).toEqual(ids);
  });
});

describe('(compliance P16) who signs for a minor', () => {
  test.each<[string, number | undefined, string | undefined, string]>([
    ['an adult', 18, 'CA', 'patient'],
    ['a minor in a state without a row', 17, 'NY', 'both'],
    ['a minor without a state', 17, undefined, 'both'],
    ['a minor of the age in the row', 12, 'CA', 'patient'],
    ['a younger one', 11, 'CA', 'both'],
    ['of unknown age', undefined, 'CA', 'patient'],
  ])('%s', (_who, age, state, signers) => {
    expect(signersFor({ age, state }, [{ state: 'CA', age: 12, law: 'a law' }])).toBe(signers);
  });

  test('an empty table asks for both signatures of anyone under 18', () => {
    expect([17, 18].map((age) => signersFor({ age, state: 'CA' }))).toEqual(['both', 'patient']);
  });

  test.each<[string, Change, readonly string[]]>([
    ['the minor alone', (one) => one, ['2.31(a)(8)']],
    [
      'the parent alone',
      both(by('RelatedPerson/r'), extended(make.authority([{ url: 'authority', valueString: 'parent' }]))),
      ['2.31(a)(8)'],
    ],
    [
      'both',
      extended(make.authority([{ url: 'signer', valueReference: { reference: 'RelatedPerson/r' } }])),
      [],
    ],
  ])('%s', (_who, change, ids) => {
    expect(lacked(change(make.consentOf('part2-tpo')), { minor: true })).toEqual(ids);
  });
});

test.each<[string, readonly string[], readonly string[]]>([
  ['without participants', ['Organization/hie'], ['2.31(a)(4)(ii)']],
  ['with a participant', ['Organization/hie', 'Organization/b'], []],
  ['with the class of treating providers', ['Organization/hie', TPO_RECIPIENTS], []],
])('(compliance P17) an intermediary %s', (_what, recipients, ids) => {
  const consent = provided({
    actor: [make.actor('CST', 'Organization/a'), ...recipients.map((one) => make.actor('IRCP', one))],
  })(make.consentOf('part2-specific'));
  expect(lacked(consent, { intermediaries: ['Organization/hie'] })).toEqual(ids);
});

test('(compliance C2) kinds: HL7’s codes for three, and two kinds are none', () => {
  const kind = (...coding: readonly { system: string; code: string }[]) =>
    kindOf(make.asResource({ ...make.consentOf('hipaa-auth'), policyRule: { coding: [...coding] } }));
  const OURS = 'https://closeloop.dev/fhir/CodeSystem/consent-kind';
  const HL7 = 'http://terminology.hl7.org/CodeSystem/consentpolicycodes';
  expect([
    kind({ system: HL7, code: 'hipaa-restrictions' }),
    kind({ system: HL7, code: 'part2-tpo' }),
    kind({ system: OURS, code: 'hipaa-auth' }, { system: HL7, code: 'hipaa-auth' }),
    kind({ system: OURS, code: 'hipaa-auth' }, { system: OURS, code: 'part2-tpo' }),
    kind({ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'OPTIN' }),
  ]).toEqual(['hipaa-restrictions', 'general', 'hipaa-auth', 'general', 'general']);
});

test('(compliance C3) a general Consent asks for nothing', () => {
  expect(Object.keys(CONSENT_KINDS.general.elements)).toEqual([]);
});

test('(compliance A11) what is lacking is named with its place', () => {
  const expiry: Lack = { id: 'A5', says: 'expiry', path: 'Consent.provision.period' };
  expect(lacksOf(make.asResource(withoutIn('period')(make.consentOf('hipaa-auth'))))).toEqual([expiry]);
});

test.each([
  ['consent-kind', Object.keys(CONSENT_KINDS)],
  ['revocation-how', ['written', 'oral-note', 'informed']],
])('the code system %s has the codes of the table', (name, codes) => {
  const file = join(import.meta.dirname, `../../../../profiles/closeloop/${name}-codes.json`);
  const { concept } = JSON.parse(readFileSync(file, 'utf8')) as { concept: readonly { code: string }[] };
  expect(concept.map(({ code }) => code)).toEqual(codes);
});
