/**
 * Templates of C-CDA R2.1 that are written: documents and sections as rows. A template that R1.1 had stands with its
 * version and bare, as the rules of compatibility ask.
 */
import { element, type Xml } from '../../xml/elements.ts';

const C = '2.16.840.1.113883.10.20.22';
const IHE = '1.3.6.1.4.1.19376.1.5.3.1';

/** A template: its root, its version, and whether R1.1 had it, so that the bare root stands as well. */
export interface Template {
  readonly root: string;
  readonly version?: string;
  readonly bare?: boolean;
}

/** Below the arc of Consolidated CDA. */
export const template = (arc: string, version?: string, bare = version !== undefined): Template => ({
  root: `${C}.${arc}`,
  ...(version !== undefined && { version }),
  bare,
});

/** A document whose body is a file. */
export const UNSTRUCTURED = template('1.10', '2015-08-01');

export const templateIds = (...templates: readonly Template[]): readonly Xml[] =>
  templates.flatMap(({ root, version, bare }) => [
    ...(version === undefined ? [] : [element('templateId', { root, extension: version })]),
    ...(version === undefined || bare === true ? [element('templateId', { root })] : []),
  ]);

export type DocumentKind = 'referral-note' | 'consultation-note' | 'ccd';

/** The sections, by the names that they are asked for with. */
export type SectionName =
  | 'reason-for-referral'
  | 'history-of-present-illness'
  | 'problems'
  | 'allergies'
  | 'medications'
  | 'immunizations'
  | 'procedures'
  | 'results'
  | 'vital-signs'
  | 'social-history'
  | 'physical-exam'
  | 'functional-status'
  | 'assessment'
  | 'plan'
  | 'assessment-and-plan'
  | 'encounters'
  | 'payers'
  | 'care-teams';

interface DocumentRow {
  readonly template: Template;
  readonly code: string;
  readonly display: string;
  readonly title: string;
  /** Sections that the document has even when there is nothing to say. */
  readonly required: readonly SectionName[];
  /** Sections that it may have besides. */
  readonly optional: readonly SectionName[];
}

export const DOCUMENTS: Readonly<Record<DocumentKind, DocumentRow>> = {
  'referral-note': {
    template: template('1.14', '2015-08-01'),
    code: '57133-1',
    display: 'Referral note',
    title: 'Referral Note',
    required: ['reason-for-referral', 'problems', 'allergies', 'medications', 'assessment', 'plan'],
    optional: [
      'history-of-present-illness',
      'immunizations',
      'procedures',
      'results',
      'vital-signs',
      'social-history',
      'physical-exam',
      'functional-status',
      'payers',
      'care-teams',
      'encounters',
    ],
  },
  'consultation-note': {
    template: template('1.4', '2015-08-01'),
    code: '11488-4',
    display: 'Consult note',
    title: 'Consultation Note',
    required: [
      'reason-for-referral',
      'history-of-present-illness',
      'problems',
      'allergies',
      'assessment',
      'plan',
    ],
    optional: [
      'medications',
      'immunizations',
      'procedures',
      'results',
      'vital-signs',
      'social-history',
      'physical-exam',
      'functional-status',
      'payers',
      'care-teams',
      'encounters',
    ],
  },
  ccd: {
    template: template('1.2', '2015-08-01'),
    code: '34133-9',
    display: 'Summarization of Episode Note',
    title: 'Continuity of Care Document',
    required: ['problems', 'allergies', 'medications', 'results', 'social-history', 'vital-signs'],
    optional: [
      'immunizations',
      'procedures',
      'functional-status',
      'plan',
      'encounters',
      'payers',
      'care-teams',
      'physical-exam',
      'history-of-present-illness',
    ],
  },
};

export interface SectionRow {
  readonly code: string;
  readonly display: string;
  readonly title: string;
  readonly templates: readonly Template[];
  /** The types whose resources are its entries; none: narrative alone. */
  readonly types: readonly string[];
}

