/**
 * The notice of 42 CFR 2.32 in a document (compliance P30): a section of privacy markings before all others, as Data
 * Segmentation for Privacy (DS4P) has it, and in the header the consent.
 */
import { paragraphs } from './narrative.ts';
import { code } from './values.ts';
import { element, text, type Xml } from '../../xml/elements.ts';
import type { Template } from './templates.ts';
import { URI_ROOT } from '../systems.ts';
import type { Writing } from './writing.ts';

/** What a document of content of Part 2 says beside its content. */
export interface PrivacyNotice {
  /** The statement, and the scope of the consent where it is known: each word for word. */
  readonly texts: readonly string[];
  /** The Consent under which it is told: `Consent/1`. */
  readonly consent: string | undefined;
  /** The recipient may not pass it on. */
  readonly refrains: boolean;
}

const DS4P = '2.16.840.1.113883.3.3251.1';
const MARKING = '2.16.840.1.113883.3.445';
const LOINC = '2.16.840.1.113883.6.1';
const ACT_CODE = '2.16.840.1.113883.5.4';

/** Templates of DS4P: the document, its author, and the assigned author. */
export const PRIVACY_TEMPLATES = {
  document: { root: `${DS4P}.1` },
  author: { root: `${DS4P}.2` },
  assignedAuthor: { root: `${DS4P}.3` },
} as const satisfies Record<string, Template>;

/** The section of privacy markings. */
export function privacySection({ texts, refrains }: PrivacyNotice): Xml {
  return element(
    'section',
    {},
    element('templateId', { root: `${DS4P}.5` }),
    code('code', '57017-6', LOINC, 'Privacy policy Organization'),
    element('title', {}, text('Confidentiality')),
    element('text', {}, texts.flatMap(paragraphs)),
    code('confidentialityCode', 'R', '2.16.840.1.113883.5.25'),
    element(
      'entry',
      { typeCode: 'COMP' },
      element('templateId', { root: `${DS4P}.9` }),
      element(
        'organizer',
        { classCode: 'CLUSTER', moodCode: 'EVN' },
        element('templateId', { root: `${DS4P}.4` }),
        element('statusCode', { code: 'active' }),
        marking('12', 'SECCLASSOBS', 'R', '2.16.840.1.113883.5.25', 'restricted'),
        refrains
          ? marking('23', 'SECCONOBS', 'NORDSCLCD', ACT_CODE, 'no redisclosure without consent directive')
          : undefined,
        marking('22', 'SECCONOBS', 'TREAT', '2.16.840.1.113883.5.8', 'treatment'),
      ),
    ),
  );
}

const marking = (arc: string, kind: string, value: string, codeSystem: string, displayName: string): Xml =>
  element(
    'component',
    { typeCode: 'COMP' },
    element(
      'observation',
      { classCode: 'OBS', moodCode: 'EVN' },
      element('templateId', { root: `${MARKING}.21` }),
      element('templateId', { root: `${MARKING}.${arc}` }),
      element('code', { code: kind, codeSystem: ACT_CODE }),
      element('value', { 'xsi:type': 'CE', code: value, codeSystem, displayName }),
    ),
  );

/** The consent in the header. */
export const consentOf = ({ base }: Writing, { consent }: PrivacyNotice): Xml | undefined =>
  consent === undefined
    ? undefined
    : element(
        'authorization',
        { typeCode: 'AUTH' },
        element(
          'consent',
          { classCode: 'CONS', moodCode: 'EVN' },
          element('id', { root: URI_ROOT, extension: `${base}/${consent}` }),
          code('code', '64292-6', LOINC, 'Release of information consent'),
          element('statusCode', { code: 'completed' }),
        ),
      );
