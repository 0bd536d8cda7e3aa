/**
 * The files of a message when it is sent (baa-messaging MS8, MS9, MS11): each is looked at and scanned before anybody else
 * reads it. What is pending holds the message back, and {@link settleMessage} goes on with it.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Resource } from '../../fhir/types.ts';
import { MESSAGE_CONTENT } from '../../messaging/content.ts';
import { withFile } from '../../messaging/extensions.ts';
import { messageKindIn } from '../../messaging/kinds.ts';
import { sizeFault } from '../../messaging/limits.ts';
import { messageShape } from '../../messaging/shape.ts';
import { isUnsent } from '../../messaging/statuses.ts';
import { EVERYTHING } from '../../ports/query.ts';
import { ownRefOf, typeOf, valuesAt } from '../../resources/element.ts';
import { attachmentRefusal, examineFiles, type FileRequest } from '../attachments/examine.ts';
import type { FileState } from '../attachments/records.ts';
import { keepVersion, placesIn, replan, type Draft, type Planned } from '../write/draft.ts';

/** @throws OperationOutcomeError `attachment-refused`, `attachment-infected`, `message-too-large` */
export async function sendFiles(draft: Draft): Promise<void> {
  if (draft.importing) return;
  for (const planned of draft.planned.values()) {
    const { ref, origin, before, after } = planned;
    if (typeOf(ref) !== 'Communication' || origin !== 'client' || after === undefined) continue;
    if (!isSentNow(before, after.plain)) continue;
    const files = filesIn(draft, planned, after.plain);
    if (files.length > 0) await examine(draft, planned, files);
  }
}

const isSentNow = (before: Resource | undefined, after: Resource): boolean =>
  messageShape(after) === 'message' &&
  !isUnsent(after) &&
  (before === undefined || messageShape(before) !== 'message' || isUnsent(before));

/** A file stands here as a Binary: what is written into the message itself, or stands elsewhere, nobody could look at. */
function filesIn(draft: Draft, planned: Planned, message: Resource): readonly FileRequest[] {
  const { publicBase } = draft.context.settings;
  const attachments = valuesAt(message, 'payload.contentAttachment') as readonly {
    readonly url?: string;
    readonly contentType?: string;
    readonly title?: string;
  }[];
  const docx = valuesAt(message, 'category.coding').some(
    (one) => valuesAt(one, 'system')[0] === MESSAGE_CONTENT && valuesAt(one, 'code')[0] === 'agreement',
  );
  if (hasInlineFile(message))
    throw refused(planned, 'store the file as a Binary and name it by url, not by data');
  return attachments.flatMap(({ url, contentType, title }): readonly FileRequest[] => {
    if (url === undefined) return [];
    const [plain = '', version, ...rest] = url.split('/_history/');
    const ref = rest.length > 0 ? undefined : ownRefOf(publicBase, plain);
    if (ref === undefined || typeOf(ref) !== 'Binary')
      throw refused(
        planned,
        'the url of a file names a Binary of this server, as in Binary/1, and nothing else',
      );
    if (draft.planned.has(ref)) throw refused(planned, `store ${ref} before the message that carries it`);
    return [
      {
        ref,
        ...(version !== undefined && { version: Number(version) }),
        kind: messageKindIn(message) ?? 'vendor',
        declared: contentType,
        name: title,
        message: planned.ref,
        docx,
      },
    ];
  });
}

/** Bytes that stand in the message itself, at any depth: in an attachment, an extension, or a contained resource. */
function hasInlineFile(node: unknown): boolean {
  if (typeof node !== 'object' || node === null || JSON.isRawJSON(node)) return false;
  return Object.entries(node).some(([name, member]) =>
    (name === 'data' || name === 'valueBase64Binary') && typeof member === 'string'
      ? true
      : hasInlineFile(member),
  );
}

const refused = (planned: Planned, diagnostics: string): OperationOutcomeError =>
  new OperationOutcomeError('attachment-refused', {
    diagnostics,
    expression: placesIn(planned, ['Communication.payload']),
  });

async function examine(draft: Draft, planned: Planned, files: readonly FileRequest[]): Promise<void> {
  const states = await examineFiles(draft.context, files, draft.isDry);
  const refusal = attachmentRefusal(states);
  if (refusal !== undefined) throw refusal;
  // Whoever writes the file meanwhile changes what was looked at.
  for (const { ref, version } of states) {
    // Who may read the file reads it as it is now.
    if ((await draft.snapshot.read(ref, EVERYTHING))?.seq !== version)
      throw refused(planned, `${ref} is named by a version that is not its current one`);
    keepVersion(draft, ref, version);
  }
  const fault = sizeFault(states.map(({ size }) => size));
  if (fault !== undefined)
    throw new OperationOutcomeError('message-too-large', {
      diagnostics: fault,
      expression: placesIn(planned),
    });
  replan(draft, planned.ref, (tree) => withFiles(tree, states));
  if (states.every(({ state }) => state !== 'pending')) return;
  replan(draft, planned.ref, (tree) => {
    const { sent: _sent, ...rest } = tree;
    return { ...rest, status: 'on-hold' } as Resource; // a Communication still
  });
  draft.notes.push({
    code: 'attachment-pending',
    severity: 'information',
    diagnostics: 'The message waits until its attachments are scanned.',
    expression: placesIn(planned, ['Communication.status']),
  });
}

/** What is known of each file stands in the message: its hash, and who found it clean. */
export const withFiles = (message: Resource, states: readonly FileState[]): Resource =>
  states.reduce<Resource>(
    (tree, { state, sha256, engine, signatures, at }) =>
      withFile(tree, { state, sha256, engine, signatures, at }),
    message,
  );
