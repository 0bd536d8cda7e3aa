/**
 * Reads of the audit (rules 4.2, 2.8). AuditEvents are rendered from compact rows: a search narrows by the store's
 * indexes, and then looks at each event as its viewer sees it. The server audits a read of AuditEvents once.
 */
import { buildBundleText } from '../../fhir/bundle.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { narrowedTo, type Clause, type Query, type Sight, type SortKey } from '../../ports/query.ts';
import type { AuditEntry, AuditQuery, AuditRow, Snapshot } from '../../ports/store.ts';
import { auditId, parseAuditId, renderAuditEvent } from '../../resources/audit-event-render.ts';
import { asksOthers, auditMatches, narrowAudit } from '../../resources/audit-search.ts';
import { localRefOf } from '../../resources/element.ts';
import { parseSearch, type ParsedSearch } from '../../resources/search-query.ts';
import { auditRead } from './audit.ts';
import { findSuspendedRows } from '../accounting/facts.ts';
import { hidesSuspended } from '../../policies/access.ts';
import { checkFocus } from '../compartment.ts';
import { recordAlways } from './record.ts';
import type { Reply, Request } from '../request.ts';
import type { OperationContext } from '../context.ts';
import { searchRefusal } from '../search/search-refusal.ts';
import { sightFor } from '../scope.ts';
import { readShape, shapeText } from '../write/shape.ts';
import { shapeOf, warningEntries } from '../search/searchset.ts';
import { within } from '../interactions/search.ts';

/** The largest number of rows that one search looks at; a search that needs more must be narrowed. */
const ROWS_MAX = 50_000;
const ROWS_AT_ONCE = 500;

export async function performAuditRead(context: OperationContext, request: Request): Promise<Reply> {
  const shape = readShape(request);
  const place = parseAuditId(request.id ?? '');
  const snapshot = context.store.snapshot();
  const rows =
    place === undefined
      ? []
      : await snapshot.audit({
          ...visibleTo(sightFor(request)),
          behind: { seq: place.seq, position: place.position + 1 },
          count: 1,
        });
  const [row] = rows;
  const isKept = await keptFrom(context, snapshot, sightFor(request));
  if (row === undefined || row.seq !== place?.seq || row.position !== place.position || (await isKept(row))) {
    throw noSuchEvent();
  }
  const event = await renderAuditRow(context, snapshot, sightFor(request), row);
  if (!auditMatches(event as never, withinScopes(request, []))) throw noSuchEvent(); // rendered just now
  await recordAlways(context, { ...auditRead(request, []), entities: [`AuditEvent/${auditId(row)}`] });
  return {
    status: 200,
    text: shapeText(shape, 'AuditEvent', JSON.stringify(event)),
    version: row.seq,
    at: row.at,
  };
}

const noSuchEvent = (): OperationOutcomeError =>
  new OperationOutcomeError('not-found', { diagnostics: 'no such AuditEvent' });

/** A search of AuditEvents, and what narrowed scopes leave of them. */
function withinScopes(request: Request, asked: readonly Clause[]): Clause {
  const narrowed = narrowedTo(sightFor(request), 'AuditEvent');
  return { kind: 'all', of: narrowed === undefined ? asked : [...asked, narrowed] };
}

