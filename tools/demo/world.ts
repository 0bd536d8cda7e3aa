/**
 * The demonstration's world: two organizations with an Endpoint and a PractitionerRole each, a token for each side, and a
 * link for the HL7 v2 engine of each.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { parseJson } from '../../src/fhir/json.ts';
import type { Ref, Resource } from '../../src/fhir/types.ts';
import { listeningOf, type Listening } from '../../src/rails/hl7v2-mllp/index.ts';
import { idOf } from '../../src/resources/element.ts';
import { PARTY_KIND_SYSTEM } from '../../src/resources/parties/kinds.ts';
import { WITHOUT_LOGIN, type Caller } from '../../src/operations/request.ts';
import type { Running } from '../../src/server/compose.ts';
import { directEndpoint } from '../direct/endpoint.ts';
import type { Config } from '../../src/server/config.ts';
import { registerApps, type DemoSmart } from './apps.ts';
import { ORGANIZATIONS, type DemoOrganization, type Side } from './organizations.ts';
import { makePeople } from './people.ts';
import type { DemoUser } from './users.ts';

export interface World {
  readonly base: string;
  readonly tokens: Readonly<Record<Side | 'admin', string>>;
  /** Who may sign in. */
  readonly users: readonly DemoUser[];
  /** How programs sign in. */
  readonly smart: DemoSmart;
  readonly running: Running;
  /** Where the engine of each side receives moves. An engine may listen there later; messages sent before wait. */
  readonly receivingPorts: Readonly<Record<Side, number>>;
}

const LOOPBACK = ['127.0.0.1', '::1'];

/** One port for the engines of both sides; MSH-4 tells them apart. */
export function demoListening(port: number): Listening {
  const facilityOf = ({ oid, ref }: DemoOrganization) => ({ facility: oid, organization: ref });
  const linkOf = (side: Side, other: Side) => ({
    name: `demo-${side}-engine`,
    addresses: LOOPBACK,
    senders: [facilityOf(ORGANIZATIONS[side])],
    receivers: [facilityOf(ORGANIZATIONS[other])],
    defaultReceiver: ORGANIZATIONS[other].ref,
    authorities: [ORGANIZATIONS.initiator.authority, ORGANIZATIONS.recipient.authority],
  });
  const links = [linkOf('initiator', 'recipient'), linkOf('recipient', 'initiator')];
  return listeningOf({ host: '127.0.0.1', port, links }, 'demo');
}

/** A port that nobody uses now. */
export async function findPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo; // it listens on a port
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

type Asked = Pick<Parameters<Running['perform']>[0], 'interaction' | 'operation' | 'type' | 'id'>;

/** Asks as the administrator of the demonstration. */
async function perform(running: Running, { body, ...asked }: Asked & { body?: Resource }): Promise<void> {
  await running.perform({
    ...asked,
    query: [],
    queryText: '',
    ...(body !== undefined && { body: parseJson(JSON.stringify(body)) }),
    prefer: { return: 'minimal' },
    caller: ADMINISTRATOR,
    requestId: randomUUID(),
    signal: new AbortController().signal,
  });
}

const admit = (running: Running, ref: Ref): Promise<void> =>
  perform(running, { interaction: 'operation', operation: 'admit', type: 'Organization', id: idOf(ref) });

/** A further organization becomes a member. */
export async function admitDemo(running: Running, ref: Ref, organization: Resource): Promise<void> {
  await perform(running, { interaction: 'update', type: 'Organization', id: idOf(ref), body: organization });
  await admit(running, ref);
}

/** An organization of the demonstration gets a Direct address, which the administrator verifies. */
export async function verifyDirectEndpoint(running: Running, side: Side, address: string): Promise<void> {
  const { ref, name } = ORGANIZATIONS[side];
  const id = `demo-${side}-direct`;
  const endpoint = { ...directEndpoint(ref, address), id, name: `Direct address of ${name}` };
  await perform(running, { interaction: 'update', type: 'Endpoint', id, body: endpoint });
  await perform(running, { interaction: 'operation', operation: 'verify', type: 'Endpoint', id });
}

/** Writes the missing parts of the directory (a data folder may be used again) and signs the tokens. `scopes`: those of the server that both sides get. */
export async function prepareWorld(
  running: Running,
  config: Config,
  receivingPorts: World['receivingPorts'],
  scopes: readonly string[] = [],
): Promise<World> {
  const { base, devIssuer } = running;
  if (devIssuer === undefined) throw new Error('the demonstration needs its own issuer');
  await perform(running, { interaction: 'transaction', body: directory(receivingPorts) });
  for (const { ref } of Object.values(ORGANIZATIONS)) await admit(running, ref);
  const sign = (side: Side) =>
    devIssuer.sign({
      subject: `demo-${side}`,
      client: `demo-${side}-ehr`,
      scope: ['system/*.cruds', ...scopes].join(' '),
      organization: ORGANIZATIONS[side].ref,
    });
  const tokens = {
    initiator: await sign('initiator'),
    recipient: await sign('recipient'),
    admin: await devIssuer.sign({
      subject: 'demo-admin',
      client: 'demo-admin',
      scope: `system/*.cruds ${config.administratorScope}`,
    }),
  };
  const users = await makePeople(running, config);
  return { base, tokens, users, smart: await registerApps(running, config), running, receivingPorts };
}

const ADMINISTRATOR: Caller = {
  organization: undefined,
  administrator: true,
  scopes: [],
  patient: undefined,
  client: 'demo',
  subject: 'demo',
  user: undefined,
  address: undefined,
  onBehalfOf: undefined,
  ...WITHOUT_LOGIN,
};

function directory(ports: World['receivingPorts']): Resource {
  const resources = [
    ...directoryOf(ORGANIZATIONS.initiator, ports.initiator),
    ...directoryOf(ORGANIZATIONS.recipient, ports.recipient),
  ];
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: resources.map((resource) => ({
      resource,
      request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
    })),
  };
}

function directoryOf(
  { ref, role, practitioner, endpoint, name, contact, oid }: DemoOrganization,
  receivingPort: number,
): readonly Resource[] {
  return [
    {
      resourceType: 'Organization',
      id: idOf(ref),
      identifier: [{ system: 'urn:ietf:rfc:3986', value: `urn:oid:${oid}` }],
      active: true,
      type: [{ coding: [{ system: PARTY_KIND_SYSTEM, code: 'provider' }] }],
      name,
      contact: [{ name: contact }],
      endpoint: [{ reference: endpoint }],
    },
    {
      resourceType: 'Endpoint',
      id: idOf(endpoint),
      status: 'active',
      connectionType: {
        system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type',
        code: 'hl7v2-mllp',
      },
      name: `HL7 v2 engine of ${name}`,
      managingOrganization: { reference: ref },
      payloadType: [{ text: 'any' }],
      address: `mllp://127.0.0.1:${receivingPort}`,
    },
    { resourceType: 'Practitioner', id: idOf(practitioner), active: true, name: [contact] },
    {
      resourceType: 'PractitionerRole',
      id: idOf(role),
      active: true,
      practitioner: { reference: practitioner },
      organization: { reference: ref },
      endpoint: [{ reference: endpoint }],
    },
  ];
}
