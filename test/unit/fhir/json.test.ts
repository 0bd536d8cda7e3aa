import { describe, expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import { OperationOutcomeError } from '../../../src/fhir/issue.ts';
import {
  bodyOf,
  decodeUtf8,
  encodeJson,
  parseJson,
  parseJsonValue,
  plainOf,
} from '../../../src/fhir/json.ts';
import type { Resource } from '../../../src/fhir/types.ts';

function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof OperationOutcomeError && error.code === 'json-invalid') {
      return error.issues[0]?.diagnostics ?? '';
    }
    throw error;
  }
  throw new Error('it was accepted');
}

interface Attempt {
  readonly value?: unknown;
  readonly refused?: string;
}

function attempt(work: () => unknown): Attempt {
  try {
    return { value: work() };
  } catch (error) {
    return { refused: String(error) };
  }
}

const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

describe('refused, with the place', () => {
  test.each([
    ['{"a":1,"a":2}', '$.a (character 7): the property stands here a second time'],
    [
      '{"entry":[{"x":{"b":1,"c":2,"b":3}}]}',
      '$.entry[0].x.b (character 28): the property stands here a second time',
    ],
    [String.raw`{"a":1,"\u0061":2}`, '$.a (character 7): the property stands here a second time'],
    ['{"__proto__":{}}', '(character 1): the property name __proto__'],
    [String.raw`{"x":{"\u005f_proto__":1}}`, '(character 6): the property name __proto__'],
    [String.raw`{"name":["\ud83d"]}`, '$.name[0] (character 17): half of a surrogate pair'],
    ['{"name":"\ud83d"}', '$.name (character 11): half of a surrogate pair'],
    [nested(65), `[0] (character 64): it is nested deeper than 64 levels`],
    ['', '$ (character 0): the text ends where a value is expected'],
    ['{"a":1,}', '$ (character 7): a property name in double quotes'],
    ['{"a" 1}', '$.a (character 5): a colon'],
    ['{"a":[1 2]}', '$.a (character 8): a comma or ]'],
    ['[1,]', '$[1] (character 3): a value is expected'],
    ['{"a":01}', '$ (character 6): a comma or }'],
    ['{"a":+1}', '$.a (character 5): a value is expected'],
    ['{"a":NaN}', '$.a (character 5): a value is expected'],
    ['{"a":"x', '$.a (character 7): the text ends inside a string'],
    ['{"a":"\n"}', '$.a (character 6): a control character'],
    [String.raw`{"a":"\x41"}`, '$.a (character 6): an unknown escape'],
    ['{} {}', '$ (character 3): there is text after the end'],
    ["{'a':1}", '$ (character 1): a property name in double quotes'],
    ['// note\n{}', '$ (character 0): a value is expected'],
  ])('%j', (text, says) => {
    expect(refusalOf(() => parseJsonValue(text))).toContain(says);
  });

  test.each(['null', '7', '"Task"', '[]', '{}', '{"resourceType":7}', '{"resourceType":""}'])(
    '%s is no resource',
    (text) => {
      expect(refusalOf(() => parseJson(text))).toMatch(/resource/);
    },
  );

  test('never quotes the text, which may name a patient', () => {
    expect(refusalOf(() => parseJson('{"family":"Mustermann" oops}'))).not.toMatch(/Mustermann|oops/);
    expect(refusalOf(() => parseJson('{"Max Mustermann":1,"Max Mustermann":2}'))).not.toContain('Mustermann');
  });

  test('bytes that are not UTF-8', () => {
    expect(refusalOf(() => decodeUtf8(Uint8Array.of(0x22, 0xc3, 0x28, 0x22)))).toContain('not UTF-8');
    expect(refusalOf(() => decodeUtf8(Uint8Array.of(0xed, 0xa0, 0x80)))).toContain('not UTF-8');
  });

  test('a hundred thousand levels do not overflow the stack', () => {
    expect(refusalOf(() => parseJsonValue(nested(100_000)))).toContain('nested deeper');
    expect(refusalOf(() => parseJsonValue('['.repeat(100_000)))).toContain('nested deeper');
  });
});

test('a byte order mark is not part of the text', () => {
  expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d))).toBe('{}');
});

