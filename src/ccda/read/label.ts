/**
 * Confidentiality: of the document, of its sections, and the markings of Data Segmentation for Privacy (DS4P). They label
 * what was read from the part they stand in, and the highest of them labels the whole.
 */
import { ACT_CODE, CONFIDENTIALITY, highestOf, rankOf } from '../../policies/labels/confidentiality.ts';
import { recognizesStatement } from '../../policies/part2/statements.ts';
import { table } from '../table.ts';
import type { Coding } from '../../fhir/types.ts';
import type { XmlElement } from '../../xml/tree.ts';
import { attributeOf, childOf, childrenOf, elementsOf, hasTemplate } from '../element.ts';

const ACT_REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';

export type Labels = readonly Coding[];

/** DS4P's observations: what kind of marking each is. */
const DS4P = '2.16.840.1.113883.3.445';
const MARKINGS: Readonly<Record<string, string>> = table({
  [`${DS4P}.12`]: CONFIDENTIALITY,
  [`${DS4P}.14`]: ACT_CODE,
  [`${DS4P}.23`]: ACT_CODE,
  [`${DS4P}.22`]: ACT_REASON,
});

/** LOINC of the section of privacy markings. */
const PRIVACY_MARKINGS = '57017-6';

/** The labels of the header: its confidentiality, and the markings that hold for the whole document. */
export function labelsOfDocument(root: XmlElement): Labels {
  const sections = childrenOf(childOf(childOf(root, 'component'), 'structuredBody'), 'component').flatMap(
    (component) => childOf(component, 'section') ?? [],
  );
  const marked = sections.filter(
    (section) => attributeOf(childOf(section, 'code'), 'code') === PRIVACY_MARKINGS,
  );
  return joined([
    confidentialityOf(root),
    ...marked.flatMap(markingsIn),
    sections.some(hasStatement) ? PART_2 : undefined,
  ]);
}

const PART_2: Coding = { system: ACT_CODE, code: '42CFRPart2' };

/** Whether a section says by a statement of 42 CFR 2.32 that the document is content of Part 2 (compliance P33). */
const hasStatement = (section: XmlElement): boolean => {
  const text = childOf(section, 'text');
  return text !== undefined && recognizesStatement(wordsOf(text));
};

/** All words below an element, those of each element apart. */
const wordsOf = (element: XmlElement): string =>
  element.children.map((node) => (typeof node === 'string' ? node : ` ${wordsOf(node)} `)).join('');

/** The labels of a section, beside those of what is around it. */
export const labelsOfSection = (section: XmlElement, around: Labels): Labels =>
  joined([...around, confidentialityOf(section), ...markingsIn(section)]);

/** Its own confidentialityCode; the code counts, whatever system is written beside it. */
function confidentialityOf(element: XmlElement): Coding | undefined {
  const code = attributeOf(childOf(element, 'confidentialityCode'), 'code')?.toUpperCase();
  return code !== undefined && rankOf(code) >= 0 ? { system: CONFIDENTIALITY, code } : undefined;
}

/** The markings of DS4P anywhere in a section; matched by template and code, since samples of the field mix the systems. */
function markingsIn(section: XmlElement): Labels {
  const found: Coding[] = [];
  const walk = (element: XmlElement): void => {
    const kind = Object.keys(MARKINGS).find((root) => hasTemplate(element, root));
    const code = attributeOf(childOf(element, 'value'), 'code')?.toUpperCase();
    const system = kind === undefined ? undefined : MARKINGS[kind];
    if (system !== undefined && code !== undefined && (system !== CONFIDENTIALITY || rankOf(code) >= 0))
      found.push({ system, code });
    for (const child of elementsOf(element)) if (child.name !== 'text') walk(child);
  };
  walk(section);
  return found;
}

/** Each label once, and of confidentialities the highest alone. */
export function joined(labels: readonly (Coding | undefined)[]): Labels {
  const known = labels.filter((label) => label !== undefined);
  const highest = highestOf(known);
  const others = known.filter(({ system }) => system !== CONFIDENTIALITY);
  const once = others.filter(
    (label, index) =>
      others.findIndex((one) => one.system === label.system && one.code === label.code) === index,
  );
  return highest === undefined ? once : [highest, ...once];
}

/** The confidentiality among labels; N where none is said. */
export const confidentialityIn = (labels: Labels): string =>
  labels.find(({ system }) => system === CONFIDENTIALITY)?.code ?? 'N';
