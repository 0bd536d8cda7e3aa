/**
 * Denials (rules 2.12): what each organization does not see of what its referrals reach, kept in step in the commit that
 * changes it. A denied resource carries the referral no further, so what is reached through it alone is not seen either:
 * the sight is what it would be if the denied had been deleted.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../../fhir/types.ts';
import { deniesAt, instantsOf, type Restriction } from '../../../policies/restriction.ts';
import type { DenialWrite } from '../../../ports/denial.ts';
import { prepare } from '../folder/connection.ts';
import { FOREVER } from '../folder/schema.ts';
import { typeOfRef, type Identities } from './identities.ts';

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

/** A denial as it bears on one resource. */
interface Bearing {
  readonly keeper: number;
  readonly restriction: Restriction;
}

/** A resource that a root shows, or has shown, to some organization. */
interface Member {
  readonly rid: number;
  readonly ref: Ref;
  readonly custodian: number;
  readonly bearings: readonly Bearing[];
}

/** From when until when something holds, in milliseconds since 1970, the end excluded. */
type Span = readonly [since: number, until: number];

export function prepareDenials(db: DatabaseSync, { intern, ridOf }: Identities): Denials {
  const anyDenial = prepare<[number]>(db, 'SELECT 1 FROM denial LIMIT 1');
  const patientOf = prepare<[number]>(db, 'SELECT patient FROM denial WHERE source = ?');
  const addDenial = prepare(
    db,
    'INSERT INTO denial (source, patient, keeper, restriction, actors) VALUES (?, ?, ?, ?, ?)',
  );
  const dropDenial = prepare(db, 'DELETE FROM denial WHERE source = ?');
  const addFoundBy = prepare(db, 'INSERT OR IGNORE INTO denial_found_by (name, source) VALUES (?, ?)');
  const dropFoundBy = prepare(db, 'DELETE FROM denial_found_by WHERE source = ?');
  const rootsOf = prepare<[number]>(db, 'SELECT DISTINCT root FROM sight WHERE rid = ?');
  const rootsAbout = prepare<[number]>(
    db,
    'SELECT DISTINCT s.root FROM about a CROSS JOIN sight s ON s.rid = a.rid WHERE a.patient = ?',
  );
  const bears = prepare<[number]>(
    db,
    `SELECT 1 FROM sight s CROSS JOIN about a ON a.rid = s.rid CROSS JOIN denial d ON d.patient = a.patient
     WHERE s.root = ? LIMIT 1`,
  );
  const sighted = prepare<[org: number, rid: number, ended: number]>(
    db,
    'SELECT org, rid, max(ended) FROM sight WHERE root = ? GROUP BY org, rid',
  );
  const memberOf = prepare<[ref: Ref, custodian: number]>(
    db,
    'SELECT ref, custodian FROM resource WHERE rid = ?',
  );
  const bearingsOf = prepare<[keeper: number, restriction: string]>(
    db,
    'SELECT d.keeper, d.restriction FROM about a CROSS JOIN denial d ON d.patient = a.patient WHERE a.rid = ?',
  );
  const nameOf = prepare<[Ref]>(db, 'SELECT name FROM name WHERE nid = ?');
  const targets = prepare<[number]>(db, 'SELECT DISTINCT target FROM edge WHERE source = ?');
  const clear = prepare(db, 'DELETE FROM denied WHERE root = ?');
  const deny = prepare(db, 'INSERT INTO denied (org, rid, root, since, until) VALUES (?, ?, ?, ?, ?)');

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
    const changed = new Set(roots);
    for (const patient of patients) for (const [root] of rootsAbout.all(patient)) changed.add(root);
    for (const rid of moved) for (const [root] of rootsOf.all(rid)) changed.add(root);
    for (const root of changed) recompute(root);
  }

  /** The patients whose resources it bore on, and bears on now. */
  function replace({ source, denial }: DenialWrite): readonly number[] {
    const consent = ridOf(source);
    const before = patientOf.get(consent);
    if (before !== undefined) {
      dropDenial.run(consent);
      dropFoundBy.run(consent);
    }
    if (denial === undefined) return before ?? [];
    const { patient, keeper, restriction, actors, foundBy } = denial;
    const rid = ridOf(patient);
    const nid = keeper === undefined ? 0 : intern(keeper);
    addDenial.run(consent, rid, nid, JSON.stringify(restriction), JSON.stringify(actors));
    for (const name of foundBy) addFoundBy.run(name, consent);
    return [...(before ?? []), rid];
  }

  function recompute(root: number): void {
    clear.run(root);
    if (bears.get(root) === undefined) return;
    const pairs = sighted.all(root);
    const members = new Map<number, Member>();
    for (const [, rid] of pairs) if (!members.has(rid)) members.set(rid, readMember(rid));
    const spans = spansOf([...members.values()].flatMap(({ bearings }) => bearings));
    for (const org of new Set(pairs.map(([one]) => one))) {
      const to = nameOf.get(org)?.[0];
      if (to === undefined) throw new Error('an organization of a sight has a name');
      const own = pairs.filter(([one]) => one === org);
      const dark = new Map<number, Span[]>();
      for (const span of spans) {
        for (const rid of darkIn(root, own, members, deniedIn(span, to))) extend(dark, rid, span);
      }
      for (const [rid, times] of dark)
        for (const [since, until] of times) {
          deny.run(org, rid, root, since, until);
          denies = true;
        }
    }
  }

  function readMember(rid: number): Member {
    const [ref, custodian] = memberOf.get(rid) ?? ['/', 0]; // what is in a sight is a resource
    const bearings = bearingsOf.all(rid).map(([keeper, text]) => ({
      keeper,
      restriction: JSON.parse(text) as Restriction, // written by `replace`
    }));
    return { rid, ref, custodian, bearings };
  }

  /** Whether a resource is denied to an organization throughout a span: nothing begins or ends within one. */
  function deniedIn(span: Span, to: Ref): (member: Member) => boolean {
    const at = instantIn(span);
    return ({ ref, custodian, bearings }) => {
      const from = custodian === 0 ? undefined : nameOf.get(custodian)?.[0];
      if (from === undefined || from === to) return false; // the server's own, or the reader's
      const telling = { ref, type: typeOfRef(ref), from, to };
      return bearings.some(
        ({ keeper, restriction }) =>
          (keeper === 0 || keeper === custodian) && deniesAt(restriction, telling, at),
      );
    };
  }

  /** What is denied, and what no way leads to that passes by everything denied. Of what is reached no more, the denied. */
  function darkIn(
    root: number,
    own: readonly (readonly [org: number, rid: number, ended: number])[],
    members: ReadonlyMap<number, Member>,
    isDenied: (member: Member) => boolean,
  ): readonly number[] {
    const denied = new Set<number>();
    for (const [, rid] of own) {
      const member = members.get(rid);
      if (member !== undefined && member.bearings.length > 0 && isDenied(member)) denied.add(rid);
    }
    if (denied.size === 0) return [];
    const open = new Set(denied.has(root) ? [] : [root]);
    // A Set is iterated in the order of insertion, what is added meanwhile included.
    for (const rid of open) for (const [next] of targets.all(rid)) if (!denied.has(next)) open.add(next);
    return own
      .filter(([, rid, ended]) => denied.has(rid) || (ended === FOREVER && !open.has(rid)))
      .map(([, rid]) => rid);
  }
}

/** All of time, cut wherever one of the denials may begin or cease to deny. */
function spansOf(bearings: readonly Bearing[]): readonly Span[] {
  const instants = new Set(bearings.flatMap(({ restriction }) => instantsOf(restriction)));
  const cuts = [-FOREVER, ...[...instants].toSorted((a, b) => a - b), FOREVER];
  return cuts.slice(1).map((until, i): Span => [cuts[i] ?? -FOREVER, until]);
}

const instantIn = ([since, until]: Span): number => (since === -FOREVER ? until - 1 : since);

/** Adds a span to those of a resource, joined to the one that it continues. */
function extend(dark: Map<number, Span[]>, rid: number, [since, until]: Span): void {
  const times = dark.get(rid) ?? [];
  const last = times.at(-1);
  if (last !== undefined && last[1] === since) times[times.length - 1] = [last[0], until];
  else times.push([since, until]);
  dark.set(rid, times);
}