test('64 levels, equal names at different places and escaped pairs are accepted', () => {
  expect(encodeJson(parseJsonValue(nested(64)))).toBe(nested(64));
  expect(parseJsonValue('[{"a":{"a":1}},{"a":2}]')).toEqual([{ a: { a: 1 } }, { a: 2 }]);
  expect(parseJsonValue(String.raw`["\ud83d\ude00","\\\"","__proto__",":{"]`)).toEqual([
    '😀',
    '\\"',
    '__proto__',
    ':{',
  ]);
});

const literals = [
  '1.50',
  '1e2',
  '1E+2',
  '12345678901234567890.10',
  '-0.0',
  '-0',
  '1.0',
  '0.000',
  '1e400',
  '100000000000000000000000',
];

describe('number literals', () => {
  test.each(literals)('%s survives, and rules see a number', (literal) => {
    const body = parseJson(`{"resourceType":"Observation","value":[${literal}],"other":1.5}`);
    expect(body.plain['value']).toEqual([Number(literal)]);
    expect(encodeJson(body.storing)).toBe(`{"resourceType":"Observation","value":[${literal}],"other":1.5}`);
  });

  test('without such a literal both trees are one', () => {
    const body = parseJson('{"resourceType":"Observation","a":[1,1.5,-3,1e+21,"1.50",0.1]}');
    expect(body.storing).toBe(body.plain);
  });

  test('another element changed beside 1.50 keeps 1.50', () => {
    const { storing } = parseJson(
      '{"resourceType":"Observation","status":"final","valueQuantity":{"value":1.50}}',
    );
    const body = bodyOf({ ...storing, status: 'amended' });
    expect(encodeJson(body.storing)).toBe(
      '{"resourceType":"Observation","status":"amended","valueQuantity":{"value":1.50}}',
    );
    expect(body.plain['valueQuantity']).toEqual({ value: 1.5 });
  });

  test('a property named rawJSON is a property like any other', () => {
    const value = parseJsonValue('{"rawJSON":"1.50","n":1.50}');
    expect(plainOf(value)).toEqual({ rawJSON: '1.50', n: 1.5 });
    expect(encodeJson(value)).toBe('{"rawJSON":"1.50","n":1.50}');
  });
});

const number = fc
  .tuple(
    fc.boolean(),
    fc.nat(),
    fc.option(fc.stringMatching(/^\d{1,20}$/)),
    fc.option(fc.integer({ min: -30, max: 30 })),
  )
  .map(
    ([minus, whole, part, exponent]) =>
      `${minus ? '-' : ''}${whole}${part ? `.${part}` : ''}${exponent === null ? '' : `e${exponent}`}`,
  );
const text = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    number,
    fc.constantFrom('true', 'false', 'null'),
    fc.string({ unit: 'grapheme' }).map((value) => JSON.stringify(value)),
    fc.array(tie('value'), { maxLength: 4 }).map((members) => `[${members.join(',')}]`),
    fc
      .uniqueArray(
        fc.tuple(
          fc.string({ unit: 'grapheme' }).filter((name) => !/^\d+$|^__proto__$/.test(name)),
          tie('value'),
        ),
        {
          selector: ([name]) => name,
          maxLength: 4,
        },
      )
      .map((members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`),
  ),
})).value;

describe('any JSON text', () => {
  test('comes back letter by letter, and plain is what JSON.parse gives', () => {
    fc.assert(
      fc.property(text, (written) => {
        const storing = parseJsonValue(written);
        expect(encodeJson(storing)).toBe(written);
        expect(plainOf(storing)).toEqual(JSON.parse(written));
      }),
    );
  });

  test('is refused or read exactly as JSON.parse would, when damaged', () => {
    fc.assert(
      fc.property(text, fc.nat(), fc.string({ maxLength: 2 }), (written, place, put) => {
        const at = place % (written.length + 1);
        const damaged = written.slice(0, at) + put + written.slice(at + 1);
        const engine = attempt(() => JSON.parse(damaged));
        const ours = attempt(() => plainOf(parseJsonValue(damaged)));
        // What only we refuse: sound JSON that FHIR does not allow.
        const strict = /second time|__proto__|surrogate/.test(ours.refused ?? '');
        expect(ours.refused !== undefined).toBe(strict || engine.refused !== undefined);
        expect(ours.value).toEqual(strict ? undefined : engine.value);
      }),
    );
  });

  test('bodyOf of a tree without kept literals is that tree', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (tree) => {
        const resource: Resource = { ...tree, resourceType: 'Basic' };
        expect(bodyOf(resource).plain).toBe(resource);
      }),
    );
  });
});
