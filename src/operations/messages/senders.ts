/** Who sends a message, and whose it is to change (baa-messaging MS1, MS3, MS5). */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { isPatientOrRelated } from '../../messaging/kinds.ts';
import { localRef, valuesAt } from '../../resources/element.ts';
import { addressedParty } from '../../resources/party.ts';
import { actorOf } from '../request.ts';
import { placesIn, replan, type Draft, type Planned } from '../write/draft.ts';
import { keeperOf } from '../write/preview.ts';
import { partyWorldIn } from '../write/rule-context.ts';

/**
 * The sender is the caller's organization or somebody of it, or the patient who has logged in; where none is named, the server
 * names the person who asks, else the organization.
 *
 * @throws OperationOutcomeError `sender-mismatch`
 */
export async function checkSender(draft: Draft, planned: Planned): Promise<void> {
  const { caller } = draft;
  const sender = draft.planned.get(planned.ref)?.after?.plain['sender'];
  if (sender === undefined) {
    const reference = callersPerson(draft) ?? actorOf(caller);
    replan(draft, planned.ref, (tree) => ({ ...tree, sender: { reference } }));
    return;
  }
  if (caller.administrator || (await isOwn(draft, sender))) return;
  throw new OperationOutcomeError('sender-mismatch', {
    diagnostics: 'Communication.sender stands for nobody of your organization',
    expression: placesIn(planned, ['Communication.sender']),
  });
}

async function isOwn(draft: Draft, sender: unknown): Promise<boolean> {
  const { caller } = draft;
  const ref = localRef(sender);
  if (isPatientOrRelated(ref)) return ref === caller.patient || ref === caller.user;
  if (ref !== undefined && ref === callersPerson(draft)) return true;
  const party = await organizationNamed(draft, sender);
  if (party !== undefined) return party === actorOf(caller) || party === caller.organization;
  return ref !== undefined && (await keeperOf(draft, ref)) === caller.organization;
}

/** The person who asks, as a resource of this server. */
export function callersPerson({ caller }: Draft): Ref | undefined {
  return caller.user === undefined ? undefined : localRef({ reference: caller.user });
}

/** The organization of somebody who is named in a message. */
export const organizationNamed = (draft: Draft, reference: unknown): Promise<Ref | undefined> =>
  addressedParty(reference, partyWorldIn(draft));

export async function organizationsNamed(
  draft: Draft,
  references: readonly unknown[],
): Promise<ReadonlySet<Ref>> {
  const parties = new Set<Ref>();
  for (const one of references) {
    const party = await organizationNamed(draft, one);
    if (party !== undefined) parties.add(party);
  }
  return parties;
}

/** Everybody who is named in a header or a message. */
export const namedIn = (resource: Resource): readonly unknown[] => [
  ...valuesAt(resource, 'sender'),
  ...valuesAt(resource, 'recipient'),
];

/** Whether the caller takes part: as its keeper, or as somebody whom it names. */
export async function isParty(draft: Draft, planned: Planned, resource: Resource): Promise<boolean> {
  const { organization, patient } = draft.caller;
  if (ownDraftOf(draft, planned)) return true;
  const named = namedIn(resource);
  if (patient !== undefined && named.some((one) => localRef(one) === patient)) return true;
  return organization !== undefined && (await organizationsNamed(draft, named)).has(organization);
}

/** Whether the caller's organization keeps it. */
export const ownDraftOf = ({ caller }: Draft, { custodian }: Planned): boolean =>
  caller.administrator || custodian === caller.organization;

export const notCustodian = (planned: Planned): OperationOutcomeError =>
  new OperationOutcomeError('not-custodian', {
    diagnostics: `${planned.ref} is kept by another organization.`,
    expression: placesIn(planned),
  });
