/**
 * CodeSystem/$lookup and CodeSystem/$subsumes (http://hl7.org/fhir/R4/codesystem-operation-lookup.html,
 * http://hl7.org/fhir/R4/codesystem-operation-subsumes.html), by the terminology that this server has.
 */
import type { Coding } from '../../../fhir/types.ts';
import { conceptOf, type Concept, type System } from '../../../resources/terminology/terminology-source.ts';
import { descend, isSubsumedBy } from '../../../resources/terminology/hierarchy.ts';
import type { Seen } from '../../seen.ts';
import { textIn, textsIn, valueIn } from '../input.ts';
import type { Invocation, Operation, OperationParameter, OperationReply } from '../operation.ts';
import { parametersOf, type Out } from '../output.ts';
import { askedCodeSystem, askedSystem, input, output, terminologyRefusal } from './subject.ts';

const manyOut = (
  name: string,
  documentation: string,
  part: readonly OperationParameter[],
): OperationParameter => ({
  name,
  use: 'out',
  min: 0,
  max: '*',
  documentation,
  part,
});

export const lookup: Operation = {
  name: 'lookup',
  id: 'CodeSystem-lookup',
  base: 'http://hl7.org/fhir/OperationDefinition/CodeSystem-lookup',
  title: 'Look a code up',
  description: 'Says what is known of a code of a code system that is packaged or stored here.',
  levels: ['type'],
  resource: ['CodeSystem'],
  affectsState: false,
  needs: 'read',
  parameters: [
    input('code', 'code', 'The code; its system is needed as well.'),
    input('system', 'uri', 'The system of the code.'),
    input('version', 'string', 'Which version of the system.'),
    input('coding', 'Coding', 'The code with its system.'),
    input('displayLanguage', 'code', 'The language of the display, where there is one of it.'),
    input('property', 'code', 'Only these properties; display and designation are told in any case.', '*'),
    output('name', 'string', 'What the code system is called.', 1),
    output('version', 'string', 'Which version of it.'),
    output('display', 'string', 'The name of the code.', 1),
    manyOut('designation', 'Another name.', [
      output('language', 'code', 'Of which language.'),
      output('use', 'Coding', 'For what.'),
      output('value', 'string', 'The name.', 1),
    ]),
    manyOut('property', 'Something that is said of the code.', [
      output('code', 'code', 'Which property.', 1),
      output('value', '*', 'Its value.'),
    ]),
  ],
  perform: performLookup,
};

async function performLookup(invocation: Invocation): Promise<OperationReply> {
  const { input: given } = invocation;
  const { system, code, version } = codingIn(invocation);
  const { system: held } = await askedSystem(invocation, [
    withVersion(system, textIn(given, 'version') ?? version),
  ]);
  const concept = conceptOf(held, code);
  if (concept === undefined && held.accepts?.(code) !== true)
    throw terminologyRefusal(
      'not-found',
      'the code system has no such code, or only a part of it is held here',
    );
  return { status: 200, resource: parametersOf(told(held, concept ?? { code, parents: [] }, invocation)) };
}

const withVersion = (url: string, version: string | undefined): string =>
  version === undefined ? url : `${url}|${version}`;

/** @throws OperationOutcomeError unless there is one code with its system */
function codingIn({ input: given }: Invocation): {
  system: string;
  code: string;
  version?: string | undefined;
} {
  const coding = valueIn(given, 'coding') as Coding | undefined; // checked against the definition
  const code = textIn(given, 'code');
  if ((coding === undefined) === (code === undefined))
    throw terminologyRefusal('parameter-invalid', 'give one of code and coding');
  const found = coding ?? { code, system: textIn(given, 'system') };
  if (found.code === undefined || found.system === undefined)
    throw terminologyRefusal('field-missing', 'a code needs its system');
  return { system: found.system, code: found.code, version: coding?.version };
}

function told(system: System, concept: Concept, { input: given }: Invocation): readonly Out[] {
  const language = textIn(given, 'displayLanguage');
  const { designation = [], display, code } = concept;
  const inLanguage = designation.find((one) => language !== undefined && one.language === language)?.value;
  const wanted = new Set(textsIn(given, 'property'));
  return [
    { name: 'name', valueString: system.name ?? system.title ?? system.url },
    ...(system.version === undefined ? [] : [{ name: 'version', valueString: system.version }]),
    { name: 'display', valueString: inLanguage ?? display ?? code },
    ...designation.map(({ language: of, use, value }) => ({
      name: 'designation',
      part: [
        ...(of === undefined ? [] : [{ name: 'language', valueCode: of }]),
        ...(use === undefined ? [] : [{ name: 'use', valueCoding: use }]),
        { name: 'value', valueString: value },
      ],
    })),
    ...propertiesOf(system, concept)
      .filter(([name]) => wanted.size === 0 || wanted.has(name))
      .map(([name, value]) => ({
        name: 'property',
        part: [
          { name: 'code', valueCode: name },
          { name: 'value', ...value },
        ],
      })),
  ];
}

