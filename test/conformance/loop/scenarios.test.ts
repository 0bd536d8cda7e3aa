/**
 * The scenarios of `test/scenarios`, each played as single requests and as transactions: after every step both parties
 * read what the scenario says, with their own tokens; and both ways end alike.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AuditEvent, Resource } from '../../../src/fhir/types.ts';
import { openServer, type Response, type TestServer } from '../../server.ts';
import { PHRASES, type Mode, type Play } from './phrases.ts';
import { readScenarios, type Scenario, type Step } from './scenario.ts';
import { stateOf } from './facts.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());

const MODES: readonly Mode[] = ['single requests', 'transactions'];
const PARTIES = ['initiator', 'recipient'] as const;

let played = 0;

const openPlay = (mode: Mode): Play => ({
  server,
  mode,
  name: `scenario-${(played += 1)}`,
  patient: 'Patient/none',
  request: 'ServiceRequest/none',
  task: 'Task/none',
  visits: [],
  documents: 0,
});

/** How far each side has read. */
interface Read {
  readonly messages: number;
  readonly rows: Readonly<Record<string, number>>;
}

async function playStep(play: Play, { who, does }: Step, before: Read): Promise<readonly [Step, Read]> {
  const phrase = PHRASES[does];
  if (phrase === undefined) throw new Error(`no phrase "${does}"; see test/scenarios/README.md`);
  const response = await phrase(play, who);
  const rows = Object.fromEntries(
    await Promise.all(PARTIES.map(async (party) => [party, await rowsReadBy(party, play)] as const)),
  );
  const messages = await server.outboxOf(play.task);
  const seen = await Promise.all(PARTIES.map((party) => seenBy(party, play)));
  const [mine, theirs] = seen;
  const isPrivate = mine?.referral.startsWith('draft') === true && theirs?.referral === 'unseen';
  const agreed = isPrivate || JSON.stringify(mine) === JSON.stringify(theirs);
  const step: Step = {
    who,
    does,
    referral: agreed ? (mine?.referral ?? '') : `${mine?.referral}, the recipient: ${theirs?.referral}`,
    order: agreed ? (mine?.order ?? '') : `${mine?.order}, the recipient: ${theirs?.order}`,
    visits: mine?.visits ?? '',
    row: describeRow(response, rows, before),
    tells:
      messages
        .slice(before.messages)
        .map(({ receiver }) => receiver.slice('Endpoint/'.length))
        .join(', ') || '-',
  };
  const counts = PARTIES.map((party) => [party, rows[party]?.length ?? 0] as const);
  return [step, { messages: messages.length, rows: Object.fromEntries(counts) }];
}

function describeRow(
  response: Response,
  rows: Readonly<Record<string, readonly string[]>>,
  before: Read,
): string {
  if (response.status >= 400) return `refused ${response.status}`;
  const fresh = PARTIES.map(
    (party) => (rows[party] ?? []).slice(before.rows[party] ?? 0).join(' ') || 'edit',
  );
  return new Set(fresh).size === 1 ? (fresh[0] ?? '') : fresh.join(' to one and to the other ');
}

async function seenBy(party: string, { task, request }: Play) {
  const [referral, order] = [await server.ask(party, 'GET', task), await server.ask(party, 'GET', request)];
  const visits = await server.search(party, `Appointment?based-on=${request}&_sort=_lastUpdated`);
  const inOrder = visits.toSorted((a, b) => String(a['start']).localeCompare(String(b['start'])));
  return {
    referral: referral.status === 200 ? stateOf(referral.json) : 'unseen',
    order: order.status === 200 ? String(order.json['status']) : 'unseen',
    visits: inOrder.map(({ status }) => status).join(', ') || '-',
  };
}

const TRANSITIONS = 'https://closeloop.dev/fhir/CodeSystem/referral-transition';

/** Ids of the rows that a party's own AuditEvents name, oldest first. */
async function rowsReadBy(party: string, { task }: Play): Promise<readonly string[]> {
  const rowsOf = ({ subtype = [] }: AuditEvent) =>
    subtype.flatMap(({ system, code }) => (system === TRANSITIONS && code !== undefined ? [code] : []));
  return (await server.auditOf(party, task)).toReversed().flatMap(rowsOf);
}

async function playAll({ steps }: Scenario, mode: Mode): Promise<readonly [readonly Step[], Play]> {
  const play = openPlay(mode);
  const told: Step[] = [];
  let read: Read = { messages: 0, rows: {} };
  for (const step of steps) {
    const [one, next] = await playStep(play, step, read);
    told.push(one);
    read = next;
  }
  return [told, play];
}

/** Everything of a referral as a party reads it in the end, without what two runs cannot share. */
async function endOf(play: Play): Promise<string> {
  const { task, request, visits } = play;
  const resources = await Promise.all([task, request, ...visits].map((ref) => server.read('initiator', ref)));
  const outputs = (resources[0]?.['output'] ?? []) as readonly { valueReference: { reference: string } }[];
  const documents = await Promise.all(
    outputs.map(({ valueReference }) => server.read('initiator', valueReference.reference)),
  );
  const names = new Map<string, string>();
  const nameOf = (ref: string): string => {
    const name = names.get(ref) ?? `${ref.split('/')[0]}/${names.size}`;
    names.set(ref, name);
    return name;
  };
  return JSON.stringify([...resources, ...documents].map(stripped), undefined, 1)
    .replaceAll(/[A-Z]\w+\/[0-9a-f]{8}-[0-9a-f-]{27}/g, nameOf)
    .replaceAll(play.name, 'scenario');
}

function stripped({ id: _id, meta: _meta, lastModified: _at, ...resource }: Resource): object {
  return Object.fromEntries(Object.entries(resource).toSorted(([a], [b]) => a.localeCompare(b)));
}

const scenarios = readScenarios();

describe.each(scenarios)('$file: $title', (scenario) => {
  const { steps, rows } = scenario;

  test('its rows are those of its steps', () => {
    const moves = steps.map(({ row }) => row).filter((row) => row !== 'edit' && !row.startsWith('refused'));
    expect(moves).toEqual(rows);
  });

  test('as single requests and as transactions, with one end', async () => {
    const ends: string[] = [];
    for (const mode of MODES) {
      const [told, play] = await playAll(scenario, mode);
      expect({ mode, steps: told }).toEqual({ mode, steps });
      await expectDelivered(play);
      ends.push(await endOf(play));
    }
    expect(ends[0]).toBe(ends[1]);
  });
});

/** What the outbox held was sent, in its order. */
async function expectDelivered({ task }: Play): Promise<void> {
  const messages = await server.outboxOf(task);
  for (const party of PARTIES) {
    const due = messages.filter(({ receiver }) => receiver === `Endpoint/${party}`).map(({ event }) => event);
    expect((await server.sentTo(party, task, due.length)).map(({ event }) => event)).toEqual(due);
  }
}
