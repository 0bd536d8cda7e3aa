/** Who may be told: each policy as a table of cases, and their common answer. */
import { describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { decide, POLICIES, type Disclosure, type Policy } from '../../../src/policies/index.ts';
import { DISCLOSURE } from './disclosure.ts';
import type { Purpose } from '../../../src/policies/purpose.ts';
import { patientConsent } from '../../../src/policies/patient-consent.ts';

const NOW = Date.parse('2027-03-15T12:00:00Z');

const disclosure: Disclosure = { ...DISCLOSURE, now: NOW };

const consent = (provision: object | undefined, more: object = {}): Resource => ({
  resourceType: 'Consent',
  status: 'active',
  scope: { coding: [{ code: 'patient-privacy' }] },
  patient: { reference: 'Patient/1' },
  ...(provision && { provision }),
  ...more,
});

const actor = (reference: string, role = 'IRCP') => ({
  role: { coding: [{ code: role }] },
  reference: { reference },
});
const b = { actor: [actor('Organization/b')] };
const c = { actor: [actor('Organization/c')] };

describe('(compliance D4) a Consent speaks of a purpose and of its kinds', () => {
  test.each<[consent: string, asked: Purpose, boolean]>([
    ['TREAT', 'TREAT', true],
    ['TREAT', 'COC', true],
    ['TREAT', 'ETREAT', true],
    ['TREAT', 'BTG', true],
    ['ETREAT', 'TREAT', false],
    ['ETREAT', 'ERTREAT', true],
    ['HOPERAT', 'CAREMGT', true],
    ['HOPERAT', 'TREAT', false],
    ['PATRQT', 'FAMRQT', true],
    ['PurposeOfUse', 'THREAT', true],
    ['UNHEARD', 'TREAT', false],
  ])('%s, asked for %s', (code, purpose, denies) => {
    const consents = [consent({ type: 'deny', purpose: [{ code }] })];
    expect(patientConsent.vote({ ...disclosure, consents, purpose }) === 'deny').toBe(denies);
  });
});

describe('patient-consent denies', () => {
  test.each<[string, object, boolean]>([
    ['everybody', { type: 'deny' }, true],
    ['nobody', { type: 'permit' }, false],
    ['the receiver', { type: 'deny', ...b }, true],
    ['somebody else', { type: 'deny', ...c }, false],
    ['one of several', { type: 'deny', actor: [...c.actor, ...b.actor] }, true],
    ['a version of the receiver', { type: 'deny', actor: [actor('Organization/b/_history/2')] }, true],
    ['the keeper', { type: 'deny', actor: [actor('Organization/a', 'CST')] }, true],
    ['another keeper', { type: 'deny', actor: [actor('Organization/b', 'CST')] }, false],
    ['a role of the receiver', { type: 'deny', actor: [actor('PractitionerRole/b')] }, true],
    ['a role of somebody else', { type: 'deny', actor: [actor('PractitionerRole/c')] }, false],
    ['a role that is not known', { type: 'deny', actor: [actor('PractitionerRole/x')] }, true],
    ['a relative', { type: 'deny', actor: [actor('RelatedPerson/1')] }, false],
    [
      'an actor without a reference',
      { type: 'deny', actor: [{ role: {}, reference: { display: 'b?' } }] },
      true,
    ],
    // period
    ['now', { type: 'deny', period: { start: '2027-03-15', end: '2027-03-15' } }, true],
    ['until this month ends', { type: 'deny', period: { end: '2027-03' } }, true],
    ['until this year ends', { type: 'deny', period: { end: '2027' } }, true],
    ['until noon', { type: 'deny', period: { end: '2027-03-15T12:00:00Z' } }, true],
    ['until before noon', { type: 'deny', period: { end: '2027-03-15T11:59:59Z' } }, false],
    ['until yesterday', { type: 'deny', period: { end: '2027-03-14' } }, false],
    ['from tomorrow', { type: 'deny', period: { start: '2027-03-16' } }, false],
    // purpose and action
    ['treatment', { type: 'deny', purpose: [{ code: 'TREAT' }] }, true],
    ['any purpose', { type: 'deny', purpose: [{ code: 'PurposeOfUse' }] }, true],
    ['marketing', { type: 'deny', purpose: [{ code: 'HMARKT' }] }, false],
    ['disclosing', { type: 'deny', action: [{ coding: [{ code: 'disclose' }] }] }, true],
    ['collecting', { type: 'deny', action: [{ coding: [{ code: 'collect' }] }] }, false],
    // what
    [
      'this type',
      { type: 'deny', class: [{ system: 'http://hl7.org/fhir/resource-types', code: 'ServiceRequest' }] },
      true,
    ],
    [
      'another type',
      { type: 'deny', class: [{ system: 'http://hl7.org/fhir/resource-types', code: 'Observation' }] },
      false,
    ],
    [
      'a class of documents',
      { type: 'deny', class: [{ system: 'urn:ietf:bcp:13', code: 'text/xml' }] },
      true,
    ],
    [
      'this resource',
      { type: 'deny', data: [{ meaning: 'instance', reference: { reference: 'ServiceRequest/1' } }] },
      true,
    ],
    [
      'another resource',
      { type: 'deny', data: [{ meaning: 'instance', reference: { reference: 'Condition/1' } }] },
      false,
    ],
    [
      'what depends on another',
      { type: 'deny', data: [{ meaning: 'dependents', reference: { reference: 'Condition/1' } }] },
      true,
    ],
    ['a code that cannot be told', { type: 'deny', code: [{ text: 'mental health' }] }, true],
    ['a label that cannot be told', { type: 'deny', securityLabel: [{ code: 'R' }] }, true],
    // exceptions
    ['all but the receiver', { type: 'deny', provision: [{ type: 'permit', ...b }] }, false],
    ['all but somebody else', { type: 'deny', provision: [{ type: 'permit', ...c }] }, true],
    ['only the receiver', { type: 'permit', provision: [{ type: 'deny', ...b }] }, true],
    ['only somebody else', { type: 'permit', provision: [{ type: 'deny', ...c }] }, false],
    [
      'when exceptions disagree',
      {
        type: 'deny',
        provision: [
          { type: 'permit', ...b },
          { type: 'deny', ...b },
        ],
      },
      true,
    ],
    [
      'all but what cannot be told',
      { type: 'deny', provision: [{ type: 'permit', securityLabel: [{ code: 'N' }] }] },
      true,
    ],
    [
      'all but a role that is not known',
      { type: 'deny', provision: [{ type: 'permit', actor: [actor('PractitionerRole/x')] }] },
      true,
    ],
    [
      'an exception to an exception',
      { type: 'permit', provision: [{ type: 'deny', provision: [{ type: 'permit', ...b }] }] },
      false,
    ],
    [
      'an exception that is over',
      { type: 'permit', provision: [{ type: 'deny', period: { end: '2026' } }] },
      false,
    ],
  ])('%s', (_, provision, expected) => {
    const consentActors = new Map([
      ['PractitionerRole/b', 'Organization/b'],
      ['PractitionerRole/c', 'Organization/c'],
    ] as const);
    const vote = patientConsent.vote({ ...disclosure, consents: [consent(provision)], consentActors });
    expect(vote).toBe(expected ? 'deny' : 'abstain');
  });

  test.each<[string, Resource, boolean]>([
    ['only when active', consent({ type: 'deny' }, { status: 'inactive' }), false],
    ['not by a draft', consent({ type: 'deny' }, { status: 'draft' }), false],
    [
      'not by a consent to research',
      consent({ type: 'deny' }, { scope: { coding: [{ code: 'research' }] } }),
      false,
    ],
    ['by a scope in words', consent({ type: 'deny' }, { scope: { text: 'privacy' } }), true],
    ['by opting out', consent(undefined, { policyRule: { coding: [{ code: 'OPTOUT' }] } }), true],
    ['not by opting in', consent(undefined, { policyRule: { coding: [{ code: 'OPTIN' }] } }), false],
    ['by opting out of one', consent(b, { policyRule: { coding: [{ code: 'OPTOUT' }] } }), true],
    ['not by a consent that says nothing', consent(undefined), false],
  ])('%s', (_, one, expected) => {
    expect(patientConsent.vote({ ...disclosure, consents: [one] })).toBe(expected ? 'deny' : 'abstain');
  });
});

describe('decide', () => {
  const denial = consent({ type: 'deny', ...b });
  test.each<[string, Partial<Disclosure>, boolean, string]>([
    ['a party, for treatment', {}, true, 'treatment'],
    ['a party, for the coordination of care', { purpose: 'COC' }, true, 'treatment'],
    ['a party, for payment', { purpose: 'HPAYMT' }, false, 'none'],
    ['nobody’s party', { parties: false }, false, 'none'],
    ['against a denial', { consents: [consent({ type: 'permit' }), denial] }, false, 'patient-consent'],
    ['with a denial of somebody else', { consents: [consent({ type: 'deny', ...c })] }, true, 'treatment'],
    [
      'the directory',
      { parties: false, patient: undefined, what: { type: 'Organization', ref: 'Organization/a' } },
      true,
      'directory',
    ],
    [
      'a directory type about a patient',
      { parties: false, what: { type: 'Location', ref: 'Location/home' } },
      false,
      'none',
    ],
    [
      'a Patient to nobody’s party',
      { parties: false, what: { type: 'Patient', ref: 'Patient/1' } },
      false,
      'none',
    ],
  ])('%s', (_, change, permitted, policy) => {
    expect(decide({ ...disclosure, ...change })).toMatchObject({ permitted, policy });
  });

  test('any deny wins, wherever it stands, and no permit means no', () => {
    const [yes, no, silent] = [
      policy('yes', 'permit'),
      policy('no', 'deny'),
      policy('silent', 'abstain'),
    ] as const;
    const asked = (...policies: readonly Policy[]) => decide(disclosure, [{ asks: '', policies }]);
    expect(asked(yes, no)).toMatchObject({ permitted: false, policy: 'no', law: 'no' });
    expect(asked(no, yes)).toMatchObject({ permitted: false, policy: 'no', law: 'no' });
    expect(asked(silent, yes)).toEqual({ permitted: true, policy: 'yes', law: 'yes' });
    expect(asked(silent)).toMatchObject({ permitted: false, policy: 'none' });
    expect(asked()).toMatchObject({ permitted: false, policy: 'none' });
    // Without words of its own a denial is the organization's wish (compliance I3).
    expect(asked(no)).toMatchObject({ code: 'disclosure-denied', exception: 'none-review' });
  });

  test('every policy has a name of its own and a law', () => {
    expect(new Set(POLICIES.map(({ name }) => name)).size).toBe(POLICIES.length);
    for (const { law } of POLICIES) expect(law).toMatch(/CFR \d|statutes/);
  });
});

const policy = (name: string, vote: 'permit' | 'deny' | 'abstain'): Policy => ({
  name,
  law: name,
  vote: () => vote,
});
