/** What a party is in the eyes of the law, from who says it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import {
  kindsOf,
  PARTY_KINDS,
  type PartyKind,
  type PartyKindDefault,
  type PartyKindFacts,
} from '../../../src/policies/party-kind.ts';

const SILENT: PartyKindFacts = {
  named: [],
  ownPart2: false,
  listedNpi: false,
  taxonomies: [],
  attested: undefined,
};

type Row = readonly [
  says: string,
  facts: Partial<PartyKindFacts>,
  underProvider: readonly PartyKind[],
  underNone: readonly PartyKind[],
];

const same = (...kinds: PartyKind[]) => [kinds, kinds] as const;

// prettier-ignore
const CASES: readonly Row[] = [
  ['nobody speaks',                           {},                                                        ['provider'], []],
  ['an administrator speaks',                 { named: ['health-plan'] },                                ...same('health-plan')],
  ['an administrator names several',          { named: ['provider', 'school'] },                         ...same('provider', 'school')],
  ['a program that an administrator names',   { named: ['part2-program'] },                              ...same('part2-program', 'provider')],
  ['a program that names itself',             { ownPart2: true },                                        ['provider', 'part2-program'], ['part2-program']],
  ['it names itself beside an administrator', { named: ['community-organization'], ownPart2: true },     ...same('community-organization', 'part2-program')],
  ['listed with an NPI',                      { listedNpi: true },                                       ...same('provider')],
  ['the administrator before the NPI',        { listedNpi: true, named: ['court'] },                     ...same('court')],
  ['the NPI before an attestation',           { listedNpi: true, attested: 'health-plan' },              ...same('provider')],
  ['a listed clinic by its taxonomy',         { listedNpi: true, taxonomies: ['261QP2300X'] },           ...same('provider')],
  ['a listed plan by its taxonomy',           { listedNpi: true, taxonomies: ['305R00000X'] },           ['provider'], []],
  ['a listed agency by its taxonomy',         { listedNpi: true, taxonomies: ['251K00000X'] },           ['provider'], []],
  ['attested by the discloser',               { attested: 'community-organization' },                    ...same('community-organization')],
  ['attested, and a program by its own word', { attested: 'health-plan', ownPart2: true },               ...same('health-plan', 'part2-program')],
];

test.each(CASES)('(compliance D1) (harmony Z15) %s', (_says, facts, underProvider, underNone) => {
  const kinds = (fallback: PartyKindDefault) => [...kindsOf({ ...SILENT, ...facts }, fallback)].toSorted();
  expect(kinds('provider')).toEqual(underProvider.toSorted());
  expect(kinds('none')).toEqual(underNone.toSorted());
});

test('(compliance D1) the code system holds the kinds of the code, and no others', () => {
  const file = join(import.meta.dirname, '../../../profiles/closeloop/party-kind.json');
  const { concept } = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly concept: readonly { readonly code: string }[];
  };
  expect(concept.map(({ code }) => code)).toEqual([...PARTY_KINDS]);
});
