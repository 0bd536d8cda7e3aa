/** A whole BSeR referral message with its feedback document: sound as it is, and each breach found at its place. */
import { describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { judgeResource } from '../../../src/resources/validate.ts';
import profiles from '../../../src/resources/generated/profiles.json' with { type: 'json' };
import type { ElementRule, ProfileRow } from '../../../src/resources/validation/profile-row.ts';
import { DOCUMENT, documentOf, entryOf, messageOf, PACKAGE } from './bser-package.ts';

const WHOLE = { ...PACKAGE, feedback: documentOf(DOCUMENT) };

async function errorsOf(resource: Resource): Promise<readonly string[]> {
  const details = await judgeResource(JSON.parse(JSON.stringify(resource)) as Resource);
  return details
    .filter(({ severity = 'error' }) => severity === 'error')
    .map(({ expression }) => String(expression));
}

test('the message and the document within it are sound', async () => {
  expect(await errorsOf(messageOf(WHOLE))).toEqual([]);
  expect(await errorsOf(documentOf(DOCUMENT))).toEqual([]);
});

const changed = (name: keyof typeof PACKAGE, rest: object) => ({
  ...WHOLE,
  [name]: { ...PACKAGE[name], ...rest } as Resource,
});
const at = (name: keyof typeof PACKAGE, path = ''): string =>
  `Bundle.entry[${entryOf(WHOLE, name)}].resource${path}`;

describe('a breach in the message', () => {
  test.each<[string, Resource, readonly string[]]>([
    ['no header', messageOf({ ...WHOLE, header: undefined as never }), ['Bundle']],
    [
      'another event',
      messageOf(changed('header', { eventCoding: { system: 'urn:x', code: 'I13' } })),
      ['Bundle.entry', at('header', '.event')],
    ],
    [
      'a header that is about no Task',
      messageOf(changed('header', { focus: [{ reference: PACKAGE.order?.id ?? 'ServiceRequest/1' }] })),
      ['Bundle.entry', at('header', '.focus[0]')],
    ],
    [
      'a Task that its header cannot be about',
      messageOf(changed('task', { intent: 'plan' })),
      [at('task', '.intent'), at('header', '.focus[0]')],
    ],
    [
      'a patient without a name',
      messageOf(changed('patient', { name: undefined })),
      [at('patient', '.name'), at('task', '.for'), at('order', '.subject')],
    ],
    [
      'an order without a reason in words',
      messageOf(changed('order', { reasonCode: [{ coding: [{ code: 'x' }] }] })),
      [at('order', '.reasonCode[0].text'), at('task', '.focus')],
    ],
    [
      'a role without contact',
      messageOf(changed('to', { telecom: undefined })),
      [at('to'), at('header', '.destination[0].receiver')],
    ],
  ])('%s', async (_what, message, expected) => {
    expect(await errorsOf(message)).toEqual(expect.arrayContaining([...expected]));
  });
});

describe('a breach in the document', () => {
  const document = (rest: object) => documentOf({ ...DOCUMENT, ...rest });
  test.each<[string, Resource, readonly string[]]>([
    [
      'two weights',
      document({
        composition: {
          ...DOCUMENT.composition,
          section: [
            (DOCUMENT.composition?.['section'] as readonly object[] | undefined)?.[0],
            {
              code: { coding: [{ system: 'http://hl7.org/fhir/us/bser/CodeSystem/bser', code: 'ORFSI' }] },
              entry: ['weight', 'weight'].map(() => ({
                reference: 'urn:uuid:00000000-0000-4000-8000-000000000022',
              })),
            },
          ],
        },
      }),
      ['Bundle.entry', 'Bundle.entry[0].resource.section[1].entry'],
    ],
    [
      'no summary',
      document({
        composition: {
          ...DOCUMENT.composition,
          section: [
            {
              code: { text: 'x' },
              text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">x</div>' },
            },
          ],
        },
      }),
      ['Bundle.entry', 'Bundle.entry[0].resource.section'],
    ],
  ])('%s', async (_what, resource, expected) => {
    expect(await errorsOf(resource)).toEqual(expect.arrayContaining([...expected]));
  });
});

// — every rule of every profile in the package, broken alone

const ROWS = new Map(Object.entries(profiles as unknown as Record<string, ProfileRow>)); // generated as such

interface Mutation {
  readonly what: string;
  readonly resource: Resource;
}

/** The rules of elements outside of slices, each broken where the sample has the element. */
function mutationsOf(sample: Resource): readonly Mutation[] {
  const row = ROWS.get(String(sample.meta?.profile?.[0]));
  return row === undefined ? [] : breaches(row.rule, sample, [], sample);
}

type Path = readonly (string | number)[];

function breaches(rule: ElementRule, value: unknown, path: Path, whole: Resource): readonly Mutation[] {
  return Object.entries(rule.elements ?? {}).flatMap(([name, below]) => {
    const key = Object.keys(value as object).find(
      (each) => each === name || (name.endsWith('[x]') && each.startsWith(name.slice(0, -3))),
    );
    if (key === undefined) return [];
    const child = (value as Readonly<Record<string, unknown>>)[key];
    const own = [...path, key];
    return [...breachesOf(below, child, own, whole), ...within(below, child, own, whole)];
  });
}

function breachesOf(
  { min = 0, max = Infinity, fixed, pattern, types }: ElementRule,
  value: unknown,
  path: Path,
  whole: Resource,
): readonly Mutation[] {
  const target = types?.some(({ targets }) => targets !== undefined) === true;
  return [
    ...(min > 0 ? [mutate(whole, path, 'missing', () => undefined)] : []),
    ...(max === 1 && Array.isArray(value) ? [mutate(whole, path, 'twice', () => [value[0], value[0]])] : []),
    ...(fixed === undefined && pattern === undefined
      ? []
      : [mutate(whole, path, 'other', () => other(value))]),
    ...(target ? [mutate(whole, path, 'elsewhere', () => (Array.isArray(value) ? [BASIC] : BASIC))] : []),
  ];
}

const BASIC = { reference: 'Basic/1' };
const other = (value: unknown): unknown =>
  typeof value === 'string'
    ? 'proposal'
    : Array.isArray(value)
      ? [{ text: 'x' }]
      : 'system' in (value as object)
        ? { system: 'urn:x', code: 'x' }
        : { text: 'x' };

function within(rule: ElementRule, value: unknown, path: Path, whole: Resource): readonly Mutation[] {
  const members: readonly unknown[] = Array.isArray(value) ? value : [value];
  return members.flatMap((member, index) =>
    typeof member === 'object' && member !== null && !('reference' in member)
      ? breaches(rule, member, Array.isArray(value) ? [...path, index] : path, whole)
      : [],
  );
}

function mutate(whole: Resource, path: Path, how: string, change: () => unknown): Mutation {
  const copy = JSON.parse(JSON.stringify(whole)) as Resource;
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((at_, part) => (at_ as Record<string | number, unknown>)[part], copy);
  const value_ = change();
  const key = path.at(-1) ?? '';
  if (value_ === undefined) delete (parent as Record<string | number, unknown>)[key];
  else (parent as Record<string | number, unknown>)[key] = value_;
  return { what: `${whole.resourceType}.${path.join('.')} ${how}`, resource: copy };
}

/** STU1 has the same canonical and does not ask for these: a warning. */
const LISTED: readonly string[] = ['Task.code missing', 'Task.for missing'];

describe('each rule, broken alone, is found, or listed', () => {
  const samples = [
    ...Object.values(PACKAGE),
    ...Object.values(DOCUMENT),
    messageOf(WHOLE),
    documentOf(DOCUMENT),
  ];
  const all = new Map(
    samples.flatMap((sample) => mutationsOf(sample)).map((mutation) => [mutation.what, mutation]),
  );

  test('there are many', () => expect(all.size).toBeGreaterThan(90));

  test.each([...all.values()].map(({ what, resource }) => [what, resource] as const))(
    '%s',
    async (what, resource) => {
      expect((await errorsOf(resource)).length > 0).toBe(!LISTED.includes(what));
    },
  );
});
