/** Which resources of a root are denied to an organization, throughout a span in which no denial begins or ends. */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../../fhir/types.ts';
import { deniesAt, type Restriction } from '../../../policies/restriction.ts';
import { prepare } from '../folder/connection.ts';
import { FOREVER } from '../folder/schema.ts';
import { typeOfRef } from './identities.ts';

/** A denial as it bears on one resource. */
export interface Bearing {
  readonly keeper: number;
  readonly restriction: Restriction;
}

/** A resource that a root shows, or has shown, to some organization. */
export interface SightMember {
  readonly rid: number;
  readonly ref: Ref;
  readonly custodian: number;
  readonly bearings: readonly Bearing[];
}

/** From when until when something holds, in milliseconds since 1970, the end excluded. */
export type DenialSpan = readonly [since: number, until: number];

/** A resource that an organization sees, or has seen, by way of a root. */
export type SightRow = readonly [org: number, rid: number, ended: number];

interface DeniedMembers {
  readonly readMember: (rid: number) => SightMember;
  /** The ref of an interned organization. */
  readonly nameOf: (org: number) => Ref | undefined;
  /**
   * Whether a resource is denied to an organization throughout a span: nothing begins or ends within one. `lasting`: in an
   * emergency, too.
   */
  readonly deniedIn: (span: DenialSpan, to: Ref, lasting?: boolean) => (member: SightMember) => boolean;
  /** What is denied, and what no way leads to that passes by everything denied. Of what is reached no more, the denied. */
  readonly darkIn: (
    root: number,
    own: readonly SightRow[],
    members: ReadonlyMap<number, SightMember>,
    isDenied: (member: SightMember) => boolean,
  ) => readonly number[];
}

export function prepareDeniedMembers(db: DatabaseSync): DeniedMembers {
  const memberOf = prepare<[ref: Ref, custodian: number]>(
    db,
    'SELECT ref, custodian FROM resource WHERE rid = ?',
  );
  const bearingsOf = prepare<[keeper: number, restriction: string]>(
    db,
    'SELECT d.keeper, d.restriction FROM about a CROSS JOIN denial d ON d.patient = a.patient WHERE a.rid = ?',
  );
  const names = prepare<[Ref]>(db, 'SELECT name FROM name WHERE nid = ?');
  const targets = prepare<[number]>(db, 'SELECT DISTINCT target FROM edge WHERE source = ?');

  const nameOf = (org: number): Ref | undefined => names.get(org)?.[0];

  return { readMember, nameOf, deniedIn, darkIn };

  function readMember(rid: number): SightMember {
    const [ref, custodian] = memberOf.get(rid) ?? ['/', 0]; // what is in a sight is a resource
    const bearings = bearingsOf.all(rid).map(([keeper, text]) => ({
      keeper,
      restriction: JSON.parse(text) as Restriction, // written by denial-rows.ts
    }));
    return { rid, ref, custodian, bearings };
  }

  function deniedIn(span: DenialSpan, to: Ref, lasting = false): (member: SightMember) => boolean {
    const at = instantIn(span);
    return ({ ref, custodian, bearings }) => {
      const from = custodian === 0 ? undefined : nameOf(custodian);
      if (from === undefined || from === to) return false; // the server's own, or the reader's
      const telling = { ref, type: typeOfRef(ref), from, to };
      return bearings.some(
        ({ keeper, restriction }) =>
          (keeper === 0 || keeper === custodian) &&
          (!lasting || restriction.lasting === true) &&
          deniesAt(restriction, telling, at),
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

const instantIn = ([since, until]: DenialSpan): number => (since === -FOREVER ? until - 1 : since);
