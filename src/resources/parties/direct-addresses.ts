/**
 * Direct addresses of Endpoints, and who verified them (directory DR44 to DR46). A record for each Endpoint, written in the
 * commit that writes the Endpoint: another address, or another organization, makes it `asserted` again, and nothing about a
 * patient is sent to it until somebody verifies it. The server finds the record by the address, for which R4 has no search
 * parameter, and which others never see.
 */
import { parseDirectAddress } from '../../direct/address.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { DIRECT, type DirectAddress } from '../../ports/direct.ts';
import { EVERYTHING } from '../../ports/query.ts';
import { allRecords, type RecordWrite } from '../../ports/record.ts';
import type { Snapshot } from '../../ports/store.ts';
import { resourceOf } from '../../ports/stored-resource.ts';
import { localRef } from '../element.ts';
import { standingOf } from './standing.ts';

/** The kind of the records; index `address` → the address, `all` → every record. */
const ENDPOINT_VERIFIED = 'endpoint-verified';

/** What is known of the address of an Endpoint. */
export interface EndpointVerification {
  readonly address: DirectAddress;
  /** Whose it is: `Endpoint.managingOrganization`. Another one has to be vouched for anew. */
  readonly organization: Ref | undefined;
  /** `asserted`: somebody wrote it, and nobody vouches for it. */
  readonly state: 'asserted' | 'verified';
  /** `administrator`, or `signed-mail`: a mail from this address, signed for it, that the keeper's anchors trust. */
  readonly how: 'administrator' | 'signed-mail' | 'none';
  /** Who verified it, or wrote it. */
  readonly by: string;
  /** Instant. */
  readonly at: string;
}

/** The write of what is known; the same commit holds the Endpoint, or it is stored. */
export const writeVerification = (endpoint: Ref, body: EndpointVerification): RecordWrite => ({
  kind: ENDPOINT_VERIFIED,
  key: endpoint,
  expect: 'any',
  body,
  index: [
    ['address', body.address],
    ['all', ''],
  ],
});

/** The write that forgets an Endpoint that has no Direct address any more. */
export const dropVerification = (endpoint: Ref): RecordWrite => ({
  kind: ENDPOINT_VERIFIED,
  key: endpoint,
  expect: 'any',
  body: undefined,
});

export const isVerificationOf = ({ kind, key }: RecordWrite, endpoint: Ref): boolean =>
  kind === ENDPOINT_VERIFIED && key === endpoint;

/** Whether a write says that somebody vouches for an address. */
export const verifiesAddress = ({ kind, body }: RecordWrite): boolean =>
  kind === ENDPOINT_VERIFIED && (body as EndpointVerification | undefined)?.state === 'verified'; // this file writes it

export async function readVerification(
  source: Pick<Snapshot, 'record'>,
  endpoint: Ref,
): Promise<EndpointVerification | undefined> {
  const record = await source.record(ENDPOINT_VERIFIED, endpoint);
  return record?.body as EndpointVerification | undefined; // this file writes nothing else
}

interface EndpointElements {
  readonly status?: string;
  readonly address?: string;
  readonly connectionType?: { readonly code?: string };
  readonly period?: { readonly start?: string; readonly end?: string };
}

/** Whether a resource is an Endpoint of Direct. */
export const isDirectEndpoint = (resource: Resource | undefined): boolean =>
  resource?.resourceType === 'Endpoint' && (resource as EndpointElements).connectionType?.code === DIRECT;

/** The address of an Endpoint of Direct, whatever its status; undefined for any other, and for what is no address. */
export function directAddressOf(endpoint: Resource | undefined): DirectAddress | undefined {
  if (!isDirectEndpoint(endpoint)) return undefined;
  const { address = '' } = endpoint as EndpointElements;
  return /^mailto:/i.test(address) ? parseDirectAddress(address) : undefined;
}

/** Whether an Endpoint is in use at an instant (milliseconds since 1970): active, and within its period. */
export function isInUse(endpoint: Resource, at: number): boolean {
  const { status, period } = endpoint as EndpointElements;
  const { start, end } = period ?? {};
  if (status !== 'active') return false;
  // A date without a time ends with its day.
  const ends = end === undefined ? Infinity : Date.parse(end) + (end.includes('T') ? 0 : DAY_MS);
  return (start === undefined || Date.parse(start) <= at) && at < ends;
}

const DAY_MS = 86_400_000;

/** The organization that is reached at an Endpoint. */
export const organizationReachedAt = (endpoint: Resource | undefined): Ref | undefined =>
  localRef(endpoint?.['managingOrganization']);

/** Whether what is known of an Endpoint is about the address and the organization that it names now. */
export const isKnownAs = (endpoint: Resource, known: EndpointVerification | undefined): boolean =>
  known !== undefined &&
  known.address === directAddressOf(endpoint) &&
  known.organization === organizationReachedAt(endpoint);

/** Whether what is known of an Endpoint vouches for the address that it has, as that of the organization that it names. */
export const isVouchedFor = (endpoint: Resource, known: EndpointVerification | undefined): boolean =>
  known?.state === 'verified' && isKnownAs(endpoint, known);

/** An Endpoint that has a Direct address. */
export interface DirectHolder {
  readonly endpoint: Ref;
  /** The organization that is reached there (`Endpoint.managingOrganization`). */
  readonly organization: Ref | undefined;
  readonly custodian: Ref | '';
  /**
   * Whether the Endpoint is what one organization keeps about another: it counts, and it is verified, for its custodian
   * alone (directory DR46).
   */
  readonly isPrivate: boolean;
  readonly verified: boolean;
}

/** The Endpoints in use with this address, verified or not. */
export async function findByDirectAddress(
  snapshot: Pick<Snapshot, 'read' | 'records'>,
  address: DirectAddress,
  at: number,
): Promise<readonly DirectHolder[]> {
  const found: DirectHolder[] = [];
  for (const { key, body } of await allRecords(snapshot, ENDPOINT_VERIFIED, 'address', address)) {
    const endpoint = key as Ref; // this file writes it
    const version = await snapshot.read(endpoint, EVERYTHING);
    const resource = resourceOf(version);
    if (version === undefined || resource === undefined || !isInUse(resource, at)) continue;
    if (directAddressOf(resource) !== address) continue;
    found.push({
      endpoint,
      organization: organizationReachedAt(resource),
      custodian: version.custodian,
      isPrivate: standingOf(resource) === 'private',
      verified: isVouchedFor(resource, body as EndpointVerification),
    });
  }
  return found;
}
