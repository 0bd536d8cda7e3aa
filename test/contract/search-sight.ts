/** Search: every alias carries the sight of the caller (law 19, rules 2.6). */
import { expect, test } from '@jest/globals';
import type { Ref } from '../../src/fhir/types.ts';
import type { Clause, Narrowing, Query, Sight } from '../../src/ports/query.ts';
import { all, any, chain, find, has, id, not, openOnce, token, v } from './search-words.ts';
import type { SearchEngine } from './search-words.ts';
import { ask, EVERYTHING, seenBy } from './search-world.ts';

const ORG: Ref = 'Organization/mine';
const OTHER: Ref = 'Organization/other';

const NOTHING: Clause = { kind: 'any', of: [] };
const OF_PATIENT: Clause = { kind: 'reference', param: 'subject', to: ['Patient/p'] };
const INSIDE: Clause = { kind: 'inside', patient: 'Patient/p' };
const keeper = (...of: readonly (Ref | '')[]): Clause => ({ kind: 'keeper', of });
/** The sight of the organization, by scopes that leave these parts of types (smart 4.4). */
const left = (narrow: Narrowing): Sight => ({ everything: false, organization: ORG, narrow });

export function describeSight(open: () => Promise<SearchEngine>): void {
  const patient = v(':patient', 'Patient/p');
  let before = 0;
  const world = openOnce(open, async (one) => {
    await one.put(
      { ref: ORG, everyone: true, custodian: ORG, values: [v('name', 'mine')] },
      { ref: OTHER, everyone: true, custodian: OTHER, values: [v('name', 'other')] },
      { ref: 'Patient/p', custodian: OTHER, values: [v('family', 'known'), patient] },
      { ref: 'Patient/hidden', custodian: OTHER, values: [v('family', 'hidden')] },
      {
        ref: 'ServiceRequest/s',
        custodian: OTHER,
        values: [v('identifier', 'in'), patient],
        outward: ['Patient/p'],
      },
      { ref: 'ServiceRequest/hidden', custodian: OTHER, values: [v('identifier', 'out')] },
      { ref: 'Task/own', custodian: ORG, values: [v('focus', 'ServiceRequest/hidden'), v('owner', OTHER)] },
    );
    before = await one.put({
      ref: 'Task/hidden',
      custodian: OTHER,
      values: [v('focus', 'ServiceRequest/s'), v('subject', 'Patient/hidden')],
    });
    await one.put({
      ref: 'Task/granted',
      custodian: OTHER,
      values: [v('focus', 'ServiceRequest/s'), v('subject', 'Patient/p'), patient],
      parties: [ORG],
      outward: ['ServiceRequest/s'],
    });
  });
  const cases: readonly [says: string, where: Clause, more: Partial<Query>, found: string][] = [
    ['top level', all(), {}, 'granted own'],
    ['an id outside', id('hidden'), {}, ''],
    ['everything', all(), { sight: EVERYTHING }, 'granted hidden own'],
    ['nobody', all(), { sight: seenBy('Organization/nobody') }, ''],
    ['the directory', all(), { type: 'Organization', sight: seenBy('Organization/nobody') }, 'other mine'],
    [
      'chain to what is visible',
      chain('focus', ['ServiceRequest'], token('identifier', 'in')),
      {},
      'granted',
    ],
    ['chain to what is not', chain('focus', ['ServiceRequest'], token('identifier', 'out')), {}, ''],
    [
      'a negated chain to what is not',
      not(chain('focus', ['ServiceRequest'], token('identifier', 'out'))),
      {},
      'granted own',
    ],
    ['chain into the directory', chain('owner', ['Organization'], token('name', 'other')), {}, 'own'],
    ['has of what is not visible', has('Task', 'subject', all()), { type: 'Patient' }, 'p'],
    ['a patient', all(), { sight: seenBy(ORG, 'Patient/p') }, 'granted'],
    ['another patient', all(), { sight: seenBy(ORG, 'Patient/q') }, ''],
    ['the patient itself', all(), { type: 'Patient', sight: seenBy(ORG, 'Patient/p') }, 'p'],
    [
      'a patient, chain',
      chain('focus', ['ServiceRequest'], all()),
      { sight: seenBy(ORG, 'Patient/p') },
      'granted',
    ],
    [
      'a patient, has',
      has('Task', 'owner', all()),
      { type: 'Organization', sight: seenBy(ORG, 'Patient/p') },
      '',
    ],
    ['narrowed', all(), { sight: left({ Task: OF_PATIENT }) }, 'granted'],
    ['narrowed to nothing', all(), { sight: left({ Task: NOTHING }) }, ''],
    ['another type narrowed', all(), { sight: left({ ServiceRequest: NOTHING }) }, 'granted own'],
    [
      'a chain to what is narrowed, row by row',
      chain('focus', ['ServiceRequest'], all()),
      { sight: left({ ServiceRequest: NOTHING }) },
      '',
    ],
    [
      'a chain to what is left',
      chain('focus', ['ServiceRequest'], all()),
      { sight: left({ ServiceRequest: token('identifier', 'in') }) },
      'granted',
    ],
    [
      'a negated chain to what is narrowed',
      not(chain('focus', ['ServiceRequest'], token('identifier', 'in'))),
      { sight: left({ ServiceRequest: NOTHING }) },
      'granted own',
    ],
    [
      'has of what is narrowed, row by row',
      has('Task', 'focus', all()),
      { type: 'ServiceRequest', sight: left({ Task: NOTHING }) },
      '',
    ],
    [
      'has of what is left',
      has('Task', 'focus', all()),
      { type: 'ServiceRequest', sight: left({ Task: OF_PATIENT }) },
      's',
    ],
    [
      'a patient beside what is narrowed',
      all(),
      { sight: left({ Task: any(token('status', 'none'), INSIDE) }) },
      'granted',
    ],
    ['narrowed to what an organization keeps', all(), { sight: left({ Task: keeper(ORG) }) }, 'own'],
    ['narrowed to what others keep', all(), { sight: left({ Task: not(keeper(ORG, '')) }) }, 'granted'],
    ['narrowed to nobody’s', all(), { sight: left({ Task: keeper() }) }, ''],
    [
      'a chain to what somebody else keeps',
      chain('focus', ['ServiceRequest'], all()),
      { sight: left({ ServiceRequest: keeper(ORG, '') }) },
      '',
    ],
    [
      'has of what the organization keeps',
      has('Task', 'focus', all()),
      { type: 'ServiceRequest', sight: left({ Task: keeper(ORG) }) },
      '',
    ],
    ['what somebody keeps', keeper(OTHER), { sight: EVERYTHING }, 'granted hidden'],
  ];
  test.each(cases)('%s', async (_says, where, more, found) => {
    expect((await find(world(), ask(where, { sight: seenBy(ORG), ...more }))).join(' ')).toBe(found);
  });

  test('sight is that of the seq', async () => {
    expect(await find(world(), ask(all(), { type: 'ServiceRequest', sight: seenBy(ORG) }), before)).toEqual(
      [],
    );
    expect(await find(world(), ask(all(), { type: 'ServiceRequest', sight: seenBy(ORG) }))).toEqual(['s']);
    await world().put({ ref: 'Task/granted', custodian: OTHER, values: [], parties: [] });
    expect(await find(world(), ask(all(), { type: 'ServiceRequest', sight: seenBy(ORG) }))).toEqual([]);
  });
}
