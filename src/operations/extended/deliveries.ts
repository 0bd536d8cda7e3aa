/**
 * `ServiceRequest/[id]/$deliveries`, and the same on the Task of a referral (routing RL3, section 3): what became of each event
 * that somebody must be told, by every way there is.
 */
import { notHere } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { isReferralTask } from '../../referral/state.ts';
import { focusOf } from '../../resources/referral-rules/consequences.ts';
import { gatherEvents, type ToldEvent } from '../deliveries/events.ts';
import { renderDelivery, shownTo, type DeliveryViewer } from '../deliveries/render.ts';
import { gatherDeliveries } from '../deliveries/ways.ts';
import { readPresent } from '../read-present.ts';
import type { Caller } from '../request.ts';
import { hasServerScope, sightForType } from '../scope.ts';
import { PAGE, pageLink, readPageMark, snapshotAsOf } from '../search/page.ts';
import { gatherCommits } from '../timeline/gather.ts';
import { numberIn, textIn } from './input.ts';
import type { Invocation, Operation, OperationParameter, OperationReply } from './operation.ts';
import { parametersOf } from './output.ts';

const out = (
  name: string,
  type: string,
  documentation: string,
  max: '1' | '*' = '1',
): OperationParameter => ({
  name,
  use: 'out',
  min: 0,
  max,
  type,
  documentation,
});

const STATE: readonly OperationParameter[] = [
  out(
    'state',
    'code',
    'queued, sent, transported, received, opened, acknowledged, failed, withheld or superseded.',
  ),
  out(
    'rank',
    'integer',
    '0 for queued to 5 for acknowledged; absent where it ended. Delivered is 3 and higher.',
  ),
  out('words', 'string', 'The state for a screen.'),
];

const EVIDENCE: OperationParameter = {
  name: 'evidence',
  use: 'out',
  min: 0,
  max: '*',
  documentation: 'What shows the state, oldest first.',
  part: [
    out('kind', 'code', 'What it is.'),
    out('words', 'string', 'What it shows.'),
    out('by', 'code', 'machine or person.'),
    out('at', 'instant', 'When it came.'),
    out('source', 'string', 'The message, the commit or the audit row that it is from; never an address.'),
  ],
};

const WAY: OperationParameter = {
  name: 'way',
  use: 'out',
  min: 0,
  max: '*',
  documentation: 'One way by which it was told.',
  part: [
    out('rail', 'code', 'inbox, rest-hook, hl7v2-mllp, direct-project or capture.'),
    ...STATE,
    out('attempts', 'positiveInt', 'How often it was tried.'),
    out('outcome', 'code', 'Of the entry: waiting, accepted, refused or withheld.'),
    out('held', 'string', 'What is waited for before it is sent at all.'),
    out('why', 'string', 'Why it waits, failed or was withheld, for whom that concerns.'),
    {
      name: 'notTaken',
      use: 'out',
      min: 0,
      max: '*',
      documentation: 'A way that was chosen, and closed when it was to leave: it went by this one.',
      part: [out('rail', 'code', 'Its rail.', '1'), out('why', 'string', 'Why it was not taken.', '1')],
    },
    EVIDENCE,
    out('nextTry', 'instant', 'When it is tried next.'),
    out('awaits', 'code', 'The kinds of evidence that would show the next state.', '*'),
    out('until', 'instant', 'Until when they are waited for.'),
    out('overdue', 'boolean', 'Set where what was due has not come; a work item asks a person.'),
    out(
      'contradicted',
      'boolean',
      'Set where the other side reports a failure after it had reported that it received all; a work item asks a person.',
    ),
  ],
};

export const deliveriesOfReferral: Operation = {
  name: 'deliveries',
  title: 'What became of the deliveries of a referral',
  description:
    'For each event of the referral and each party that it is for, oldest first: whether it arrived, by which way, and what shows it. Who tells sees every way; who is told sees what reached it.',
  levels: ['instance'],
  resource: ['ServiceRequest', 'Task'],
  affectsState: false,
  needs: 'read',
  parameters: [
    { ...out('_count', 'positiveInt', 'Events on one page.'), use: 'in' },
    { ...out(PAGE, 'string', 'Where a further page begins: part of the link `next`.'), use: 'in' },
    {
      name: 'delivery',
      use: 'out',
      min: 0,
      max: '*',
      documentation: 'One event for one counterparty.',
      part: [
        out('event', 'code', 'The trigger event of a move, else visit, communication or document.'),
        out('committed', 'instant', 'When it happened.'),
        out('task', 'Reference', 'The Task of the referral.'),
        out('counterparty', 'Reference', 'The organization that it is for; absent while none is known.'),
        ...STATE,
        out('held', 'string', 'Why it is not told yet, where a person must act first.'),
        WAY,
      ],
    },
    out('next', 'uri', 'The next page.'),
  ],
  perform: performDeliveries,
};

async function performDeliveries({ context, request, input, sight }: Invocation): Promise<OperationReply> {
  const { settings } = context;
  const { caller, signal } = request;
  const mark = textIn(input, PAGE);
  const { asOf, offset } = readPageMark(mark === undefined ? [] : [[PAGE, mark]]);
  const snapshot = snapshotAsOf(context, asOf);
  const ref: Ref = `${request.type ?? ''}/${request.id ?? ''}`;
  const version = await readPresent(snapshot, ref, sight);
  const resource = parseStored(version.text);
  const onTask = request.type === 'Task';
  if (onTask && !isReferralTask(resource)) throw notHere(ref);
  const order = onTask ? focusOf(resource) : ref;
  const orderSight = onTask ? (sightForType(caller, 'ServiceRequest') ?? sight) : sight;
  if (order === undefined) throw notHere(ref);

  const gathering = { context, snapshot, caller, signal };
  const commits = await gatherCommits(gathering, order, orderSight);
  const every = await gatherEvents(gathering, commits);
  const events = onTask ? every.filter(({ task }) => task === ref) : every;
  checkParty(caller, version.custodian, every, ref);

  const count = Math.min(numberIn(input, '_count') ?? settings.pageSizeDefault, settings.pageSizeMax);
  const page = events.slice(offset, offset + count);
  const viewer: DeliveryViewer = {
    organization: caller.administrator ? undefined : caller.organization,
    compliance: hasServerScope(caller, 'closeloop/compliance'),
  };
  const deliveries = await gatherDeliveries(gathering, order, page, every);
  const shown = deliveries.flatMap((delivery) => shownTo(delivery, viewer) ?? []);
  const self = `${settings.publicBase}/${ref}/$deliveries?_count=${count}`;
  const next =
    offset + count < events.length
      ? [{ name: 'next', valueUri: pageLink(self, snapshot.seq, offset + count) }]
      : [];
  const { seq, custodian, text } = version;
  return {
    status: 200,
    resource: parametersOf([...shown.map((one) => renderDelivery(one, viewer)), ...next]),
    seen: [{ ref, seq, custodian, patients: context.patientsOf(ref, seq, text) }],
  };
}

/** @throws OperationOutcomeError `not-found`: an organization that is no party of the referral learns nothing of its deliveries */
function checkParty(
  { administrator, organization }: Caller,
  keeper: Ref | '',
  events: readonly ToldEvent[],
  ref: Ref,
): void {
  if (administrator || organization === undefined || organization === keeper) return;
  const isParty = events.some(
    ({ by, to, parties: { initiator, recipient } }) =>
      by === organization ||
      to.includes(organization) ||
      initiator === organization ||
      recipient === organization,
  );
  if (!isParty) throw notHere(ref);
}
