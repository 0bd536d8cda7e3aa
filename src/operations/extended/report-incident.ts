/**
 * `Organization/[id]/$report-incident` (baa-messaging VR7; 45 CFR 164.402 to 164.410): a compliance officer opens an incident,
 * or adds to one that is open. What reached the vendor and whom it is about, the server finds in the audit; the clocks of the
 * law run from the discovery.
 */
import { parseDateTime } from '../../fhir/datetime.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { breachClocks, type BreachClock } from '../../policies/breach-clocks.ts';
import { EVERYTHING } from '../../ports/query.ts';
import type { Snapshot } from '../../ports/store.ts';
import { resourceOf } from '../../ports/stored-resource.ts';
import { modifiedAt } from '../../referral/state.ts';
import { ownRefOf, typeOf } from '../../resources/element.ts';
import { findAffected, mostOfOneState } from '../incidents/affected.ts';
import { clocksIn, factsIn, inputsOf, runningClocks, type IncidentFacts } from '../incidents/shape.ts';
import { planWorkItem } from '../work-item.ts';
import { commitKeyOf, readStoredReply, replyTemplate } from '../stored-reply.ts';
import { promisedBy } from '../vendors/told-vendor.ts';
import { buildCommit, commitPlanned } from '../write/commit.ts';
import { openDraft, plan, type Draft } from '../write/draft.ts';
import { changeOwn } from '../write/planned-resources.ts';
import { incidentRow, openIncident } from './incident.ts';
import { lineParts, reportLine, reportingOrganization } from './information-blocking-report.ts';
import { boundedTextIn, invalidParameter, placeOfParameter, textIn, textsIn } from './input.ts';
import type { Input, Invocation, Operation, OperationParameter, OperationReply } from './operation.ts';
import { parametersOf } from './output.ts';

const asked = (
  name: string,
  type: string,
  documentation: string,
  min: 0 | 1 = 0,
  max: '1' | '*' = '1',
): OperationParameter => ({ name, use: 'in', min, max, type, documentation });

const given = (name: string, type: string, documentation: string): OperationParameter => ({
  ...asked(name, type, documentation, 1),
  use: 'out',
});

export const reportIncident: Operation = {
  name: 'report-incident',
  title: 'Report what may be a breach',
  description:
    'Opens the work item of an incident with its clocks, or adds to one that is open. With a vendor the audit says what reached it and whom that is about: without an agreement in force, or, in a period that is given, at all. It needs the scope closeloop/compliance of that organization.',
  levels: ['instance'],
  resource: ['Organization'],
  affectsState: true,
  parameters: [
    asked(
      'discovered',
      'instant',
      'When it was discovered, or would have been with reasonable diligence: the clocks run from there. Needed for a new incident; of two, the earlier counts.',
    ),
    asked('what', 'string', 'What happened, without the name of a patient.', 1),
    asked('vendor', 'Reference', 'The Organization that works for this one and takes part in it.'),
    asked('patient', 'Reference', 'A Patient of this organization who is affected.', 0, '*'),
    asked('delivery', 'string', 'The number of a delivery, as its AuditEvent has it (entry).', 0, '*'),
    asked('from', 'dateTime', 'The begin of the period in which everything that reached the vendor counts.'),
    asked('to', 'dateTime', 'The end of the period; default: now.'),
    asked('incident', 'Reference', 'The Task of an open incident, to add to it.'),
    given('incident', 'Reference', 'The Task of the incident.'),
    given('patients', 'integer', 'How many patients are affected, as far as is known.'),
    given('deliveries', 'integer', 'How many deliveries, and reads by the vendor, are listed.'),
    {
      name: 'clock',
      use: 'out',
      min: 0,
      max: '*',
      documentation:
        'By when who must be told, if it is a breach: tells, by, and says with the paragraph of the law.',
      part: lineParts('tells', 'by', 'says'),
    },
  ],
  perform,
};

const WHAT_MAX = 4000;
/** Times at which something may be added. */
const ADDED_MAX = 50;
/** What was delivered, and what reached a vendor, is looked for so long before the discovery, or from the period on. */
const LOOKED_BACK_MS = 366 * 86_400_000;

