/** Invariants of questionnaires, measures, terminology and statements: an element that breaks one, and the same mended. */
import { item, requirements, text } from './invariant-cases.holders.ts';
import type { Row } from './invariant-cases.ts';

const software = { name: 'x' };
const implementation = { description: 'x' };
const measure = (stratifier: object) => ({ status: 'draft', group: [{ stratifier: [stratifier] }] });
const report = { status: 'complete', type: 'summary', measure: 'http://x', period: { start: '2026' } };
const stratum = (one: object) => ({ ...report, group: [{ stratifier: [{ stratum: [one] }] }] });
const parameter = { name: 'x', use: 'in', min: 0, max: '1' };
const searched = {
  url: 'http://x',
  name: 'X',
  status: 'draft',
  description: 'x',
  code: 'x',
  base: ['Task'],
  type: 'token',
};
const contained = { code: 'a', system: 'http://x' };

export const KNOWLEDGE_ROWS: Readonly<Record<string, readonly Row[]>> = {
  CapabilityStatement: [
    ['cpb-1', { ...requirements, rest: undefined }, requirements],
    ['cpb-2', { ...requirements, description: undefined }, requirements],
    [
      'cpb-3',
      { ...requirements, messaging: [{ endpoint: [{ protocol: { code: 'x' }, address: 'http://x' }] }] },
      { ...requirements, messaging: [{ documentation: 'x' }] },
    ],
    [
      'cpb-7',
      { ...requirements, document: [1, 2].map(() => ({ mode: 'producer', profile: 'http://x' })) },
      { ...requirements, document: ['producer', 'consumer'].map((mode) => ({ mode, profile: 'http://x' })) },
    ],
    [
      'cpb-14',
      { ...requirements, kind: 'instance', software },
      { ...requirements, kind: 'instance', implementation },
    ],
    ['cpb-15', { ...requirements, kind: 'capability' }, { ...requirements, kind: 'capability', software }],
    [
      'cpb-15',
      { ...requirements, kind: 'capability', software, implementation },
      { ...requirements, kind: 'capability', software },
    ],
    ['cpb-16', { ...requirements, software }, requirements],
    ['cpb-16', { ...requirements, implementation }, requirements],
  ],
  'CapabilityStatement.rest': [
    [
      'cpb-9',
      { mode: 'server', resource: [{ type: 'Task' }, { type: 'Task' }] },
      { mode: 'server', resource: [{ type: 'Task' }, { type: 'Patient' }] },
    ],
  ],
  'CapabilityStatement.rest.resource': [
    [
      'cpb-12',
      { type: 'Task', searchParam: [1, 2].map(() => ({ name: 'a', type: 'token' })) },
      { type: 'Task', searchParam: ['a', 'b'].map((name) => ({ name, type: 'token' })) },
    ],
  ],
  CodeSystem: [
    [
      'csd-1',
      { status: 'draft', content: 'complete', concept: [{ code: 'a', concept: [{ code: 'a' }] }] },
      { status: 'draft', content: 'complete', concept: [{ code: 'a', concept: [{ code: 'b' }] }] },
    ],
    [
      'csd-1',
      {
        status: 'draft',
        content: 'complete',
        concept: ['a', 'b'].map((code) => ({ code, concept: [{ code: 'c' }] })),
      },
      {
        status: 'draft',
        content: 'complete',
        concept: ['a', 'b'].map((code) => ({ code, concept: [{ code: `${code}c` }] })),
      },
    ],
  ],
  'ConceptMap.group.element.target': [
    ['cmd-1', { code: 'a', equivalence: 'narrower' }, { code: 'a', equivalence: 'narrower', comment: 'x' }],
    ['cmd-1', { code: 'a', equivalence: 'inexact' }, { code: 'a', equivalence: 'equal' }],
  ],
  'ConceptMap.group.unmapped': [
    ['cmd-2', { mode: 'fixed' }, { mode: 'fixed', code: 'a' }],
    ['cmd-3', { mode: 'other-map' }, { mode: 'other-map', url: 'http://x' }],
  ],
  Measure: [
    [
      'mea-1',
      measure({ code: text, component: [{ criteria: { language: 'text/cql', expression: 'x' } }] }),
      measure({ description: 'x' }),
    ],
    ['mea-1', measure({ id: 'a', extension: [{ url: 'x', valueCode: 'y' }] }), measure({ code: text })],
  ],
  MeasureReport: [
    [
      'mrp-1',
      { ...report, type: 'data-collection', group: [{ code: text }] },
      { ...report, group: [{ code: text }] },
    ],
    ['mrp-2', stratum({ measureScore: { value: 1 } }), stratum({ value: text })],
    [
      'mrp-2',
      stratum({ value: text, component: [{ code: text, value: text }] }),
      stratum({ component: [{ code: text, value: text }] }),
    ],
  ],
  'OperationDefinition.parameter': [
    ['opd-1', parameter, { ...parameter, type: 'code' }],
    [
      'opd-2',
      { ...parameter, type: 'code', searchType: 'token' },
      { ...parameter, type: 'string', searchType: 'token' },
    ],
    [
      'opd-3',
      { ...parameter, type: 'code', targetProfile: ['http://x'] },
      { ...parameter, type: 'Reference', targetProfile: ['http://x'] },
    ],
  ],
  Questionnaire: [
    [
      'que-2',
      { status: 'draft', item: [{ linkId: '1', type: 'group', item: [item] }] },
      { status: 'draft', item: [{ linkId: '0', type: 'group', item: [item] }] },
    ],
  ],
  'Questionnaire.item': [
    ['que-1', { ...item, type: 'group' }, { ...item, type: 'group', item: [{ ...item, linkId: '2' }] }],
    ['que-1', { ...item, type: 'display', item: [{ ...item, linkId: '2' }] }, { ...item, type: 'display' }],
    ['que-3', { ...item, type: 'display', code: [{ code: 'a' }] }, { ...item, code: [{ code: 'a' }] }],
    [
      'que-4',
      { ...item, type: 'choice', answerOption: [{ valueString: 'a' }], answerValueSet: 'http://x' },
      { ...item, type: 'choice', answerValueSet: 'http://x' },
    ],
    [
      'que-5',
      { ...item, type: 'boolean', answerValueSet: 'http://x' },
      { ...item, type: 'open-choice', answerValueSet: 'http://x' },
    ],
    [
      'que-5',
      { ...item, type: 'url', answerOption: [{ valueString: 'a' }] },
      { ...item, type: 'quantity', answerOption: [{ valueInteger: 1 }] },
    ],
    ['que-6', { ...item, type: 'display', required: true }, { ...item, required: true }],
    ['que-6', { ...item, type: 'display', repeats: false }, { ...item, repeats: false }],
    [
      'que-8',
      { ...item, type: 'group', item: [{ ...item, linkId: '2' }], initial: [{ valueString: 'a' }] },
      { ...item, initial: [{ valueString: 'a' }] },
    ],
    ['que-9', { ...item, type: 'display', readOnly: true }, { ...item, readOnly: true }],
    ['que-10', { ...item, type: 'date', maxLength: 1 }, { ...item, type: 'text', maxLength: 1 }],
    [
      'que-11',
      { ...item, type: 'choice', answerOption: [{ valueString: 'a' }], initial: [{ valueString: 'a' }] },
      { ...item, type: 'choice', answerOption: [{ valueString: 'a', initialSelected: true }] },
    ],
    [
      'que-12',
      {
        ...item,
        enableWhen: ['2', '3', '4'].map((question) => ({
          question,
          operator: 'exists',
          answerBoolean: true,
        })),
      },
      {
        ...item,
        enableWhen: ['2', '3'].map((question) => ({ question, operator: 'exists', answerBoolean: true })),
      },
    ],
    [
      'que-13',
      { ...item, repeats: false, initial: [{ valueString: 'a' }, { valueString: 'b' }] },
      { ...item, repeats: true, initial: [{ valueString: 'a' }, { valueString: 'b' }] },
    ],
  ],
  'Questionnaire.item.enableWhen': [
    [
      'que-7',
      { question: '1', operator: 'exists', answerString: 'true' },
      { question: '1', operator: 'exists', answerBoolean: true },
    ],
  ],
  'QuestionnaireResponse.item': [
    [
      'qrs-1',
      { linkId: '1', answer: [{ valueString: 'a' }], item: [{ linkId: '2' }] },
      { linkId: '1', answer: [{ valueString: 'a', item: [{ linkId: '2' }] }] },
    ],
  ],
  SearchParameter: [
    ['spd-1', { ...searched, xpath: 'x' }, { ...searched, xpath: 'x', xpathUsage: 'normal' }],
    ['spd-2', { ...searched, chain: ['x'] }, { ...searched, type: 'reference', chain: ['x'] }],
  ],
  'ValueSet.compose.include': [
    ['vsd-1', { version: '1' }, { system: 'http://x' }],
    [
      'vsd-2',
      { valueSet: ['http://x'], concept: [{ code: 'a' }] },
      { system: 'http://x', concept: [{ code: 'a' }] },
    ],
    [
      'vsd-2',
      { valueSet: ['http://x'], filter: [{ property: 'a', op: '=', value: 'b' }] },
      { system: 'http://x', filter: [{ property: 'a', op: '=', value: 'b' }] },
    ],
    [
      'vsd-3',
      { system: 'http://x', concept: [{ code: 'a' }], filter: [{ property: 'a', op: '=', value: 'b' }] },
      { system: 'http://x', concept: [{ code: 'a' }] },
    ],
  ],
  'ValueSet.expansion.contains': [
    ['vsd-6', { abstract: true }, { abstract: true, display: 'x' }],
    ['vsd-9', { display: 'x', abstract: false }, contained],
    ['vsd-10', { code: 'a' }, contained],
  ],
};
