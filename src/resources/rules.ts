/**
 * Rules that a write must pass, declared by its resource type: what may happen, and what happens with it. A rule sees
 * the change and its surroundings (as they will be after the bundle it belongs to) and returns a ruling; it never
 * writes and never throws a refusal.
 */
import type { IssueDetail } from '../fhir/issue.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import type { AdmitAddress } from '../ports/outgoing.ts';

/** One resource before and after. `before` undefined: it is created; `after` undefined: it is deleted. */
export interface Change {
  readonly ref: Ref;
  readonly before: Resource | undefined;
  readonly after: Resource | undefined;
}

/** Turns one tree of a resource into another; pure, applied to every tree of the resource. */
export type Become = (tree: Resource) => Resource;

/** What was left out of a resource and is taken from another, and what is said of it. */
export interface Completion {
  readonly become: Become;
  readonly notes: readonly IssueDetail[];
}

/** What a rule may ask about. Whatever it learns here is checked again at the moment of commit. */
export interface Surroundings {
  /** The organization that acts; undefined for an administrator who acts for nobody. */
  readonly actor: Ref | undefined;
  readonly administrator: boolean;
  /** Referrals that ran elsewhere are brought in (rules 1.16): nothing moves, nobody is told. */
  readonly importing: boolean;
  /** It is what a message says, and is answered in its sender's own numbers. */
  readonly byMessage: boolean;
  /** The instant of planning, for elements the rules fill in. */
  readonly now: string;
  readonly settings: RuleSettings;
  /** A resource as it will be, in the server's own sight. */
  read(reference: Ref | undefined): Promise<Resource | undefined>;
  /** Resources of a type whose reference parameter points to this one, as they will be. */
  find(type: string, param: string, to: Ref): Promise<readonly (Resource & { readonly id: string })[]>;
  /** The organization that keeps a resource, as it will be; undefined for what is not here, or the server's own. */
  keeperOf(ref: Ref): Promise<Ref | undefined>;
  /** Whom an element of a Task or a ServiceRequest stands for as a party, as found when it was written. */
  partyOf(reference: unknown): Promise<Ref | undefined>;
  /** The other changes of the same bundle to this type. */
  changes(type: string): readonly Change[];
  /** The system in which an organization numbers its orders and patients: its own OID, else one of this server's. */
  namespaceOf(organization: Ref): Promise<string>;
  /** Whether an address may be written that this server will connect to. */
  readonly admitAddress: AdmitAddress;
  newId(): string;
}

export interface RuleSettings {
  /** Whether an active order opens its Task by itself (rules 1.7). */
  readonly openTaskForServiceRequest: boolean;
  /** How far a time may be ahead of this server's clock without a word. */
  readonly aheadToleranceMs: number;
}

/** A move of a referral: which row of the table, and who made it. */
export interface Move {
  readonly task: Ref;
  readonly tid: string;
  readonly event: string;
  readonly from: string;
  readonly to: string;
  readonly initiator: Ref | undefined;
  readonly recipient: Ref | undefined;
  /** Who made it: a party, or for G12 an administrator, who is none. */
  readonly by: 'referralInitiator' | 'referralRecipient' | 'administrator';
}

/** A further write that belongs to this one. It was decided by the rule that asks for it and meets no rule again. */
export type Further =
  | { readonly ref: Ref; readonly become: Become }
  | { readonly ref: Ref; readonly create: Resource };

export interface Ruling {
  /** The write must not happen. */
  readonly refused?: IssueDetail;
  /** What is stored instead of what was written. */
  readonly become?: Become;
  readonly further?: readonly Further[];
  readonly moves?: readonly Move[];
  /** Said to the caller beside success: what was rewritten and why, what evidence is missing. */
  readonly notes?: readonly IssueDetail[];
  /** `Link` headers of the reply: the Task that was opened. */
  readonly links?: readonly { readonly rel: string; readonly ref: Ref }[];
  /** The create is answered as the next version of this resource (a Task adopts the one that opened by itself). */
  readonly adopts?: Ref;
}

export type Rules = (change: Change, around: Surroundings) => Promise<Ruling>;
