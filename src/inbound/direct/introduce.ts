/**
 * Makes a sender known whose request is trusted and whom the receiver does not know: in a private record of the receiver's,
 * with the address from which the sender wrote (harmony Z45; directory DR32, DR44 to DR46). Where our own security agent
 * verified the mail, it was signed for that address by a signer whom the receiver's anchors trust: answers may go there, for
 * this receiver alone. A mail from a HISP's mailbox proves nothing to us, so its address waits for an administrator.
 */
import { domainOfAddress } from '../../direct/address.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import type { Draft } from '../../operations/write/draft.ts';
import { planOwn } from '../../operations/write/planned-resources.ts';
import { DIRECT, type DirectMail } from '../../ports/direct.ts';
import type { Snapshot } from '../../ports/store.ts';
import { writeVerification } from '../../resources/parties/direct-addresses.ts';
import { withStanding } from '../../resources/parties/standing.ts';
import { oneLineOf } from './one-line.ts';

/** Records of introductions: a sender whom the receiver has removed since is not introduced again. */
const KIND = 'direct-introduced';

/** A party to be made known, and the ids under which it will be. */
export interface Introduction {
  readonly organization: Ref;
  readonly endpoint: Ref;
  readonly plan: (draft: Draft) => void;
}

type Introduced = Pick<DirectMail, 'from' | 'through'>;

const keyOf = (receiver: Ref, { from }: Introduced): string => `${receiver}\n${from}`;

/** Undefined for an address that was introduced to this receiver before. */
export async function introductionOf(
  snapshot: Snapshot,
  newId: () => string,
  mail: Introduced,
  receiver: Ref,
  name: string | undefined,
): Promise<Introduction | undefined> {
  if ((await snapshot.record(KIND, keyOf(receiver, mail))) !== undefined) return undefined;
  const ids = { organization: newId(), endpoint: newId() };
  const organization: Ref = `Organization/${ids.organization}`;
  const endpoint: Ref = `Endpoint/${ids.endpoint}`;
  const party: Resource = {
    resourceType: 'Organization',
    active: true,
    name: oneLineOf(name, NAME_MAX) ?? domainOfAddress(mail.from),
  };
  const plan = (draft: Draft): void => {
    planOwn(draft, ids.organization, withStanding(party, 'private'), receiver);
    const reached = withStanding(endpointOf(mail, organization), 'private');
    planOwn(draft, ids.endpoint, reached, receiver);
    const isProved = mail.through === 'sta';
    draft.records.push(
      writeVerification(endpoint, {
        address: mail.from,
        organization,
        state: isProved ? 'verified' : 'asserted',
        how: isProved ? 'signed-mail' : 'none',
        by: receiver,
        at: draft.now,
      }),
      {
        kind: KIND,
        key: keyOf(receiver, mail),
        expect: 'absent',
        body: { organization },
      },
    );
  };
  return { organization, endpoint, plan };
}

/** Characters of a sender's own name, which is shown and believed by nobody. */
const NAME_MAX = 200;

const endpointOf = ({ from }: Introduced, organization: Ref): Resource => ({
  resourceType: 'Endpoint',
  status: 'active',
  connectionType: {
    system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type',
    code: DIRECT,
  },
  managingOrganization: { reference: organization },
  payloadType: [
    { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/endpoint-payload-type', code: 'any' }] },
  ],
  payloadMimeType: ['application/zip'],
  address: `mailto:${from}`,
});
