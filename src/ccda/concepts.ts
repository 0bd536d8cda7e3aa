/**
 * Codes that are other codes on the other side, from the ConceptMaps of C-CDA on FHIR. The guide's spreadsheets permute
 * the clinical status of allergies; its ConceptMaps are right and stand here.
 */
import { table } from './table.ts';
import type { Address, ContactPoint, HumanName } from '../fhir/types.ts';

type Codes<Target extends string> = Readonly<Record<string, Target | undefined>>;

/** SNOMED CT of an allergy's value: the category. */
export const ALLERGY_CATEGORIES: Codes<'food' | 'medication'> = table({
  '235719002': 'food',
  '414285001': 'food',
  '418471000': 'food',
  '416098002': 'medication',
  '419511003': 'medication',
  '59037007': 'medication',
});

/** SNOMED CT of an allergy's value: whether it is an allergy or an intolerance. */
export const ALLERGY_TYPES: Codes<'allergy' | 'intolerance'> = table({
  '235719002': 'intolerance',
  '59037007': 'intolerance',
  '414285001': 'allergy',
  '416098002': 'allergy',
  '419199007': 'allergy',
});

/** The value of an allergy by its category, then by its type; `none` where no type is known. */
export const ALLERGY_VALUES: Readonly<
  Record<string, Readonly<Record<'allergy' | 'intolerance' | 'none', string>>>
> = table({
  food: { allergy: '414285001', intolerance: '235719002', none: '418471000' },
  medication: { allergy: '416098002', intolerance: '59037007', none: '419511003' },
  environment: { allergy: '419199007', intolerance: '418038007', none: '418038007' },
  biologic: { allergy: '419199007', intolerance: '418038007', none: '418038007' },
  none: { allergy: '419199007', intolerance: '418038007', none: '418038007' },
});

/** What there may be no allergies to. */
export type AllergyGroup = 'any' | 'drug' | 'food' | 'environmental' | 'latex';

/** SNOMED CT for the absence of allergies. */
export const NONE_KNOWN_ALLERGIES: Readonly<
  Record<AllergyGroup, { readonly code: string; readonly display: string }>
> = table({
  any: { code: '716186003', display: 'No known allergy' },
  drug: { code: '409137002', display: 'No known history of drug allergy' },
  food: { code: '429625007', display: 'No known food allergy' },
  environmental: { code: '428607008', display: 'No known environmental allergy' },
  latex: { code: '1003774007', display: 'No known latex allergy' },
});

/** SNOMED CT of a status observation: the clinical status of an allergy. */
export const ALLERGY_STATUSES: Codes<'active' | 'inactive' | 'resolved'> = table({
  '55561003': 'active',
  '73425007': 'inactive',
  '413322009': 'resolved',
});

/** SNOMED CT of a status observation: the clinical status of a problem. */
export const PROBLEM_STATUSES: Codes<
  'active' | 'inactive' | 'resolved' | 'recurrence' | 'relapse' | 'remission'
> = table({
  '55561003': 'active',
  '73425007': 'inactive',
  '413322009': 'resolved',
  '246455001': 'recurrence',
  '263855007': 'relapse',
  '277022003': 'remission',
});

export const CRITICALITIES: Codes<'high' | 'low' | 'unable-to-assess'> = table({
  CRITH: 'high',
  CRITL: 'low',
  CRITU: 'unable-to-assess',
});

/** SNOMED CT: the severity of a reaction. The last three are read, and never written. */
export const SEVERITIES: Codes<'mild' | 'moderate' | 'severe'> = table({
  '255604002': 'mild',
  '6736007': 'moderate',
  '24484000': 'severe',
  '371923003': 'mild',
  '371924009': 'moderate',
  '399166001': 'severe',
});

/** LOINC of a section: the category of its conditions. */
export const CONDITION_CATEGORIES: Codes<'problem-list-item' | 'encounter-diagnosis' | 'health-concern'> =
  table({
    '11450-4': 'problem-list-item',
    '46240-8': 'encounter-diagnosis',
    '75310-3': 'health-concern',
  });

