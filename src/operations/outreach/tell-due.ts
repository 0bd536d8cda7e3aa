/**
 * Tells what is due (baa-messaging MS14, MS31): one commit ends the CommunicationRequest and writes the message, or says why
 * not and asks a person. The commit is planned on the version that was read, so that nothing is told twice.
 */
import { bodyOf } from '../../fhir/json.ts';
import { parseDateTime } from '../../fhir/datetime.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { outreachRefusal, type Carriers } from '../../delivery/outreach/gate.ts';
import { TEMPLATE_TOLD } from '../../delivery/outreach/text.ts';
import { withMessageKind } from '../../messaging/kinds.ts';
import { withDecision } from '../../messaging/content.ts';
import { templateExtension, templateIn, templateText, type TemplateUse } from '../../messaging/templates.ts';
import type { MessageChannel } from '../../policies/consent/channels.ts';
import { auditedCommit } from '../../ports/commit.ts';
import { jobEntry } from '../../ports/audit.ts';
import { EVERYTHING, type Match, type Query } from '../../ports/query.ts';
import { CommitRefused, type OutboxEntry, type Snapshot } from '../../ports/store.ts';
import { parseStored, resourceOf } from '../../ports/stored-resource.ts';
import { localRef } from '../../resources/element.ts';
import { TELLING_LATER } from '../../resources/messages/reach.ts';
import type { OperationContext } from '../context.ts';
import { planWorkItem } from '../work-item.ts';
import { buildWrite } from '../write/commit.ts';
import { planStored, type Planned } from '../write/draft.ts';
import { outreachEntry, wayTo } from './notify.ts';
import { readPlaceName } from './place-name.ts';
import { channelIn, isTelling, peopleToTell, TOLD_LATER } from './tellings.ts';

interface Parts extends Pick<
  OperationContext,
  'store' | 'clock' | 'newId' | 'selectRecipients' | 'committed'
> {
  readonly carriers: Carriers;
  /** Where patients sign in. */
  readonly portal: string;
}

/** Requests that are looked at in one run; the next run goes on. */
const AT_ONCE = 200;

/** Tells everything whose time has come. */
export async function tellDue(parts: Parts, signal: AbortSignal): Promise<void> {
  const now = parts.clock.now();
  const { matches } = await parts.store.snapshot().search(dueBy(now));
  const failures: unknown[] = [];
  for (const match of matches) {
    if (signal.aborted) return;
    const request = parseStored(match.text);
    const due = parseDateTime(String(request['occurrenceDateTime']))?.low;
    if (!isTelling(request) || due === undefined || due > now) continue;
    // One that fails holds up nobody else's.
    await tell(parts, match, request).catch((error: unknown) => {
      if (!(error instanceof CommitRefused)) failures.push(error);
      else if (error.reason !== 'stale') throw error; // the store takes nothing now
      // Stale: somebody changed it meanwhile, and the next run sees what it is now.
    });
  }
  if (failures.length > 0) throw failures[0];
}

const dueBy = (now: number): Query => ({
  type: 'CommunicationRequest',
  where: {
    kind: 'all',
    of: [
      { kind: 'token', param: 'status', code: 'active' },
      // Others of the system, as links, stay active: they must not stand before what is told.
      {
        kind: 'any',
        of: TOLD_LATER.map((code) => ({
          kind: 'token',
          param: 'category',
          system: TELLING_LATER,
          code,
        })),
      },
      { kind: 'range', param: 'occurrence', prefix: 'le', low: now, high: now },
    ],
  },
  sort: [{ param: 'occurrence', descending: false }],
  sight: EVERYTHING,
  count: AT_ONCE,
  offset: 0,
  total: false,
});

/** What is told, to whom, and by which way. */
interface Telling {
  readonly request: Ref;
  readonly organization: Ref;
  readonly patient: Ref;
  readonly person: Ref;
  readonly use: TemplateUse;
  readonly text: string;
  readonly channel: MessageChannel;
}

