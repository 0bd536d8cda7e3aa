/**
 * `Task/[id]/$assess-incident` (baa-messaging VR7; 45 CFR 164.402, 164.414(b)): a compliance officer says what the assessment of
 * an incident came to, and who was told. What is no breach is closed with its reasons; a breach when everybody was told.
 */
import { parseDateTime } from '../../fhir/datetime.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { TOLD_PARTIES, type ToldParty } from '../../policies/breach-clocks.ts';
import { modifiedAt } from '../../referral/state.ts';
import { clockType, clocksIn, INCIDENT_RESULT, resultIn, runningClocks, toldIn } from '../incidents/shape.ts';
import { remindersOf } from '../incidents/reminders.ts';
import { reviewSignature } from '../reviews/signature.ts';
import { buildCommit, commitPlanned } from '../write/commit.ts';
import { closeItem } from '../write/close-item.ts';
import { openDraft, type Draft } from '../write/draft.ts';
import { changeOwn, planOwn } from '../write/planned-resources.ts';
import { incidentRow, openIncident } from './incident.ts';
import { reportingOrganization } from './information-blocking-report.ts';
import { boundedTextIn, invalidParameter, textIn } from './input.ts';
import type { Input, Invocation, Operation, OperationReply } from './operation.ts';
import { parametersOf } from './output.ts';

const PARTIES = Object.keys(TOLD_PARTIES) as readonly ToldParty[]; // its keys

const RESULTS = ['breach', 'no-breach', 'exception'] as const;
type Result = (typeof RESULTS)[number];

export const assessIncident: Operation = {
  name: 'assess-incident',
  title: 'Say what an incident came to',
  description:
    'Puts the assessment of an incident on record in the name of the person who made it, and who was told of a breach. `no-breach` and `exception` close it; `breach` closes it when everybody was told whom a clock names. It needs the scope closeloop/compliance.',
  levels: ['instance'],
  resource: ['Task'],
  affectsState: true,
  parameters: [
    {
      name: 'result',
      use: 'in',
      min: 0,
      max: '1',
      type: 'code',
      documentation:
        '`breach`; `no-breach`: a low probability that the information was compromised (45 CFR 164.402, breach, (2)); `exception`: one of its paragraph (1).',
    },
    {
      name: 'note',
      use: 'in',
      min: 0,
      max: '1',
      type: 'string',
      documentation:
        'The assessment, with the four factors or the exception, without the name of a patient; needed with a result.',
    },
    {
      name: 'told',
      use: 'in',
      min: 0,
      max: '*',
      documentation: 'Of a breach: who was told, and when.',
      part: [
        {
          name: 'whom',
          use: 'in',
          min: 1,
          max: '1',
          type: 'code',
          documentation: `${PARTIES.join(', ')}.`,
        },
        { name: 'on', use: 'in', min: 0, max: '1', type: 'dateTime', documentation: 'When; default: now.' },
      ],
    },
    {
      name: 'status',
      use: 'out',
      min: 1,
      max: '1',
      type: 'code',
      documentation: 'The status of the item: in-progress or completed.',
    },
    { name: 'open', use: 'out', min: 0, max: '*', type: 'code', documentation: 'Whose clock still runs.' },
  ],
  perform,
};

const NOTE_MAX = 8000;

async function perform({ context, request, input }: Invocation): Promise<OperationReply> {
  const organization = reportingOrganization(request);
  if (request.caller.user === undefined)
    throw new OperationOutcomeError('scope-insufficient', { diagnostics: 'A person assesses (fhirUser).' });
  const assessment = readAssessment(input, context.clock.now());
  const task: Ref = `Task/${request.id ?? ''}`;
  let after: Resource = { resourceType: 'Task' };
  const done = await commitPlanned(context, async (snapshot) => {
    const draft = openDraft(context, request, snapshot);
    after = assessed(await openIncident(snapshot, organization, task), assessment, draft);
    await changeOwn(draft, task, () => after);
    planOwn(draft, context.newId(), reviewSignature(draft, task), organization);
    await closeReminders(draft, task, after);
    draft.rows.push(incidentRow(request, 'incident-assessed', task));
    return buildCommit(draft, request, undefined);
  });
  context.committed(done.result.commit.writes.map(({ ref }) => ref));
  return {
    status: 200,
    resource: parametersOf([
      { name: 'status', valueCode: after['status'] },
      ...runningClocks(after).map(({ tells }) => ({ name: 'open', valueCode: tells })),
    ]),
  };
}

