/** Invariants of questionnaires, measures, terminology, and descriptions of systems. */
import {
  atLeastOne,
  has,
  isDistinct,
  listOf,
  notBoth,
  row,
  together,
  treesOf,
  type Invariant,
  type Tree,
} from './row.ts';

/** Elements that items of these types must not have. */
const notOf = (key: string, types: readonly string[], ...names: readonly string[]): Invariant =>
  row(
    key,
    `an item of type ${types.join(' or ')} has no ${names.join(' and no ')}`,
    (item) => !types.includes(String(item['type'])) || names.every((name) => !has(item, name)),
  );

/** Elements that only items of these types may have. */
const onlyOf = (key: string, types: readonly string[], ...names: readonly string[]): Invariant =>
  row(
    key,
    `${names.join(' and ')} is for items of type ${types.join(', ')}`,
    (item) => types.includes(String(item['type'])) || names.every((name) => !has(item, name)),
  );

const WITH_OPTIONS = [
  'choice',
  'open-choice',
  'decimal',
  'integer',
  'date',
  'dateTime',
  'time',
  'string',
  'quantity',
];
const WITH_LENGTH = ['boolean', 'decimal', 'integer', 'string', 'text', 'url', 'open-choice'];

export const KNOWLEDGE: Readonly<Record<string, readonly Invariant[]>> = {
  CapabilityStatement: [
    atLeastOne('cpb-1', 'rest', 'messaging', 'document'),
    atLeastOne('cpb-2', 'description', 'software', 'implementation'),
    row(
      'cpb-3',
      'messaging.endpoint is for an instance',
      (statement) =>
        statement['kind'] === 'instance' ||
        treesOf(statement, 'messaging').every((messaging) => !has(messaging, 'endpoint')),
    ),
    row('cpb-7', 'a document profile stands once for each mode', (statement) =>
      isDistinct(treesOf(statement, 'document').map(({ profile, mode }) => JSON.stringify([profile, mode]))),
    ),
    row(
      'cpb-14',
      'an instance has an implementation',
      (statement) => statement['kind'] !== 'instance' || has(statement, 'implementation'),
    ),
    row(
      'cpb-15',
      'a capability has software and no implementation',
      (statement) =>
        statement['kind'] !== 'capability' ||
        (has(statement, 'software') && !has(statement, 'implementation')),
    ),
    row(
      'cpb-16',
      'requirements have neither software nor implementation',
      (statement) =>
        statement['kind'] !== 'requirements' ||
        (!has(statement, 'software') && !has(statement, 'implementation')),
    ),
  ],
  'CapabilityStatement.rest': [
    row('cpb-9', 'a resource type stands once', (rest) =>
      isDistinct(textsAt(treesOf(rest, 'resource'), 'type')),
    ),
  ],
  'CapabilityStatement.rest.resource': [
    row('cpb-12', 'a search parameter stands once', (resource) =>
      isDistinct(textsAt(treesOf(resource, 'searchParam'), 'name')),
    ),
  ],
  CodeSystem: [
    row('csd-1', 'every code stands once', (system) => isDistinct(textsAt(below(system, 'concept'), 'code'))),
  ],
  'ConceptMap.group.element.target': [
    row(
      'cmd-1',
      'a narrower or inexact map needs a comment',
      (target) => has(target, 'comment') || !['narrower', 'inexact'].includes(String(target['equivalence'])),
    ),
  ],
  'ConceptMap.group.unmapped': [
    row(
      'cmd-2',
      'mode fixed needs a code',
      (unmapped) => unmapped['mode'] !== 'fixed' || has(unmapped, 'code'),
    ),
    row(
      'cmd-3',
      'mode other-map needs a url',
      (unmapped) => unmapped['mode'] !== 'other-map' || has(unmapped, 'url'),
    ),
  ],
  Measure: [
    row('mea-1', 'a stratifier has either criteria of its own or components', (measure) =>
      treesOf(measure, 'group')
        .flatMap((group) => treesOf(group, 'stratifier'))
        .every(
          (stratifier) =>
            ['code', 'description', 'criteria'].some((name) => has(stratifier, name)) !==
            has(stratifier, 'component'),
        ),
    ),
  ],
  MeasureReport: [
    row(
      'mrp-1',
      'a report for data collection has no groups',
      (report) => report['type'] !== 'data-collection' || !has(report, 'group'),
    ),
    row('mrp-2', 'a stratum has either a value or components', (report) =>
      treesOf(report, 'group')
        .flatMap((group) => treesOf(group, 'stratifier'))
        .flatMap((stratifier) => treesOf(stratifier, 'stratum'))
        .every((stratum) => has(stratum, 'value') !== has(stratum, 'component')),
    ),
  ],
  'OperationDefinition.parameter': [
    atLeastOne('opd-1', 'type', 'part'),
    row(
      'opd-2',
      'searchType is for parameters of type string',
      (parameter) => !has(parameter, 'searchType') || parameter['type'] === 'string',
    ),
    row(
      'opd-3',
      'targetProfile is for parameters of type Reference or canonical',
      (parameter) =>
        !has(parameter, 'targetProfile') || ['Reference', 'canonical'].includes(String(parameter['type'])),
    ),
  ],
  Questionnaire: [
    row('que-2', 'every linkId stands once', (questionnaire) =>
      isDistinct(textsBelow(questionnaire, 'linkId')),
    ),
  ],
  'Questionnaire.item': [
    row(
      'que-1',
      'a group has items, a display has none',
      (item) =>
        (item['type'] !== 'group' || has(item, 'item')) && (item['type'] !== 'display' || !has(item, 'item')),
    ),
    notOf('que-3', ['display'], 'code'),
    notBoth('que-4', 'answerOption', 'answerValueSet'),
    onlyOf('que-5', WITH_OPTIONS, 'answerOption', 'answerValueSet'),
    notOf('que-6', ['display'], 'required', 'repeats'),
    notOf('que-8', ['group', 'display'], 'initial'),
    notOf('que-9', ['display'], 'readOnly'),
    onlyOf('que-10', WITH_LENGTH, 'maxLength'),
    notBoth('que-11', 'answerOption', 'initial'),
    row(
      'que-12',
      'more than two enableWhen need enableBehavior',
      (item) => listOf(item, 'enableWhen').length <= 2 || has(item, 'enableBehavior'),
    ),
    row(
      'que-13',
      'only a repeating item has several initial values',
      (item) => item['repeats'] === true || listOf(item, 'initial').length <= 1,
    ),
  ],
  'Questionnaire.item.enableWhen': [
    row(
      'que-7',
      'with the operator exists the answer is a boolean',
      (condition) => condition['operator'] !== 'exists' || has(condition, 'answerBoolean'),
    ),
  ],
  SearchParameter: [
    together('spd-1', 'xpath', 'xpathUsage'),
    row(
      'spd-2',
      'chain is for parameters of type reference',
      (parameter) => !has(parameter, 'chain') || parameter['type'] === 'reference',
    ),
  ],
  'ValueSet.compose.include': [
    atLeastOne('vsd-1', 'valueSet', 'system'),
    together('vsd-2', 'concept', 'system'),
    together('vsd-2', 'filter', 'system'),
    notBoth('vsd-3', 'concept', 'filter'),
  ],
  'ValueSet.expansion.contains': [
    atLeastOne('vsd-6', 'code', 'display'),
    row(
      'vsd-9',
      'what is not abstract has a code',
      (entry) => has(entry, 'code') || entry['abstract'] === true,
    ),
    together('vsd-10', 'code', 'system'),
  ],
};

function textsAt(trees: readonly Tree[], name: string): readonly string[] {
  return trees.flatMap((tree) => (typeof tree[name] === 'string' ? [tree[name]] : []));
}

/** The structures of this name at any depth. */
function below(tree: unknown, name: string): readonly Tree[] {
  if (typeof tree !== 'object' || tree === null) return [];
  if (Array.isArray(tree)) return tree.flatMap((member) => below(member, name));
  const here = (tree as Tree)[name];
  return [
    ...(Array.isArray(here) ? (here as readonly Tree[]) : []), // of a sound resource these are structures
    ...Object.values(tree).flatMap((member) => below(member, name)),
  ];
}

function textsBelow(tree: unknown, name: string): readonly string[] {
  if (typeof tree !== 'object' || tree === null) return [];
  return Object.entries(tree).flatMap(([key, member]) =>
    key === name && typeof member === 'string' ? [member] : textsBelow(member, name),
  );
}
