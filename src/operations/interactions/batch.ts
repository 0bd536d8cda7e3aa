/** batch (http://hl7.org/fhir/R4/http.html#batch): entries that know nothing of each other, each a request of its own. */
import { buildBundleText, type ReplyEntry } from '../../fhir/bundle.ts';
import { ISSUES, OperationOutcomeError } from '../../fhir/issue.ts';
import { readEntries, type Entry } from '../bundle-entry.ts';
import type { Perform } from '../perform.ts';
import type { Reply, Request } from '../request.ts';
import type { Room } from '../room.ts';

export async function performBatch(room: Room, request: Request, perform: Perform): Promise<Reply> {
  const { publicBase, bundleEntriesMax } = room.settings;
  const entries: ReplyEntry[] = [];
  for (const entry of readEntries(request, publicBase, bundleEntriesMax)) {
    entries.push(await performEntry(publicBase, entry, perform));
  }
  return { status: 200, text: buildBundleText({ type: 'batch-response', entries }) };
}

async function performEntry(base: string, { request }: Entry, perform: Perform): Promise<ReplyEntry> {
  try {
    const { status, text, resource, version, at, location } = await perform(request);
    const shown = text ?? (resource === undefined ? undefined : JSON.stringify(resource));
    const ref =
      location?.split('/_history/')[0] ??
      (request.id === undefined ? undefined : `${request.type}/${request.id}`);
    return {
      ...(ref !== undefined && shown !== undefined && { fullUrl: `${base}/${ref}` }),
      ...(shown !== undefined && { text: shown }),
      response: { status: String(status), location, version, at },
    };
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    return { response: { status: String(ISSUES[error.code].http), outcome: error.outcome } };
  }
}