/** ActStatus of a medication activity. */
export const MEDICATION_STATUSES: Codes<'active' | 'on-hold' | 'stopped' | 'completed' | 'entered-in-error'> =
  table({
    active: 'active',
    suspended: 'on-hold',
    aborted: 'stopped',
    completed: 'completed',
    nullified: 'entered-in-error',
  });

/** ActStatus of a procedure that was, or is being, done. */
export const PROCEDURE_STATUSES: Codes<
  'completed' | 'in-progress' | 'stopped' | 'not-done' | 'entered-in-error'
> = table({
  completed: 'completed',
  active: 'in-progress',
  aborted: 'stopped',
  cancelled: 'not-done',
  nullified: 'entered-in-error',
});

/** ActStatus of a result. */
export const RESULT_STATUSES: Codes<'final' | 'registered' | 'cancelled' | 'entered-in-error'> = table({
  completed: 'final',
  active: 'registered',
  held: 'registered',
  suspended: 'registered',
  aborted: 'cancelled',
  cancelled: 'cancelled',
  nullified: 'entered-in-error',
});

/** ActStatus of an encounter. */
export const ENCOUNTER_STATUSES: Codes<
  'in-progress' | 'finished' | 'cancelled' | 'planned' | 'unknown' | 'entered-in-error'
> = table({
  active: 'in-progress',
  completed: 'finished',
  cancelled: 'cancelled',
  held: 'planned',
  aborted: 'unknown',
  new: 'unknown',
  nullified: 'entered-in-error',
});

export const GENDERS: Codes<'male' | 'female' | 'other'> = table({ M: 'male', F: 'female', UN: 'other' });

/** EntityNameUse of a name. */
export const NAME_USES: Codes<NonNullable<HumanName['use']>> = table({
  L: 'usual',
  C: 'official',
  A: 'anonymous',
  P: 'anonymous',
});

/** The use of a postal address. */
export const ADDRESS_USES: Codes<NonNullable<Address['use']>> = table({
  H: 'home',
  HP: 'home',
  HV: 'home',
  WP: 'work',
  DIR: 'work',
  PUB: 'work',
  TMP: 'temp',
  BAD: 'old',
});

/** The use of a telecommunication address. A pager (PG) is a system in FHIR. */
export const TELECOM_USES: Codes<NonNullable<ContactPoint['use']>> = table({
  HP: 'home',
  H: 'home',
  HV: 'home',
  WP: 'work',
  AS: 'work',
  DIR: 'work',
  PUB: 'work',
  MC: 'mobile',
  BAD: 'old',
  TMP: 'temp',
});

/** ActPriority of an order; other priorities are routine, with their words. */
export const PRIORITIES: Codes<'routine' | 'urgent' | 'asap' | 'stat'> = table({
  R: 'routine',
  UR: 'urgent',
  A: 'asap',
  S: 'stat',
  EM: 'stat',
  T: 'stat',
});

/** Null flavors: the reason for which a value is absent. NI on an optional element is left out. */
export const ABSENT_REASONS: Codes<string> = table({
  UNK: 'unknown',
  NI: 'unknown',
  NP: 'unknown',
  ASKU: 'asked-unknown',
  NAV: 'temp-unknown',
  NASK: 'not-asked',
  MSK: 'masked',
  NA: 'not-applicable',
  OTH: 'unsupported',
  TRC: 'unsupported',
  NINF: 'negative-infinity',
  PINF: 'positive-infinity',
});

/** The reason for which a value is absent: its null flavor. */
export const NULL_FLAVORS: Codes<string> = table({
  unknown: 'NI',
  'asked-unknown': 'ASKU',
  'asked-declined': 'UNK',
  'temp-unknown': 'NAV',
  'not-asked': 'NASK',
  masked: 'MSK',
  'not-applicable': 'NA',
  unsupported: 'OTH',
  error: 'NAV',
  'as-text': 'OTH',
  'not-a-number': 'OTH',
  'not-permitted': 'OTH',
  'not-performed': 'NASK',
  'negative-infinity': 'NINF',
  'positive-infinity': 'PINF',
});
