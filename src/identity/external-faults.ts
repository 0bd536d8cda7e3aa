/** What is wrong with a provider that somebody wants to put on record (identity ID-45, ID-47). */
import type { Ref } from '../fhir/types.ts';
import { faultsOfEhr } from './ehr.ts';
import { PROVIDER_CREDENTIALS, type ClaimRule, type IdentityProvider } from './external.ts';
import { mayProve } from './external-proof.ts';
import { isMemberRole } from './membership.ts';

const TEXT_MAX = 255;
const LIST_MAX = 100;
const TESTS_MAX = 8;

/** Issuers that stand for many tenants: who logs in there may be anybody's, so that one tenant must be named. */
const MANY_TENANTS = /^https:\/\/login\.microsoftonline\.com\/(common|organizations|consumers)(\/|$)/i;

/**
 * The faults of a provider, each in a sentence; none: it may be kept.
 *
 * @param mayName the organizations that whoever asks may speak for; undefined: all
 */
export function faultsOfProvider(
  provider: IdentityProvider,
  mayName: readonly Ref[] | undefined,
): readonly string[] {
  const { name, issuer, organizations, clientId, credential, scopes, rules, emailDomains, proof } = provider;
  return [
    ...(isText(name) ? [] : ['The name is 1 to 255 characters.']),
    ...faultsOfIssuer(issuer),
    ...(isText(clientId) ? [] : ['The client id is 1 to 255 characters.']),
    ...((PROVIDER_CREDENTIALS as readonly string[]).includes(credential)
      ? []
      : [`The credential is one of ${PROVIDER_CREDENTIALS.join(', ')}.`]),
    ...(scopes.includes('openid') &&
    scopes.length <= LIST_MAX &&
    scopes.every((one) => /^[\x21-\x7e]{1,255}$/.test(one))
      ? []
      : ['The scopes are words, openid among them.']),
    ...faultsOfOrganizations(organizations, mayName),
    ...(rules.length > LIST_MAX ? [`There are more than ${LIST_MAX} rules.`] : []),
    ...rules.flatMap((rule, at) => faultsOfRule(rule, at, organizations)),
    ...faultsOfProof(proof),
    ...faultsOfEmergency(provider),
    ...faultsOfEhr(provider),
    ...(provider.justInTime && rules.length === 0
      ? ['Accounts are made at a first login only where a rule grants a role.']
      : []),
    ...(emailDomains.length <= LIST_MAX &&
    emailDomains.every((one) => /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(one))
      ? []
      : ['The e-mail domains are names in lower case.']),
  ];
}

function faultsOfIssuer(issuer: string): readonly string[] {
  const url = URL.parse(issuer);
  if (
    url === null ||
    issuer.length > TEXT_MAX ||
    url.search !== '' ||
    url.hash !== '' ||
    issuer.includes('?')
  )
    return ['The issuer is the address of the provider, without query and fragment.'];
  if (url.username !== '' || url.password !== '') return ['The issuer names no user.'];
  // Plain http is for a provider on this machine or in a network that the operator has listed; the guard judges it.
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return ['The issuer begins with https:.'];
  return MANY_TENANTS.test(issuer)
    ? ['The issuer stands for every tenant of Microsoft Entra ID: name the tenant in it.']
    : [];
}

function faultsOfOrganizations(
  organizations: readonly Ref[],
  mayName: readonly Ref[] | undefined,
): readonly string[] {
  if (organizations.length === 0 || organizations.length > LIST_MAX)
    return [`A provider has 1 to ${LIST_MAX} organizations.`];
  const others = organizations.filter((one) => mayName !== undefined && !mayName.includes(one));
  return others.map((one) => `Only an administrator of the installation may name ${one}.`);
}

function faultsOfRule(
  { when, organization, roles }: ClaimRule,
  at: number,
  organizations: readonly Ref[],
): readonly string[] {
  const says = (what: string): string => `Rule ${at + 1}: ${what}`;
  const words: readonly string[] = roles;
  const unknown = words.filter((role) => !isMemberRole(role));
  return [
    ...(when.length > 0 &&
    when.length <= TESTS_MAX &&
    when.every(({ claim, is }) => isText(claim) && isText(is))
      ? []
      : [says(`it has 1 to ${TESTS_MAX} tests of a claim.`)]),
    ...(organizations.includes(organization)
      ? []
      : [says(`${organization} is no organization of this provider.`)]),
    ...(roles.length > 0 ? [] : [says('it grants no role.')]),
    ...unknown.map((role) => says(`no provider grants ${role}.`)),
  ];
}

/** One account for one organization: an alarm in several would be nobody's (ID-49). */
const faultsOfEmergency = ({ emergencyAccount, organizations, ehr }: IdentityProvider): readonly string[] =>
  emergencyAccount === undefined ||
  (isText(emergencyAccount) && organizations.length === 1 && ehr === undefined)
    ? []
    : ['An emergency account is one of a provider with one organization.'];

function faultsOfProof(proof: IdentityProvider['proof']): readonly string[] {
  if (proof.kind === 'none') return [];
  if (proof.any.length === 0 || proof.any.length > LIST_MAX || !proof.any.every(isText))
    return ['What proves a second factor is a list of words.'];
  if (proof.kind === 'level') return [];
  const weak = proof.any.filter((word) => !mayProve(word));
  return weak.map((word) => `${word} is the method of one factor, and proves no second one.`);
}

const isText = (text: string): boolean => text !== '' && text.length <= TEXT_MAX;