type Value = Readonly<Record<string, unknown>>;

function propertiesOf(system: System, concept: Concept): readonly (readonly [name: string, value: Value])[] {
  const { code, parents, definition, inactive, abstract, property = [] } = concept;
  const built = [
    ...(definition === undefined ? [] : [['definition', { valueString: definition }] as const]),
    ['inactive', { valueBoolean: inactive ?? false }] as const,
    ...(abstract === true ? [['abstract', { valueBoolean: true }] as const] : []),
    ...parents.map((parent) => ['parent', { valueCode: parent }] as const),
    ...(descend(system)(code) ?? []).map((child) => ['child', { valueCode: child }] as const),
  ];
  const own = property
    .filter(({ code: name }) => !BUILT.has(name))
    .map(({ code: name, ...value }) => [name, value as Value] as const);
  return [...built, ...own];
}

const BUILT: ReadonlySet<string> = new Set([
  'definition',
  'inactive',
  'abstract',
  'notSelectable',
  'parent',
  'child',
]);

export const subsumes: Operation = {
  name: 'subsumes',
  id: 'CodeSystem-subsumes',
  base: 'http://hl7.org/fhir/OperationDefinition/CodeSystem-subsumes',
  title: 'Compare two codes',
  description: 'Says whether one code stands above another in a code system that is packaged or stored here.',
  levels: ['type', 'instance'],
  resource: ['CodeSystem'],
  affectsState: false,
  needs: 'read',
  parameters: [
    input('codeA', 'code', 'One code.'),
    input('codeB', 'code', 'The other code.'),
    input('system', 'uri', 'The system of both.'),
    input('version', 'string', 'Which version of the system.'),
    input('codingA', 'Coding', 'One code with its system.'),
    input('codingB', 'Coding', 'The other code with its system.'),
    output('outcome', 'code', 'How A stands to B: equivalent, subsumes, subsumed-by or not-subsumed.', 1),
  ],
  perform: performSubsumes,
};

async function performSubsumes(invocation: Invocation): Promise<OperationReply> {
  const [a, b] = [pairIn(invocation, 'A'), pairIn(invocation, 'B')];
  const { system, seen } = await systemOfPair(invocation, a, b);
  for (const { code } of [a, b])
    if (conceptOf(system, code) === undefined)
      throw terminologyRefusal(
        'not-found',
        'the code system has not both codes, or only a part of it is held here',
      );
  const [up, down] = [isSubsumedBy(system, b.code, a.code), isSubsumedBy(system, a.code, b.code)];
  const valueCode = up && down ? 'equivalent' : up ? 'subsumes' : down ? 'subsumed-by' : 'not-subsumed';
  return { status: 200, resource: parametersOf([{ name: 'outcome', valueCode }]), seen };
}

interface One {
  readonly code: string;
  readonly system?: string | undefined;
}

function pairIn({ input: given }: Invocation, which: 'A' | 'B'): One {
  const coding = valueIn(given, `coding${which}`) as Coding | undefined; // checked against the definition
  const code = textIn(given, `code${which}`) ?? coding?.code;
  if (code === undefined) throw terminologyRefusal('field-missing', `give code${which} or coding${which}`);
  return { code, system: coding?.system };
}

async function systemOfPair(
  invocation: Invocation,
  a: One,
  b: One,
): Promise<{ readonly system: System; readonly seen: readonly Seen[] }> {
  if (invocation.level === 'instance') return askedCodeSystem(invocation);
  const named = [textIn(invocation.input, 'system'), a.system, b.system].filter((one) => one !== undefined);
  const [first, ...others] = [...new Set(named)];
  if (first === undefined) throw terminologyRefusal('field-missing', 'the codes need their system');
  if (others.length > 0) throw terminologyRefusal('parameter-invalid', 'both codes are of one system');
  const found = await askedSystem(invocation, [withVersion(first, textIn(invocation.input, 'version'))]);
  return { system: found.system, seen: [] };
}
