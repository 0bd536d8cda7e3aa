/**
 * Rules that a write must pass, declared by its resource type: what may happen, and what happens with it. A rule sees
 * the change and its surroundings (as they will be after the bundle it belongs to) and returns a ruling; it never
 * writes and never throws a refusal.
 */
import type { IssueDetail } from '../fhir/issue.ts';
import type { Ref, Resource } from '../fhir/types.ts';

/** One resource before and after. `before` undefined: it is created; `after` undefined: it is deleted. */
export interface Change {
  readonly ref: Ref;
  readonly before: Resource | undefined;
  readonly after: Resource | undefined;
}

/** What a rule may ask about. Whatever it learns here is checked again at the moment of commit. */
export interface Surroundings {
  /** The organization that acts; undefined for an administrator who acts for nobody. */
  readonly actor: Ref | undefined;
  readonly administrator: boolean;
  /** A resource as it will be, in the server's own sight. */
  read(reference: string | undefined): Promise<Resource | undefined>;
  /** Resources of a type whose reference parameter points to one of these, as they will be. */
  find(type: string, param: string, to: Ref): Promise<readonly Resource[]>;
  /** The Organization that a reference stands for as a party: itself, or by its role, service, team or device. */
  partyOf(reference: { reference?: string; identifier?: unknown } | undefined): Promise<Ref | undefined>;
  /** Whether the same bundle also writes this resource. */
  writes(ref: Ref): boolean;
  /** An id for a resource that the rule opens. */
  newId(): string;
}

/** A move of a referral: which row, and who made it. */
export interface Move {
  readonly task: Ref;
  readonly tid: string;
  readonly event: string;
  readonly from: string;
  readonly to: string;
  readonly actor: Ref | undefined;
}

export interface Ruling {
  /** The write must not happen. */
  readonly refused?: IssueDetail;
  /** What is stored instead of what was written; pure, applied to every tree of the resource. */
  readonly become?: (after: Resource) => Resource;
  /** Further writes that belong to this one; they pass through their own rules unless `settled`. */
  readonly also?: readonly (Change & { readonly settled?: boolean })[];
  readonly moves?: readonly Move[];
  /** Organizations that are parties of this resource from now on (a root of reach). */
  readonly parties?: readonly Ref[];
  /** Said to the caller beside success: what was rewritten and why, what evidence is missing. */
  readonly notes?: readonly IssueDetail[];
  /** Header `Link` values of the reply, relation to reference: the Task that was opened. */
  readonly links?: readonly { readonly rel: string; readonly ref: Ref }[];
  /** The write is answered with this resource instead (adoption of the Task that opened itself). */
  readonly adopts?: Ref;
}

export type Rules = (change: Change, around: Surroundings) => Promise<Ruling>;
