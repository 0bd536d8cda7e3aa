/** What a negated allergy or problem denies: one thing, which is then refuted, or that there is any at all. */
import { table } from '../../table.ts';
import type { CodeableConcept } from '../../../fhir/types.ts';
import type { XmlElement } from '../../../xml/tree.ts';
import { at, childOf, nullFlavorOf } from '../../element.ts';
import { NONE_KNOWN_ALLERGIES, type AllergyGroup } from '../../concepts.ts';
import { SNOMED } from '../../systems.ts';
import { codeIn, readConcept } from '../concept.ts';
import { ACT_CODE_OID, SNOMED_OID } from '../entry.ts';
import type { Reading } from '../reading.ts';

/** What is denied. Of all, nothing is refuted: FHIR has a code for it. */
interface Denied {
  readonly code: CodeableConcept;
  readonly isAll: boolean;
}

/** SNOMED CT and ActCode of kinds of allergy, none of which names a substance: of what there is none. */
const KINDS: Readonly<Record<string, AllergyGroup>> = table({
  '419199007': 'any',
  '418038007': 'any',
  '420134006': 'any',
  ALG: 'any',
  OINT: 'any',
  '416098002': 'drug',
  '419511003': 'drug',
  '59037007': 'drug',
  DALG: 'drug',
  DINT: 'drug',
  '414285001': 'food',
  '235719002': 'food',
  '418471000': 'food',
  FALG: 'food',
  FINT: 'food',
  '426232007': 'environmental',
  EALG: 'environmental',
  EINT: 'environmental',
  '300916003': 'latex',
});

/** Words that say that there is none: "No known drug allergies", "NKDA", "None". */
const NONE =
  /^(?:(?:there (?:is|are)|(?:the )?patient (?:has|takes)) )?(?:nk[df]?a|nil(?: known)?|none(?: known| reported)?|(?:no|denies)(?: (?:known|current|active|reported|significant|history|of|any|drug|food|latex|environmental|medication|medicine|medical|adverse|other|regular|and|or))* (?:allerg(?:y|ies)|intolerances?|sensitivit(?:y|ies)|reactions?|medications?|medicines?|meds|drugs?|problems?|conditions?)(?: (?:known|reported|recorded|taken|to (?:any )?(?:drugs?|medications?|medicines?|foods?|substances?)))?)[\s.!]*$/i;

/** Words that name a kind, and no substance: "Allergy to substance", "Drug allergy". */
const KIND_WORDS =
  /^(?:(?:known )?(?:drug|food|environmental|medication|substance) )?(?:allergy|allergies|allergic disposition|intolerance|propensity to adverse reactions?|adverse reactions?)(?: to (?:a |any )?(?:drugs?|foods?|substances?|medications?))?[\s.]*$/i;

/** Of what words say that there is none. */
const GROUPS: readonly (readonly [words: RegExp, group: AllergyGroup])[] = [
  [/drug|medic|nkda/i, 'drug'],
  [/food|nkfa/i, 'food'],
  [/latex/i, 'latex'],
  [/environment/i, 'environmental'],
];

/** Codes that say themselves that there is none, allergies first. */
const NONE_CODES: Readonly<Record<string, AllergyGroup | undefined>> = table({
  ...Object.fromEntries(
    Object.entries(NONE_KNOWN_ALLERGIES).map(([group, { code }]) => [code, group as AllergyGroup]),
  ),
  '160244002': 'any',
});

const wordsIn = (concept: CodeableConcept | undefined): string =>
  concept?.text ?? concept?.coding?.find(({ display }) => display !== undefined)?.display ?? '';

/** Whether words, those of a concept, say that there is none. */
export const saysNone = (concept: CodeableConcept | undefined): boolean => NONE.test(wordsIn(concept).trim());

/** The group of which a concept says that there is none; undefined where it says nothing of the kind. */
function groupDenied(concept: CodeableConcept | undefined): AllergyGroup | undefined {
  const own = (concept?.coding ?? [])
    .map(({ code = '' }) => NONE_CODES[code])
    .find((one) => one !== undefined);
  if (own !== undefined) return own;
  const words = wordsIn(concept).trim();
  return NONE.test(words) ? (GROUPS.find(([pattern]) => pattern.test(words))?.[1] ?? 'any') : undefined;
}

/** What a negated allergy denies, by its substance, in a code or in words, and by its value. */
export function deniedAllergy(
  reading: Reading,
  value: XmlElement | undefined,
  entity: XmlElement | undefined,
): Denied {
  const substance = childOf(entity, 'code');
  const isOfNone = nullFlavorOf(substance) === 'NA';
  const named =
    (isOfNone ? undefined : readConcept(reading, substance)) ?? readConcept(reading, childOf(entity, 'name'));
  const said = readConcept(reading, value);
  const kind = KINDS[codeIn(value, SNOMED_OID, ACT_CODE_OID) ?? ''];
  const group = groupDenied(named) ?? groupDenied(said);
  if (named !== undefined && groupDenied(named) === undefined) return { code: named, isAll: false };
  if (said?.coding !== undefined && kind === undefined && group === undefined)
    return { code: said, isAll: false };
  const words = isOfNone ? undefined : said?.text;
  if (group === undefined && words !== undefined && !KIND_WORDS.test(words))
    return { code: { text: words }, isAll: false };
  // Words that are wider than the kind are about the kind.
  const found = group === undefined || group === 'any' ? (kind ?? group ?? 'any') : group;
  const { code, display } = NONE_KNOWN_ALLERGIES[found];
  return { code: { coding: [{ system: SNOMED, code, display }] }, isAll: true };
}

/** The entity that a participant stands for: the substance. */
export const entityOf = (participant: XmlElement | undefined): XmlElement | undefined =>
  at(participant, 'participantRole', 'playingEntity');

const NO_CURRENT_PROBLEMS: CodeableConcept = {
  coding: [{ system: SNOMED, code: '160245001', display: 'No current problems or disability' }],
};

/** SNOMED CT "problem", and codes that say that there is none: negated, they say that there is none at all. */
const ANY_PROBLEM: ReadonlySet<string> = new Set(['55607006', '160245001', '160243008']);

/** What a negated problem denies; undefined where nobody says what. */
export function deniedProblem(reading: Reading, value: XmlElement | undefined): Denied | undefined {
  const said = readConcept(reading, value);
  if (ANY_PROBLEM.has(codeIn(value, SNOMED_OID) ?? '') || (said?.coding === undefined && saysNone(said)))
    return { code: NO_CURRENT_PROBLEMS, isAll: true };
  return said === undefined ? undefined : { code: said, isAll: false };
}
