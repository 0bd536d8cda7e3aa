/**
 * Whom each kind of Communication and CommunicationRequest reaches, as a table (baa-messaging MS2; harmony Z2, Z47). A header
 * and a message are roots of reach: they reach the organizations of who takes part, with the attachments and nothing else. A
 * plain Communication goes with the referral that it is about. What is not sent is its keeper's alone, as is a request to tell
 * a patient something later: the message that comes of it reaches somebody.
 */
import type { Ref, Resource } from '../../fhir/types.ts';
import { readReceiptsIn } from '../../messaging/extensions.ts';
import { messageShape, type MessageShape } from '../../messaging/shape.ts';
import { isUnsent } from '../../messaging/statuses.ts';
import { valuesAt } from '../element.ts';
import type { RuleContext } from '../rules.ts';

type Kind = MessageShape | 'unsent' | 'request' | 'telling-later';

interface ReachRow {
  /** Whether it is a root, whose parties are the organizations of sender and recipients. */
  readonly isRoot: boolean;
  /** Whether its keeper alone has it. */
  readonly isApart: boolean;
  /** What it carries and follows; `type`: what its type declares. */
  readonly carries: 'type' | readonly string[];
}

const ATTACHMENTS = ['payload.contentAttachment.url'];

// prettier-ignore
const REACH: Readonly<Record<Kind, ReachRow>> = {
  plain:           { isRoot: false, isApart: false, carries: 'type' },
  header:          { isRoot: true,  isApart: false, carries: [] },
  message:         { isRoot: true,  isApart: false, carries: ATTACHMENTS },
  unsent:          { isRoot: false, isApart: true,  carries: [] },
  request:         { isRoot: false, isApart: false, carries: 'type' },
  'telling-later': { isRoot: false, isApart: true,  carries: [] },
};

/** The system of what a CommunicationRequest is for: a link to a referral, a reminder, outreach. */
export const TELLING_LATER = 'https://closeloop.dev/fhir/CodeSystem/telling-later';

function kindOf(resource: Resource): Kind {
  if (resource.resourceType === 'CommunicationRequest')
    return valuesAt(resource, 'category.coding.system').includes(TELLING_LATER) ? 'telling-later' : 'request';
  const shape = messageShape(resource);
  return shape !== 'plain' && isUnsent(resource) ? 'unsent' : shape;
}

export const isMessageApart = (resource: Resource): boolean => REACH[kindOf(resource)].isApart;

export function messagePaths(resource: Resource): { readonly carries: readonly string[] } | undefined {
  const { carries } = REACH[kindOf(resource)];
  return carries === 'type' ? undefined : { carries };
}

/** The organizations of sender and recipients; of a message that was retracted, those that had read it. */
export async function messageParties(resource: Resource, context: RuleContext): Promise<readonly Ref[]> {
  if (!REACH[kindOf(resource)].isRoot) return [];
  const isRetracted = resource['status'] === 'entered-in-error' && messageShape(resource) === 'message';
  const parties = new Set<Ref>(
    isRetracted ? readReceiptsIn(resource).map(({ organization }) => organization) : [],
  );
  for (const one of isRetracted
    ? []
    : [...valuesAt(resource, 'sender'), ...valuesAt(resource, 'recipient')]) {
    const party = await context.partyOf(one);
    if (party !== undefined) parties.add(party);
  }
  return [...parties];
}
