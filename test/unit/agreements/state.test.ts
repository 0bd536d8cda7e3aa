import { expect, test } from '@jest/globals';
import { gapWords } from '../../../src/agreements/checklist.ts';
import { standingOfAgreement, type AgreementStanding } from '../../../src/agreements/state.ts';
import { agreement, REQUIRED_TERMS, type AgreementSpec } from '../../agreements.ts';

const at = (text: string): number => Date.parse(text);
const JUNE = at('2026-06-01T12:00:00Z');
const standing = (spec: AgreementSpec = {}, now = JUNE): AgreementStanding =>
  standingOfAgreement(agreement(spec), now);

// prettier-ignore
const STATUSES: readonly (readonly [status: string, state: string, why: string])[] = [
  ['policy', 'staging', ''],
  ['offered', 'pending', 'unsigned'], ['negotiable', 'pending', 'unsigned'], ['executable', 'pending', 'unsigned'],
  ['executed', 'active', ''], ['amended', 'active', ''], ['appended', 'active', ''], ['resolved', 'active', ''],
  ['disputed', 'pending', 'disputed'],
  ['terminated', 'expired', ''], ['renewed', 'expired', ''],
  ['revoked', 'revoked', ''], ['cancelled', 'revoked', ''],
  ['rejected', 'none', ''], ['entered-in-error', 'none', ''],
];

test.each(STATUSES)('status %s, signed and complete, is %s (baa-messaging 2)', (status, state, why) => {
  expect(standing({ status })).toMatchObject({ state, ...(why !== '' && { why }) });
});

test('a Contract of another type is none, and so is one without status (baa-messaging 1)', () => {
  expect(standing({ kinds: [] }).state).toBe('none');
  const { status: _, ...without } = agreement();
  expect(standingOfAgreement({ ...without, resourceType: 'Contract' }, JUNE).state).toBe('none');
});

// prettier-ignore
const MOMENTS: readonly (readonly [applies: AgreementSpec, now: string, state: string])[] = [
  [{}, '2026-01-31T23:59:59.999Z', 'pending'],
  [{}, '2026-02-01T00:00:00.000Z', 'active'],
  [{}, '2027-01-31T23:59:59.999Z', 'active'],
  [{}, '2027-02-01T00:00:00.000Z', 'expired'],
  [{ end: '2027-03' }, '2027-03-31T23:59:59.999Z', 'active'],
  [{ end: '2027-03' }, '2027-04-01T00:00:00.000Z', 'expired'],
  [{ end: '2027' }, '2027-12-31T23:59:59.999Z', 'active'],
  [{ end: '2027' }, '2028-01-01T00:00:00.000Z', 'expired'],
  [{ start: '2026-03' }, '2026-02-28T23:59:59.999Z', 'pending'],
  [{ start: '2026-03' }, '2026-03-01T00:00:00.000Z', 'active'],
  [{ end: '2026-12-31T17:00:00-05:00' }, '2026-12-31T22:00:00.999Z', 'active'],
  [{ end: '2026-12-31T17:00:00-05:00' }, '2026-12-31T22:00:01.000Z', 'expired'],
  [{ end: null }, '2126-01-01T00:00:00.000Z', 'active'],
];

test.each(MOMENTS)('%j at %s is %s (baa-messaging BA5)', (applies, now, state) => {
  expect(standing(applies, at(now)).state).toBe(state);
});

test('an agreement without a readable start is pending (baa-messaging 1)', () => {
  expect(standing({ start: 'soon' })).toMatchObject({ state: 'pending', why: 'incomplete' });
});

test.each(REQUIRED_TERMS)(
  'without the term %s it is pending, and names the gap (baa-messaging BA6)',
  (term) => {
    const holds = REQUIRED_TERMS.filter((code) => code !== term);
    expect(standing({ holds })).toMatchObject({ state: 'pending', why: 'incomplete', gaps: [term] });
  },
);

test('an entry of the checklist that does not say where its term stands does not count (baa-messaging BA6)', () => {
  const contract = agreement();
  const bare = {
    ...contract,
    extension: [...(contract['extension'] as { extension: object[] }[])].map((one, index) =>
      index === 0 ? { ...one, extension: one.extension.slice(0, 1) } : one,
    ),
  };
  expect(standingOfAgreement(bare, JUNE)).toMatchObject({ state: 'pending', gaps: ['uses'] });
});

test('a government body may leave out termination; nobody else may (baa-messaging 3)', () => {
  const holds = REQUIRED_TERMS.filter((code) => code !== 'termination');
  expect(standing({ holds, kinds: ['government-mou'] }).state).toBe('active');
  expect(standing({ holds }).gaps).toEqual(['termination']);
});

test('a delegated duty asks for its term (baa-messaging 3)', () => {
  const contract = agreement();
  const duty = {
    url: 'https://closeloop.dev/fhir/StructureDefinition/delegated-duty',
    valueString: 'Notices of privacy practices',
  };
  const delegating = { ...contract, extension: [...(contract['extension'] as object[]), duty] };
  expect(standingOfAgreement(delegating, JUNE).gaps).toEqual(['delegated']);
  expect(gapWords(['delegated', 'subcontractors'])).toBe(
    '504(e)(2)(ii)(H) delegated, 504(e)(2)(ii)(D) subcontractors',
  );
});

// prettier-ignore
const UNSIGNED: readonly (readonly [spec: AgreementSpec, waitsFor: string])[] = [
  [{ signed: [] }, 'Organization/billing-co'],
  [{ signed: ['principal'] }, 'Organization/billing-co'],
  [{ signed: ['associate'] }, 'Organization/elm'],
  [{ signedHash: 'b'.repeat(64) }, 'Organization/billing-co'],
];

test.each(UNSIGNED)('executed with %j waits for %s (baa-messaging BT06)', (spec, waitsFor) => {
  expect(standing(spec)).toMatchObject({ state: 'pending', why: 'unsigned', waitsFor });
});

test('a revocation takes effect at its moment, to the millisecond (baa-messaging BT11)', () => {
  const revoked: AgreementSpec = {
    status: 'revoked',
    reason: { code: 'service-ended', effective: '2026-07-01T00:00:00Z' },
  };
  const effective = at('2026-07-01T00:00:00Z');
  expect(standing(revoked, effective - 1)).toMatchObject({ state: 'active', until: effective });
  expect(standing(revoked, effective)).toMatchObject({ state: 'revoked', since: effective });
  expect(standing({ ...revoked, signed: ['principal'] }, effective - 1).state).toBe('pending');
});

test('it says since when, until when, by which version, and for which services', () => {
  const spec: AgreementSpec = {
    id: 'b1',
    version: 7,
    services: ['billing', 'fax'],
    lastUpdated: '2026-05-01T00:00:00Z',
  };
  expect(standing(spec)).toEqual({
    state: 'active',
    contract: 'Contract/b1',
    version: 7,
    gaps: [],
    services: ['billing', 'fax'],
    since: at('2026-02-01T00:00:00Z'),
    until: at('2027-02-01T00:00:00Z'),
  });
  expect(standing(spec, at('2027-06-01T00:00:00Z')).since).toBe(at('2027-02-01T00:00:00Z'));
  expect(standing({ ...spec, status: 'disputed' }).since).toBe(at('2026-05-01T00:00:00Z'));
  expect(standing(spec, at('2026-01-25T00:00:00Z'))).toMatchObject({
    why: 'not-started',
    until: at('2026-02-01T00:00:00Z'),
  });
});
