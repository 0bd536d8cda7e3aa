/** `$clients`, `$register-client`, `$client-state`, `$rotate-keys`: which apps and machines may ask, and with what it is signed (smart 8). */
import { OperationOutcomeError } from '../../../fhir/issue.ts';
import type { Ref } from '../../../fhir/types.ts';
import { metadataOf } from '../../../identity/registration.ts';
import type { ClientActing, ClientAdministration, ClientRow } from '../../../ports/clients.ts';
import { ownRefOf } from '../../../resources/element.ts';
import { agentOf } from '../../audit/audit.ts';
import { invalidParameter, textIn } from '../input.ts';
import { administeredBy } from '../keeper.ts';
import type { Invocation, Operation, OperationParameter, OperationReply } from '../operation.ts';
import { parametersOf } from '../output.ts';

/** @throws OperationOutcomeError `operation-unknown` where the authorization server is off, `scope-insufficient` for anybody else */
function administering({ context, request }: Invocation): {
  readonly clients: ClientAdministration;
  readonly acting: ClientActing;
} {
  const { caller, requestId } = request;
  if (context.clients === undefined) throw new OperationOutcomeError('operation-unknown');
  const over = administeredBy(request);
  return { clients: context.clients, acting: { agent: agentOf(caller), requestId, over } };
}

const parameter = (
  use: OperationParameter['use'],
  name: string,
  type: string,
  documentation: string,
  { min = 0, max = '1' }: Partial<Pick<OperationParameter, 'min' | 'max'>> = {},
): OperationParameter => ({ name, use, min, max, type, documentation });

const CLIENT: OperationParameter = {
  name: 'client',
  use: 'out',
  min: 0,
  max: '*',
  documentation: 'A client.',
  part: [
    parameter('out', 'id', 'string', 'Its client_id.', { min: 1 }),
    parameter('out', 'name', 'string', 'Its name.', { min: 1 }),
    parameter('out', 'kind', 'code', 'public, symmetric, asymmetric, or service: a machine.', { min: 1 }),
    parameter('out', 'status', 'code', 'requested, active or suspended.', { min: 1 }),
    parameter('out', 'organization', 'Reference', 'The organization that answers for it.'),
    parameter('out', 'scope', 'string', 'What it may ask for at most.', { min: 1 }),
    parameter('out', 'contact', 'string', 'Whom to ask about it.', { max: '*' }),
    parameter('out', 'expires', 'instant', 'When its registration ends.'),
    parameter('out', 'lastUse', 'instant', 'When it last got a token, to the hour.'),
  ],
};

export const listedClients: Operation = {
  name: 'clients',
  title: 'Which clients are registered',
  description:
    'Apps and machines that the caller administers. For administrators of the organization, and of the installation.',
  levels: ['system'],
  resource: [],
  affectsState: false,
  parameters: [CLIENT],
  perform: listClients,
};

async function listClients(invocation: Invocation): Promise<OperationReply> {
  const { clients, acting } = administering(invocation);
  return { status: 200, resource: parametersOf((await clients.list(acting)).map(clientOut)) };
}

const clientOut = ({ id, client, lastUsedAt }: ClientRow) => ({
  name: 'client',
  part: [
    { name: 'id', valueString: id },
    { name: 'name', valueString: client.name },
    { name: 'kind', valueCode: client.kind },
    { name: 'status', valueCode: client.status },
    ...(client.organization === undefined
      ? []
      : [{ name: 'organization', valueReference: { reference: client.organization } }]),
    { name: 'scope', valueString: client.scopes.join(' ') },
    ...client.contacts.map((contact) => ({ name: 'contact', valueString: contact })),
    ...(client.expiresAt === undefined
      ? []
      : [{ name: 'expires', valueInstant: instantOf(client.expiresAt) }]),
    ...(lastUsedAt === 0 ? [] : [{ name: 'lastUse', valueInstant: instantOf(lastUsedAt) }]),
  ],
});

const instantOf = (ms: number): string => new Date(ms).toISOString();

export const registeredClient: Operation = {
  name: 'register-client',
  title: 'Register a client',
  description:
    'Registers an app or a machine by its metadata (RFC 7591), or makes a one-time token by which it registers itself. For administrators of the organization, and of the installation.',
  levels: ['system'],
  resource: [],
  affectsState: true,
  parameters: [
    parameter(
      'in',
      'metadata',
      'string',
      'The metadata as JSON (RFC 7591): client_name, redirect_uris, scope, jwks and others.',
    ),
    parameter(
      'in',
      'scope',
      'string',
      'Without metadata: the scopes that the one-time token permits at most.',
    ),
    parameter(
      'in',
      'organization',
      'Reference',
      'Who answers for it; default: the organization that the caller acts for.',
    ),
    parameter('out', 'client', 'string', 'Its client_id.'),
    parameter('out', 'secret', 'string', 'Its secret. It is shown here alone.'),
    parameter('out', 'metadata', 'string', 'The metadata as they were registered, as JSON.'),
    parameter('out', 'token', 'string', 'The one-time token, for seven days. It is shown here alone.'),
  ],
  perform: register,
};

