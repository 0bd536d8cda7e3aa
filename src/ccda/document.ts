/**
 * A clinical document opened: its tree, where its elements stand, and the texts of its narrative by their ids. What makes
 * it no document of one patient is refused here; everything else is read as far as it can be, with losses.
 */
import { OperationOutcomeError } from '../fhir/issue.ts';
import { readTree, type TreeLimits, type XmlElement } from '../xml/tree.ts';
import { attributeOf, CDA, childrenOf, childOf, elementsOf, nullFlavorOf, SDTC } from './element.ts';

export interface ClinicalDocument {
  readonly root: XmlElement;
  /** The XPath of an element of the document. */
  readonly pathOf: (element: XmlElement) => string;
  /** The element that surrounds another; undefined for the root. */
  readonly parentOf: (element: XmlElement) => XmlElement | undefined;
  /** The piece of narrative that bears an id. */
  readonly narrativeOf: (id: string) => XmlElement | undefined;
}

/** Limits of what is read: bytes, elements, and how deep elements may nest. */
const DOCUMENT_LIMITS: TreeLimits = { bytes: 20 * 1024 * 1024, elements: 200_000, depth: 256 };

/** How deep sections and entries may nest, each counted as one level. */
const NESTING_MAX = 64;

/**
 * Opens a document from its bytes.
 *
 * @throws OperationOutcomeError `xml-invalid` for what is no well-formed XML or past a limit, `ccda-invalid` for what is no
 * ClinicalDocument, names no or more than one patient, or has no id
 */
export async function openDocument(bytes: Uint8Array): Promise<ClinicalDocument> {
  if (bytes.length > DOCUMENT_LIMITS.bytes) throw refuse(`it has more than ${DOCUMENT_LIMITS.bytes} bytes`);
  const root = await readTree(bytes, DOCUMENT_LIMITS);
  if (root.name !== 'ClinicalDocument' || root.namespace !== CDA)
    throw refuse('its root is not ClinicalDocument of urn:hl7-org:v3');
  const patients = childrenOf(root, 'recordTarget').length;
  if (patients !== 1) throw refuse(`it has ${patients} recordTargets; one document is about one patient`);
  const id = childOf(root, 'id');
  if (id === undefined || nullFlavorOf(id) !== undefined || attributeOf(id, 'root') === undefined)
    throw refuse('it has no id');
  return surveyed(root);
}

const refuse = (why: string): OperationOutcomeError =>
  new OperationOutcomeError('ccda-invalid', { diagnostics: `The document was not read: ${why}.` });

const NESTS: ReadonlySet<string> = new Set(['section', 'entry', 'entryRelationship', 'component']);

/** Walks the tree once: parents for paths, ids of narrative. The first bearer of an id has it. */
function surveyed(root: XmlElement): ClinicalDocument {
  const parents = new Map<XmlElement, XmlElement>();
  const narrative = new Map<string, XmlElement>();
  const walk = (element: XmlElement, depth: number): void => {
    if (depth > NESTING_MAX) throw refuse(`sections and entries nest deeper than ${NESTING_MAX} levels`);
    const id = attributeOf(element, 'ID');
    if (id !== undefined && !narrative.has(id)) narrative.set(id, element);
    for (const child of elementsOf(element)) {
      parents.set(child, element);
      walk(child, depth + (NESTS.has(child.name) ? 1 : 0));
    }
  };
  walk(root, 0);
  const pathOf = (element: XmlElement): string => {
    const parent = parents.get(element);
    const prefix = element.namespace === SDTC ? 'sdtc:' : '';
    const step = `/${prefix}${element.name}`;
    return parent === undefined ? step : `${pathOf(parent)}${step}[${element.position}]`;
  };
  return {
    root,
    pathOf,
    parentOf: (element) => parents.get(element),
    narrativeOf: (id) => narrative.get(id),
  };
}