async function tell(parts: Parts, match: Match, request: Resource): Promise<void> {
  const snapshot = parts.store.snapshot();
  const telling = await prepare(parts, snapshot, match, request);
  if (typeof telling === 'string') return commit(parts, match, withheld(parts, match, telling), []);
  const message = messageOf(parts, telling);
  const { channel, organization, person } = telling;
  const way =
    channel === 'portal' ? await wayTo(snapshot, telling, parts.carriers, parts.clock.now()) : channel;
  const event = channel === 'portal' ? undefined : TEMPLATE_TOLD;
  const outbox = way === undefined ? [] : [outreachEntry(way, { organization, person }, message.ref, event)];
  const ended = planStored(match, (tree) => ({ ...tree, status: 'completed' }));
  return commit(parts, match, [ended, message], outbox);
}

/** Everything as of now; or why it is not told, without anything a patient could be known by. */
async function prepare(
  { clock, carriers, portal }: Parts,
  snapshot: Snapshot,
  { ref, custodian }: Match,
  request: Resource,
): Promise<Telling | string> {
  const [person] = peopleToTell(request);
  const patient = localRef(request['subject']);
  const use = templateIn(request);
  if (custodian === '' || person === undefined || patient === undefined || use === undefined)
    return 'it names no person or no template any more';
  const read = async (one: Ref) => resourceOf(await snapshot.read(one, EVERYTHING));
  const place =
    use.slots.place === undefined
      ? undefined
      : await readPlaceName(read, use.slots.place as Ref, use.language);
  const text = templateText(use, { place, linkBase: portal });
  if (text === undefined) return 'a slot of its template cannot be filled any more';
  const asked = channelIn(request);
  const channel =
    asked === undefined || asked === 'unknown'
      ? ((await wayTo(snapshot, { organization: custodian, person }, carriers, clock.now())) ?? 'portal')
      : asked;
  const about = { organization: custodian, person, channel };
  const refusal = await outreachRefusal(snapshot, about, carriers, clock.now());
  return refusal?.why ?? { request: ref, organization: custodian, patient, person, use, text, channel };
}

function messageOf({ newId, clock }: Parts, telling: Telling): Planned {
  const id = newId();
  const { organization, person, patient, request, use, text } = telling;
  const message = withDecision(
    withMessageKind(
      {
        resourceType: 'Communication',
        id,
        extension: [templateExtension(use)],
        basedOn: [{ reference: request }],
        status: 'in-progress',
        subject: { reference: patient },
        sender: { reference: organization },
        recipient: [{ reference: person }],
        sent: new Date(clock.now()).toISOString(),
        payload: [{ contentString: text }],
      },
      'patient',
    ),
    { declared: 'administrative', decided: 'administrative', by: 'declared' },
  );
  return {
    ref: `Communication/${id}`,
    method: 'POST',
    base: 0,
    before: undefined,
    after: bodyOf(message),
    custodian: organization,
    origin: 'server',
    parties: [organization],
  };
}

/** Put off for good: a person decides whether to tell it another way. */
function withheld({ newId, clock }: Parts, match: Match, why: string): readonly Planned[] {
  const stopped = planStored(match, (tree) => ({ ...tree, status: 'on-hold', statusReason: { text: why } }));
  const item = planWorkItem(newId(), {
    kind: 'outreach-withheld',
    says: `A text to a patient was not sent: ${why}. Tell the patient another way, or write another.`,
    focus: match.ref,
    authoredOn: new Date(clock.now()).toISOString(),
    owner: match.custodian,
  });
  return [stopped, item];
}

async function commit(
  { store, clock, selectRecipients, committed }: Parts,
  { ref, custodian }: Match,
  planned: readonly Planned[],
  outbox: readonly OutboxEntry[],
): Promise<void> {
  const row = jobEntry('tellings', {
    entities: [ref, ...planned.map((one) => `${one.ref}/_history/0`)],
    origin: 'server',
    viewers: custodian === '' ? [] : [custodian],
  });
  const told = await selectRecipients(planned, [], clock.now());
  await store.commit(auditedCommit([row], { writes: planned.map(buildWrite), outbox: [...told, ...outbox] }));
  committed(planned.map((one) => one.ref));
}
