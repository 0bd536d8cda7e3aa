/** The demonstration's world: two organizations with an Endpoint and a PractitionerRole each, and a token for each side. */
import { randomUUID } from 'node:crypto';
import { parseJson } from '../../src/fhir/json.ts';
import type { Ref, Resource } from '../../src/fhir/types.ts';
import { idOf } from '../../src/resources/element.ts';
import type { Caller } from '../../src/operations/request.ts';
import type { Running } from '../../src/start.ts';

export type Side = 'initiator' | 'recipient';

interface DemoOrganization {
  readonly ref: Ref;
  readonly role: Ref;
  readonly endpoint: Ref;
  readonly name: string;
  /** Its OID (the arc 2.999 is for examples): MSH-4 of its HL7 v2 messages, and the system of its referral IDs. */
  readonly oid: string;
}

const organization = (side: Side, name: string, oid: string): DemoOrganization => ({
  ref: `Organization/demo-${side}`,
  role: `PractitionerRole/demo-${side}`,
  endpoint: `Endpoint/demo-${side}`,
  name,
  oid,
});

export const ORGANIZATIONS: Readonly<Record<Side, DemoOrganization>> = {
  initiator: organization('initiator', 'Elm Street Family Medicine', '2.999.360.1'),
  recipient: organization('recipient', 'Riverside Nutrition Services', '2.999.360.2'),
};

export interface World {
  readonly base: string;
  readonly tokens: Readonly<Record<Side | 'admin', string>>;
  readonly running: Running;
}

/** Writes what is missing of the directory (a data folder may be used again) and signs the tokens. */
export async function prepareWorld(running: Running, administratorScope: string): Promise<World> {
  const { base, devIssuer } = running;
  if (devIssuer === undefined) throw new Error('the demonstration needs its own issuer');
  await running.perform({
    interaction: 'transaction',
    query: [],
    queryText: '',
    body: parseJson(JSON.stringify(directory())),
    prefer: { return: 'minimal' },
    caller: ADMINISTRATOR,
    requestId: randomUUID(),
    signal: new AbortController().signal,
  });
  const sign = (side: Side) =>
    devIssuer.sign({
      subject: `demo-${side}`,
      client: `demo-${side}-ehr`,
      scope: 'system/*.cruds',
      organization: ORGANIZATIONS[side].ref,
    });
  const tokens = {
    initiator: await sign('initiator'),
    recipient: await sign('recipient'),
    admin: await devIssuer.sign({
      subject: 'demo-admin',
      client: 'demo-admin',
      scope: `system/*.cruds ${administratorScope}`,
    }),
  };
  return { base, tokens, running };
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
};

/** If-None-Match: what is there already stays as it is. */
function directory(): Resource {
  const resources = [ORGANIZATIONS.initiator, ORGANIZATIONS.recipient].flatMap(directoryOf);
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: resources.map((resource) => ({
      resource,
      request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
    })),
  };
}

function directoryOf({ ref, role, endpoint, name, oid }: DemoOrganization): readonly Resource[] {
  return [
    {
      resourceType: 'Organization',
      id: idOf(ref),
      identifier: [{ system: 'urn:ietf:rfc:3986', value: `urn:oid:${oid}` }],
      active: true,
      name,
      endpoint: [{ reference: endpoint }],
    },
    {
      resourceType: 'Endpoint',
      id: idOf(endpoint),
      status: 'active',
      connectionType: {
        system: 'https://closeloop.dev/fhir/CodeSystem/endpoint-connection-type',
        code: 'capture',
      },
      name: `${name}, kept for reading instead of sent`,
      managingOrganization: { reference: ref },
      payloadType: [{ text: 'any' }],
      address: `urn:oid:${oid}`,
    },
    {
      resourceType: 'PractitionerRole',
      id: idOf(role),
      active: true,
      organization: { reference: ref },
      endpoint: [{ reference: endpoint }],
    },
  ];
}
