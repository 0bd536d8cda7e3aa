/** The bytes of a clinical document or a package: sent in the body, or stored as a Binary that the caller may read. */
import { OperationOutcomeError, type IssueCode } from '../../../fhir/issue.ts';
import { withBytes } from '../../../delivery/binary-bytes.ts';
import type { Attachment, Ref, Resource } from '../../../fhir/types.ts';
import type { Snapshot } from '../../../ports/store.ts';
import { parseStored } from '../../../ports/stored-resource.ts';
import { ownRefOf, typeOf, valuesAt } from '../../../resources/element.ts';
import type { OperationContext } from '../../context.ts';
import { refuseMalware } from '../../attachments/scan-content.ts';
import type { Request } from '../../request.ts';
import { seenOf } from '../../interactions/read.ts';
import { sightOfNamed } from '../../scope.ts';
import { isFileShown } from '../../binary-shown.ts';
import type { Seen } from '../../seen.ts';
import { resourceIn, valueIn } from '../input.ts';
import type { Invocation } from '../operation.ts';

export interface Source {
  readonly bytes: Uint8Array;
  readonly seen: readonly Seen[];
  /** The DocumentReference that names it, where one does. */
  readonly document?: Ref | undefined;
}

/** What a source is to hold. */
interface SourceKind {
  readonly is: string;
  /** The media types by which an attachment among several is known as one. */
  readonly types: RegExp;
  /** What a source without content is refused as. */
  readonly empty: IssueCode;
}

export const CLINICAL_DOCUMENT: SourceKind = {
  is: 'a clinical document',
  types: /^(?:application\/hl7-cda\+xml|text\/xml|application\/xml)\b/i,
  empty: 'ccda-invalid',
};

export const XDM_PACKAGE: SourceKind = {
  is: 'a package',
  types: /^application\/(?:x-)?zip\b/i,
  empty: 'xdm-invalid',
};

/** What an import is given: the parameter that holds it, and its media type as a body. */
interface Given {
  readonly parameter: 'document' | 'package';
  readonly type: string;
  readonly kind: SourceKind;
}

/**
 * The bytes that an import is given, itself or by its parameter `source`.
 *
 * @throws OperationOutcomeError `field-missing` where it is given neither, `attachment-infected` where there is malware in it
 */
export async function readSource(invocation: Invocation, asked: Given): Promise<Source> {
  const source = await readGiven(invocation, asked);
  await refuseMalware(invocation.context.scanner, source.bytes);
  return source;
}

async function readGiven(invocation: Invocation, { parameter, type, kind }: Given): Promise<Source> {
  const { input } = invocation;
  const given = resourceIn(input, parameter);
  if (given !== undefined)
    return {
      bytes:
        given.data === undefined
          ? bytesOf(given.plain['data'], kind)
          : Buffer.from(Buffer.from(given.data).toString('latin1'), 'base64'),
      seen: [],
    };
  const [reference] = valuesAt(valueIn(input, 'source'), 'reference');
  if (typeof reference === 'string') return readStoredSource(invocation, reference, kind);
  throw new OperationOutcomeError('field-missing', {
    diagnostics: `there is neither a ${parameter} nor a source: send the ${parameter} itself as ${type}, or Parameters`,
  });
}

/**
 * Reads a stored Binary, or the content of a stored DocumentReference.
 *
 * @throws OperationOutcomeError `missing` for what the caller may not read, what is `empty` where there is no content
 */
export async function readStoredSource(
  { context, request }: Pick<Invocation, 'context' | 'request'>,
  reference: string,
  kind: SourceKind,
  missing: IssueCode = 'reference-not-found',
): Promise<Source> {
  const snapshot = context.store.snapshot();
  const { ref, seen, resource } = await readNamed(context, request, snapshot, reference, missing);
  if (resource.resourceType === 'Binary') return { bytes: bytesOf(resource['data'], kind), seen: [seen] };
  if (resource.resourceType !== 'DocumentReference') throw isNot(kind, 'a Binary or a DocumentReference');
  const attachment = attachmentOf(resource, kind);
  if (attachment?.data !== undefined)
    return { bytes: bytesOf(attachment.data, kind), seen: [seen], document: ref };
  if (attachment?.url === undefined) throw empty(kind);
  // Content is a Binary and nothing else: a document that led to a document could lead to itself.
  const content = await readNamed(context, request, snapshot, attachment.url, 'reference-not-found');
  if (content.resource.resourceType !== 'Binary') throw isNot(kind, 'a Binary');
  return { bytes: bytesOf(content.resource['data'], kind), seen: [seen, content.seen], document: ref };
}

interface Named {
  readonly ref: Ref;
  readonly seen: Seen;
  readonly resource: Resource;
}

async function readNamed(
  context: OperationContext,
  request: Request,
  snapshot: Snapshot,
  reference: string,
  missing: IssueCode,
): Promise<Named> {
  const ref = ownRefOf(context.settings.publicBase, reference);
  const sight = ref === undefined ? undefined : sightOfNamed(request.caller, typeOf(ref));
  const version = ref === undefined || sight === undefined ? undefined : await snapshot.read(ref, sight);
  const isShown =
    version && (await isFileShown(snapshot, request.caller, version, context.settings.publicBase));
  if (ref === undefined || version?.text === undefined || isShown !== true)
    throw new OperationOutcomeError(missing, {
      diagnostics: 'there is no document here that you may read',
    });
  const resource = await withBytes(snapshot, parseStored(version.text));
  return { ref, seen: seenOf(context, version, version.text), resource };
}

const isNot = ({ is }: SourceKind, what: string): OperationOutcomeError =>
  new OperationOutcomeError('resource-type-mismatch', { diagnostics: `${is} is ${what}` });

/** The first attachment of a DocumentReference that is of a type of the kind, else its first. */
function attachmentOf(document: Resource, { types }: SourceKind): Attachment | undefined {
  const contents = (document['content'] ?? []) as readonly { attachment?: Attachment }[];
  const attachments = contents.flatMap(({ attachment }) => attachment ?? []);
  return attachments.find(({ contentType = '' }) => types.test(contentType)) ?? attachments[0];
}

function bytesOf(data: unknown, kind: SourceKind): Uint8Array {
  if (typeof data !== 'string' || data === '') throw empty(kind);
  return Buffer.from(data, 'base64');
}

const empty = ({ empty: code }: SourceKind): OperationOutcomeError =>
  new OperationOutcomeError(code, { diagnostics: 'There is nothing to read in it.' });