async function perform(invocation: Invocation): Promise<OperationReply> {
  const { context, request } = invocation;
  const organization = reportingOrganization(request);
  if (organization !== `Organization/${request.id ?? ''}`)
    throw new OperationOutcomeError('scope-insufficient', {
      diagnostics: 'an incident is reported by a compliance officer of that organization',
    });
  const report = await readReport(invocation, organization);
  let item: Resource = { resourceType: 'Task' };
  let incident: Ref = 'Task/0';
  const done = await commitPlanned(context, async (snapshot) => {
    const draft = openDraft(context, request, snapshot);
    const open =
      report.incident === undefined ? undefined : await openIncident(snapshot, organization, report.incident);
    const facts = joined(open, report, draft);
    const clocks = await clocksOf(draft, organization, facts);
    incident = report.incident ?? planReported(draft, organization, report, facts, clocks);
    if (report.incident !== undefined)
      await changeOwn(draft, incident, (tree) => grown(tree, draft, facts, clocks));
    item = draft.planned.get(incident)?.after?.plain ?? item;
    draft.rows.push(incidentRow(request, 'incident-reported', incident));
    return buildCommit(draft, request, commitKeyOf(request, replyOf(incident)));
  });
  if (done.committed.replayed) return answerAgain(context.store.snapshot(), done.committed.reply);
  context.committed(done.result.commit.writes.map(({ ref }) => ref));
  return answer(incident, item);
}

/** The answer to a report that is sent again names the version that the first one wrote. */
const replyOf = (incident: Ref) =>
  replyTemplate({
    answered: { kind: 'bundle', answers: [] },
    notes: [],
    links: [{ rel: 'incident', ref: incident }],
  });

async function answerAgain(snapshot: Snapshot, reply: string | undefined): Promise<OperationReply> {
  const { seq, links } = readStoredReply(reply);
  const [link] = links;
  const item = link && resourceOf(await snapshot.vread(link.ref, seq, EVERYTHING));
  if (link === undefined || item === undefined) throw new Error('a report is kept with its incident');
  return answer(link.ref, item);
}

function answer(incident: Ref, item: Resource): OperationReply {
  const { individuals, deliveries } = factsIn(item);
  return {
    status: 200,
    resource: parametersOf([
      { name: 'incident', valueReference: { reference: incident } },
      { name: 'patients', valueInteger: individuals },
      { name: 'deliveries', valueInteger: deliveries.length },
      ...clocksIn(item).map(({ tells, by, says }) =>
        reportLine('clock', { tells, by: new Date(by).toISOString(), says }),
      ),
    ]),
  };
}

// — what is reported

interface Report {
  readonly what: string;
  readonly incident: Ref | undefined;
  readonly isDated: boolean;
  readonly facts: IncidentFacts;
}

async function readReport(invocation: Invocation, organization: Ref): Promise<Report> {
  const { context, request, input } = invocation;
  const { store, clock } = context;
  const now = clock.now();
  const what = boundedTextIn(input, 'what', WHAT_MAX) ?? '';
  if (what === '') throw invalidParameter('what', 'what says something');
  const incident = refIn(invocation, 'incident', 'Task')[0];
  const dated = momentIn(input, 'discovered', now);
  if (dated === undefined && incident === undefined)
    throw new OperationOutcomeError('field-missing', {
      diagnostics: 'discovered says from when the clocks run',
    });
  const discovered = dated ?? now;
  const snapshot = store.snapshot();
  const [vendor] = refIn(invocation, 'vendor', 'Organization');
  if (vendor !== undefined) await mustBeHere(snapshot, vendor, 'vendor', undefined);
  const patients = refIn(invocation, 'patient', 'Patient');
  for (const patient of patients) await mustBeHere(snapshot, patient, 'patient', organization);
  const deliveries = textsIn(input, 'delivery');
  const from = momentIn(input, 'from', now);
  const to = momentIn(input, 'to', Infinity) ?? now;
  const affected = await findAffected(
    store,
    {
      organization,
      vendor,
      deliveries,
      since: Math.min(from ?? Infinity, discovered - LOOKED_BACK_MS),
      until: now,
      period: from === undefined ? undefined : { from, to },
    },
    request.signal,
  );
  const unknown = deliveries.find((delivery) => !affected.deliveries.has(delivery));
  if (unknown !== undefined)
    throw invalidParameter('delivery', 'no delivery of this organization within a year has this number');
  const all = [...new Set([...patients, ...affected.patients])];
  return {
    what,
    incident,
    isDated: dated !== undefined,
    facts: {
      discovered,
      vendors: vendor === undefined ? [] : [vendor],
      patients: all,
      individuals: all.length,
      deliveries: [...affected.deliveries],
      added: [],
    },
  };
}

