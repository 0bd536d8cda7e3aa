/**
 * What a resource's own content says of its sensitivity: every coding in it, wherever it stands, and the flags of its
 * author (compliance S1, S3). Words are not read: lists of words both miss and block too much (S5).
 */
import type { After } from '../../fhir/json-pieces.ts';
import type { Coding, Resource } from '../../fhir/types.ts';
import { needsOther, rowsBeside, rowsOf } from './code-ranges.ts';
import { ACT_CODE } from './confidentiality.ts';
import { FLAGS, SENSITIVITY } from './sensitivity.ts';

/** A code of ActCode, and the coding or the flag that it follows from. */
export type Sensitivities = ReadonlyMap<string, Coding>;

interface Derivation {
  /** Visits up to so many members, and says whether there are more. */
  readonly walk: (membersMax: number) => boolean;
  readonly found: () => Sensitivities;
}

type Node = Readonly<Record<string, unknown>>;

/** Elements that say nothing of the content: labels themselves, the narrative, and other resources of a Bundle. */
const PASSED: ReadonlySet<string> = new Set(['meta', 'text', 'entry']);

/** Begins to look through a resource, in steps. Resources inside a Bundle are looked through by themselves. */
function beginDeriving(resource: Resource): Derivation {
  const rows = new Map<number, Coding>();
  const beside = new Set<number>();
  const flags = new Map<string, Coding>();
  const left: unknown[] = [];
  begin(resource, left);
  const look = ({ system, code, url, valueBoolean }: Node): void => {
    if (typeof system === 'string' && typeof code === 'string') {
      for (const row of rowsOf(system, code)) if (!rows.has(row)) rows.set(row, { system, code });
      for (const row of rowsBeside(system, code)) beside.add(row);
    }
    const flag = valueBoolean === true && typeof url === 'string' ? FLAGS.get(url) : undefined;
    if (flag !== undefined) flags.set(flag, { system: ACT_CODE, code: flag });
  };
  return {
    walk: (membersMax) => walk(left, look, membersMax),
    found: () => labelsOf(rows, beside, flags),
  };
}

function begin(resource: Resource, left: unknown[]): void {
  const isBundle = resource.resourceType === 'Bundle';
  for (const [name, value] of Object.entries(resource))
    if (typeof value === 'object' && value !== null && (!PASSED.has(name) || (name === 'entry' && !isBundle)))
      left.push(value);
}

function walk(left: unknown[], look: (node: Node) => void, membersMax: number): boolean {
  for (let visited = 0; visited < membersMax; visited += 1) {
    const node = left.pop();
    if (node === undefined) return false;
    if (Array.isArray(node)) {
      for (const one of node) if (typeof one === 'object' && one !== null) left.push(one);
      visited += node.length;
      continue;
    }
    const members = node as Node; // lists and objects alone are put there
    look(members);
    for (const name in members) {
      const value = members[name];
      if (typeof value === 'object' && value !== null && name !== 'meta') left.push(value);
      visited += 1;
    }
  }
  return left.length > 0;
}

/** In the order of the table, so that the same content has the same labels. */
function labelsOf(
  rows: ReadonlyMap<number, Coding>,
  beside: ReadonlySet<number>,
  flags: ReadonlyMap<string, Coding>,
): Sensitivities {
  const found = new Map<string, Coding>();
  if (rows.size > 0)
    for (const [row, { labels }] of SENSITIVITY.entries()) {
      const because = rows.get(row);
      if (because === undefined || (needsOther(row) && !beside.has(row))) continue;
      for (const label of labels) if (!found.has(label)) found.set(label, because);
    }
  for (const [label, because] of flags) found.set(label, because);
  return found;
}

/** Nobody changes a plain tree, so it is looked through once. */
const known = new WeakMap<Resource, Sensitivities>();

/** What the content of a resource says of its sensitivity. */
export function sensitivitiesOf(resource: Resource): Sensitivities {
  const remembered = known.get(resource);
  if (remembered !== undefined) return remembered;
  const { walk: go, found } = beginDeriving(resource);
  go(Number.POSITIVE_INFINITY);
  return remember(resource, found());
}

function remember(resource: Resource, found: Sensitivities): Sensitivities {
  known.set(resource, found);
  return found;
}

/** The number of members that one turn visits. */
const AT_ONCE = 2048;
const CHARACTERS_EACH = 16;

/** Looks through a large resource and what is inside it in turns, so that {@link sensitivitiesOf} finds it remembered. */
export async function learnSensitivities(resource: Resource, after: After): Promise<void> {
  if (!known.has(resource)) {
    const { walk: go, found } = beginDeriving(resource);
    while (go(AT_ONCE)) await after(AT_ONCE * CHARACTERS_EACH);
    remember(resource, found());
  }
  for (const member of resourcesInside(resource)) {
    if (member === undefined) continue;
    await learnSensitivities(member, after);
    await after(0);
  }
}

/** The resources inside a Bundle, by the place of their entry; undefined for an entry without one. */
export const resourcesInside = (resource: Resource): readonly (Resource | undefined)[] =>
  resource.resourceType === 'Bundle'
    ? ((resource['entry'] ?? []) as readonly { readonly resource?: Resource }[]).map(
        (entry) => entry.resource,
      )
    : [];
