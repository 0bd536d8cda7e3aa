/** The bytes of a clinical document: sent in the body, or stored as a Binary that the caller may read. */
import { OperationOutcomeError, type IssueCode } from '../../../fhir/issue.ts';
import { relativeTo } from '../../../fhir/reference.ts';
import type { Attachment, Ref, Resource } from '../../../fhir/types.ts';
import type { Snapshot } from '../../../ports/store.ts';
import { parseStored } from '../../../ports/stored-resource.ts';
import { localRefOf, typeOf } from '../../../resources/element.ts';
import type { OperationContext } from '../../context.ts';
import type { Request } from '../../request.ts';
import { seenOf } from '../../interactions/read.ts';
import { sightForType } from '../../scope.ts';
import type { Seen } from '../../seen.ts';

export interface Source {
  readonly bytes: Uint8Array;
  readonly seen: readonly Seen[];
  /** The DocumentReference that names it, where one does. */
  readonly document?: Ref | undefined;
}

const XML_TYPES = /^(?:application\/hl7-cda\+xml|text\/xml|application\/xml)\b/i;

/** @throws OperationOutcomeError `missing` for what the caller may not read, `ccda-invalid` for a Binary or an attachment without content */
export async function readStoredDocument(
  context: OperationContext,
  request: Request,
  snapshot: Snapshot,
  reference: string,
  missing: IssueCode = 'reference-not-found',
): Promise<Source> {
  const ref = localRefOf(relativeTo(context.settings.publicBase, reference));
  const sight = ref === undefined ? undefined : sightForType(request.caller, typeOf(ref));
  const version = ref === undefined || sight === undefined ? undefined : await snapshot.read(ref, sight);
  if (ref === undefined || version?.text === undefined)
    throw new OperationOutcomeError(missing, {
      diagnostics: 'there is no document here that you may read',
    });
  const seen = seenOf(context, version, version.text);
  const resource = parseStored(version.text);
  if (resource.resourceType === 'Binary') return { bytes: bytesOf(resource['data']), seen: [seen] };
  if (resource.resourceType === 'DocumentReference') {
    const source = await readAttachment(context, request, snapshot, resource);
    return { ...source, seen: [seen, ...source.seen], document: ref };
  }
  throw new OperationOutcomeError('resource-type-mismatch', {
    diagnostics: 'the parameter document names a Binary or a DocumentReference',
  });
}

/** The first attachment of a DocumentReference that is XML, else its first. */
async function readAttachment(
  context: OperationContext,
  request: Request,
  snapshot: Snapshot,
  document: Resource,
): Promise<Source> {
  const contents = (document['content'] ?? []) as readonly { attachment?: Attachment }[];
  const attachments = contents.flatMap(({ attachment }) => attachment ?? []);
  const attachment =
    attachments.find(({ contentType = '' }) => XML_TYPES.test(contentType)) ?? attachments[0];
  if (attachment?.data !== undefined) return { bytes: bytesOf(attachment.data), seen: [] };
  if (attachment?.url === undefined) throw empty();
  const { bytes, seen } = await readStoredDocument(context, request, snapshot, attachment.url);
  return { bytes, seen };
}

export function bytesOf(data: unknown): Uint8Array {
  if (typeof data !== 'string' || data === '') throw empty();
  return Buffer.from(data, 'base64');
}

const empty = (): OperationOutcomeError =>
  new OperationOutcomeError('ccda-invalid', { diagnostics: 'There is no document.' });