export async function performAuditSearch(context: OperationContext, request: Request): Promise<Reply> {
  const { publicBase } = context.settings;
  const parsed = parse(context, request);
  const { compartment } = request;
  if (compartment !== undefined) await checkFocus(context.store.snapshot(), compartment, [sightFor(request)]);
  const { found, more, total } = await findEvents(context, request, parsed.query);
  await recordAlways(context, auditRead(request, []));
  const at = compartment === undefined ? publicBase : `${publicBase}/${compartment}`;
  const self = `${at}/AuditEvent${parsed.self === '' ? '' : `?${parsed.self}`}`;
  const last = found.at(-1);
  const links: (readonly [string, string])[] = [['self', self]];
  if (more && last !== undefined)
    links.push(['next', `${self}${self.includes('?') ? '&' : '?'}${BEFORE}=${last.id}`]);
  const entries = found.map((event) => ({
    fullUrl: `${publicBase}/AuditEvent/${event.id}`,
    text: shapeText(shapeOf(parsed), 'AuditEvent', JSON.stringify(event)),
    search: 'match' as const,
  }));
  return {
    status: 200,
    text: buildBundleText({
      type: 'searchset',
      total,
      links,
      entries: [...entries, ...warningEntries(parsed.warnings)],
    }),
  };
}

function parse({ settings, clock }: OperationContext, request: Request): ParsedSearch {
  const pairs = request.query.filter(([name]) => name !== BEFORE).map(withHash);
  const parsed = parseSearch('AuditEvent', pairs, {
    lenient: request.prefer.handling === 'lenient',
    base: settings.publicBase,
    now: clock.now(),
    countDefault: settings.pageSizeDefault,
    countMax: settings.pageSizeMax,
    sight: sightFor(request),
  });
  const refused = WISHES.find(([, isWished]) => isWished(parsed));
  const { compartment } = request;
  if (refused === undefined)
    return compartment === undefined ? parsed : within(parsed, compartment, 'AuditEvent');
  throw new OperationOutcomeError('search-parameter-unknown', {
    diagnostics: `AuditEvents are not ${refused[0]}`,
  });
}

const SHA_256 = /^[0-9a-f]{64}$/;

/**
 * Hashes in lower case. Zero is an answer, so what can be no SHA-256 at all is refused (baa-messaging MS51).
 *
 * @throws OperationOutcomeError `search-value-invalid`
 */
function withHash([name, value]: readonly [string, string]): readonly [string, string] {
  if (name !== 'content-hash' && name !== 'content-hash:not') return [name, value];
  const hashes = value.toLowerCase();
  if (hashes.split(',').every((one) => SHA_256.test(one))) return [name, hashes];
  throw new OperationOutcomeError('search-value-invalid', {
    diagnostics: 'content-hash takes a SHA-256 in 64 hexadecimal digits, as sha256sum prints it',
  });
}

const BY_TIME: ReadonlySet<string> = new Set(['date', '_lastUpdated']);

const isByTime = ({ param, descending }: SortKey, first: SortKey | undefined): boolean =>
  BY_TIME.has(param) && descending === first?.descending;

/**
 * Conditions that a search of resources may have, and a search of the audit may not, because it looks at rows one by
 * one.
 */
const WISHES: readonly (readonly [says: string, isWished: (parsed: ParsedSearch) => boolean])[] = [
  ['searched by chains', ({ query }) => asksOthers(query.where)],
  ['searched with includes', ({ include, revinclude }) => include.length + revinclude.length > 0],
  ['counted beside a page: ask for _summary=count', ({ query }) => query.total && query.count > 0],
  ['sorted otherwise than by date', ({ query: { sort } }) => !sort.every((key) => isByTime(key, sort[0]))],
];

/** Our own parameter of page links: the last event of the page before. */
const BEFORE = '_before';

function readMark(mark: string): { readonly seq: number; readonly position: number } {
  const place = parseAuditId(mark);
  if (place !== undefined) return place;
  throw new OperationOutcomeError('search-value-invalid', { diagnostics: 'not a page link' });
}

interface FoundEvents {
  readonly found: readonly Resource[];
  readonly more: boolean;
  /** All that match, where the search asks for their number alone. */
  readonly total?: number;
}

