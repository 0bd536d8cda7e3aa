/**
 * Operations (http://hl7.org/fhir/R4/operations.html): the definition as data, and the function that performs it. One
 * file declares an operation, and one line of `index.ts` registers it; routes, parameters, scopes, audit, capability
 * and its OperationDefinition follow from the declaration.
 */
import type { Body } from '../../fhir/body.ts';
import type { OperationDefinition, Ref } from '../../fhir/types.ts';
import type { Sight } from '../../ports/query.ts';
import type { AuditEntry } from '../../ports/store.ts';
import { RESOURCE_TYPES } from '../../resources/index.ts';
import type { Seen } from '../seen.ts';
import type { Draft } from '../write/draft.ts';
import type { MessageActions } from './message-actions.ts';
import type { Reply, Request } from '../request.ts';
import type { OperationContext } from '../context.ts';

/** `[base]/$x`, `[base]/Task/$x`, `[base]/Task/1/$x`. */
export type OperationLevel = 'system' | 'type' | 'instance';

export interface OperationParameter {
  readonly name: string;
  readonly use: 'in' | 'out';
  readonly min: 0 | 1;
  readonly max: '1' | '*';
  /**
   * A datatype, a resource type, `Resource` for any of these, or `*` for any datatype. Absent when the parameter has
   * parts.
   */
  readonly type?: string;
  readonly documentation: string;
  readonly part?: readonly OperationParameter[];
}

/** The parts of a declaration that routing and capability need. */
export interface OperationSite {
  /** The name without the dollar. */
  readonly name: string;
  readonly levels: readonly OperationLevel[];
  /** The types, for the levels of types and instances; `any`: every type whose versions are stored. */
  readonly resource: readonly string[] | 'any';
  /** Whether it also works at `[type]/[id]/_history/[vid]/$x`. */
  readonly onVersions?: true;
  /** Whether it changes state; if not, GET invokes it as well, with primitive parameters in the query string. */
  readonly affectsState: boolean;
  /** Media types beside FHIR's own: that its input may be sent in (as a Binary), and that its answer may be asked for in. */
  readonly content?: { readonly takes?: readonly string[]; readonly gives?: readonly string[] };
}

export interface Operation extends OperationSite {
  /** The id of its OperationDefinition; default: the name, when no other operation has it. */
  readonly id?: string;
  /** Canonical of the published definition that this one follows. */
  readonly base?: string;
  readonly title: string;
  readonly description: string;
  readonly parameters: readonly OperationParameter[];
  /**
   * The interaction with the type (`*` at the system level) that scopes must permit; absent: the operation checks
   * scopes itself.
   */
  readonly needs?: 'read' | 'search-type' | 'create' | 'update' | 'delete';
  /** @throws OperationOutcomeError when it is refused */
  readonly perform: (invocation: Invocation) => Promise<OperationReply>;
}

/** The value of one parameter: a datatype as JSON, a resource, or parts. */
export interface Given {
  readonly value?: unknown;
  readonly resource?: Body;
  readonly parts?: Input;
}

/** Values by the names of parameters, in their order. A name that the client did not send has no entry. */
export type Input = ReadonlyMap<string, readonly Given[]>;

/** Plans changes in the draft of a transaction, and says which. It may be called again on a later snapshot. */
export type Beside = (draft: Draft) => Promise<readonly Ref[]>;

/** An invocation: its parameters are checked against the definition, and its scopes permit it. */
export interface Invocation {
  readonly context: OperationContext;
  readonly messages: MessageActions;
  /**
   * Performs a transaction as part of the operation: what it writes meets every check that a client's own would. What is
   * planned `beside` its entries is written in the same commit, and answered after them.
   */
  readonly transact: (request: Request, beside?: Beside) => Promise<Reply>;
  /** `interaction` is `operation`. */
  readonly request: Request;
  readonly level: OperationLevel;
  readonly input: Input;
  /** The sight of the caller under the right that the operation needs. */
  readonly sight: Sight;
}

/** The reply. A single out parameter `return` is the bare resource; several are Parameters, see `parametersOf`. */
export interface OperationReply extends Reply {
  /**
   * The versions that the reply shows. The FHIR engine audits an operation that changes nothing with these; one that
   * changes state audits its commit.
   */
  readonly seen?: readonly Seen[];
  /** The patients of the request, whatever was found; the audit names them, so that their custodians see the event. */
  readonly about?: readonly Pick<Seen, 'ref' | 'custodian'>[];
  /** What the audit of an operation that changes nothing says beside. */
  readonly audit?: Partial<AuditEntry>;
}

export const levelOf = ({ type, id }: Pick<Request, 'type' | 'id'>): OperationLevel =>
  type === undefined ? 'system' : id === undefined ? 'type' : 'instance';

/** Whether an operation exists at a level of a type. */
export function isAt(
  { levels, resource, onVersions }: OperationSite,
  { type, id, versionId }: Pick<Request, 'type' | 'id' | 'versionId'>,
): boolean {
  if (!levels.includes(levelOf({ type, id }))) return false;
  if (versionId !== undefined && onVersions !== true) return false;
  return type === undefined || isOn(resource, type);
}

/** Whether a type has an operation, at any level. */
export const isOn = (resource: OperationSite['resource'], type: string): boolean =>
  resource === 'any' ? RESOURCE_TYPES.get(type)?.renderedFromAudit !== true : resource.includes(type);

const CANONICAL = 'https://closeloop.dev/fhir/OperationDefinition';

/** The id of its OperationDefinition. */
export const definitionIdOf = ({ id, name }: Pick<Operation, 'id' | 'name'>): string => id ?? name;

/** The canonical by which a CapabilityStatement names the operation. */
export const canonicalOf = (operation: Pick<Operation, 'id' | 'name'>): string =>
  `${CANONICAL}/${definitionIdOf(operation)}`;

/** The operation as R4 describes it (http://hl7.org/fhir/R4/operationdefinition.html). */
export function buildOperationDefinition(operation: Operation): OperationDefinition {
  const { name, title, description, base, levels, resource, affectsState, parameters } = operation;
  const id = definitionIdOf(operation);
  const types = resource === 'any' ? ['Resource'] : [...resource];
  return {
    resourceType: 'OperationDefinition',
    id,
    url: canonicalOf(operation),
    name: id.replaceAll(/(?:^|-)([A-Za-z])/g, (_match, letter: string) => letter.toUpperCase()),
    title,
    status: 'active',
    kind: 'operation',
    affectsState,
    code: name,
    description,
    ...(base !== undefined && { base }),
    ...(types.length > 0 && { resource: types as NonNullable<OperationDefinition['resource']> }), // registered types
    system: levels.includes('system'),
    type: levels.includes('type'),
    instance: levels.includes('instance'),
    ...(parameters.length > 0 && { parameter: parameters.map(buildParameter) }),
  };
}

type Described = NonNullable<OperationDefinition['parameter']>[number];

/** `*` is not a type of R4, which calls it `Element`. */
function buildParameter({ type, part, ...rest }: OperationParameter): Described {
  return {
    ...rest,
    ...(type !== undefined && { type: (type === '*' ? 'Element' : type) as NonNullable<Described['type']> }), // a name of R4's
    ...(part !== undefined && { part: part.map(buildParameter) as NonNullable<Described['part']> }), // parts are described alike
  };
}
