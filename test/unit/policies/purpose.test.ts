/** The purposes of use, their hierarchy, and who may act for which. */
import { describe, expect, test } from '@jest/globals';
import systems from '../../../src/resources/generated/code-systems.json' with { type: 'json' };
import { parseClientPurposes } from '../../../src/http/purposes.ts';
import {
  isPurpose,
  isWithin,
  mayActFor,
  PURPOSE_SYSTEM,
  PURPOSES_BELOW,
  USUAL_PURPOSES,
  usualPurpose,
  type Purpose,
} from '../../../src/policies/purpose.ts';

/** R4's table: a line for each code, as far in as it stands below others. */
function publishedBelow(): Readonly<Record<string, readonly string[]>> {
  const rows = (systems as Readonly<Record<string, string>>)[PURPOSE_SYSTEM]?.split('\n') ?? [];
  const below: Record<string, string[]> = {};
  const path: string[] = [];
  for (const row of rows.slice(1)) {
    const depth = /^\t*/.exec(row)?.[0].length ?? 0;
    path.splice(depth, path.length, row.trim().split('\t')[0] ?? '');
    const above = path[depth - 1];
    if (above !== undefined && path.includes('PurposeOfUse')) (below[above] ??= []).push(path[depth] ?? '');
  }
  const { PurposeOfUse = [], ...others } = below;
  const kept = Object.entries(others).filter(([above]) => !above.startsWith('_'));
  return { PurposeOfUse, ...Object.fromEntries(kept) };
}

test('(compliance D4) the table is R4’s hierarchy of PurposeOfUse', () => {
  const sorted = (table: Readonly<Record<string, readonly string[]>>) =>
    Object.fromEntries(Object.entries(table).map(([above, below]) => [above, below.toSorted()]));
  expect(sorted(PURPOSES_BELOW)).toEqual(sorted(publishedBelow()));
});

test.each<[Purpose, string, boolean]>([
  ['TREAT', 'TREAT', true],
  ['COC', 'TREAT', true],
  ['BTG', 'ETREAT', true],
  ['BTG', 'TREAT', true],
  ['TREAT', 'ETREAT', false],
  ['HTEST', 'HOPERAT', true],
  ['THREAT', 'PUBHLTH', true],
  ['THREAT', 'PurposeOfUse', true],
  ['SUPNWK', 'TREAT', false],
])('(compliance D4) %s is within %s: %s', (purpose, other, within) => {
  expect(isWithin(purpose, other)).toBe(within);
});

test('(compliance D4) a code that is no purpose', () => {
  expect(['PurposeOfUse', 'MARKT', 'MEDNEC', '', 'toString'].filter(isPurpose)).toEqual([]);
});

test.each<[Purpose, readonly Purpose[], boolean]>([
  ['TREAT', USUAL_PURPOSES, true],
  ['ETREAT', USUAL_PURPOSES, true],
  ['CAREMGT', USUAL_PURPOSES, true],
  ['FAMRQT', USUAL_PURPOSES, true],
  ['PUBHLTH', USUAL_PURPOSES, false],
  ['HRESCH', USUAL_PURPOSES, false],
  ['BTG', USUAL_PURPOSES, false],
  ['BTG', ['ETREAT'], false],
  ['BTG', ['BTG'], true],
  ['TREAT', ['ETREAT'], false],
  ['TREAT', ['HPAYMT'], false],
])('(compliance D4) may act for %s with %s: %s', (purpose, allowed, may) => {
  expect(mayActFor(purpose, allowed)).toBe(may);
});

test.each<[boolean, boolean, Purpose]>([
  [false, true, 'TREAT'],
  [false, false, 'HOPERAT'],
  [true, true, 'PATRQT'],
  [true, false, 'PATRQT'],
])('(compliance D4) in person %s, of a provider %s: %s', (inPerson, provider, usual) => {
  expect(usualPurpose({ inPerson, provider })).toBe(usual);
});

describe('(compliance D4) a row of the setting clientPurposes', () => {
  test.each<[string, ReturnType<typeof parseClientPurposes>]>([
    ['ehr=TREAT', ['ehr', ['TREAT']]],
    ['ehr=TREAT BTG', ['ehr', ['TREAT', 'BTG']]],
    ['https://a.example/?id=7 = PUBHLTH  THREAT', ['https://a.example/?id=7', ['PUBHLTH', 'THREAT']]],
    ['ehr', undefined],
    ['=TREAT', undefined],
    ['ehr=', undefined],
    ['ehr=treat', undefined],
    ['ehr=TREAT FOO', undefined],
  ])('%s', (row, parsed) => {
    expect(parseClientPurposes(row)).toEqual(parsed);
  });
});
