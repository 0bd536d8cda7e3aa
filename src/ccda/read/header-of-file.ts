/** What the header of a clinical document says of the file: for whom hands it on byte for byte. */
import { openDocument } from '../document.ts';
import { at, attributeOf, childOf, childrenOf } from '../element.ts';

interface FileHeader {
  /** `root`, or `root^extension`. */
  readonly id: string;
  readonly code: string | undefined;
  readonly display: string | undefined;
  readonly title: string | undefined;
  /** As the document has it: a TS of HL7. */
  readonly time: string | undefined;
  readonly confidentiality: string | undefined;
  readonly language: string | undefined;
  /** The body is a file. */
  readonly isFile: boolean;
  /** Its templates bear versions: C-CDA R2.1, which R1.1 does not. */
  readonly isVersioned: boolean;
}

/** @throws OperationOutcomeError as `openDocument` does */
export async function readFileHeader(bytes: Uint8Array): Promise<FileHeader> {
  const { root } = await openDocument(bytes);
  const id = childOf(root, 'id');
  const extension = attributeOf(id, 'extension');
  const title = childOf(root, 'title')
    ?.children.filter((node) => typeof node === 'string')
    .join('')
    .trim();
  return {
    id: [attributeOf(id, 'root') ?? '', ...(extension === undefined ? [] : [extension])].join('^'),
    code: attributeOf(childOf(root, 'code'), 'code'),
    display: attributeOf(childOf(root, 'code'), 'displayName'),
    title: title === '' ? undefined : title,
    time: attributeOf(childOf(root, 'effectiveTime'), 'value'),
    confidentiality: attributeOf(childOf(root, 'confidentialityCode'), 'code'),
    language: attributeOf(childOf(root, 'languageCode'), 'code'),
    isFile: at(root, 'component', 'nonXMLBody') !== undefined,
    isVersioned: childrenOf(root, 'templateId').some(
      (template) => attributeOf(template, 'extension') === '2015-08-01',
    ),
  };
}
