/** Which resources of a root are withheld from an organization, throughout a span in which no denial or permit begins or ends. */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../../fhir/types.ts';
import { deniesAt, type Restriction } from '../../../policies/restriction.ts';
import { prepare } from '../folder/connection.ts';
import { FOREVER } from '../folder/schema.ts';
import { prepareGuardedMembers, type GuardedContentRow } from './guarded-members.ts';
import { typeOfRef } from './identities.ts';

/** A denial as it bears on one resource. */
interface Bearing {
  readonly keeper: number;
  readonly restriction: Restriction;
}

/** A resource that a root shows, or has shown, to some organization. */
export interface SightMember {
  readonly rid: number;
  readonly ref: Ref;
  readonly custodian: number;
  readonly bearings: readonly Bearing[];
  /** Undefined where it bears no label. */
  readonly guarded: GuardedContentRow | undefined;
  /** When it was created, in milliseconds since 1970, where a denial asks. */
  readonly created: number | undefined;
}

const NO_LABELS: ReadonlySet<string> = new Set();

/** What of all that is withheld is asked: everything, what no emergency lifts, what nobody is told of. */
export type Withholding = 'any' | 'lasting' | 'quiet';

/** From when until when something holds, in milliseconds since 1970, the end excluded. */
export type DenialSpan = readonly [since: number, until: number];

/** A resource that an organization sees, or has seen, by way of a root. */
export type SightRow = readonly [org: number, rid: number, ended: number];

interface DeniedMembers {
  readonly readMember: (rid: number) => SightMember;
  /** The ref of an interned organization. */
  readonly nameOf: (org: number) => Ref | undefined;
  /** Whether a resource is withheld from an organization throughout a span: nothing begins or ends within one. */
  readonly deniedIn: (span: DenialSpan, to: Ref, what: Withholding) => (member: SightMember) => boolean;
  /** What is denied, and what no way leads to that passes by everything denied. Of what is reached no more, the denied. */
  readonly darkIn: (
    root: number,
    own: readonly SightRow[],
    members: ReadonlyMap<number, SightMember>,
    isDenied: (member: SightMember) => boolean,
  ) => readonly number[];
}

export function prepareDeniedMembers(db: DatabaseSync): DeniedMembers {
  const names = prepare<[Ref]>(db, 'SELECT name FROM name WHERE nid = ?');
  const targets = prepare<[number]>(db, 'SELECT DISTINCT target FROM edge WHERE source = ?');

  const { readGuarded, guardOn } = prepareGuardedMembers(db);
  const readMember = prepareMembers(db, readGuarded);

  const nameOf = (org: number): Ref | undefined => names.get(org)?.[0];

  return { readMember, nameOf, deniedIn, darkIn };

  function deniedIn(span: DenialSpan, to: Ref, what: Withholding): (member: SightMember) => boolean {
    const at = instantIn(span);
    return ({ ref, custodian, bearings, guarded, created }) => {
      const from = custodian === 0 ? undefined : nameOf(custodian);
      if (from === undefined || from === to) return false; // the server's own, or the reader's
      const telling = { ref, type: typeOfRef(ref), from, to };
      const guard = guarded && guardOn(guarded, telling, at);
      if (guard !== undefined && (what === 'any' || guard[what])) return true;
      if (what === 'quiet') return false; // a patient's denial is told
      const labels = guarded?.facts.labels ?? NO_LABELS;
      const content = { ...telling, labels, ...(created !== undefined && { created }) };
      return bearings.some(
        ({ keeper, restriction }) =>
          (keeper === 0 || keeper === custodian) &&
          (what === 'any' || restriction.lasting === true) &&
          deniesAt(restriction, content, at),
      );
    };
  }

  function darkIn(
    root: number,
    own: readonly SightRow[],
    members: ReadonlyMap<number, SightMember>,
    isDenied: (member: SightMember) => boolean,
  ): readonly number[] {
    const denied = new Set<number>();
    for (const [, rid] of own) {
      const member = members.get(rid);
      if (member !== undefined && bearsAny(member) && isDenied(member)) denied.add(rid);
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

function prepareMembers(
  db: DatabaseSync,
  readGuarded: (rid: number) => GuardedContentRow | undefined,
): DeniedMembers['readMember'] {
  const memberOf = prepare<[ref: Ref, custodian: number]>(
    db,
    'SELECT ref, custodian FROM resource WHERE rid = ?',
  );
  const bornAt = prepare<[number]>(db, 'SELECT at FROM version WHERE rid = ? ORDER BY seq LIMIT 1');
  const bearingsOf = prepare<[keeper: number, restriction: string]>(
    db,
    'SELECT d.keeper, d.restriction FROM about a CROSS JOIN denial d ON d.patient = a.patient WHERE a.rid = ?',
  );
  return (rid) => {
    const [ref, custodian] = memberOf.get(rid) ?? ['/', 0]; // what is in a sight is a resource
    const found = bearingsOf.all(rid);
    const bearings = found.map(([keeper, text]) => ({
      keeper,
      restriction: JSON.parse(text) as Restriction, // written by denial-rows.ts
    }));
    const isAsked = found.some(([, text]) => text.includes('"createdBefore"'));
    const [created] = (isAsked ? bornAt.get(rid) : undefined) ?? [];
    return { rid, ref, custodian, bearings, guarded: readGuarded(rid), created };
  };
}

const bearsAny = ({ bearings, guarded }: SightMember): boolean =>
  bearings.length > 0 || guarded !== undefined;

const instantIn = ([since, until]: DenialSpan): number => (since === -FOREVER ? until - 1 : since);
