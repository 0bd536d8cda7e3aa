/** By which row an organization is told, as of every commit; and what a rail reads for such a receiver. */
import { describe, expect, test } from '@jest/globals';
import { hiddenIn, hiddenParam, hidingOfRow } from '../../../src/delivery/hidden-clause.ts';
import { asTold, createPayloads } from '../../../src/delivery/payloads.ts';
import { shownSnapshot } from '../../../src/delivery/shown-view.ts';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { EVERYTHING, type Sight } from '../../../src/ports/query.ts';
import type { Snapshot, Store, Version } from '../../../src/ports/store.ts';
import { PARTY_KIND_SYSTEM } from '../../../src/resources/parties/kinds.ts';

const ORG: Ref = 'Organization/b';
const CLOCK = { now: () => 0 };
const COMMUNITY = { payload: 'community', associate: false };
const LIKE_ANY = { associate: false };

function versionOf(ref: Ref, resource: object, custodian: Ref | '' = 'Organization/a'): Version {
  return {
    ref,
    seq: 1,
    at: '2026-11-30T00:00:00Z',
    method: 'PUT',
    custodian,
    text: JSON.stringify(resource),
  };
}

const ofKinds = (...kinds: readonly string[]): Resource => ({
  resourceType: 'Organization',
  id: 'b',
  type: [{ coding: kinds.map((code) => ({ system: PARTY_KIND_SYSTEM, code })) }],
});

/** As much of a store as is asked. */
function storeOf(read: () => Promise<Version | undefined>): Pick<Store, 'snapshot'> {
  return { snapshot: () => ({ read, record: async () => undefined }) as unknown as Snapshot };
}

describe('(compliance M2) the row by which an organization is told', () => {
  test('is asked once, and again after a commit that touched it', async () => {
    let kinds = ['community-organization'];
    let asked = 0;
    const payloads = createPayloads(
      storeOf(async () => {
        asked += 1;
        return versionOf(ORG, ofKinds(...kinds));
      }),
      CLOCK,
    );
    expect(await payloads.of(ORG)).toEqual(COMMUNITY);
    expect(payloads.of(ORG)).toEqual(COMMUNITY);
    const once = asked;
    payloads.touched(['Patient/p']);
    expect(payloads.of(ORG)).toEqual(COMMUNITY);
    expect(asked).toBe(once);
    kinds = ['community-organization', 'provider'];
    payloads.touched([ORG]);
    expect(await payloads.of(ORG)).toEqual(LIKE_ANY);
  });

  test('what was read before a commit is not kept after it', async () => {
    let kinds = 'provider';
    const waiting: (() => void)[] = [];
    const payloads = createPayloads(
      storeOf(async () => {
        const seen = kinds;
        await new Promise<void>((resolve) => waiting.push(resolve));
        return versionOf(ORG, ofKinds(seen));
      }),
      CLOCK,
    );
    const early = payloads.of(ORG);
    kinds = 'community-organization';
    payloads.touched([ORG]);
    const late = payloads.of(ORG);
    const release = setInterval(() => waiting.splice(0).forEach((resolve) => resolve()), 1);
    expect([await early, await late]).toEqual([LIKE_ANY, COMMUNITY]);
    expect(payloads.of(ORG)).toEqual(COMMUNITY);
    clearInterval(release);
  });

  test('an organization that cannot be read is told nothing meanwhile', async () => {
    const payloads = createPayloads(
      storeOf(() => Promise.reject(new Error('disk'))),
      CLOCK,
    );
    await expect(asTold(payloads, { everything: false, organization: ORG })).rejects.toThrow('disk');
  });
});

