/**
 * Notes the Direct address of every Endpoint that a draft writes (directory DR44). Another address than before, or that of
 * another organization, is `asserted`: nothing about a patient is sent there until an administrator has verified it, even
 * where an administrator wrote it.
 */
import { note } from '../../referral/ruling.ts';
import { typeOf } from '../../resources/element.ts';
import {
  directAddressOf,
  dropVerification,
  isKnownAs,
  isVerificationOf,
  organizationReachedAt,
  readVerification,
  writeVerification,
} from '../../resources/parties/direct-addresses.ts';
import { placesIn, type Draft, type Planned } from './draft.ts';

export async function noteDirectAddresses(draft: Draft): Promise<void> {
  for (const planned of draft.planned.values())
    if (typeOf(planned.ref) === 'Endpoint') await noteAddress(draft, planned);
}

async function noteAddress(draft: Draft, planned: Planned): Promise<void> {
  const { ref, before, after } = planned;
  const [old, address] = [directAddressOf(before), directAddressOf(after?.plain)];
  // The commit of a mail that introduces its sender has noted by itself who vouches for the address.
  if (draft.records.some((one) => isVerificationOf(one, ref))) return;
  if (address === undefined) {
    if (old !== undefined) draft.records.push(dropVerification(ref));
    return;
  }
  const known = await readVerification(draft.snapshot, ref);
  if (after !== undefined && isKnownAs(after.plain, known)) return;
  const { caller } = draft;
  const by = `${caller.client} ${caller.subject}`;
  draft.records.push(
    writeVerification(ref, {
      address,
      organization: organizationReachedAt(after?.plain),
      state: 'asserted',
      how: 'none',
      by,
      at: draft.now,
    }),
  );
  draft.notes.push({
    ...note(
      'information',
      'Nothing is sent to this Direct address until an administrator has verified it.',
      [],
    ),
    expression: placesIn(planned, ['Endpoint.address']),
  });
}
