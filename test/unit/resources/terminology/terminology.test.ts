import { describe, expect, test } from '@jest/globals';
import { askIn } from '../../../../src/resources/search/ask-terms.ts';
import type { ParameterRequest } from '../../../../src/resources/search/parameter-request.ts';
import type { CodeSystem } from '../../../../src/fhir/types.ts';
import { expandValueSet } from '../../../../src/resources/terminology/expand.ts';
import type {
  TerminologySource,
  Selection,
} from '../../../../src/resources/terminology/terminology-source.ts';
import { readSystem, withLoaded } from '../../../../src/resources/terminology/stored.ts';
import { ancestorsOf, descendantsOf } from '../../../../src/resources/terminology/hierarchy.ts';
import { membershipOf } from '../../../../src/resources/terminology/membership.ts';
import { PACKAGED, PACKAGED_VALUE_SETS } from '../../../../src/resources/terminology/packaged.ts';

const R4 = 'http://hl7.org/fhir/ValueSet/';
const THO = 'http://terminology.hl7.org/';
const ACT = `${THO}CodeSystem/v3-ActCode`;

describe('whether a code is of a packaged value set', () => {
  test.each([
    [`${R4}task-status`, 'http://hl7.org/fhir/task-status', 'accepted', 'member'],
    [`${R4}task-status|4.0.1`, 'http://hl7.org/fhir/task-status', 'accepted', 'member'],
    [`${R4}task-status|3.0.1`, 'http://hl7.org/fhir/task-status', 'accepted', 'unknown'],
    [`${R4}task-status`, undefined, 'accepted', 'member'],
    [`${R4}task-status`, undefined, 'Accepted', 'not-member'],
    [`${R4}task-status`, 'http://hl7.org/fhir/request-status', 'draft', 'not-member'],
    [`${R4}nowhere`, 'http://hl7.org/fhir/task-status', 'accepted', 'unknown'],
    // filters over the hierarchy, of which one concept has two parents
    [`${THO}ValueSet/v3-ActEncounterCode`, ACT, 'AMB', 'member'],
    [`${THO}ValueSet/v3-ActEncounterCode`, ACT, 'INFA', 'not-member'],
    // a system that is not held is neither accepted nor refused
    [`${R4}observation-codes`, 'http://loinc.org', '85354-9', 'unknown'],
    [`${R4}observation-codes`, 'http://snomed.info/sct', '22253000', 'not-member'],
    // listed codes are, whatever the system
    [`${R4}condition-severity`, 'http://snomed.info/sct', '24484000', 'member'],
    [`${R4}condition-severity`, 'http://snomed.info/sct', '1', 'not-member'],
    // grammars
    [`${R4}mimetypes`, 'urn:ietf:bcp:13', 'application/fhir+json; fhirVersion=4.0', 'member'],
    [`${R4}mimetypes`, undefined, 'text', 'not-member'],
    [`${R4}all-languages`, 'urn:ietf:bcp:47', 'de-CH-1996', 'member'],
    [`${R4}all-languages`, 'urn:ietf:bcp:47', 'deutsch!', 'not-member'],
    // codes of this system are alike whatever their case
    [
      'http://hl7.org/fhir/us/bser/ValueSet/TaskBusinessStatusVS',
      'http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS',
      '5.1.1',
      'member',
    ],
  ] as const)('%s: %s#%s is %s', (url, system, code, expected) => {
    expect(membershipOf(PACKAGED, url, { system, code })).toBe(expected);
  });
});

test('what is below and above a concept', () => {
  expect(descendantsOf(PACKAGED, ACT, '_ActEncounterCode')).toEqual([
    '_ActEncounterCode',
    'AMB',
    'EMER',
    'FLD',
    'HH',
    'IMP',
    'OBSENC',
    'PRENC',
    'SS',
    'VR',
    'ACUTE',
    'NONAC',
  ]);
  expect(ancestorsOf(PACKAGED, ACT, 'ACUTE')).toEqual([
    'ACUTE',
    'IMP',
    '_ActEncounterCode',
    '_ActCareProvisionCode',
  ]);
  expect(descendantsOf(PACKAGED, ACT, 'nothing')).toBeUndefined();
  expect(descendantsOf(PACKAGED, 'http://loinc.org', '85354-9')).toBeUndefined();
});

