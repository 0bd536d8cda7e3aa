/**
 * Denials (rules 2.12): what each organization does not see of what its referrals reach, kept in step in the commit that
 * changes it. A denied resource carries the referral no further, so what is reached through it alone is not seen either:
 * the sight is what it would be if the denied had been deleted.
 */
import type { DatabaseSync } from 'node:sqlite';
import { instantsOf } from '../../../policies/restriction.ts';
import type { DenialWrite } from '../../../ports/denial.ts';
import { prepare } from '../folder/connection.ts';
import { FOREVER } from '../folder/schema.ts';
import { prepareDenialRows } from './denial-rows.ts';
import {
  prepareDeniedMembers,
  type Bearing,
  type SightMember,
  type SightRow,
  type DenialSpan,
} from './denied-members.ts';
import type { Identities } from './identities.ts';

/** What of a commit bears on denials. */
interface DenialChanges {
  readonly denials: readonly DenialWrite[];
  /** Resources whose patients changed, new ones among them. */
  readonly moved: readonly number[];
  /** Roots whose reach changed. */
  readonly roots: ReadonlySet<number>;
}

export interface Denials {
  readonly apply: (changes: DenialChanges) => void;
  /** Whether something is denied since this was asked last: what was received of it must be written now. */
  readonly hasDenied: () => boolean;
  /** Computes what is denied by way of a root. */
  readonly recompute: (root: number) => void;
}

export function prepareDenials(db: DatabaseSync, identities: Identities): Denials {
  const replace = prepareDenialRows(db, identities);
  const rootsAround = prepareRoots(db);
  const { readMember, nameOf, deniedIn, darkIn } = prepareDeniedMembers(db);
  const anyDenial = prepare<[number]>(db, 'SELECT 1 FROM denial LIMIT 1');
  const bears = prepare<[number]>(
    db,
    `SELECT 1 FROM sight s CROSS JOIN about a ON a.rid = s.rid CROSS JOIN denial d ON d.patient = a.patient
     WHERE s.root = ? LIMIT 1`,
  );
  const sighted = prepare<SightRow>(
    db,
    'SELECT org, rid, max(ended) FROM sight WHERE root = ? GROUP BY org, rid',
  );
  const clear = prepare(db, 'DELETE FROM denied WHERE root = ?');
  const deny = prepare(
    db,
    'INSERT INTO denied (org, rid, root, since, until, lasting) VALUES (?, ?, ?, ?, ?, ?)',
  );

  let denies = false;
  const hasDenied = (): boolean => {
    const had = denies;
    denies = false;
    return had;
  };

  return { apply, hasDenied, recompute };

  function apply({ denials, moved, roots }: DenialChanges): void {
    const patients = denials.flatMap(replace);
    if (patients.length === 0 && anyDenial.get() === undefined) return;
    for (const root of new Set([...roots, ...rootsAround(patients, moved)])) recompute(root);
  }

  function recompute(root: number): void {
    clear.run(root);
    if (bears.get(root) === undefined) return;
    const pairs = sighted.all(root);
    const members = new Map<number, SightMember>();
    for (const [, rid] of pairs) if (!members.has(rid)) members.set(rid, readMember(rid));
    const bearings = [...members.values()].flatMap((member) => member.bearings);
    const spans = spansOf(bearings);
    const lasts = bearings.some(({ restriction }) => restriction.lasting === true);
    for (const org of new Set(pairs.map(([one]) => one))) {
      const to = nameOf(org);
      if (to === undefined) throw new Error('an organization of a sight has a name');
      const own = pairs.filter(([one]) => one === org);
      const darkAt = (span: DenialSpan, lasting: boolean) =>
        darkIn(root, own, members, deniedIn(span, to, lasting));
      for (const [rid, times] of darkSpans(spans, darkAt, lasts))
        for (const [since, until, isLasting] of times) {
          deny.run(org, rid, root, since, until, isLasting ? 1 : 0);
          denies = true;
        }
    }
  }
}

/** A span in which something is denied, and whether it is in an emergency, too. */
type DarkSpan = readonly [...span: DenialSpan, isLasting: boolean];

/** When each resource is not seen. `lasts`: whether some denial lasts at all. */
function darkSpans(
  spans: readonly DenialSpan[],
  darkAt: (span: DenialSpan, lasting: boolean) => readonly number[],
  lasts: boolean,
): ReadonlyMap<number, readonly DarkSpan[]> {
  const dark = new Map<number, DarkSpan[]>();
  for (const span of spans) {
    const lasting = new Set(lasts ? darkAt(span, true) : []);
    for (const rid of darkAt(span, false)) extend(dark, rid, [...span, lasting.has(rid)]);
  }
  return dark;
}

/** The roots that show what is about these patients, or one of these resources. */
function prepareRoots(db: DatabaseSync) {
  const rootsOf = prepare<[number]>(db, 'SELECT DISTINCT root FROM sight WHERE rid = ?');
  const rootsAbout = prepare<[number]>(
    db,
    'SELECT DISTINCT s.root FROM about a CROSS JOIN sight s ON s.rid = a.rid WHERE a.patient = ?',
  );

  return (patients: readonly number[], rids: readonly number[]): readonly number[] =>
    [
      ...patients.flatMap((patient) => rootsAbout.all(patient)),
      ...rids.flatMap((rid) => rootsOf.all(rid)),
    ].map(([root]) => root);
}

/** All of time, cut wherever one of the denials may begin or cease to deny. */
function spansOf(bearings: readonly Bearing[]): readonly DenialSpan[] {
  const instants = new Set(bearings.flatMap(({ restriction }) => instantsOf(restriction)));
  const cuts = [-FOREVER, ...[...instants].toSorted((a, b) => a - b), FOREVER];
  return cuts.slice(1).map((until, i): DenialSpan => [cuts[i] ?? -FOREVER, until]);
}

/** Adds a span to those of a resource, joined to the one that it continues. */
function extend(dark: Map<number, DarkSpan[]>, rid: number, span: DarkSpan): void {
  const [since, until, isLasting] = span;
  const times = dark.get(rid) ?? [];
  const last = times.at(-1);
  if (last !== undefined && last[1] === since && last[2] === isLasting)
    times[times.length - 1] = [last[0], until, isLasting];
  else times.push(span);
  dark.set(rid, times);
}
