/**
 * Chooses the rails by which a counterparty is told of a move of a referral. Pure: a table of rungs, from the best down,
 * and a line for each rung that is not taken (routing RL1). A member has an inbox here, and an Endpoint of HL7 v2 is a
 * link; Direct is for parties that have neither, and only at a verified address (directory DR45). A party that asked by
 * Direct is answered by Direct, at the Endpoint from which it asked (360x 4).
 */
import type { Ref } from '../fhir/types.ts';
import { DIRECT } from '../ports/direct.ts';
import type { WayCarrier } from './carriers.ts';

/** An Endpoint of a counterparty that may be used now. */
export interface Channel {
  readonly endpoint: Ref;
  /** Its connection type, which names the rail. */
  readonly rail: string;
  /** Whether the address is verified; false for rails that ask for no verification. */
  readonly verified: boolean;
  /** Who operates the way has no agreement with who tells: it is used where there is no other, and then asks a person. */
  readonly closed?: boolean;
  /** Who operates the way, beside mere conduits. */
  readonly carriers?: readonly WayCarrier[];
  /** Whose Endpoint it is: 0 the role's or service's that the referral names, 1 its organization's, 2 one that the organization manages. */
  readonly distance: number;
}

/** The party that is to be told. */
interface Counterparty {
  readonly isMember: boolean;
  readonly channels: readonly Channel[];
  /** The Endpoint of its own from which its request came by Direct. */
  readonly cameBy?: Ref | undefined;
}

/** Why a rung is not taken. */
export type NotTaken = 'no-endpoint' | 'unverified' | 'not-preferred' | 'carrier-agreement';

/** Z40's names: `inbox` is no rail that sends; every other is the connection type of an Endpoint. */
interface Rung {
  readonly rail: string;
  /** The rung is not taken where one of these is there. */
  readonly unless: readonly string[];
  /** The rung is not taken for a party that asked by Direct. */
  readonly yields: boolean;
  readonly needsVerified: boolean;
  /** All Endpoints of a rung are told, or the closest one. */
  readonly tells: 'all' | 'closest';
}

// prettier-ignore
export const RUNGS: readonly Rung[] = [
  { rail: 'inbox',        unless: [],                       yields: false, needsVerified: false, tells: 'all'     },
  { rail: 'hl7v2-mllp',   unless: [],                       yields: true,  needsVerified: false, tells: 'all'     },
  { rail: 'capture',      unless: [],                       yields: false, needsVerified: false, tells: 'all'     }, // the demonstration's
  { rail: DIRECT,         unless: ['inbox', 'hl7v2-mllp'],  yields: false, needsVerified: true,  tells: 'closest' },
];

export interface Choice {
  /** Endpoints that are told. An address that nobody verified is among them only where there is no other: the rail keeps it. */
  readonly taken: readonly Channel[];
  readonly notTaken: readonly { readonly rail: string; readonly why: NotTaken }[];
}

/** @param rails the names of the rails that this server has */
export function chooseRails(
  { isMember, channels, cameBy }: Counterparty,
  rails: ReadonlySet<string>,
): Choice {
  const all = channels.filter(({ rail }) => rails.has(rail));
  const open = all.filter(({ closed = false }) => !closed);
  const known = open.length > 0 || isMember ? open : all;
  const there = new Set([...known.map(({ rail }) => rail), ...(isMember ? ['inbox'] : [])]);
  const wayBack = known.find(({ rail, endpoint }) => rail === DIRECT && endpoint === cameBy);
  const taken: Channel[] = [];
  const notTaken: { rail: string; why: NotTaken }[] = all
    .filter((one) => !known.includes(one))
    .map(({ rail }) => ({ rail, why: 'carrier-agreement' }));
  for (const { rail, unless, yields, needsVerified, tells } of RUNGS) {
    if (!there.has(rail)) notTaken.push({ rail, why: 'no-endpoint' });
    else if (isLeft(rail, { unless, yields }, there, wayBack)) notTaken.push({ rail, why: 'not-preferred' });
    else {
      const own =
        rail === wayBack?.rail ? [wayBack] : known.filter((one) => one.rail === rail).toSorted(closer);
      if (needsVerified && !own.some(({ verified }) => verified)) notTaken.push({ rail, why: 'unverified' });
      taken.push(...(tells === 'all' ? own : own.slice(0, 1)));
    }
  }
  const listed = new Set(RUNGS.map(({ rail }) => rail));
  // A rail without a rung of its own is told like every Endpoint of its kind.
  return { taken: [...taken, ...known.filter(({ rail }) => !listed.has(rail))], notTaken };
}

/** Whether another way that is there makes a rung needless. */
function isLeft(
  rail: string,
  { unless, yields }: Pick<Rung, 'unless' | 'yields'>,
  there: ReadonlySet<string>,
  wayBack: Channel | undefined,
): boolean {
  if (wayBack === undefined) return unless.some((other) => there.has(other));
  return yields && rail !== wayBack.rail;
}

/** What is verified first, then what is closer, then by name, so that the same facts give the same choice. */
const closer = (one: Channel, other: Channel): number =>
  Number(other.verified) - Number(one.verified) ||
  one.distance - other.distance ||
  (one.endpoint < other.endpoint ? -1 : 1);

/** The way of a message out of the platform. */
export function mailWayOf(channels: readonly Channel[]): Channel | undefined {
  const verified = channels.filter((one) => one.rail === DIRECT && one.verified);
  return verified.find(({ closed = false }) => !closed) ?? verified[0];
}