async function register(invocation: Invocation): Promise<OperationReply> {
  const { clients, acting } = administering(invocation);
  const organization = organizationIn(invocation, acting);
  const text = textIn(invocation.input, 'metadata');
  if (text === undefined) {
    const scope = textIn(invocation.input, 'scope') ?? '';
    const words = scope.split(' ').filter((word) => word !== '');
    if (words.length === 0) throw invalidParameter('scope', 'metadata or scope must be there');
    const token = await clients.invite(acting, words, organization);
    return { status: 200, resource: parametersOf([{ name: 'token', valueString: token }]) };
  }
  const result = await clients.register(acting, metadataIn(text), organization);
  if ('error' in result) throw invalidParameter('metadata', `${result.error}: ${result.says}`);
  const { id, client, secret } = result;
  return {
    status: 200,
    resource: parametersOf([
      { name: 'client', valueString: id },
      ...(secret === undefined ? [] : [{ name: 'secret', valueString: secret }]),
      { name: 'metadata', valueString: JSON.stringify(metadataOf(id, client)) },
    ]),
  };
}

/** Whoever administers one organization registers for it alone. */
function organizationIn({ input, context, request }: Invocation, { over }: ClientActing): Ref | undefined {
  const [given] = input.get('organization') ?? [];
  const literal = (given?.value as { readonly reference?: string } | undefined)?.reference; // a Reference, by its definition
  const named = literal === undefined ? undefined : ownRefOf(context.settings.publicBase, literal);
  if (literal !== undefined && named?.startsWith('Organization/') !== true)
    throw invalidParameter('organization', 'organization refers to an Organization of this server');
  if (over === 'installation') return named ?? request.caller.organization;
  if (named !== undefined && named !== over)
    throw new OperationOutcomeError('scope-insufficient', {
      diagnostics: 'an administrator of an organization registers clients for it alone',
    });
  return over;
}

function metadataIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return parsed as Record<string, unknown>;
  } catch {
    // said below
  }
  throw invalidParameter('metadata', 'metadata must be a JSON object');
}

export const clientState: Operation = {
  name: 'client-state',
  title: 'Let a client in, or shut it out',
  description:
    'Approves a client, suspends it, or lets it in again; a machine for another year. Whoever is suspended loses all tokens at once. For administrators of the organization, and of the installation.',
  levels: ['system'],
  resource: [],
  affectsState: true,
  parameters: [
    parameter('in', 'client', 'string', 'Its client_id.', { min: 1 }),
    parameter('in', 'status', 'code', 'active or suspended.', { min: 1 }),
    parameter('out', 'status', 'code', 'What it is now.', { min: 1 }),
  ],
  perform: setState,
};

async function setState(invocation: Invocation): Promise<OperationReply> {
  const { clients, acting } = administering(invocation);
  const id = textIn(invocation.input, 'client') ?? '';
  const status = textIn(invocation.input, 'status');
  if (status !== 'active' && status !== 'suspended')
    throw invalidParameter('status', 'status is active or suspended');
  const client = await clients.setStatus(acting, id, status);
  return { status: 200, resource: parametersOf([{ name: 'status', valueCode: client.status }]) };
}

export const rotateKeys: Operation = {
  name: 'rotate-keys',
  title: 'Make the next signing keys',
  description:
    'Makes the next keys by which the authorization server signs: they are published at once and used in a day; the old ones stay published until what they signed has ended. For administrators of the installation.',
  levels: ['system'],
  resource: [],
  affectsState: true,
  parameters: [parameter('out', 'key', 'string', 'The id of a new key (kid).', { min: 1, max: '*' })],
  perform: makeKeys,
};

async function makeKeys(invocation: Invocation): Promise<OperationReply> {
  const { clients, acting } = administering(invocation);
  if (acting.over !== 'installation')
    throw new OperationOutcomeError('scope-insufficient', {
      diagnostics: 'only an administrator of the installation rotates keys',
    });
  const keys = await clients.rotateKeys(acting);
  return { status: 200, resource: parametersOf(keys.map((key) => ({ name: 'key', valueString: key }))) };
}
