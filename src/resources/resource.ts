/** The declaration of a resource type. It states only what is special about the type (rules 5.4). */
import type { IssueDetail } from '../fhir/issue.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import type { Completion, Rules, RuleContext } from './rules.ts';

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

/** The interactions of a type whose declaration lists none. */
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
  /**
   * Reference search parameters that put a resource in a patient's compartment, beside those of R4's
   * CompartmentDefinition.
   */
  readonly patientCompartment?: readonly string[];
  /**
   * The paths by which a referral reaches further from this resource: dotted element paths of references
   * (`supportingInfo`, `participant.actor`). The server walks lists; `item*` means at any depth; a versioned or
   * absolute-local reference counts as its resource. A resource carries the person it is about, its parts and its
   * grounds; not its context (an encounter, a plan, a resource it replaces), nor the orders of another referral.
   */
  readonly carries?: readonly string[];
  /** Element paths of references to the Task, ServiceRequest … from which a referral reaches this one (`basedOn`). */
  readonly follows?: readonly string[];
  /** Resources of the type whose paths are others than those of the type; undefined: they are the type's. */
  readonly ownPaths?: (resource: Resource) => Pick<ResourceType, 'carries' | 'follows'> | undefined;
  /** Whether a resource is its keeper's alone: no referral reaches it by what it names, nor anything by way of it. */
  readonly keptApart?: (resource: Resource) => boolean;
  /** Whether this is a directory resource, which every authenticated organization sees (rules 2.2c). */
  readonly directory?: true;
  /**
   * The organization to which the resource belongs. Only that organization writes it (rules 2.4); `self` is the
   * resource's own reference.
   */
  readonly belongsTo?: (resource: Resource, self: Ref) => Ref | undefined;
  /**
   * The resource as somebody sees it who is not its custodian (Endpoint without its address), or as anybody sees it
   * (secrets).
   */
  readonly show?: (resource: Resource, own: boolean) => Resource;
  /** The faults of a resource by itself, beside R4's structure, invariants and profiles. */
  readonly faultsOf?: (resource: Resource) => readonly IssueDetail[];
  /** Paths of elements whose values nobody sees (`channel.header`): a patch sees their masks, and moves none. */
  readonly secrets?: readonly string[];
  /** The rules of the referral for a write of this type, and the further writes that they ask for. */
  readonly rules?: Rules;
  /**
   * Completes a resource from the resources to which it refers, before its structure is judged. `read` returns what the
   * writer may read, as it will be after the commit.
   */
  readonly completed?: {
    /** The elements that it may add. */
    readonly elements: readonly string[];
    readonly from: (
      before: Resource | undefined,
      after: Resource,
      read: (ref: Ref) => Promise<Resource | undefined>,
    ) => Promise<Completion | undefined>;
  };
  /** The organizations that are parties of this resource: from it, a referral reaches what its references carry. */
  readonly partiesOf?: (resource: Resource, context: RuleContext) => Promise<readonly Ref[]>;
  /**
   * Whether the type's rules decide who writes a resource (a referral Task has two parties); otherwise only its
   * custodian does.
   */
  readonly writtenByParties?: (resource: Resource) => boolean;
  /** The type about which a resource informs its writer: a write of it needs the scope to search that type, too. */
  readonly discloses?: (resource: Resource) => string | undefined;
  /** Whether the server renders resources of this type from the audit chain; clients cannot write them (rules 2.8). */
  readonly renderedFromAudit?: true;
}
