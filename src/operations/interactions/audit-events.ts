/**
 * Reading the audit (rules 4.2, 2.8): AuditEvents are rendered from compact rows. A search narrows by what the store
 * knows and then looks at each event as its viewer sees it. Reading them is audited once.
 */
import { buildBundleText } from '../../fhir/bundle.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Resource } from '../../fhir/types.ts';
import type { AuditRow } from '../../ports/store.ts';
import { auditId, parseAuditId, renderAuditEvent } from '../../resources/audit-event-render.ts';
import { asksOthers, auditMatches, narrowAudit } from '../../resources/audit-search.ts';
import { parseSearch } from '../../resources/search-query.ts';
import { auditRead } from '../audit.ts';
import { addressOf, readPage } from '../page.ts';
import { recordAlways } from '../record.ts';
import type { Caller, Reply, Request } from '../request.ts';
import type { Room } from '../room.ts';
import { searchRefusal } from '../search-refusal.ts';
import { sightFor } from '../scope.ts';

/** Rows looked at by one search at most; a search that needs more must be narrowed. */
const ROWS_MAX = 50_000;
const ROWS_AT_ONCE = 500;

export async function performAuditRead(room: Room, request: Request): Promise<Reply> {
  const place = parseAuditId(request.id ?? '');
  const rows =
    place === undefined
      ? []
      : await room.store.snapshot().audit({
          viewer: viewerOf(request.caller),
          names: [],
          before: { seq: place.seq, position: place.position + 1 },
          count: 1,
        });
  const [row] = rows;
  if (row === undefined || row.seq !== place?.seq || row.position !== place.position) {
    throw new OperationOutcomeError('not-found', { diagnostics: 'no such AuditEvent' });
  }
  await recordAlways(room, { ...auditRead(request, []), entities: [`AuditEvent/${auditId(row)}`] });
  return { status: 200, resource: render(room, request.caller, row), version: row.seq, at: row.at };
}

export async function performAuditSearch(room: Room, request: Request): Promise<Reply> {
  const { settings, clock } = room;
  const { count, rest } = readPage(
    { ...request, query: request.query.filter(([name]) => name !== BEFORE) },
    settings,
  );
  const { query } = parseSearch('AuditEvent', rest, {
    lenient: request.prefer.handling === 'lenient',
    base: settings.publicBase,
    now: clock.now(),
    countDefault: settings.pageSizeDefault,
    countMax: settings.pageSizeMax,
    sight: sightFor(request),
  });
  if (asksOthers(query.where)) {
    throw new OperationOutcomeError('search-parameter-unknown', {
      diagnostics: 'AuditEvents are not searched by chains',
    });
  }
  const { found, more } = await findEvents(room, request, query.where, count);
  await recordAlways(room, auditRead(request, []));
  const self = addressOf(
    { ...request, query: request.query.filter(([name]) => name !== BEFORE) },
    settings.publicBase,
  );
  const last = found.at(-1);
  const links: (readonly [string, string])[] = [['self', self]];
  if (more && last !== undefined)
    links.push(['next', `${self}${self.includes('?') ? '&' : '?'}${BEFORE}=${last.id}`]);
  const entries = found.map((event) => ({
    fullUrl: `${settings.publicBase}/AuditEvent/${event.id}`,
    text: JSON.stringify(event),
    search: 'match' as const,
  }));
  return { status: 200, text: buildBundleText({ type: 'searchset', links, entries }) };
}

/** Our own parameter of page links: the last event of the page before. */
const BEFORE = '_before';

async function findEvents(
  room: Room,
  request: Request,
  where: Parameters<typeof auditMatches>[1],
  count: number,
) {
  const snapshot = room.store.snapshot();
  const mark = request.query.findLast(([name]) => name === BEFORE)?.[1];
  let before = mark === undefined ? undefined : parseAuditId(mark);
  const found: Resource[] = [];
  for (let seen = 0; seen < ROWS_MAX; seen += ROWS_AT_ONCE) {
    const rows = await snapshot
      .audit(
        {
          viewer: viewerOf(request.caller),
          ...narrowAudit(where),
          ...(before && { before }),
          count: ROWS_AT_ONCE,
        },
        request.signal,
      )
      .catch(searchRefusal);
    for (const row of rows) {
      const event = render(room, request.caller, row);
      if (!auditMatches(event as never, where)) continue; // rendered just now
      if (found.length === count) return { found, more: true };
      found.push(event);
    }
    before = rows.at(-1);
    if (rows.length < ROWS_AT_ONCE) return { found, more: false };
  }
  throw new OperationOutcomeError('search-too-costly', {
    retryAfter: 60,
    diagnostics: 'narrow it by date, patient or entity',
  });
}

const viewerOf = ({ administrator, organization }: Caller) => (administrator ? undefined : organization);

function render({ settings }: Room, caller: Caller, row: AuditRow): Resource {
  const viewer = { organization: caller.organization, everything: caller.administrator };
  const event = renderAuditEvent(row, viewer, { name: settings.sourceName, base: settings.publicBase });
  return event as unknown as Resource; // an AuditEvent is a resource
}