describe('(compliance M2) what a rail reads for a receiver', () => {
  const STORED: Readonly<Record<string, Version>> = {
    'Patient/p': versionOf('Patient/p', {
      resourceType: 'Patient',
      id: 'p',
      identifier: [{ value: 'MRN' }],
      birthDate: '1962-07-19',
    }),
    'Condition/c': versionOf('Condition/c', { resourceType: 'Condition', id: 'c' }),
    'Organization/a': versionOf('Organization/a', { resourceType: 'Organization', id: 'a', name: 'A' }),
    'Appointment/own': versionOf('Appointment/own', { resourceType: 'Appointment', id: 'own' }, ORG),
  };
  const snapshot = {
    read: async (ref: Ref) => STORED[ref],
    search: async () => ({ matches: Object.values(STORED), more: false }),
  } as unknown as Snapshot;
  const sight: Sight = { everything: false, organization: ORG, payload: 'community' };

  test('is what the receiver is shown', async () => {
    const shown = shownSnapshot(snapshot, sight);
    const read = async (ref: Ref) => (await shown.read(ref, EVERYTHING))?.text;
    expect(JSON.parse((await read('Patient/p')) ?? '')).toEqual({
      resourceType: 'Patient',
      id: 'p',
      birthDate: '1962',
    });
    expect(await read('Condition/c')).toBeUndefined();
    expect(await read('Organization/a')).toBe(STORED['Organization/a']?.text);
    expect(await read('Appointment/own')).toBe(STORED['Appointment/own']?.text);
    const { matches } = await shown.search({} as never);
    expect(matches.map(({ ref }) => ref)).toEqual(['Patient/p', 'Organization/a', 'Appointment/own']);
  });

  test('is the snapshot itself for everybody else', () => {
    const { payload: _payload, ...whole } = sight;
    expect(shownSnapshot(snapshot, whole)).toBe(snapshot);
    expect(shownSnapshot(snapshot, EVERYTHING)).toBe(snapshot);
  });
});

describe('(harmony Z27) what a clause asks of what is kept back', () => {
  test.each([
    ['Patient', 'birthdate', 'birthdate'],
    ['Patient', 'family', undefined],
    ['Patient', 'deceased', 'deceased'],
    ['Patient', '_profile', '_profile'],
    ['Patient', '_tag', undefined],
    ['Patient', ':patient', undefined],
    ['ServiceRequest', 'subject', undefined],
    ['ServiceRequest', 'subject:identifier', 'subject'],
    ['ServiceRequest', 'based-on', 'based-on'],
    ['Task', 'patient', undefined],
    ['Task', 'patient:identifier', 'patient'],
    ['Task', 'business-status', undefined],
    ['Observation', 'code', undefined],
  ])('%s by %s', (type, param, hidden) => {
    expect(hiddenParam(hidingOfRow('community'), type, param)).toBe(hidden);
  });

  test('through every kind of clause', () => {
    const day = { kind: 'range', param: 'birthdate', prefix: 'eq', low: 0, high: 1 } as const;
    const hides = (type: string, where: Parameters<typeof hiddenIn>[2]) =>
      hiddenIn(hidingOfRow('community'), type, where);
    expect(hides('Patient', { kind: 'all', of: [{ kind: 'id', ids: ['p'] }, day] })).toBe('birthdate');
    expect(hides('Patient', { kind: 'not', clause: day })).toBe('birthdate');
    expect(hides('Patient', { kind: 'other', clause: day })).toBe('birthdate');
    expect(hides('Task', { kind: 'chain', param: 'patient', types: ['Patient'], where: day })).toBe(
      'birthdate',
    );
    expect(hides('Practitioner', { kind: 'has', type: 'Patient', param: 'link', where: day })).toBe('link');
    expect(hides('Patient', { kind: 'text', within: 'content', words: ['x'], starts: false })).toBe(
      '_content',
    );
    expect(hides('Task', { kind: 'text', within: 'content', words: ['x'], starts: false })).toBeUndefined();
    expect(hides('Patient', { kind: 'missing', param: 'gender', missing: true })).toBe('gender');
    expect(hides('Patient', { kind: 'updated', prefix: 'gt', low: 0, high: 0 })).toBeUndefined();
  });
});
