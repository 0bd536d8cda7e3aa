/**
 * A restriction: what a Consent says about telling a patient's resources, in a form that knows no FHIR. The store keeps it
 * and evaluates it for each organization that a referral would show a resource to, so it names organizations, types,
 * resources, labels and instants and nothing else.
 */
import type { Ref } from '../fhir/types.ts';
import { bears } from './consent/permit.ts';

/** A provision. Each exception is an exception to the one around it (FHIR R4 Consent.provision.provision). */
export interface Restriction {
  readonly denies: boolean;
  /** The first instant at which it holds, in milliseconds since 1970; undefined: always has. */
  readonly since?: number;
  /** The first instant at which it holds no more; undefined: never ends. */
  readonly until?: number;
  /** Either list must hold the organization on its side; undefined: whoever tells and whoever is told. */
  readonly parties?: { readonly from: readonly Ref[]; readonly to: readonly Ref[] };
  /** Resource types; undefined: every type. */
  readonly types?: readonly string[];
  /** Resources; undefined: every resource. */
  readonly refs?: readonly Ref[];
  /** Content that bears one of these labels; undefined: whatever it bears. */
  readonly labels?: readonly string[];
  /** What was created before this instant; undefined: whenever it was (45 CFR 164.522(a)(2)(iii)). */
  readonly createdBefore?: number;
  /** No emergency lifts what it denies (45 CFR 164.522(a)(1)(vi); compliance E3). */
  readonly lasting?: true;
  readonly exceptions: readonly Restriction[];
}

/** What would be told: the resource, the organization that keeps it, and the one that would be told. */
export interface Telling {
  readonly ref: Ref;
  readonly type: string;
  readonly from: Ref;
  readonly to: Ref;
  /** Undefined: not known, so that a denial covers it and an exception does not. */
  readonly labels?: ReadonlySet<string>;
  /** When its first version was made, in milliseconds since 1970; undefined: not known. */
  readonly created?: number;
}

/** Whether a restriction denies telling something at an instant (milliseconds since 1970). */
export const deniesAt = (restriction: Restriction, telling: Telling, at: number): boolean =>
  actionOf(restriction, telling, at) === 'deny';

/** What a provision says; undefined where it does not cover the telling. Among exceptions a denial wins. */
function actionOf(one: Restriction, telling: Telling, at: number): 'deny' | 'permit' | undefined {
  if (!covers(one, telling, at)) return undefined;
  const exceptions = one.exceptions.map((exception) => actionOf(exception, telling, at));
  const own = one.denies ? 'deny' : 'permit';
  return exceptions.find((exception) => exception === 'deny') ?? exceptions.find(Boolean) ?? own;
}

function covers(one: Restriction, telling: Telling, at: number): boolean {
  const { since, until, parties, types, refs } = one;
  if ((since !== undefined && at < since) || (until !== undefined && at >= until)) return false;
  if (parties !== undefined && !parties.from.includes(telling.from) && !parties.to.includes(telling.to))
    return false;
  return (
    (types?.includes(telling.type) ?? true) &&
    (refs?.includes(telling.ref) ?? true) &&
    coversContent(one, telling)
  );
}

/** What is not known of content counts against telling it. */
function coversContent({ denies, labels, createdBefore }: Restriction, telling: Telling): boolean {
  const known = telling.labels;
  if (labels !== undefined && !(known === undefined ? denies : labels.some((label) => bears(known, label))))
    return false;
  const { created } = telling;
  return createdBefore === undefined || (created === undefined ? denies : created < createdBefore);
}

/** The instants at which a restriction may begin or cease to deny, in any order. */
export const instantsOf = ({ since, until, exceptions }: Restriction): readonly number[] => [
  ...(since === undefined ? [] : [since]),
  ...(until === undefined ? [] : [until]),
  ...exceptions.flatMap(instantsOf),
];
