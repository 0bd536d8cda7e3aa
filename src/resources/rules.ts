/**
 * Rules for a write, declared by its resource type: whether it may happen, and what follows from it. A rule sees the
 * change and its context (as it will be after the bundle of the write) and returns a ruling. It never writes, and never
 * throws a refusal.
 */
import type { IssueDetail } from '../fhir/issue.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import type { AdmitAddress } from '../ports/outgoing.ts';

/** One resource before and after. `before` undefined: the write creates it; `after` undefined: the write deletes it. */
export interface Change {
  readonly ref: Ref;
  readonly before: Resource | undefined;
  readonly after: Resource | undefined;
}

/** Turns one tree of a resource into another. Pure; the server applies it to every tree of the resource. */
export type Transform = (tree: Resource) => Resource;

/** The elements that a resource lacked and that come from another resource, with a note about them. */
export interface Completion {
  readonly transform: Transform;
  readonly notes: readonly IssueDetail[];
}

/** The questions that a rule may ask. The commit checks every answer again. */
export interface RuleContext {
  /** The organization that acts; undefined for an administrator who acts for nobody. */
  readonly actor: Ref | undefined;
  readonly administrator: boolean;
  /** Whether an administrator imports referrals that ran elsewhere (rules 1.16): nothing moves, and nobody is told. */
  readonly importing: boolean;
  /** Whether a message brings the write; the server answers it with its sender's own numbers. */
  readonly byMessage: boolean;
  /** The instant of planning, for elements that the rules fill in. */
  readonly now: string;
  readonly settings: RuleSettings;
  /** A resource as it will be after the commit, in the server's own sight. */
  read(reference: Ref | undefined): Promise<Resource | undefined>;
  /** Resources of a type whose reference parameter points to this one, as they will be after the commit. */
  find(type: string, param: string, to: Ref): Promise<readonly (Resource & { readonly id: string })[]>;
  /**
   * The organization that keeps a resource, as it will be after the commit; undefined for an absent resource, or one of
   * the server's own.
   */
  keeperOf(ref: Ref): Promise<Ref | undefined>;
  /**
   * The party that an element of a Task or a ServiceRequest stands for, as the server found it when the resource was
   * written.
   */
  partyOf(reference: unknown): Promise<Ref | undefined>;
  /** The other changes of the same bundle to resources of this type. */
  changes(type: string): readonly Change[];
  /** The system in which an organization numbers its orders and patients: its own OID, else one below this server's. */
  namespaceOf(organization: Ref): Promise<string>;
  /** Whether a client may write an address to which this server will connect. */
  readonly admitAddress: AdmitAddress;
  newId(): string;
}

export interface RuleSettings {
  /** Whether an active order opens its Task by itself (rules 1.7). */
  readonly openTaskForServiceRequest: boolean;
  /** How far a time may be ahead of this server's clock without a warning. */
  readonly aheadToleranceMs: number;
}

/** A move of a referral: the row of the table, and the actor. */
export interface Move {
  readonly task: Ref;
  readonly tid: string;
  readonly event: string;
  readonly from: string;
  readonly to: string;
  readonly initiator: Ref | undefined;
  readonly recipient: Ref | undefined;
  /** The actor: a party, or for G12 an administrator, who is no party. */
  readonly by: 'referralInitiator' | 'referralRecipient' | 'administrator';
}

/** A further write that belongs to this one. The rule that asks for it has decided it, and no rule judges it again. */
export type DerivedWrite =
  | { readonly ref: Ref; readonly transform: Transform }
  | { readonly ref: Ref; readonly create: Resource };

export interface Ruling {
  /** A refusal of the write. */
  readonly refused?: IssueDetail;
  /** The change that makes the resource to store from the written one. */
  readonly transform?: Transform;
  readonly derived?: readonly DerivedWrite[];
  readonly moves?: readonly Move[];
  /** Notes for the caller beside success: rewritten fields and their reasons, missing evidence. */
  readonly notes?: readonly IssueDetail[];
  /** `Link` headers of the reply: the Task that the server opened. */
  readonly links?: readonly { readonly rel: string; readonly ref: Ref }[];
  /** The resource whose next version answers the create (a Task adopts the one that the server opened). */
  readonly adopts?: Ref;
}

export type Rules = (change: Change, context: RuleContext) => Promise<Ruling>;