interface Assessment {
  readonly result: Result | undefined;
  readonly note: string;
  readonly told: readonly { readonly whom: ToldParty; readonly on: string }[];
}

/** @throws OperationOutcomeError `parameter-invalid`, `field-missing` */
function readAssessment(input: Input, now: number): Assessment {
  const code = textIn(input, 'result');
  const result = RESULTS.find((one) => one === code);
  if (code !== undefined && result === undefined)
    throw invalidParameter('result', `result is ${RESULTS.join(', ')}`);
  const note = boundedTextIn(input, 'note', NOTE_MAX) ?? '';
  const told = (input.get('told') ?? []).map(({ parts = new Map() }) => {
    const whom = PARTIES.find((one) => one === textIn(parts, 'whom'));
    if (whom === undefined) throw invalidParameter('told', `whom is ${PARTIES.join(', ')}`);
    const on = textIn(parts, 'on') ?? new Date(now).toISOString();
    if ((parseDateTime(on)?.low ?? Infinity) > now)
      throw invalidParameter('told', 'on is a moment that has come');
    return { whom, on };
  });
  if (result === undefined && told.length === 0)
    throw new OperationOutcomeError('field-missing', { diagnostics: 'say the result, or who was told' });
  if (result !== undefined && note === '')
    throw new OperationOutcomeError('field-missing', {
      diagnostics: 'a note says why: the factors of 45 CFR 164.402',
    });
  return { result, note, told };
}

/** The item as the assessment leaves it. What was said before stays, and a later result counts. */
function assessed(item: Resource, { result, note, told }: Assessment, { now, caller }: Draft): Resource {
  const isBreach = (result ?? resultIn(item)) === 'breach';
  if (!isBreach && told.length > 0)
    throw invalidParameter('told', 'who was told is said of what was assessed as a breach');
  const clocks = clocksIn(item);
  if (isBreach && clocks.length === 0)
    throw new OperationOutcomeError('field-missing', {
      diagnostics: 'nobody has said when it was discovered: $report-incident with this incident says it',
    });
  const nobody = told.find(({ whom }) => !clocks.some(({ tells }) => tells === whom));
  if (nobody !== undefined) throw invalidParameter('told', `no clock of this incident is for ${nobody.whom}`);
  const already = toldIn(item);
  const output = [
    ...((item['output'] ?? []) as readonly object[]), // the server wrote them
    ...(result === undefined
      ? []
      : [
          { type: { text: INCIDENT_RESULT }, valueCode: result },
          { type: { text: 'note' }, valueString: `${now} ${caller.user ?? ''}: ${note}` },
        ]),
    ...told
      .filter(({ whom }, at) => !already.has(whom) && told.findIndex((one) => one.whom === whom) === at)
      .map(({ whom, on }) => ({ type: clockType(whom, 'told'), valueDateTime: on })),
  ];
  const next: Resource = { ...modifiedAt(item, now), status: 'in-progress', output };
  if (isBreach && runningClocks(next).length > 0) return next;
  return { ...next, status: 'completed' };
}

/** Reminders of clocks that do not run any more have nothing to ask. */
async function closeReminders(draft: Draft, incident: Ref, after: Resource): Promise<void> {
  const running = new Set(runningClocks(after).map(({ tells }) => tells));
  for (const { ref, item } of await remindersOf(draft.snapshot, incident))
    if (!clocksIn(item).some(({ tells }) => running.has(tells)))
      await closeItem(draft, ref, 'It was told, or is no breach.');
}
