/**
 * The ConceptMaps that a link names (`codeMaps`), and the codes that they lack: each asks a person once, and the row that
 * the person gives is added to the map.
 */
import { createHash } from 'node:crypto';
import type { Ref, Resource } from '../../fhir/types.ts';
import type { CodeMap, CodeMaps, MapRow, UnmappedCode } from '../../hl7v2/mapping/code-maps.ts';
import { splitCanonical } from '../../resources/terminology/held.ts';
import { EVERYTHING, type Draft } from '../draft.ts';
import { remark } from './fates.ts';
import type { Incoming } from './incoming.ts';
import { findOpen, planItem } from './items.ts';
import type { Kept } from './keep.ts';

/** Stored maps of one canonical that are looked at, newest first. */
const MAPS_MAX = 20;

/** The maps of a link that are stored here; whoever else publishes one under its canonical is not asked. */
export async function readCodeMaps(draft: Draft, { link, sender, receiver }: Incoming): Promise<CodeMaps> {
  const maps: Record<string, CodeMap> = {};
  for (const [field, canonical] of Object.entries(link.codeMaps)) {
    const found = await findCodeMap(draft, canonical, [sender, receiver]);
    maps[field] = found === undefined ? { canonical, rows: [] } : codeMapOf(found.resource, canonical);
  }
  return maps;
}

/** The newest map of a canonical that an administrator or one of these keeps. */
export async function findCodeMap(
  draft: Draft,
  canonical: string,
  custodians: readonly (Ref | undefined)[],
): Promise<{ readonly ref: Ref; readonly resource: Resource } | undefined> {
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
  for (const { ref, text, custodian } of matches) {
    const resource = JSON.parse(text) as Resource; // stored texts were validated
    const isMeant = version === undefined || resource['version'] === version;
    if (isMeant && (custodian === '' || custodians.includes(custodian))) return { ref, resource };
  }
  return undefined;
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

function codeMapOf(resource: Resource, canonical: string): CodeMap {
  const groups = (resource['group'] ?? []) as readonly Group[]; // validated structure
  const rows = groups.flatMap(({ source, target: system, element = [] }) =>
    element.flatMap(({ code, target = [] }): MapRow[] => {
      const found = target.find((one) => one.code !== undefined && !NONE.has(one.equivalence));
      if (code === undefined || found?.code === undefined) return [];
      return [{ source, code, target: { system, code: found.code, display: found.display } }];
    }),
  );
  const { url } = splitCanonical(canonical);
  const version = resource['version'] as string | undefined; // validated structure
  return { canonical: version === undefined ? url : `${url}|${version}`, rows };
}

/** Under which an open question about a code is found again. */
const UNMAPPED_SYSTEM = 'https://closeloop.dev/fhir/unmapped-code';

/** One work item for each link, field and code, however many messages bear it. */
export async function askForRows(
  draft: Draft,
  incoming: Incoming,
  kept: Kept,
  owner: Ref | '',
  unmapped: readonly UnmappedCode[],
): Promise<void> {
  for (const { field, code, system, canonical } of unmapped) {
    const about = [incoming.link.name, field, system, code].join('\n');
    const number = { system: UNMAPPED_SYSTEM, value: createHash('sha256').update(about).digest('hex') };
    if (await findOpen(draft, 'code-unmapped', number)) continue;
    const says = `${field}: code ${code}${system === '' ? '' : ` of ${system}`} has no row in ${canonical}`;
    planItem(draft, incoming, kept, {
      kind: 'code-unmapped',
      owner,
      verdict: { remarks: [remark('structure-invalid', 'W', '', says)], referral: undefined },
      number,
      values: { field, code, system, map: canonical },
    });
  }
}