/** @throws OperationOutcomeError `parameter-invalid` for what is after `max` */
function momentIn(input: Input, name: string, max: number): number | undefined {
  const text = textIn(input, name);
  if (text === undefined) return undefined;
  const moment = parseDateTime(text)?.[name === 'to' ? 'high' : 'low'];
  if (moment !== undefined && moment <= max) return moment;
  throw invalidParameter(name, `${name} is a moment that has come`);
}

function refIn({ context, input }: Invocation, name: string, type: string): readonly Ref[] {
  return (input.get(name) ?? []).map(({ value }) => {
    const { reference = '' } = value as { readonly reference?: string }; // a Reference, by its definition
    const ref = ownRefOf(context.settings.publicBase, reference);
    if (ref !== undefined && typeOf(ref) === type) return ref;
    throw invalidParameter(name, `${name} refers to ${type} of this server`);
  });
}

/** @param keeper who must keep it; undefined: anybody */
async function mustBeHere(
  snapshot: Snapshot,
  ref: Ref,
  name: string,
  keeper: Ref | undefined,
): Promise<void> {
  const version = await snapshot.read(ref, EVERYTHING);
  if (version?.text !== undefined && (keeper === undefined || version.custodian === keeper)) return;
  throw new OperationOutcomeError('reference-not-found', { expression: [placeOfParameter(name)] });
}

// — what is planned

/** What was known and what is new. Of two discoveries the earlier counts. */
function joined(item: Resource | undefined, { facts, isDated, what }: Report, { now }: Draft): IncidentFacts {
  if (item === undefined) return facts;
  const known = factsIn(item);
  const discoveries = [known.discovered, isDated ? facts.discovered : undefined].filter(
    (one) => one !== undefined,
  );
  if (discoveries.length === 0)
    throw new OperationOutcomeError('field-missing', {
      diagnostics: 'nobody has said when this incident was discovered: say it in discovered',
    });
  if (known.added.length >= ADDED_MAX)
    throw invalidParameter('incident', `something is added to an incident ${ADDED_MAX} times at most`);
  const patients = [...new Set([...known.patients, ...facts.patients])];
  return {
    discovered: Math.min(...discoveries),
    vendors: [...new Set([...known.vendors, ...facts.vendors])],
    patients,
    individuals: Math.max(known.individuals, patients.length),
    deliveries: [...new Set([...known.deliveries, ...facts.deliveries])],
    added: [...known.added, `${now} ${what}`],
  };
}

async function clocksOf(
  draft: Draft,
  organization: Ref,
  facts: IncidentFacts,
): Promise<readonly BreachClock[]> {
  const { snapshot, context } = draft;
  const promises = await Promise.all(
    facts.vendors.map((vendor) => promisedBy(snapshot, organization, vendor, context.clock.now())),
  );
  const hours = promises.flatMap(({ promisedHours }) => promisedHours ?? []);
  return breachClocks({
    discovered: facts.discovered,
    individuals: facts.individuals,
    inOneState: facts.individuals - facts.patients.length + (await mostOfOneState(snapshot, facts.patients)),
    ...(facts.vendors.length > 0 && {
      vendor: hours.length === 0 ? {} : { promisedHours: Math.min(...hours) },
    }),
  });
}

function planReported(
  draft: Draft,
  organization: Ref,
  { what }: Report,
  facts: IncidentFacts,
  clocks: readonly BreachClock[],
): Ref {
  const planned = planWorkItem(draft.context.newId(), {
    kind: 'incident',
    says: what,
    authoredOn: draft.now,
    owner: organization,
    input: inputsOf(facts, clocks),
    due: dueOf(clocks.map(({ by }) => by)),
  });
  plan(draft, planned);
  return planned.ref;
}

/** The item with what is known now: it is due when the first clock ends that still runs. */
function grown(
  tree: Resource,
  { now }: Draft,
  facts: IncidentFacts,
  clocks: readonly BreachClock[],
): Resource {
  const next: Resource = { ...modifiedAt(tree, now), input: inputsOf(facts, clocks) };
  const running = runningClocks(next).map(({ by }) => by);
  return running.length === 0 ? next : { ...next, restriction: { period: { end: dueOf(running) } } };
}

const dueOf = (ends: readonly number[]): string => new Date(Math.min(...ends)).toISOString();