test('every member of every value set that can be listed is a member', () => {
  const refused = new Set<string>();
  let members = 0;
  for (const url of PACKAGED_VALUE_SETS) {
    const expanded = tryTo(() => expandValueSet(PACKAGED, url));
    if ('code' in expanded) {
      refused.add(expanded.code);
      continue;
    }
    members += expanded.total;
    for (const member of expanded.members.slice(0, 300)) {
      const membership = membershipOf(PACKAGED, url, member);
      if (membership !== 'member') throw new Error(`${url} lists ${member.system}#${member.code}`);
    }
  }
  expect(members).toBeGreaterThan(20_000);
  // what is made of LOINC, SNOMED CT, grammars and the like
  expect([...refused].toSorted()).toEqual([
    'code-system-unknown',
    'expansion-too-costly',
    'value-set-invalid',
    'value-set-unknown',
  ]);
});

function tryTo<T>(work: () => T): T | { readonly code: string } {
  try {
    return work();
  } catch (error) {
    return error as { code: string }; // refusals have codes
  }
}

describe('value sets within each other', () => {
  const setOf = (name: string): string => `http://example.org/ValueSet/${name}`;
  const system = { system: 'http://example.org/kinds', concept: [{ code: 'a' }] };
  /** Each includes the one before it eight times, in a part of its own. */
  const nested = (levels: number, innermost: object): TerminologySource => {
    const sets = Array.from({ length: levels }, (_, level) => ({
      url: setOf(String(level)),
      compose: {
        include:
          level === 0
            ? [innermost]
            : Array.from({ length: 8 }, () => ({ valueSet: [setOf(String(level - 1))] })),
      },
    }));
    return withLoaded(PACKAGED, { valueSets: sets as unknown as Selection[], systems: [] }); // as stored
  };

  test.each([
    ['members', system, 'a', 'member'],
    ['none', system, 'b', 'not-member'],
    ['what is not held', { valueSet: [setOf('nowhere')] }, 'a', 'unknown'],
  ] as const)('%s: each is asked once', (_says, innermost, code, expected) => {
    const coded = { system: system.system, code };
    expect(membershipOf(nested(14, innermost), setOf('13'), coded)).toBe(expected);
  });

  test('a search asks each once, and lists each once, however often it is named', () => {
    const held = nested(14, system);
    const asked = {
      name: 'code:in',
      param: 'code',
      datatypes: ['Coding'],
      terminology: held,
    } as unknown as ParameterRequest; // as far as it is read
    for (let i = 0; i < 2000; i += 1) expect(askIn(setOf('13'), asked)).toMatchObject({ codes: ['a'] });
  });

  test('sets that list much within each other are too costly', () => {
    const many = {
      system: system.system,
      concept: Array.from({ length: 40_000 }, (_, i) => ({ code: `c${i}` })),
    };
    expect(() => expandValueSet(nested(14, many), setOf('13'))).toThrow(/steps/);
  });

  test('one long line of concepts is walked once', () => {
    const concept = Array.from({ length: 20_000 }, (_, i) => ({
      code: `c${i}`,
      ...(i > 0 && { property: [{ code: 'parent', valueCode: `c${i - 1}` }] }),
    }));
    const line = readSystem({
      url: 'http://example.org/line',
      content: 'complete',
      concept,
    } as unknown as CodeSystem);
    const filter = [{ property: 'concept', op: 'is-a', value: 'c1' }] as const;
    const selection = { compose: { include: [{ system: 'http://example.org/line', filter: [...filter] }] } };
    const held = withLoaded(PACKAGED, { valueSets: [], systems: line === undefined ? [] : [line] });
    expect(expandValueSet(held, selection).total).toBe(19_999);
  });
});
