/** What a declaration of a resource type may say. It states only what is special (rules 5.4). */
import type { IssueDetail } from '../fhir/issue.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import type { Completion, Rules, Surroundings } from './rules.ts';

export type TypeInteraction =
  | 'read'
  | 'vread'
  | 'update'
  | 'patch'
  | 'delete'
  | 'history-instance'
  | 'history-type'
  | 'create'
  | 'search-type';

/** What every type offers unless its declaration says otherwise. */
export const EVERY_INTERACTION: readonly TypeInteraction[] = [
  'read',
  'vread',
  'update',
  'patch',
  'delete',
  'history-instance',
  'history-type',
  'create',
  'search-type',
];

export interface ResourceType {
  readonly type: string;
  /** Canonicals of the profiles in `profiles/` that are checked when a resource claims them. */
  readonly profiles?: readonly string[];
  readonly interactions?: readonly TypeInteraction[];
  /** Reference search parameters that put it in a patient's compartment, beside those of R4's CompartmentDefinition. */
  readonly patientCompartment?: readonly string[];
  /**
   * How a referral reaches onward from this resource: dotted element paths of references (`supportingInfo`,
   * `participant.actor`). Lists are walked, `item*` means at any depth; a versioned or absolute-local reference counts
   * as its resource. It carries what it is about, its parts and its grounds; not its context (an encounter, a plan, what
   * it replaces), nor the orders of another referral.
   */
  readonly carries?: readonly string[];
  /** Element paths of references to the Task, ServiceRequest … from which a referral reaches this one (`basedOn`). */
  readonly follows?: readonly string[];
  /** A directory resource: seen by every authenticated organization (rules 2.2c). */
  readonly directory?: true;
  /** The organization it belongs to and by which alone it is written (rules 2.4); `self` = its own reference. */
  readonly belongsTo?: (resource: Resource, self: Ref) => Ref | undefined;
  /** The resource as shown to someone who is not its custodian (Endpoint without its address) or to anyone (secrets). */
  readonly show?: (resource: Resource, own: boolean) => Resource;
  /** What is wrong with a resource by itself, beside what R4's structure, invariants and profiles say. */
  readonly faultsOf?: (resource: Resource) => readonly IssueDetail[];
  /** Paths of elements whose values nobody is shown (`channel.header`): a patch sees their masks, and moves none. */
  readonly secrets?: readonly string[];
  /** The rules of the referral that a write of this type must pass, and what it brings with it. */
  readonly rules?: Rules;
  /**
   * What its writer left out and what it refers to says, before its structure is judged. `read` gives what the writer may
   * read, as it will be.
   */
  readonly completed?: (
    before: Resource | undefined,
    after: Resource,
    read: (ref: Ref) => Promise<Resource | undefined>,
  ) => Promise<Completion | undefined>;
  /** Organizations that are parties of this resource: from it, a referral reaches what its references carry. */
  readonly partiesOf?: (resource: Resource, around: Surroundings) => Promise<readonly Ref[]>;
  /** Whether its rules decide who writes it (a referral Task has two parties); otherwise only its custodian does. */
  readonly writtenByParties?: (resource: Resource) => boolean;
  /** The type that a resource lets its writer be told of: writing it needs the scope to search that type, too. */
  readonly discloses?: (resource: Resource) => string | undefined;
  /** Its resources are rendered from the audit chain; clients cannot write them (rules 2.8). */
  readonly renderedFromAudit?: true;
}
