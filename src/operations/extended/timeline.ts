/**
 * ServiceRequest/$timeline: one referral as both sides see it, step by step in the order of time, as a Bundle that a
 * user interface can draw. An operation of this server; docs/how-to/draw-a-timeline.md shows it.
 */
import { hash } from 'node:crypto';
import { buildBundleText } from '../../fhir/bundle.ts';
import { notHere } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import { PAGE, pageLinks, readPageMark, snapshotAsOf } from '../search/page.ts';
import { gatherCommits, partiesShown, tellSteps } from '../timeline/gather.ts';
import { renderStep } from '../timeline/render.ts';
import type { TimelineCommit } from '../timeline/step.ts';
import { numberIn, textIn } from './input.ts';
import type { Invocation, Operation, OperationReply } from './operation.ts';

export const timeline: Operation = {
  name: 'timeline',
  title: 'The timeline of a referral',
  description:
    'Every step of the referral of an order that the caller may see, oldest first: what was written, by which party, the move of the table that it was, and who was told of it with which outcome. Each step is a Provenance with the extension timeline-step. Both parties see the same steps of the referral; work items are seen by the organization whose work they are.',
  levels: ['instance'],
  resource: ['ServiceRequest'],
  affectsState: false,
  needs: 'read',
  parameters: [
    {
      name: '_count',
      use: 'in',
      min: 0,
      max: '1',
      type: 'positiveInt',
      documentation: 'Steps on one page.',
    },
    {
      name: PAGE,
      use: 'in',
      min: 0,
      max: '1',
      type: 'string',
      documentation: 'Where a further page begins: part of the links that the server gives.',
    },
    {
      name: 'return',
      use: 'out',
      min: 1,
      max: '1',
      type: 'Bundle',
      documentation: 'A searchset of Provenances, oldest first.',
    },
  ],
  perform: performTimeline,
};

async function performTimeline({ context, request, input, sight }: Invocation): Promise<OperationReply> {
  const { settings } = context;
  const order: Ref = `ServiceRequest/${request.id ?? ''}`;
  const mark = textIn(input, PAGE);
  const { asOf, offset } = readPageMark(mark === undefined ? [] : [[PAGE, mark]]);
  const snapshot = snapshotAsOf(context, asOf);
  if ((await snapshot.read(order, sight)) === undefined) throw notHere(order);
  const gathering = { context, snapshot, caller: request.caller, signal: request.signal };
  const commits = await gatherCommits(gathering, order, sight);
  const parties = await partiesShown(snapshot, commits);
  const count = Math.min(numberIn(input, '_count') ?? settings.pageSizeDefault, settings.pageSizeMax);
  const page = commits.slice(offset, offset + count);
  const steps = await tellSteps(gathering, page, parties);
  const viewing = { caller: request.caller, parties, source: settings.sourceName };
  const asked = numberIn(input, '_count');
  const self = `${settings.publicBase}/${order}/$timeline${asked === undefined ? '' : `?_count=${asked}`}`;
  const more = offset + count < commits.length;
  return {
    status: 200,
    text: buildBundleText({
      type: 'searchset',
      total: commits.length,
      links: pageLinks(self, snapshot.seq, { offset, count, given: page.length, more }),
      entries: steps.map((step) => ({
        fullUrl: nameOf(order, step),
        text: JSON.stringify(renderStep(step, viewing)),
        search: 'match',
      })),
    }),
    seen: page.flatMap(({ written }) =>
      written.map(({ version: { ref, seq, custodian, text } }) => ({
        ref,
        seq,
        custodian,
        patients: text === undefined ? [] : context.patientsOf(ref, seq, text),
      })),
    ),
  };
}

/** A step has no URL; its name is the same in every answer. */
function nameOf(order: Ref, { seq, written: [first] }: TimelineCommit): string {
  // One import records several steps, and the reason that holds a referral comes with the order.
  const step = first?.kind === 'past' || first?.kind === 'held' ? first.version.ref : seq;
  const digits = hash('sha256', `${order} ${step}`).slice(0, 32);
  // Version 8 and the variant of RFC 9562.
  const uuid = digits.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-8$3-a$4-$5');
  return `urn:uuid:${uuid}`;
}
