/**
 * Somebody is launched into this server by an EHR (smart SM-82 to SM-84): whose account it is, and the session with what the
 * EHR said, in one commit. An account is opened for the EHR's own organization alone: by the table of its record, by a link that
 * its owner has made, or by the national number of its Practitioner, which proves too little to stand for a second factor.
 */
import type { Ref } from '../fhir/types.ts';
import { npisOf, type PatientNumber } from '../identity/ehr.ts';
import { provesSecondFactor } from '../identity/external-proof.ts';
import { isInForce } from '../identity/membership.ts';
import { EVERYTHING } from '../ports/query.ts';
import { resourceOf } from '../ports/stored-resource.ts';
import type { Snapshot } from '../ports/store.ts';
import {
  ACCOUNT_KIND,
  findAccount,
  findMembership,
  membershipsIn,
  usedWrite,
  type KnownAccount,
} from './accounts.ts';
import { findExternalIdentity } from './external-identities.ts';
import {
  answerTaken,
  byPerson,
  noteLoginRefused,
  type OutsideReturned,
  type ArrivalParts,
} from './outside-arrival.ts';
import { outsideSessionWrite } from './outside-sessions.ts';

/** What the EHR's answer says beside the login. */
interface LaunchArrival extends OutsideReturned {
  /** `Practitioner/7` of the EHR. */
  readonly user: string | undefined;
  /** Its national numbers, as the EHR has them. */
  readonly npis: readonly string[];
  /** Undefined: the launch is about nobody. */
  readonly patient: readonly PatientNumber[] | undefined;
  readonly needsBanner: boolean;
  /** In a frame of the EHR's page. */
  readonly embedded: boolean;
}

/** Why nobody came in by a launch. `not-framed`: the second factor is asked for in a window of its own. */
export type LaunchRefusal =
  | 'account-not-active'
  | 'no-place'
  | 'several-accounts'
  | 'not-framed'
  | 'overtaken';

/** What became of a launch. `prove`: nobody knows whose it is; its owner logs in with what is kept here, and then links. */
type Launched =
  | { readonly kind: 'in'; readonly cookie: string; readonly isProven: boolean }
  | { readonly kind: 'prove' }
  | { readonly kind: 'refused'; readonly why: LaunchRefusal };

/** Opens the session of a launch, or says why there is none; a refusal is on record. */
export async function arriveFromEhr(parts: ArrivalParts, arrival: LaunchArrival): Promise<Launched> {
  const snapshot = parts.store.snapshot();
  const [organization] = arrival.provider.organizations;
  if (organization === undefined) return { kind: 'refused', why: 'no-place' };
  const owner = await ownerOf(parts, snapshot, arrival, organization);
  if (owner === undefined) return { kind: 'prove' };
  if (owner === 'several') return refuse(parts, arrival, undefined, 'several-accounts');
  const { account, isSure } = owner;
  if (account.state !== 'active') return refuse(parts, arrival, account.id, 'account-not-active');
  const member = await findMembership(snapshot, account.id, organization);
  if (member === undefined || !isInForce(member, parts.clock.now()))
    return refuse(parts, arrival, account.id, 'no-place');
  const isProven = isSure && provesSecondFactor(arrival.provider.proof, arrival.login.proof);
  if (arrival.embedded && !isProven) return refuse(parts, arrival, account.id, 'not-framed');
  return open(parts, arrival, { account, organization, isProven });
}

async function refuse(
  parts: ArrivalParts,
  arrival: LaunchArrival,
  account: string | undefined,
  why: LaunchRefusal,
): Promise<Launched> {
  await noteLoginRefused(parts, arrival, account, why);
  return { kind: 'refused', why };
}

interface Owner {
  readonly account: KnownAccount;
  /** Whether an administrator, or the owner, has said that the account is theirs. */
  readonly isSure: boolean;
}

async function ownerOf(
  parts: ArrivalParts,
  snapshot: Snapshot,
  { provider, login, user, npis }: LaunchArrival,
  organization: Ref,
): Promise<Owner | 'several' | undefined> {
  const row = provider.ehr?.users.find((one) => one.user === user);
  const linked = row ?? (await findExternalIdentity(snapshot, login.issuer, login.subject));
  const account = linked && (await findAccount(snapshot, linked.account));
  if (account !== undefined) return { account, isSure: true };
  const [only, ...others] = npis.length === 0 ? [] : await membersBy(parts, snapshot, organization, npis);
  if (only === undefined) return undefined;
  return others.length > 0 ? 'several' : { account: only, isSure: false };
}

/** Members that are looked at for a number, at most. */
const MEMBERS_MAX = 5000;

/** The members of an organization whose own Practitioner has one of the numbers. */
async function membersBy(
  { clock }: ArrivalParts,
  snapshot: Snapshot,
  organization: Ref,
  npis: readonly string[],
): Promise<readonly KnownAccount[]> {
  const found: KnownAccount[] = [];
  let looked = 0;
  for (let after = ''; looked < MEMBERS_MAX;) {
    const page = await membershipsIn(snapshot, organization, after);
    for (const member of page) {
      const account = isInForce(member, clock.now())
        ? await findAccount(snapshot, member.account)
        : undefined;
      if (account !== undefined && (await hasNumber(snapshot, account, organization, npis)))
        found.push(account);
    }
    const last = page.at(-1);
    if (last === undefined) break;
    looked += page.length;
    after = last.key;
  }
  return found;
}

async function hasNumber(
  snapshot: Snapshot,
  { links }: KnownAccount,
  organization: Ref,
  npis: readonly string[],
): Promise<boolean> {
  for (const { ref, custodian } of links) {
    if (!ref.startsWith('Practitioner/') || (custodian !== organization && custodian !== '')) continue;
    const practitioner = resourceOf(await snapshot.read(ref, EVERYTHING));
    if (practitioner !== undefined && npisOf(practitioner).some((npi) => npis.includes(npi))) return true;
  }
  return false;
}

interface Opening {
  readonly account: KnownAccount;
  readonly organization: Ref;
  readonly isProven: boolean;
}

async function open(
  { sessions, clock, seal }: ArrivalParts,
  arrival: LaunchArrival,
  { account, organization, isProven }: Opening,
): Promise<Launched> {
  const { provider, login, state, by, patient, needsBanner, embedded } = arrival;
  const now = clock.now();
  const { issuer, subject, session: there, tokens } = login;
  const kept = {
    account: account.id,
    provider: provider.key,
    issuer,
    subject,
    there,
    startedAt: now,
    askedAt: now,
  };
  const opened = await sessions.open(
    {
      session: {
        account: account.id,
        provider: provider.key,
        organizations: [organization],
        organization,
        ...(embedded && { embedded: true }),
      },
      ways: isProven ? ['mfa'] : [],
      records: [usedWrite(account.id, now), answerTaken(state, now)],
      recordsOf: (id, expiresAt) => [
        outsideSessionWrite(
          id,
          kept,
          { ...tokens, launch: { patient, needsBanner } },
          { seal, expect: 'absent', expiresAt },
        ),
      ],
      relies: [{ kind: ACCOUNT_KIND, key: account.id, version: account.version }],
      detail: {
        provider: provider.key,
        launch: embedded ? 'embedded' : 'window',
        proof: isProven ? 'provider' : 'none',
      },
    },
    byPerson(by, account.id),
  );
  return opened === undefined
    ? { kind: 'refused', why: 'overtaken' }
    : { kind: 'in', cookie: opened.cookie, isProven };
}
