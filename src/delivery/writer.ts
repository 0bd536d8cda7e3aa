/**
 * Which client of this server, and which person, wrote a Subscription last: it is told of something only while these may ask
 * for it themselves (smart SM-38, SM-68). One that came by a token of another issuer has no such record.
 */
import type { Ref } from '../fhir/types.ts';
import type { UserAccount } from '../identity/account.ts';
import { isUsable, type Client } from '../identity/client.ts';
import { isInForce, membershipKey, type UserMembership } from '../identity/membership.ts';
import type { RecordWrite } from '../ports/record.ts';
import type { Snapshot } from '../ports/store.ts';

const KIND = 'subscription-writer';
const MEMBERSHIP_KIND = 'membership';

export interface Writer {
  readonly client: string;
  readonly account?: string | undefined;
  /** For whom the person wrote it. */
  readonly organization?: Ref | undefined;
}

/**
 * @param writer undefined: the Subscription is deleted
 * @returns undefined where nothing is to be written
 */
export async function keepWriter(
  snapshot: Pick<Snapshot, 'record'>,
  subscription: Ref,
  writer: Writer | undefined,
): Promise<RecordWrite | undefined> {
  const isOwn = writer !== undefined && (await snapshot.record('client', writer.client)) !== undefined;
  const known = await snapshot.record(KIND, subscription);
  if (!isOwn && known === undefined) return undefined;
  const { client = '', account, organization } = writer ?? {};
  const body: Writer = {
    client,
    ...(account !== undefined && { account }),
    ...(organization !== undefined && { organization }),
  };
  return {
    kind: KIND,
    key: subscription,
    expect: known?.version ?? 'absent',
    body: isOwn ? body : undefined,
  };
}

export const writerOf = async (
  snapshot: Pick<Snapshot, 'record'>,
  subscription: Ref,
): Promise<Writer | undefined> => (await snapshot.record(KIND, subscription))?.body as Writer | undefined; // written above

/**
 * Whether the client and the person may ask for anything now. Who wrote it by a membership needs one in force with a role; a
 * patient, somebody close to one, and who keeps the installation have none.
 *
 * @param at milliseconds since 1970
 */
export async function mayStillAsk(
  snapshot: Pick<Snapshot, 'record'>,
  { client, account, organization }: Writer,
  at: number,
): Promise<boolean> {
  const registered = (await snapshot.record('client', client))?.body as Client | undefined; // of this kind
  if (registered === undefined || !isUsable(registered, at)) return false;
  if (account === undefined) return true;
  const person = (await snapshot.record('account', account))?.body as UserAccount | undefined; // of this kind
  if (person?.state !== 'active') return false;
  const found =
    organization && (await snapshot.record(MEMBERSHIP_KIND, membershipKey(account, organization)));
  if (found === undefined) return true;
  const membership = found.body as UserMembership; // of this kind
  return isInForce(membership, at) && membership.roles.length > 0;
}
