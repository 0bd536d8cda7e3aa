/** history of an instance, a type, or everything (http://hl7.org/fhir/R4/http.html#history), newest first. */
import { markOfTexts } from '../../policies/labels/high-water.ts';
import { buildBundleText, historyEntry } from '../../fhir/bundle.ts';
import { parseDateTime } from '../../fhir/datetime.ts';
import { notHere, OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import { EVERYTHING } from '../../ports/query.ts';
import { withoutUnread } from '../attachments/scan-told.ts';
import { isFileShown } from '../binary-shown.ts';
import type { HistoryQuery, Snapshot, Version } from '../../ports/store.ts';
import { RESOURCE_TYPES } from '../../resources/index.ts';
import { shownName } from '../../resources/search/refusal.ts';
import { auditRead } from '../audit/audit.ts';
import { addressOf, pageLinks, readPage, snapshotAsOf, type PageAsked } from '../search/page.ts';
import { noticesOf } from '../notice.ts';
import { filesTold } from '../audit/files-told.ts';
import { recordRead } from '../audit/record.ts';
import type { Reply, Request } from '../request.ts';
import type { OperationContext } from '../context.ts';
import { sightFor } from '../scope.ts';
import { searchRefusal } from '../search/search-refusal.ts';
import { partsOfRead, showText } from '../show.ts';
import { seenOf } from './read.ts';

export async function performHistory(context: OperationContext, request: Request): Promise<Reply> {
  return performHistoryAsOf(context, request, readPage(request, context.settings).asOf);
}

/** Refuses a history that could not be answered, before a transaction is committed that it is part of. */
export function checkHistory({ settings }: OperationContext, request: Request): void {
  readQuery(request, readPage(request, settings));
}

/** A history as of a commit: a page's, or that of the transaction it is part of; of the latest, if undefined. */
export async function performHistoryAsOf(
  context: OperationContext,
  request: Request,
  asOf: number | undefined,
): Promise<Reply> {
  const { settings } = context;
  const page = readPage(request, settings);
  const query = { ...readQuery(request, page), characters: settings.answerBytesMax };
  const snapshot = snapshotAsOf(context, asOf);
  const { more, total, ...found } = await snapshot.history(query, request.signal).catch(searchRefusal);
  const versions = await withoutUnread(context, request.caller, found.versions);
  if (request.interaction === 'history-instance' && total === 0 && !isNarrowed(query)) {
    throw new OperationOutcomeError('not-found', {
      diagnostics: `${request.type}/${request.id} is not here`,
    });
  }
  if (request.interaction === 'history-instance') await checkFile(context, request);
  const notices = await noticesOf(context, request.caller, versions, 'inside');
  const seen = versions.map((version) => seenOf(context, version, textOf(version)));
  const entries = versions.map((version) => {
    const notice = notices.of(version.ref, version.seq);
    const text = version.text === undefined ? undefined : showText({ ...version, notice }, request.caller);
    return historyEntry(settings.publicBase, { ...version, text });
  });
  const told = entries.map(({ text = '' }, at) => ({ custodian: versions[at]?.custodian, text }));
  const files = await filesTold(request.caller, told);
  for (const { versions: some, audit } of partsOfRead(versions, request.caller)) {
    const seqs = new Set(some.map(({ ref, seq }) => `${ref} ${seq}`));
    const row = auditRead(
      request,
      seen.filter(({ ref, seq }) => seqs.has(`${ref} ${seq}`)),
    );
    await recordRead(context, {
      ...row,
      ...(audit.masked !== true && { ...notices.audit, ...files }),
      ...audit,
    });
  }
  const used = request.query.filter(([name]) => isOfHistories(name));
  const self = addressOf({ ...request, query: used }, settings.publicBase);
  const links = pageLinks(self, snapshot.seq, { ...page, given: versions.length, more });
  return {
    status: 200,
    text: buildBundleText({ type: 'history', mark: markOfTexts(entries), total, links, entries }),
  };
}

/** @throws OperationOutcomeError `not-found` for a file of a document that is not seen */
async function checkFile(
  { store, settings }: OperationContext,
  { caller, type, id }: Request,
): Promise<void> {
  if (type !== 'Binary') return;
  const [snapshot, ref]: [Snapshot, Ref] = [store.snapshot(), `${type}/${id ?? ''}`];
  const version = (await snapshot.read(ref, EVERYTHING)) ?? { ref, text: undefined };
  if (!(await isFileShown(snapshot, caller, version, settings.publicBase))) throw notHere(ref);
}

const isNarrowed = ({ since, at }: HistoryQuery): boolean => since !== undefined || at !== undefined;

/** A deleted version names no patient any more; its type and id are in the audit all the same. */
const textOf = ({ ref, text }: Version): string =>
  text ?? JSON.stringify({ resourceType: ref.slice(0, ref.indexOf('/')) });

function readQuery(request: Request, { offset, count, rest }: PageAsked): HistoryQuery {
  const { type, id } = request;
  let query: HistoryQuery = { count, offset, sight: sightFor(request), total: true };
  if (type !== undefined) query = { ...query, type };
  if (id !== undefined) query = { ...query, id };
  const seen = new Set<string>();
  for (const [name, value] of rest) {
    if (!isOfHistories(name)) {
      if (request.prefer.handling === 'lenient') continue;
      throw new OperationOutcomeError('search-parameter-unknown', {
        diagnostics: `${shownName(name)} is not for histories`,
      });
    }
    if (seen.has(name)) throw badValue(`${name} is given twice`);
    seen.add(name);
    if (name === '_since') query = { ...query, since: instantOf(name, value).low };
    else if (name === '_at') query = { ...query, at: instantOf(name, value) };
    else if (name === '_sort' && value !== '-_lastUpdated')
      throw badValue('_sort: a history is in the order of -_lastUpdated');
  }
  if (type !== undefined && !RESOURCE_TYPES.has(type)) throw new OperationOutcomeError('type-unknown');
  return query;
}

/** Those of R4, and `_sort`, which says what is done anyway. */
const PARAMETERS: ReadonlySet<string> = new Set(['_since', '_at', '_sort', '_count', '_format', '_pretty']);

const isOfHistories = (name: string): boolean => PARAMETERS.has(name);

const badValue = (diagnostics: string): OperationOutcomeError =>
  new OperationOutcomeError('search-value-invalid', { diagnostics });

function instantOf(name: string, value: string): { readonly low: number; readonly high: number } {
  const interval = parseDateTime(value.replaceAll(' ', '+'));
  if (interval === undefined) {
    throw badValue(`${name} is a date or an instant`);
  }
  return interval;
}