/** The order of the sections in a document is that of the rows. */
export const SECTIONS: Readonly<Record<SectionName, SectionRow>> = {
  'reason-for-referral': {
    code: '42349-1',
    display: 'Reason for referral',
    title: 'Reason for Referral',
    templates: [{ root: `${IHE}.3.1`, version: '2014-06-09', bare: true }],
    types: ['ServiceRequest'],
  },
  'history-of-present-illness': {
    code: '10164-2',
    display: 'History of present illness',
    title: 'History of Present Illness',
    templates: [{ root: `${IHE}.3.4` }],
    types: [],
  },
  problems: {
    code: '11450-4',
    display: 'Problem list',
    title: 'Problems',
    templates: [template('2.5.1', '2015-08-01'), template('2.5', '2015-08-01')],
    types: ['Condition'],
  },
  allergies: {
    code: '48765-2',
    display: 'Allergies and adverse reactions',
    title: 'Allergies',
    templates: [template('2.6.1', '2015-08-01'), template('2.6', '2015-08-01')],
    types: ['AllergyIntolerance'],
  },
  medications: {
    code: '10160-0',
    display: 'History of medication use',
    title: 'Medications',
    templates: [template('2.1.1', '2014-06-09'), template('2.1', '2014-06-09')],
    types: ['MedicationRequest'],
  },
  immunizations: {
    code: '11369-6',
    display: 'History of immunization',
    title: 'Immunizations',
    templates: [template('2.2.1', '2015-08-01'), template('2.2', '2015-08-01')],
    types: ['Immunization'],
  },
  procedures: {
    code: '47519-4',
    display: 'History of procedures',
    title: 'Procedures',
    templates: [template('2.7.1', '2014-06-09'), template('2.7', '2014-06-09')],
    types: ['Procedure'],
  },
  results: {
    code: '30954-2',
    display: 'Relevant diagnostic tests or laboratory data',
    title: 'Results',
    templates: [template('2.3.1', '2015-08-01'), template('2.3', '2015-08-01')],
    types: ['DiagnosticReport', 'Observation'],
  },
  'vital-signs': {
    code: '8716-3',
    display: 'Vital signs',
    title: 'Vital Signs',
    templates: [template('2.4.1', '2015-08-01'), template('2.4', '2015-08-01')],
    types: ['Observation'],
  },
  'social-history': {
    code: '29762-2',
    display: 'Social history',
    title: 'Social History',
    templates: [template('2.17', '2015-08-01')],
    types: ['Observation'],
  },
  'physical-exam': {
    code: '29545-1',
    display: 'Physical findings',
    title: 'Physical Exam',
    templates: [{ root: '2.16.840.1.113883.10.20.2.10', version: '2015-08-01', bare: true }],
    types: [],
  },
  'functional-status': {
    code: '47420-5',
    display: 'Functional status assessment',
    title: 'Functional Status',
    templates: [template('2.14', '2014-06-09')],
    types: [],
  },
  assessment: {
    code: '51848-0',
    display: 'Assessment',
    title: 'Assessment',
    templates: [template('2.8')],
    types: [],
  },
  plan: {
    code: '18776-5',
    display: 'Plan of care',
    title: 'Plan of Treatment',
    templates: [template('2.10', '2014-06-09')],
    types: ['ServiceRequest', 'MedicationRequest'],
  },
  'assessment-and-plan': {
    code: '51847-2',
    display: 'Assessment and plan',
    title: 'Assessment and Plan',
    templates: [template('2.9', '2014-06-09')],
    types: ['ServiceRequest', 'MedicationRequest'],
  },
  encounters: {
    code: '46240-8',
    display: 'History of encounters',
    title: 'Encounters',
    templates: [template('2.22.1', '2015-08-01'), template('2.22', '2015-08-01')],
    types: ['Encounter'],
  },
  payers: {
    code: '48768-6',
    display: 'Payment sources',
    title: 'Payers',
    templates: [template('2.18', '2015-08-01')],
    types: ['Coverage'],
  },
  'care-teams': {
    code: '85847-2',
    display: 'Patient Care team information',
    title: 'Care Teams',
    templates: [template('2.500', '2022-06-01', false)],
    types: ['CareTeam'],
  },
};

/** The section with a LOINC code. */
export const sectionOf = (code: string): SectionName | undefined =>
  (Object.keys(SECTIONS) as SectionName[]).find((name) => SECTIONS[name].code === code);
