/** Outside providers as records of the store (identity 8): how they are found, and what is needed to speak to one. */
import type { Ref } from '../fhir/types.ts';
import { launchKey } from '../identity/ehr.ts';
import type { IdentityProvider } from '../identity/external.ts';
import type { Seal } from '../identity/seal.ts';
import { allRecords, type RecordWrite, type StoredRecord } from '../ports/record.ts';
import { OutsideRefused, type OutsideAccess } from '../ports/sign-on.ts';
import type { AccountSource } from './accounts.ts';

const IDP_KIND = 'idp';

/** A provider with the key of its record, which is part of its addresses here. */
export interface KnownProvider extends IdentityProvider {
  readonly key: string;
  readonly version: number;
}

/** The index by which all of them are listed. */
const ALL = ['listed', 'all'] as const;

const providerOf = ({ key, version, body }: StoredRecord): KnownProvider => ({
  ...(body as IdentityProvider), // this file writes nothing else
  key,
  version,
});

/** The provider, suspended or not; undefined where there is none. */
export async function findProvider(
  source: Pick<AccountSource, 'record'>,
  key: string,
): Promise<KnownProvider | undefined> {
  const found = await source.record(IDP_KIND, key);
  return found && providerOf(found);
}

/** The EHRs on record whose launches name this `iss`, suspended or not. More than one: nobody knows which is meant. */
export const findEhrs = async (source: AccountSource, iss: string): Promise<readonly KnownProvider[]> =>
  (await source.records(IDP_KIND, 'launch', launchKey(iss))).map(providerOf);

/** Those of an organization, or all of them. */
export async function listProviders(
  source: AccountSource,
  organization?: Ref,
): Promise<readonly KnownProvider[]> {
  const [name, value] = organization === undefined ? ALL : (['organization', organization] as const);
  return (await allRecords(source, IDP_KIND, name, value)).map(providerOf);
}

/** The write of a provider. `expect`: `absent`, or the version that it replaces. */
export const providerWrite = (
  key: string,
  provider: IdentityProvider,
  expect: RecordWrite['expect'],
): RecordWrite => ({
  kind: IDP_KIND,
  key,
  expect,
  body: provider,
  index: [
    ALL,
    ...provider.organizations.map((one) => ['organization', one] as const),
    ...(provider.ehr === undefined ? [] : [['launch', launchKey(provider.issuer)] as const]),
  ],
});

/** Takes the provider's record away, unless somebody has changed it since. */
export const providerRemoval = ({ key, version }: KnownProvider): RecordWrite => ({
  kind: IDP_KIND,
  key,
  expect: version,
  body: undefined,
});

/** Where the secret of a provider is sealed to. */
export const providerPlace = (key: string) => ({ kind: IDP_KIND, key }) as const;

/**
 * What is needed to speak to a provider.
 *
 * @param seal undefined where the key of the store is not at hand
 * @throws OutsideRefused `unreachable`: its secret does not open
 */
export function accessTo(
  { key, issuer, clientId, credential, scopes, sealed, ehr }: KnownProvider,
  seal: Seal | undefined,
): OutsideAccess {
  const secret = sealed === undefined ? undefined : seal?.open(sealed, providerPlace(key));
  if (sealed !== undefined && secret === undefined)
    throw new OutsideRefused(
      'unreachable',
      'the secret of the provider does not open: see the setting keyFile',
    );
  const protocol = ehr === undefined ? 'openid' : 'smart';
  return { protocol, issuer, clientId, credential, scopes, secret: secret?.toString('utf8') };
}
