/**
 * Denials and guards (rules 2.12): what each organization does not see of what its referrals reach, kept in step in the
 * commit that changes it. A denied resource carries the referral no further, so what is reached through it alone is not seen either:
 * the sight is what it would be if the denied had been deleted.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../../fhir/types.ts';
import { instantsOf } from '../../../policies/restriction.ts';
import type { DenialWrite, KindWrite } from '../../../ports/denial.ts';
import { prepare } from '../folder/connection.ts';
import { FOREVER } from '../folder/schema.ts';
import { prepareDenialRows } from './denial-rows.ts';
import {
  prepareDeniedMembers,
  type SightMember,
  type SightRow,
  type DenialSpan,
  type Withholding,
} from './denied-members.ts';
import type { Identities } from './identities.ts';

/** What of a commit bears on denials. */
interface DenialChanges {
  readonly denials: readonly DenialWrite[];
  readonly kinds: readonly KindWrite[];
  /** Resources whose patients or marks changed, new ones among them. */
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
  const replaceKinds = preparePartyKinds(db);
  const { isAnything, bearsOn } = prepareBearing(db);
  const rootsAround = prepareRoots(db);
  const { readMember, nameOf, deniedIn, darkIn } = prepareDeniedMembers(db);
  const sighted = prepare<SightRow>(
    db,
    'SELECT org, rid, max(ended) FROM sight WHERE root = ? GROUP BY org, rid',
  );
  const clear = prepare(db, 'DELETE FROM denied WHERE root = ?');
  const deny = prepare(
    db,
    'INSERT INTO denied (org, rid, root, since, until, lasting, quiet) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );

  let denies = false;
  const hasDenied = (): boolean => {
    const had = denies;
    denies = false;
    return had;
  };

  return { apply, hasDenied, recompute };

  function apply({ denials, kinds, moved, roots }: DenialChanges): void {
    const patients = denials.flatMap(replace);
    const parties = kinds.map(replaceKinds);
    if (patients.length + parties.length === 0 && !isAnything()) return;
    for (const root of new Set([...roots, ...rootsAround(patients, moved, parties)])) recompute(root);
  }

  function recompute(root: number): void {
    clear.run(root);
    if (!bearsOn(root)) return;
    const pairs = sighted.all(root);
    const members = new Map<number, SightMember>();
    for (const [, rid] of pairs) if (!members.has(rid)) members.set(rid, readMember(rid));
    const spans = spansOf(members.values());
    for (const org of new Set(pairs.map(([one]) => one))) {
      const to = nameOf(org);
      if (to === undefined) throw new Error('an organization of a sight has a name');
      const own = pairs.filter(([one]) => one === org);
      const dark = new Map<number, DarkSpan[]>();
      for (const span of spans)
        darken(dark, span, (what) => darkIn(root, own, members, deniedIn(span, to, what)));
      for (const [rid, times] of dark)
        for (const [since, until, isLasting, isQuiet] of times) {
          deny.run(org, rid, root, since, until, isLasting, isQuiet);
          denies = true;
        }
    }
  }
}

/** Whether something may be withheld at all: in a store without denials and guarded content each costs one look. */
function prepareBearing(db: DatabaseSync) {
  const anything = prepare<[number]>(
    db,
    `SELECT EXISTS (SELECT 1 FROM denial) OR EXISTS (SELECT 1 FROM mark WHERE always = 1)
       OR EXISTS (SELECT 1 FROM party_kind)`,
  );
  const bears = prepare<[number]>(
    db,
    `SELECT EXISTS (SELECT 1 FROM sight s CROSS JOIN about a ON a.rid = s.rid CROSS JOIN denial d ON d.patient = a.patient
         WHERE s.root = ?1)
       OR EXISTS (SELECT 1 FROM sight s CROSS JOIN mark m ON m.rid = s.rid WHERE s.root = ?1 AND (m.always = 1
         OR EXISTS (SELECT 1 FROM name n JOIN party_kind k ON k.party = n.name WHERE n.nid = s.org)))`,
  );
  return {
    isAnything: (): boolean => anything.get()?.[0] === 1,
    bearsOn: (root: number): boolean => bears.get(root)?.[0] === 1,
  };
}

/** A span in which something is withheld, whether it is in an emergency, too, and whether nobody is told: 1 or 0. */
type DarkSpan = readonly [...span: DenialSpan, isLasting: number, isQuiet: number];

/** Adds what is withheld in a span. It is quiet where it would be withheld had the patient denied nothing. */
function darken(
  dark: Map<number, DarkSpan[]>,
  span: DenialSpan,
  darkOf: (what: Withholding) => readonly number[],
): void {
  const all = darkOf('any');
  if (all.length === 0) return;
  const [lasting, quiet] = [new Set(darkOf('lasting')), new Set(darkOf('quiet'))];
  for (const rid of all) extend(dark, rid, [...span, lasting.has(rid) ? 1 : 0, quiet.has(rid) ? 1 : 0]);
}

/** The roots that show what is about these patients, one of these resources, or what one of these parties tells or is told. */
function prepareRoots(db: DatabaseSync) {
  const rootsOf = prepare<[number]>(db, 'SELECT DISTINCT root FROM sight WHERE rid = ?');
  const rootsAbout = prepare<[number]>(
    db,
    `SELECT s.root FROM about a CROSS JOIN sight s ON s.rid = a.rid WHERE a.patient = ?1
     UNION SELECT s.root FROM resource p CROSS JOIN mark m ON m.mark = p.ref CROSS JOIN sight s ON s.rid = m.rid
       WHERE p.rid = ?1`,
  );
  const rootsWith = prepare<[number]>(
    db,
    `SELECT DISTINCT s.root FROM name n CROSS JOIN mark m CROSS JOIN resource r ON r.rid = m.rid
       CROSS JOIN sight s ON s.rid = m.rid WHERE n.name = ? AND (s.org = n.nid OR r.custodian = n.nid)`,
  );

  return (patients: readonly number[], rids: readonly number[], parties: readonly Ref[]): readonly number[] =>
    [
      ...patients.flatMap((patient) => rootsAbout.all(patient)),
      ...rids.flatMap((rid) => rootsOf.all(rid)),
      ...parties.flatMap((party) => rootsWith.all(party)),
    ].map(([root]) => root);
}

/** The kinds of parties as rows; the party whose kinds were replaced. */
function preparePartyKinds(db: DatabaseSync): (write: KindWrite) => Ref {
  const set = prepare(db, 'INSERT OR REPLACE INTO party_kind (party, kinds) VALUES (?, ?)');
  const drop = prepare(db, 'DELETE FROM party_kind WHERE party = ?');
  return ({ party, kinds }) => {
    if (kinds === undefined) drop.run(party);
    else set.run(party, JSON.stringify(kinds));
    return party;
  };
}

/** All of time, cut wherever a denial or a permit may begin or cease to hold. */
function spansOf(members: Iterable<SightMember>): readonly DenialSpan[] {
  const instants = new Set<number>();
  for (const { bearings, guarded } of members) {
    for (const { restriction } of bearings)
      for (const instant of instantsOf(restriction)) instants.add(instant);
    for (const { since, until } of guarded?.permits.flat() ?? []) {
      instants.add(Math.max(since, -FOREVER));
      if (until !== undefined) instants.add(until);
    }
  }
  instants.delete(-FOREVER);
  const cuts = [-FOREVER, ...[...instants].toSorted((a, b) => a - b), FOREVER];
  return cuts.slice(1).map((until, i): DenialSpan => [cuts[i] ?? -FOREVER, until]);
}

/** Adds a span to those of a resource, joined to the one that it continues. */
function extend(dark: Map<number, DarkSpan[]>, rid: number, span: DarkSpan): void {
  const [since, until, ...how] = span;
  const times = dark.get(rid) ?? [];
  const last = times.at(-1);
  if (last !== undefined && last[1] === since && last[2] === how[0] && last[3] === how[1])
    times[times.length - 1] = [last[0], until, ...how];
  else times.push(span);
  dark.set(rid, times);
}
