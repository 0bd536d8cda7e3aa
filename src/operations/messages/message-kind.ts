/** Among whom a message is: with a patient, about a referral, with somebody who works for others, or among colleagues. */
import { isAssociate } from '../../agreements/applies.ts';
import type { Resource } from '../../fhir/types.ts';
import { isPatientOrRelated, messageKindIn, type MessageKind } from '../../messaging/kinds.ts';
import { localRef, typeOf, valuesAt } from '../../resources/element.ts';
import { sourceOf } from '../write/disclosure-source.ts';
import type { Draft } from '../write/draft.ts';
import { namedIn, organizationsNamed } from './senders.ts';

const OF_REFERRAL: ReadonlySet<string> = new Set(['ServiceRequest', 'Task']);

/** A message has the kind of its thread. A party of no known kind counts as one that works for others. */
export async function findMessageKind(
  draft: Draft,
  resource: Resource,
  header: Resource | undefined,
): Promise<MessageKind> {
  const ofThread = header && messageKindIn(header);
  if (ofThread !== undefined) return ofThread;
  const named = namedIn(resource);
  if (hasPatientOrRelated(named)) return 'patient';
  const organizations = [...(await organizationsNamed(draft, named))];
  if (organizations.length < 2) return 'workforce';
  const source = sourceOf(draft);
  const own = draft.caller.organization;
  for (const organization of organizations) {
    const kinds = await source.kindsOf(organization, own ?? organization);
    if (kinds.size === 0 || isAssociate(kinds)) return 'vendor';
  }
  const about = [...valuesAt(resource, 'basedOn'), ...valuesAt(resource, 'about')];
  return about.some((one) => OF_REFERRAL.has(typeOf(localRef(one) ?? ''))) ? 'referral' : 'workforce';
}

export const hasPatientOrRelated = (named: readonly unknown[]): boolean =>
  named.some((one) => isPatientOrRelated(localRef(one)));
