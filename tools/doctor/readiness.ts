/** Doctor's look at whether an installation may begin with real patients (`--readiness pilot`). */
import { carrierOfEndpoint } from '../../src/agreements/carriers.ts';
import type { StoredContract } from '../../src/agreements/pair.ts';
import { readinessOf, type RailInUse } from '../../src/agreements/readiness.ts';
import type { Ref, Resource } from '../../src/fhir/types.ts';
import type { Finding } from '../../src/ports/store.ts';
import { parseStored } from '../../src/ports/stored-resource.ts';
import { localRef, valuesAt } from '../../src/resources/element.ts';
import { MEMBER_KIND } from '../../src/resources/parties/standing.ts';
import type { Config } from '../../src/server/config.ts';
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
    rails: current(dataDir, 'Endpoint').flatMap(railIn),
  });
}

const current = (folder: string, type: string): readonly Resource[] =>
  readCurrentTexts(folder, type, LOOKED_AT_MAX).map((text) => parseStored(text));

const storedContractOf = (contract: Resource): StoredContract => ({
  ref: `Contract/${contract.id ?? ''}`,
  seq: Number(contract.meta?.versionId ?? 0),
  contract,
});

/** An Endpoint in use that something is sent to by a carrier. */
function railIn(endpoint: Resource): readonly RailInUse[] {
  const [type = ''] = valuesAt(endpoint, 'connectionType.code') as readonly string[]; // it was validated
  const organization = localRef(endpoint['managingOrganization']);
  if (endpoint['status'] !== 'active' || !CARRIED.has(type) || organization === undefined) return [];
  return [
    { name: `Endpoint/${endpoint.id ?? ''} (${type})`, organization, carrier: carrierOfEndpoint(endpoint) },
  ];
}
