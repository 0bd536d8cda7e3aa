/**
 * `Task/[id]/$review`: a privacy officer says what a review came to (compliance E6; audit-compliance AU60). Nobody reviews
 * what they did themselves, and an emergency that was none opens an incident.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import type { Snapshot } from '../../ports/store.ts';
import { modifiedAt } from '../../referral/state.ts';
import { localRef, valuesAt } from '../../resources/element.ts';
import type { RecordWrite } from '../../ports/record.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { agentOf } from '../audit/audit.ts';
import { reviewSignature } from '../reviews/signature.ts';
import { findGrants, writeGrant, type StoredGrant, type GrantReview } from '../emergency/grants.ts';
import { hasServerScope } from '../scope.ts';
import { isReview, planWorkItem, workItemKindOf } from '../work-item.ts';
import { buildCommit, commitPlanned } from '../write/commit.ts';
import { openDraft, plan, type Draft } from '../write/draft.ts';
import { changeOwn, planOwn } from '../write/planned-resources.ts';
import { boundedTextIn, invalidParameter, textIn } from './input.ts';
import type { Invocation, Operation, OperationReply } from './operation.ts';
import { parametersOf } from './output.ts';
import { readPresent } from '../read-present.ts';

const RESULTS = ['justified', 'not-justified'] as const;
type Result = (typeof RESULTS)[number];

export const review: Operation = {
  name: 'review',
  title: 'Say what a review came to',
  description:
    'Ends the work item of a review, in the name of the person who reviewed: of emergency access (justified or not), or of the activity of a week. It needs the scope closeloop/privacy or closeloop/compliance, and a person who is not the one under review.',
  levels: ['instance'],
  resource: ['Task'],
  affectsState: true,
  needs: 'read',
  parameters: [
    {
      name: 'result',
      use: 'in',
      min: 1,
      max: '1',
      type: 'code',
      documentation: '`justified`, or `not-justified`, which opens an incident.',
    },
    {
      name: 'note',
      use: 'in',
      min: 0,
      max: '1',
      type: 'string',
      documentation: 'What the reviewer found; needed for not-justified.',
    },
    {
      name: 'incident',
      use: 'out',
      min: 0,
      max: '1',
      type: 'Reference',
      documentation: 'The work item of the incident.',
    },
  ],
  perform,
};

const NOTE_MAX = 4000;

async function perform({ context, request, input, sight }: Invocation): Promise<OperationReply> {
  const { caller, id = '' } = request;
  if (!hasServerScope(caller, 'closeloop/privacy') && !hasServerScope(caller, 'closeloop/compliance'))
    throw new OperationOutcomeError('scope-insufficient', { diagnostics: 'needed: closeloop/privacy' });
  const result = RESULTS.find((one) => one === textIn(input, 'result'));
  if (result === undefined) throw invalidParameter('result', `result is ${RESULTS.join(' or ')}`);
  const note = boundedTextIn(input, 'note', NOTE_MAX) ?? '';
  if (result === 'not-justified' && note === '')
    throw new OperationOutcomeError('field-missing', { diagnostics: 'a note says why it was not justified' });
  let incident: Ref | undefined;
  const done = await commitPlanned(context, async (snapshot) => {
    const task: Ref = `Task/${id}`;
    const item = await readReview(snapshot, task, sight);
    const grant = await grantOf(snapshot, task);
    checkReviewer(caller, grant);
    const draft = openDraft(context, request, snapshot);
    await changeOwn(draft, task, (tree) => ended(modifiedAt(tree, draft.now), result, note));
    planOwn(draft, context.newId(), reviewSignature(draft, task), caller.organization ?? '');
    if (grant !== undefined) draft.records.push(reviewed(grant, task, result, draft));
    incident = result === 'justified' ? undefined : planIncident(draft, item, task);
    draft.rows.push({
      event: grant === undefined ? 'review' : 'break-glass-review',
      action: 'E',
      outcome: '0',
      agent: agentOf(caller),
      requestId: request.requestId,
      entities: [`${task}/_history/0`],
      patients: [],
      query: `$review?result=${result}`,
      viewers: caller.organization === undefined ? [] : [caller.organization],
    });
    return buildCommit(draft, request, undefined);
  });
  context.committed(done.result.commit.writes.map(({ ref }) => ref));
  return {
    status: 200,
    resource: parametersOf(
      incident === undefined ? [] : [{ name: 'incident', valueReference: { reference: incident } }],
    ),
  };
}

/** An open review that the caller's organization keeps. */
async function readReview(snapshot: Snapshot, ref: Ref, sight: Invocation['sight']): Promise<Resource> {
  const version = await readPresent(snapshot, ref, sight);
  const item = parseStored(version.text);
  if (!isReview(item) || item['status'] === 'completed')
    throw new OperationOutcomeError('field-frozen', { diagnostics: `${ref} is no open review` });
  return item;
}

const grantOf = async (snapshot: Snapshot, task: Ref): Promise<StoredGrant | undefined> =>
  (await findGrants(snapshot, 'review', task))[0];

/** @throws OperationOutcomeError `break-glass-refused`: a person reviews, and never what that person did (E6) */
function checkReviewer(
  { user, subject }: Invocation['request']['caller'],
  grant: StoredGrant | undefined,
): void {
  if (user === undefined)
    throw new OperationOutcomeError('break-glass-refused', { diagnostics: 'A person reviews (fhirUser).' });
  if (grant !== undefined && (grant.user === user || grant.subject === subject))
    throw new OperationOutcomeError('break-glass-refused', {
      diagnostics: 'Nobody reviews their own access.',
    });
}

const ended = (tree: Resource, result: Result, note: string): Resource => ({
  ...tree,
  status: 'completed',
  output: [
    { type: { text: 'result' }, valueCode: result },
    ...(note === '' ? [] : [{ type: { text: 'note' }, valueString: note }]),
  ],
});

/** What one of those who were told finds not justified ends at once. */
function reviewed(
  { key, version, ...grant }: StoredGrant,
  task: Ref,
  code: Result,
  { caller, context }: Draft,
): RecordWrite {
  const at = context.clock.now();
  const result = { code, by: caller.user ?? '', at };
  const until = code === 'justified' ? grant.until : Math.min(grant.until, at);
  const end = (one: GrantReview): GrantReview => (one.review === task ? { ...one, result } : one);
  const [first, ...others] = grant.reviews;
  return writeGrant(key, { ...grant, until, reviews: [end(first), ...others.map(end)] }, version);
}

function planIncident(draft: Draft, item: Resource, task: Ref): Ref {
  const patient = localRef(item['for']);
  const planned = planWorkItem(draft.context.newId(), {
    kind: 'incident',
    says: `The review ${task} found what was not justified (${workItemKindOf(item)}). Assess whether it is a breach.`,
    focus: task,
    ...(patient !== undefined && { patient }),
    authoredOn: draft.now,
    owner: localRef(valuesAt(item, 'owner')[0]) ?? draft.caller.organization ?? '',
  });
  plan(draft, planned);
  return planned.ref;
}
