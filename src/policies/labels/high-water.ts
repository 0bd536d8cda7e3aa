/**
 * The high-water mark: what holds or lists resources is as confidential as the most confidential of them (compliance D5,
 * P30). It bears that confidentiality alone, and no sensitivity, which would say what is inside.
 */
import { LABEL_SYSTEMS } from './lowered.ts';
import type { CodeableConcept, Coding, Resource } from '../../fhir/types.ts';
import { highestOf, rankOf, CONFIDENTIALITY } from './confidentiality.ts';
import { labelOfOtherName } from './other-names.ts';
import { part2ByNotice } from './label.ts';
import { saysPart2 } from '../part2/said.ts';
import { labelsInText } from './stored-labels.ts';

/** The mark of these labels; undefined where nothing is more confidential than usual (N). */
export function highWaterMark(labels: Iterable<Coding>): Coding | undefined {
  const code = highestOf(labels)?.code;
  return code !== undefined && rankOf(code) > rankOf('N') ? { system: CONFIDENTIALITY, code } : undefined;
}

/** The mark of an answer, by the texts of the resources in it. */
export const markOfTexts = (entries: readonly { readonly text?: string | undefined }[]): Coding | undefined =>
  highWaterMark(entries.flatMap(({ text }) => (text === undefined ? [] : labelsInText(text))));

/**
 * By which elements a resource lists others. A DocumentReference is known by its file, and takes all its labels (S5); the
 * others take its confidentiality.
 */
export const LISTING: ReadonlyMap<string, { readonly path: string; readonly takes: 'all' | 'mark' }> =
  new Map([
    ['DocumentReference', { path: 'content.attachment.url', takes: 'all' }],
    ['Composition', { path: 'section*.entry.reference', takes: 'mark' }],
    ['List', { path: 'entry.item.reference', takes: 'mark' }],
  ]);

/**
 * What elements of a resource say of how confidential it is, as labels; a code of another system stays where it stands. A
 * notice of 42 CFR 2.32 says that it is content of Part 2, whatever its edition (compliance P33).
 */
export const labelsSaid = (resource: Resource): readonly Coding[] => {
  const said = [...labelsOfElements(resource), ...(resource.meta?.security ?? []).flatMap(labelOfOtherName)];
  return saysPart2(resource) ? [part2ByNotice, ...said] : said;
};

function labelsOfElements(resource: Resource): readonly Coding[] {
  const { resourceType, confidentiality, securityLabel } = resource;
  if (resourceType === 'Composition' && typeof confidentiality === 'string')
    return aboveNormal([{ system: CONFIDENTIALITY, code: confidentiality }]);
  if (resourceType !== 'DocumentReference' || !Array.isArray(securityLabel)) return [];
  return aboveNormal(
    (securityLabel as readonly CodeableConcept[]) // validated by then
      .flatMap(({ coding = [] }) => coding)
      .flatMap(({ system = '', code }) =>
        LABEL_SYSTEMS.has(system) && code !== undefined ? [{ system, code }] : [],
      ),
  );
}

/** Of confidentialities the mark alone; all else as it is. */
function aboveNormal(labels: readonly Coding[]): readonly Coding[] {
  const mark = highWaterMark(labels);
  const others = labels.filter(({ system }) => system !== CONFIDENTIALITY);
  return mark === undefined ? others : [mark, ...others];
}
