/** Documents of one section: the header of a fixture, and entries as a test writes them. */
import { fixture } from './converted.ts';

const SCT = '2.16.840.1.113883.6.96';

/** LOINC of sections. */
const CODES = {
  problems: '11450-4',
  allergies: '48765-2',
  medications: '10160-0',
  immunizations: '11369-6',
  procedures: '47519-4',
  results: '30954-2',
  'vital-signs': '8716-3',
  'social-history': '29762-2',
  encounters: '46240-8',
  concerns: '75310-3',
  goals: '61146-7',
  plan: '18776-5',
  payers: '48768-6',
  family: '10157-6',
} as const;

export type Named = keyof typeof CODES;

/** A document whose only section holds some entries, each an act; the section may say more of itself. */
export const documentOf = (section: Named, acts: string, more = ''): string =>
  fixture('referral-note', [
    /<structuredBody>[\s\S]*<\/structuredBody>/,
    `<structuredBody><component><section><code code="${CODES[section]}" codeSystem="2.16.840.1.113883.6.1"/><title>Section</title><text><paragraph>Words</paragraph></text>${more}<entry>${acts}</entry></section></component></structuredBody>`,
  ]);

/** What an act is, besides its content. */
export interface Said {
  readonly mood?: string;
  readonly negated?: boolean | string;
  readonly status?: string;
  /** Further children, in front of and behind the content. */
  readonly before?: string;
  readonly after?: string;
}

/** An act of some class with a template, its attributes and its status. */
export function act(element: string, template: string, content: string, said: Said = {}): string {
  const { mood = 'EVN', negated, status = 'completed', before = '', after = '' } = said;
  const negation = negated === undefined ? '' : ` negationInd="${negated}"`;
  const statusCode = status === '' ? '' : `<statusCode code="${status}"/>`;
  const templateId = `<templateId root="2.16.840.1.113883.10.20.22.${template}"/>`;
  return `<${element} moodCode="${mood}"${negation}>${templateId}${before}${statusCode}${content}${after}</${element}>`;
}

export const snomed = (code: string, inner = ''): string =>
  `<value xsi:type="CD" code="${code}" codeSystem="${SCT}">${inner}</value>`;

export const qualified = (code: string): string =>
  `<qualifier><name code="408729009" codeSystem="${SCT}"/><value code="${code}" codeSystem="${SCT}"/></qualifier>`;

export const words = (element: string, text: string): string =>
  `<${element}><originalText>${text}</originalText></${element}>`;

/** A concern around observations. */
export const concern = (observations: string, said: Said = {}): string =>
  act('act', '4.3', `<entryRelationship typeCode="SUBJ">${observations}</entryRelationship>`, {
    status: 'active',
    ...said,
    before: `<code code="CONC" codeSystem="2.16.840.1.113883.5.6"/>${said.before ?? ''}`,
  });

export const problem = (value: string, said: Said = {}): string => act('observation', '4.4', value, said);

/** An allergy to a substance: the content of its entity. */
export const allergy = (value: string, entity: string, said: Said = {}): string =>
  act(
    'observation',
    '4.7',
    `${value}<participant typeCode="CSM"><participantRole><playingEntity>${entity}</playingEntity></participantRole></participant>`,
    said,
  );

/** A medicine or a vaccine: the content of its material. */
export const given = (template: string, material: string, said: Said = {}): string =>
  act(
    'substanceAdministration',
    template,
    `<consumable><manufacturedProduct><manufacturedMaterial>${material}</manufacturedMaterial></manufacturedProduct></consumable>`,
    said,
  );

export const RELATIVE =
  '<subject><relatedSubject classCode="PRS"><code code="FTH" codeSystem="2.16.840.1.113883.5.111"/></relatedSubject></subject>';
