/** batch (http://hl7.org/fhir/R4/http.html#batch): entries that know nothing of each other, each a request of its own. */
import { buildBundleText, type ReplyEntry } from '../../fhir/bundle.ts';
import { buildOutcome, ISSUES, OperationOutcomeError } from '../../fhir/issue.ts';
import { auditRefusal } from '../audit.ts';
import { readEntries, type Entry } from '../bundle-entry.ts';
import type { Perform } from '../perform.ts';
import { recordAlways } from '../record.ts';
import type { Reply, Request } from '../request.ts';
import type { Room } from '../room.ts';

export async function performBatch(room: Room, request: Request, perform: Perform): Promise<Reply> {
  const { publicBase, bundleEntriesMax } = room.settings;
  const entries: ReplyEntry[] = [];
  for (const readEntry of readEntries(request, publicBase, bundleEntriesMax)) {
    entries.push(await performOne(room, request, readEntry, perform));
  }
  return { status: 200, text: buildBundleText({ type: 'batch-response', entries }) };
}

/** What cannot be read is refused in its place, and audited: nobody performs it. */
async function performOne(
  room: Room,
  outer: Request,
  read: () => Entry,
  perform: Perform,
): Promise<ReplyEntry> {
  try {
    return await performEntry(room.settings.publicBase, read(), perform);
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    await recordAlways(room, auditRefusal(outer, error.code));
    return refusedEntry(error);
  }
}

const refusedEntry = ({ code, outcome }: OperationOutcomeError): ReplyEntry => ({
  response: { status: String(ISSUES[code].http), outcome },
});

/** What an operation answers is not what it was invoked on. */
const addressedBy = ({ interaction, type, id }: Request): string | undefined =>
  id === undefined || interaction === 'operation' ? undefined : `${type}/${id}`;

async function performEntry(base: string, { request, method }: Entry, perform: Perform): Promise<ReplyEntry> {
  try {
    const { status, text, resource, version, at, location, notes = [] } = await perform(request);
    const body = text ?? (resource === undefined ? undefined : JSON.stringify(resource));
    const shown = method === 'HEAD' ? undefined : body;
    const ref = location?.split('/_history/')[0] ?? addressedBy(request);
    return {
      ...(ref !== undefined && shown !== undefined && { fullUrl: `${base}/${ref}` }),
      ...(shown !== undefined && { text: shown }),
      response: {
        status: String(status),
        location,
        version,
        at,
        ...(notes.length > 0 && { outcome: buildOutcome(notes) }),
      },
    };
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    return refusedEntry(error);
  }
}
