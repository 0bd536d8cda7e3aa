/** Doctor's look at whether an installation may begin with real patients (`--readiness pilot`). */
import { carrierOfEndpoint } from '../../src/agreements/carriers.ts';
import type { StoredContract } from '../../src/agreements/pair.ts';
import { readinessOf, type RailInUse } from '../../src/agreements/readiness.ts';
import { readCarriers } from '../../src/delivery/carriers.ts';
import type { Ref, Resource } from '../../src/fhir/types.ts';
import type { Finding } from '../../src/ports/store.ts';
import { parseStored } from '../../src/ports/stored-resource.ts';
import { localRef, valuesAt } from '../../src/resources/element.ts';
import { MEMBER_KIND } from '../../src/resources/parties/standing.ts';
import { outreachCarriers } from '../../src/server/compose-outreach.ts';
import type { Config } from '../../src/server/config.ts';
import { directDomainsOf } from '../../src/server/direct-places.ts';
import { readCurrentTexts } from '../../src/stores/embedded/current-texts.ts';
import { readRecords } from '../../src/stores/embedded/record-reading.ts';

/** Resources of a type that are looked at. */
const LOOKED_AT_MAX = 10_000;
/** Connection types by which something leaves this server, or comes to it, by a carrier. */
const CARRIED: ReadonlySet<string> = new Set(['hl7v2-mllp', 'direct-project']);

export function examineReadiness(config: Config, mfaElsewhere: boolean): readonly Finding[] {
  const { dataDir, demo, auditReads, authorizationServer, operatorOrganization } = config;
  return readinessOf({
    now: Date.now(),
    demo,
    auditsReads: auditReads !== 'off',
    signsIn: authorizationServer !== 'off',
    mfaElsewhere,
    operator: operatorOrganization as Ref | undefined, // its shape says so
    members: readRecords(dataDir, MEMBER_KIND).map(({ key }) => key as Ref), // of members
    contracts: current(dataDir, 'Contract').map(storedContractOf),
    rails: [
      ...current(dataDir, 'Endpoint').flatMap((endpoint) => railIn(endpoint, config)),
      ...railsOfSettings(config),
    ],
  });
}

/** The ways that settings name: those with a row in `carriers`, the relays, and the gateway. */
function railsOfSettings(config: Config): readonly RailInUse[] {
  const rows = readCarriers(config.carriers);
  const { mail, sms } = outreachCarriers(config);
  return [
    ...[...rows].map(([rail, carrier]) => ({ name: `carriers: ${rail}`, carrier })),
    ...(rows.has('direct-project') ? [] : directWays(config)),
    ...(mail === undefined ? [] : [{ name: 'mailRelay', carrier: mail, service: 'mail' } as const]),
    ...(sms === undefined ? [] : [{ name: 'smsGateway', carrier: sms, service: 'sms' } as const]),
  ];
}

/** The relay of Direct mail, and the servers that take it for a domain at a HISP: no setting says whose they are. */
function directWays(config: Config): readonly RailInUse[] {
  const atHisp = directDomainsOf(config, undefined).filter(({ way }) => way === 'edge');
  const names = [
    ...(config.directRelay === undefined ? [] : ['directRelay']),
    ...atHisp.map(({ domain }) => `directDomains: ${domain}`),
  ];
  const remedy = `set carriers to direct-project=Organization/x, who operates it${config.operatorOrganization === undefined ? '' : `; ${config.operatorOrganization} where that is you`}`;
  return names.map((name) => ({ name, carrier: undefined, remedy }));
}

const current = (folder: string, type: string): readonly Resource[] =>
  readCurrentTexts(folder, type, LOOKED_AT_MAX).map((text) => parseStored(text));

const storedContractOf = (contract: Resource): StoredContract => ({
  ref: `Contract/${contract.id ?? ''}`,
  seq: Number(contract.meta?.versionId ?? 0),
  contract,
});

/** An Endpoint in use that something is sent to by a carrier. Where it names none, a row of `carriers` may. */
function railIn(endpoint: Resource, { carriers }: Config): readonly RailInUse[] {
  const [type = ''] = valuesAt(endpoint, 'connectionType.code') as readonly string[]; // it was validated
  const organization = localRef(endpoint['managingOrganization']);
  if (endpoint['status'] !== 'active' || !CARRIED.has(type) || organization === undefined) return [];
  const carrier = carrierOfEndpoint(endpoint);
  if (carrier === undefined && readCarriers(carriers).has(type)) return [];
  return [{ name: `Endpoint/${endpoint.id ?? ''} (${type})`, organization, carrier }];
}
