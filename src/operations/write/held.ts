/**
 * Holds a referral whose recipient is not certain: the server stores it, tells nobody of it, and asks a person of its
 * initiator.
 */
import { DIRECT } from '../../ports/direct.ts';
import { EVERYTHING } from '../../ports/query.ts';
import { parseStored, resourceOf } from '../../ports/stored-resource.ts';
import { note } from '../../referral/ruling.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { isReferralTask, readState } from '../../referral/state.ts';
import { typeOf, valuesAt } from '../../resources/element.ts';
import { isDirectEndpoint, isInUse } from '../../resources/parties/direct-addresses.ts';
import { referencesTo } from '../../resources/references-to.ts';
import { mayBeSame } from '../../resources/parties/names.ts';
import { focusOf } from '../../resources/referral-rules/consequences.ts';
import { MEMBER_KIND } from '../../resources/parties/standing.ts';
import { plan, type Draft, type Planned } from './draft.ts';
import { planWorkItem, type HeldKind } from '../work-item.ts';
import { readPreview } from './preview.ts';

export type DoubtKind = 'name' | 'field';

interface Doubt {
  readonly kind: HeldKind;
  /** Of a party that a number led to: what does not fit it. */
  readonly doubt?: DoubtKind;
  /** The private Organization that was meant. */
  readonly organization: Ref;
  readonly expression: readonly string[];
}

/** Candidates that a person is shown at most (DR24). */
const CANDIDATES_MAX = 5;

const UNRESOLVED = 'no verified identifier says who it is; the referral is held until you name the party';
const CHECK = {
  name: 'its number is that of another name; the referral is held until you compare them',
  field:
    'its number is that of a party which is known for other fields than the order’s; the referral is held until you compare them',
} as const;

/** One work item for each organization and draft; nothing for what is not sent yet. */
export async function hold(
  draft: Draft,
  planned: Planned,
  { kind, doubt = 'name', organization, expression }: Doubt,
): Promise<void> {
  if (!isSent(draft, planned)) return;
  if (kind === 'party-unresolved' && (await goesByDirect(draft, organization, expression))) return;
  const diagnostics = `${organization}: ${kind === 'party-check' ? CHECK[doubt] : UNRESOLVED}.`;
  if (!draft.notes.some((one) => one.code === kind && one.diagnostics === diagnostics)) {
    draft.notes.push({ code: kind, severity: 'warning', diagnostics, expression });
    const candidates = kind === 'party-unresolved' ? await candidatesFor(draft, organization) : [];
    plan(
      draft,
      planWorkItem(draft.context.newId(), {
        kind,
        says: diagnostics,
        focus: planned.ref,
        basedOn: orderOf(planned),
        authoredOn: draft.now,
        owner: draft.caller.organization ?? '',
        input: candidates.map((candidate) => ({
          type: { text: 'candidate: a similar name' },
          valueReference: { reference: candidate },
        })),
      }),
    );
  }
}

/**
 * Whether the sender has noted a Direct address of a private Organization, and this server sends mail: then the referral goes
 * to that address (directory DR28). An address that nobody verified is told where the mail is withheld.
 */
async function goesByDirect(
  draft: Draft,
  organization: Ref,
  expression: readonly string[],
): Promise<boolean> {
  const { caller, context, snapshot, now, notes } = draft;
  if (context.lacks?.(DIRECT) === undefined) return false;
  const { matches } = await snapshot.search(
    referencesTo('Endpoint', 'organization', organization, ENDPOINTS_MAX),
  );
  const isOwn = matches.some(({ custodian, text }) => {
    const endpoint = parseStored(text);
    return (
      custodian === caller.organization && isDirectEndpoint(endpoint) && isInUse(endpoint, Date.parse(now))
    );
  });
  if (isOwn)
    notes.push({ ...note('information', `${organization} is told by Direct mail.`, []), expression });
  return isOwn;
}

/** Endpoints about one private Organization that are looked at. */
const ENDPOINTS_MAX = 20;

/** The order that is held: in its `$timeline` the work item stands. */
const orderOf = ({ ref, after }: Planned): Ref | undefined =>
  typeOf(ref) === 'Task' ? after && focusOf(after.plain) : ref;

/** Whether the write sends a referral: an order that opens its Task, or a Task past draft. */
function isSent(draft: Draft, { ref, after }: Planned): boolean {
  const resource = after?.plain;
  if (resource === undefined) return false;
  if (typeOf(ref) === 'Task') return isReferralTask(resource) && readState(resource) !== 'draft';
  const opens = draft.context.settings.openTaskForServiceRequest;
  return opens && resource['status'] === 'active' && resource['intent'] === 'order' && !hasTask(draft, ref);
}

/** The Task of the same bundle asks for itself. */
const hasTask = (draft: Draft, order: Ref): boolean =>
  [...draft.planned.values()].some(
    ({ after }) => after !== undefined && isReferralTask(after.plain) && focusOf(after.plain) === order,
  );

/** Members of a similar name: a person picks, the server never does. */
async function candidatesFor(draft: Draft, organization: Ref): Promise<readonly Ref[]> {
  const meant = await readPreview(draft, organization);
  const name = meant?.['name'];
  if (typeof name !== 'string') return [];
  const found: Ref[] = [];
  for (const { key } of await draft.snapshot.records(MEMBER_KIND, 'all', '')) {
    const version = await draft.snapshot.read(key as Ref, EVERYTHING);
    const member = resourceOf(version);
    if (member !== undefined && mayBeSame(name, namesOf(member))) found.push(key as Ref);
    if (found.length === CANDIDATES_MAX) break;
  }
  return found;
}

const namesOf = (resource: Resource): readonly string[] =>
  [resource['name'], ...valuesAt(resource, 'alias')].filter((name) => typeof name === 'string');
