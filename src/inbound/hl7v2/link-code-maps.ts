/**
 * The ConceptMaps that a link names (`codeMaps`), and the codes that they lack: each asks a person once, and the row that
 * the person gives is added to the map.
 */
import { createHash } from 'node:crypto';
import type { Ref, Resource } from '../../fhir/types.ts';
import type { CodeMap, CodeMaps, MapRow, UnmappedCode } from '../../hl7v2/mapping/code-maps.ts';
import { EVERYTHING, type Match } from '../../ports/query.ts';
import type { Store } from '../../ports/store.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { splitCanonical } from '../../resources/terminology/terminology-source.ts';
import type { Draft } from '../../operations/write/draft.ts';
import { remark } from '../fate.ts';
import type { Incoming } from './incoming.ts';
import { findOpen, planItem } from '../work-items.ts';
import type { ArchivedMessage } from '../archive.ts';

/** Stored maps of one canonical that are looked at, newest first. */
const MAPS_MAX = 20;

/** The maps of a link that are stored here; whoever else publishes one under its canonical is not asked. */
export async function readCodeMaps(draft: Draft, { link, sender, receiver }: Incoming): Promise<CodeMaps> {
  const maps: Record<string, CodeMap> = {};
  for (const [field, canonical] of Object.entries(link.codeMaps)) {
    const found = await findMap(draft, canonical, [sender, receiver]);
    maps[field] = found === undefined ? { canonical, rows: [] } : codeMapOf(readMap(draft, found), canonical);
  }
  return maps;
}

/** The newest map of a canonical that an administrator or one of these keeps. */
export async function findCodeMap(
  draft: Draft,
  canonical: string,
  custodians: readonly (Ref | undefined)[],
): Promise<{ readonly ref: Ref; readonly resource: Resource } | undefined> {
  const found = await findMap(draft, canonical, custodians);
  return found && { ref: found.ref, resource: parseStored(found.text) };
}

async function findMap(
  draft: Draft,
  canonical: string,
  custodians: readonly (Ref | undefined)[],
): Promise<Match | undefined> {
  const { url, version } = splitCanonical(canonical);
  const { matches } = await draft.snapshot.search({
    type: 'ConceptMap',
    where: { kind: 'uri', param: 'url', match: 'exact', value: url },
    sort: [],
    sight: EVERYTHING,
    count: MAPS_MAX,
    offset: 0,
    total: false,
  });
  return matches.find(
    (match) =>
      (match.custodian === '' || custodians.includes(match.custodian)) &&
      (version === undefined || readMap(draft, match).version === version),
  );
}

/** What a link needs of a map. */
interface ReadMap {
  readonly version: string | undefined;
  readonly rows: readonly MapRow[];
}

/** Versions never change: each is read once, for every message asks for its link's maps. */
const readOf = new WeakMap<Store, Map<string, ReadMap>>();
/** Versions remembered at most. */
const REMEMBERED_MAX = 100;

function readMap({ context: { store } }: Draft, { ref, seq, text }: Match): ReadMap {
  const read = readOf.get(store) ?? new Map<string, ReadMap>();
  readOf.set(store, read);
  const key = `${ref}/${seq}`;
  const known = read.get(key);
  if (known !== undefined) return known;
  const resource = parseStored(text);
  const map = { version: resource['version'] as string | undefined, rows: rowsOf(resource) }; // validated structure
  if (read.size >= REMEMBERED_MAX) read.delete(read.keys().next().value ?? '');
  read.set(key, map);
  return map;
}

interface Group {
  readonly source?: string;
  readonly target?: string;
  readonly element?: readonly {
    readonly code?: string;
    readonly target?: readonly {
      readonly code?: string;
      readonly display?: string;
      readonly equivalence?: string;
    }[];
  }[];
}

/** Equivalences that say that a target is none. */
const NONE: ReadonlySet<string | undefined> = new Set(['unmatched', 'disjoint']);

function rowsOf(resource: Resource): readonly MapRow[] {
  const groups = (resource['group'] ?? []) as readonly Group[]; // validated structure
  return groups.flatMap(({ source, target: system, element = [] }) =>
    element.flatMap(({ code, target = [] }): MapRow[] => {
      const found = target.find((one) => one.code !== undefined && !NONE.has(one.equivalence));
      if (code === undefined || found?.code === undefined) return [];
      return [{ source, code, target: { system, code: found.code, display: found.display } }];
    }),
  );
}

function codeMapOf({ version, rows }: ReadMap, canonical: string): CodeMap {
  const { url } = splitCanonical(canonical);
  return { canonical: version === undefined ? url : `${url}|${version}`, rows };
}

/** Under which an open question about a code is found again. */
const UNMAPPED_SYSTEM = 'https://closeloop.dev/fhir/unmapped-code';

/** One work item for each link, field and code, however many messages bear it. */
export async function askForRows(
  draft: Draft,
  incoming: Incoming,
  archived: ArchivedMessage,
  owner: Ref | '',
  unmapped: readonly UnmappedCode[],
): Promise<void> {
  for (const { field, code, system, canonical } of unmapped) {
    const about = [incoming.link.name, field, system, code].join('\n');
    const number = { system: UNMAPPED_SYSTEM, value: createHash('sha256').update(about).digest('hex') };
    if (await findOpen(draft, 'code-unmapped', number)) continue;
    const says = `${field}: code ${code}${system === '' ? '' : ` of ${system}`} has no row in ${canonical}`;
    planItem(draft, incoming, archived, {
      kind: 'code-unmapped',
      owner,
      verdict: { remarks: [remark('structure-invalid', 'W', '', says)], referral: undefined },
      number,
      values: { field, code, system, map: canonical },
    });
  }
}
