/**
 * ValueSet/$expand (http://hl7.org/fhir/R4/valueset-operation-expand.html), by the terminology that this server has.
 */
import type { Resource, ValueSet } from '../../../fhir/types.ts';
import { expandValueSet, type Expanded, type Member } from '../../../resources/terminology/expand.ts';
import { numberIn, textIn, isTrueIn } from '../input.ts';
import type { Input, Invocation, Operation, OperationReply } from '../operation.ts';
import { askedValueSet, input, output, terminologyRefusal } from './subject.ts';

/** The largest number of members in one answer. */
const ANSWERED_MAX = 10_000;

export const expand: Operation = {
  name: 'expand',
  id: 'ValueSet-expand',
  base: 'http://hl7.org/fhir/OperationDefinition/ValueSet-expand',
  title: 'List the codes of a value set',
  description:
    'Lists the members of a value set that is packaged, stored here or sent along. Code systems that are not held are a refusal, not a guess. The list is flat.',
  levels: ['type', 'instance'],
  resource: ['ValueSet'],
  affectsState: false,
  needs: 'read',
  parameters: [
    input('url', 'uri', 'The canonical of the value set, with or without |version.'),
    input('valueSet', 'ValueSet', 'The value set itself.'),
    input('valueSetVersion', 'string', 'Which version of the value set.'),
    input('filter', 'string', 'Words that the code or the display holds.'),
    input('offset', 'integer', 'How many members to pass over.'),
    input('count', 'integer', `How many members to list, at most ${ANSWERED_MAX}.`),
    input('includeDesignations', 'boolean', 'Whether other names are listed, too.'),
    input('includeDefinition', 'boolean', 'Whether the composition is shown, too.'),
    input('activeOnly', 'boolean', 'Leave out what is no longer used.'),
    input('excludeNested', 'boolean', 'The list is flat in any case.'),
    input('excludeNotForUI', 'boolean', 'Leave out what groups others and is not used itself.'),
    input('displayLanguage', 'code', 'The language of displays, where there are any of it.'),
    output('return', 'ValueSet', 'The value set with its expansion.', 1),
  ],
  perform: performExpand,
};

async function performExpand(invocation: Invocation): Promise<OperationReply> {
  const { input: given } = invocation;
  const { held, selection, resource, seen } = await askedValueSet(invocation);
  const [offset, count] = [wholeIn(given, 'offset'), wholeIn(given, 'count')];
  const expanded = expandValueSet(held, selection, {
    filter: textIn(given, 'filter'),
    activeOnly: isTrueIn(given, 'activeOnly'),
    concreteOnly: isTrueIn(given, 'excludeNotForUI'),
    offset,
    count: Math.min(count ?? ANSWERED_MAX, ANSWERED_MAX),
  });
  if (count === undefined && expanded.total - (offset ?? 0) > ANSWERED_MAX)
    throw terminologyRefusal(
      'expansion-too-costly',
      `${expanded.total} members: ask with count and offset, or a filter`,
    );
  const { compose, ...described } = resource;
  const shown: ValueSet = {
    ...described,
    ...(compose !== undefined && isTrueIn(given, 'includeDefinition') && { compose }),
    ...(compose === undefined &&
      selection.compose !== undefined &&
      isTrueIn(given, 'includeDefinition') && { compose: selection.compose }),
    expansion: buildExpansion(invocation, expanded),
  };
  return { status: 200, resource: shown as unknown as Resource, seen }; // a ValueSet is a resource
}

function wholeIn(given: Input, name: string): number | undefined {
  const value = numberIn(given, name);
  if (value !== undefined && value < 0)
    throw terminologyRefusal('parameter-invalid', `${name} is not negative`);
  return value;
}

type Expansion = NonNullable<ValueSet['expansion']>;

function buildExpansion({ context, input: given }: Invocation, expanded: Expanded): Expansion {
  const { members, total, systems, parts } = expanded;
  const offset = numberIn(given, 'offset');
  const language = textIn(given, 'displayLanguage');
  const parameter = [
    ...PRIMITIVES.flatMap(([name, key]) => {
      const value = given.get(name)?.[0]?.value;
      return value === undefined ? [] : [{ name, [key]: value }];
    }),
    ...systems.map((valueUri) => ({ name: 'version', valueUri })),
    ...parts.map((valueUri) => ({ name: 'fragment', valueUri })),
  ];
  return {
    identifier: `urn:uuid:${context.newId()}`,
    timestamp: new Date(context.clock.now()).toISOString(),
    total,
    ...(offset !== undefined && { offset }),
    ...(parameter.length > 0 && { parameter }),
    ...(members.length > 0 && {
      contains: members.map((member) => containsOf(member, isTrueIn(given, 'includeDesignations'), language)),
    }),
  };
}

/** Parameters that the answer repeats, with the element of their value. */
const PRIMITIVES: readonly (readonly [name: string, key: string])[] = [
  ['filter', 'valueString'],
  ['offset', 'valueInteger'],
  ['count', 'valueInteger'],
  ['includeDesignations', 'valueBoolean'],
  ['activeOnly', 'valueBoolean'],
  ['excludeNotForUI', 'valueBoolean'],
  ['displayLanguage', 'valueCode'],
];

function containsOf(
  { system, code, display, abstract, inactive, designation }: Member,
  withDesignations: boolean,
  language: string | undefined,
): NonNullable<Expansion['contains']>[number] {
  const shown =
    designation?.find((one) => language !== undefined && one.language === language)?.value ?? display;
  return {
    ...(system !== '' && { system }),
    ...(abstract === true && { abstract }),
    ...(inactive === true && { inactive }),
    code,
    ...(shown !== undefined && { display: shown }),
    ...(withDesignations && designation !== undefined && { designation: [...designation] }),
  };
}