async function findEvents(
  context: OperationContext,
  request: Request,
  { where: asked, count, sort, total: isCounted }: Query,
): Promise<FoundEvents> {
  const snapshot = context.store.snapshot();
  const sight = sightFor(request);
  const where = withinScopes(request, asked.kind === 'all' ? asked.of : [asked]);
  const { names, ...narrowed } = narrowAudit(where);
  const visible = visibleTo(sight);
  const isKept = await keptFrom(context, snapshot, sight);
  const oldestFirst = sort[0]?.descending === false;
  const mark = request.query.findLast(([name]) => name === BEFORE)?.[1];
  let behind = mark === undefined ? undefined : readMark(mark);
  const found: Resource[] = [];
  let total = 0;
  for (let seen = 0; seen < ROWS_MAX; seen += ROWS_AT_ONCE) {
    const rows = await snapshot
      .audit(
        {
          ...visible,
          ...narrowed,
          names: [...visible.names, ...names],
          ...(oldestFirst && { oldestFirst }),
          ...(behind && { behind }),
          count: ROWS_AT_ONCE,
        },
        request.signal,
      )
      .catch(searchRefusal);
    for (const row of rows) {
      if (await isKept(row)) continue;
      const event = await renderAuditRow(context, snapshot, sight, row);
      if (!auditMatches(event as never, where)) continue; // rendered just now
      total += 1;
      if (isCounted) continue;
      if (found.length === count) return { found, more: true };
      found.push(event);
    }
    behind = rows.at(-1);
    if (rows.length < ROWS_AT_ONCE) return { found, more: false, ...(isCounted && { total }) };
  }
  throw new OperationOutcomeError('search-too-costly', {
    retryAfter: 60,
    diagnostics: 'narrow it by date, patient or entity',
  });
}

/**
 * The rows of the caller's own agents and of the resources it keeps (rules 2.8); with patient scopes, only those about
 * the patient.
 */
function visibleTo(sight: Sight): Pick<AuditQuery, 'viewer' | 'names'> {
  if (sight.everything) return { viewer: undefined, names: [] };
  return { viewer: sight.organization, names: sight.patient === undefined ? [] : [sight.patient] };
}

/** What an agency has asked not to tell the patient for a time, an event does not tell either (audit-compliance AU24). */
export async function keptFrom(
  { clock }: OperationContext,
  snapshot: Snapshot,
  sight: Sight,
): Promise<(row: AuditRow) => Promise<boolean>> {
  if (sight.everything || sight.patient === undefined || !hidesSuspended(sight.hidden))
    return async () => false;
  return findSuspendedRows(snapshot, sight.patient, clock.now());
}

/**
 * An event as its viewer sees it. Of events of others, and with patient scopes, it names only resources that the viewer
 * may see.
 */
export async function renderAuditRow(
  { settings }: OperationContext,
  snapshot: Snapshot,
  sight: Sight,
  row: AuditRow,
): Promise<Resource> {
  const organization = sight.everything || sight.patient !== undefined ? undefined : sight.organization;
  const own = sight.everything || organization === row.entry.agent.organization;
  const known = own ? undefined : await knownOf(snapshot, sight, row.entry);
  const viewer = {
    organization,
    everything: sight.everything,
    ...(known !== undefined && {
      knows: (ref: Ref) => known.has(ref),
      keeps: (ref: Ref) => organization !== undefined && known.get(ref) === organization,
    }),
  };
  const event = renderAuditEvent(row, viewer, { name: settings.sourceName, base: settings.publicBase });
  return event as unknown as Resource; // an AuditEvent is a resource
}

/** The resources of a row that its viewer may know of, with who keeps each. */
async function knownOf(
  snapshot: Snapshot,
  sight: Sight,
  { entities, patients, deciding = [] }: AuditEntry,
): Promise<ReadonlyMap<Ref, Ref | ''>> {
  const known = new Map<Ref, Ref | ''>();
  for (const name of [...entities, ...patients, ...deciding]) {
    const ref = localRefOf(name);
    const version = ref && (await snapshot.read(ref, sight));
    if (ref !== undefined && version !== undefined) known.set(ref, version.custodian);
  }
  return known;
}
