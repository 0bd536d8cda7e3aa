/** For whom a mail of a mailbox is: nobody is handed what may be another member's (direct-xdm 1, 11). */
import { parseDirectAddress } from '../../direct/address.ts';
import type { MailText } from '../../direct/mime/read.ts';
import type { Ref } from '../../fhir/types.ts';
import type { DirectAddress } from '../../ports/direct.ts';
import type { Mailbox } from './domains.ts';

/**
 * Those of the mailbox's addresses that the header names, else the one for which the HISP's server says it delivered the mail.
 * A blind copy may name none: it is for the first address, where all of them are one member's. Else it is for nobody: none.
 */
export async function recipientsIn(
  { addresses, user }: Pick<Mailbox, 'addresses' | 'user'>,
  { to, originalTo, deliveredTo }: Pick<MailText, 'to' | 'originalTo' | 'deliveredTo'>,
  memberOf: (address: DirectAddress) => Promise<Ref | undefined>,
): Promise<readonly DirectAddress[]> {
  // Delivered-To may be the account, whatever alias of it the mail was for.
  const account = parseDirectAddress(user ?? '');
  const delivered = originalTo ?? (deliveredTo === account ? undefined : deliveredTo);
  for (const named of [to, delivered === undefined ? [] : [delivered]]) {
    const ours = addresses.filter((address) => named.includes(address));
    if (ours.length > 0) return ours;
  }
  if (addresses.length === 1) return addresses;
  const members = new Set(await Promise.all(addresses.map(memberOf)));
  return members.size === 1 && !members.has(undefined) ? addresses.slice(0, 1) : [];
}
