/** The reply to a search (http://hl7.org/fhir/R4/search.html#return): matches, included resources, and notes. */
import { markOfTexts } from '../../policies/labels/high-water.ts';
import { buildBundleText, type ReplyEntry } from '../../fhir/bundle.ts';
import { buildOutcome, type IssueDetail } from '../../fhir/issue.ts';
import type { Match } from '../../ports/query.ts';
import type { NoticeToShow } from '../../ports/rail.ts';
import type { Snapshot } from '../../ports/store.ts';
import { typeOf } from '../../resources/element.ts';
import type { ParsedSearch } from '../../resources/search-query.ts';
import { withoutUnread } from '../attachments/scan-told.ts';
import { auditRead } from '../audit/audit.ts';
import type { Seen } from '../seen.ts';
import { findIncluded } from './include.ts';
import type { PackagedMatch } from './packaged-search.ts';
import type { Links } from './page.ts';
import { noticesOf } from '../notice.ts';
import { filesTold } from '../audit/files-told.ts';
import { recordRead } from '../audit/record.ts';
import type { Caller, Reply, Request } from '../request.ts';
import type { OperationContext } from '../context.ts';
import { elementsShape, shapeText, summaryShape, type Shape } from '../write/shape.ts';
import { partsOfRead, showText } from '../show.ts';
import { createTurns } from '../turns.ts';

/** One page of the result. */
interface FoundPage {
  readonly matches: readonly Match[];
  /** Definitions that come with the server and were found beside the matches; they are nobody's record. */
  readonly packaged?: readonly PackagedMatch[];
  readonly total: number | undefined;
  readonly links: Links;
  readonly warnings: readonly IssueDetail[];
}

/** The searchset; its audit is on disk before it leaves. */
export async function replyWithMatches(
  context: OperationContext,
  request: Request,
  snapshot: Snapshot,
  parsed: ParsedSearch,
  { packaged = [], total, links, warnings, ...found }: FoundPage,
): Promise<Reply> {
  const brought = await findIncluded(context, request, snapshot, parsed, found.matches);
  const matches = await withoutUnread(context, request.caller, found.matches);
  const included = await withoutUnread(context, request.caller, brought.included);
  const { after } = createTurns();
  const seen: Seen[] = [];
  for (const match of [...matches, ...included]) {
    seen.push(seenOf(context, match));
    await after(match.text.length);
  }
  const notices = await noticesOf(context, request.caller, [...matches, ...included]);
  const shape = shapeOf(parsed);
  const { publicBase } = context.settings;
  const noticed = (match: Match): ShownMatch => ({ ...match, notice: notices.of(match.ref, match.seq) });
  const shown = matches.map((match) => entryOf(publicBase, request.caller, noticed(match), shape, 'match'));
  const besides = included.map((match) =>
    entryOf(publicBase, request.caller, noticed(match), shape, 'include'),
  );
  const entries = [
    ...shown,
    ...packaged.map((match) =>
      entryOf(publicBase, request.caller, { ...match, custodian: '' }, shape, 'match'),
    ),
    ...besides,
    ...notices.entries,
    ...warningEntries([...parsed.warnings, ...warnings, ...brought.warnings]),
  ];
  const files = await filesTold(request.caller, [...toldOf(matches, shown), ...toldOf(included, besides)]);
  for (const { versions, audit } of partsOfRead([...matches, ...included], request.caller)) {
    const row = auditRead(request, versions.length === seen.length ? seen : seenAmong(versions, seen));
    await recordRead(context, {
      ...row,
      ...(audit.masked !== true && { ...notices.audit, ...files }),
      ...audit,
    });
  }
  return {
    status: 200,
    text: buildBundleText({ type: 'searchset', mark: markOfTexts(entries), total, links, entries }),
  };
}

function seenAmong(versions: readonly Pick<Match, 'ref'>[], seen: readonly Seen[]): readonly Seen[] {
  const refs = new Set(versions.map(({ ref }) => ref));
  return seen.filter(({ ref }) => refs.has(ref));
}

const toldOf = (found: readonly Pick<Match, 'custodian'>[], entries: readonly ReplyEntry[]) =>
  found.map(({ custodian }, i) => ({ custodian, text: entries[i]?.text ?? '' }));

/** The form in which matches are shown. */
export function shapeOf({ summary, elements }: Pick<ParsedSearch, 'summary' | 'elements'>): Shape {
  return elements === undefined ? summaryShape(summary) : elementsShape(elements);
}

type ShownMatch = Pick<Match, 'ref' | 'text' | 'custodian'> & { readonly notice?: NoticeToShow | undefined };

function entryOf(
  base: string,
  caller: Caller,
  { ref, text, custodian, notice }: ShownMatch,
  shape: Shape,
  mode: 'match' | 'include',
): ReplyEntry {
  return {
    fullUrl: `${base}/${ref}`,
    text: shapeText(shape, typeOf(ref), showText({ ref, text, custodian, notice }, caller)),
    search: mode,
  };
}

/** "The server … can return an OperationOutcome with additional information" (search.mode = outcome). */
export function warningEntries(warnings: readonly IssueDetail[]): readonly ReplyEntry[] {
  return warnings.length === 0 ? [] : [{ text: JSON.stringify(buildOutcome(warnings)), search: 'outcome' }];
}

function seenOf({ patientsOf }: OperationContext, { ref, seq, custodian, text }: Match): Seen {
  return { ref, seq, custodian, patients: patientsOf(ref, seq, text) };
}
