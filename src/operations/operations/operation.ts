/** What an operation is (http://hl7.org/fhir/R4/operations.html): its definition as data, and how it is performed. */
import type { OperationDefinition } from '../../fhir/types.ts';
import type { MessageDoor } from '../receive/receive.ts';
import type { Reply, Request } from '../request.ts';
import type { Room } from '../room.ts';

export interface OperationParameter {
  readonly name: string;
  readonly use: 'in' | 'out';
  readonly min: 0 | 1;
  readonly max: '1' | '*';
  readonly type: 'string' | 'code' | 'Reference';
  readonly documentation: string;
}

export interface Operation {
  /** Without the dollar. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** The type on whose instances it is invoked. */
  readonly resource: 'Task';
  readonly parameters: readonly OperationParameter[];
  readonly perform: (room: Room, door: MessageDoor, request: Request) => Promise<Reply>;
}

const CANONICAL = 'https://closeloop.dev/fhir/OperationDefinition';

/** By which a CapabilityStatement names the operation. */
export const canonicalOf = ({ name }: Pick<Operation, 'name'>): string => `${CANONICAL}/${name}`;

/** The operation as R4 describes it. */
export function buildOperationDefinition(operation: Operation): OperationDefinition {
  const { name, title, description, resource, parameters } = operation;
  return {
    resourceType: 'OperationDefinition',
    id: name,
    url: canonicalOf(operation),
    name: name.replaceAll(/(?:^|-)([a-z])/g, (_match, letter: string) => letter.toUpperCase()),
    title,
    status: 'active',
    kind: 'operation',
    affectsState: true,
    code: name,
    description,
    resource: [resource],
    system: false,
    type: false,
    instance: true,
    parameter: parameters.map((parameter) => ({ ...parameter })),
  };
}
