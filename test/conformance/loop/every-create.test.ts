/**
 * Every create of a referral Task by everyone, on every way that leads to one. A create is the sending of the referral, or
 * a draft of it: the tables' row of the draft. A refused one leaves no Task.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer, type Who } from '../../server.ts';
import { SHORT } from '../../unit/referral/cases.ts';
import { doneLine, expectedLine } from './facts.ts';
import { inBundle, NAME_SYSTEM, single, writing, type Written } from './referrals.ts';
import { cellsFor, SEATS, type Seat } from './table.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());

interface Order {
  readonly patient: Ref;
  readonly request: Ref;
}

/**
 * An order without a performer, so that it opens nothing. The recipient sees it by a referral that it declined; then the
 * order is revoked.
 */
async function makeOrder({ requester, owner, who }: Seat): Promise<Order> {
  const patient = await server.create(requester, make.patient());
  const subject = `Patient/${patient.id}` as const;
  const { performer: _none, ...order } = make.serviceRequest({
    subject,
    requester: `PractitionerRole/${requester}`,
    performer: `PractitionerRole/${owner}`,
  });
  const request = await server.create(requester, order);
  const made: Order = { patient: subject, request: `ServiceRequest/${request.id}` };
  if (who !== owner || requester === owner) return made;
  const { id } = await server.create(requester, buildTask(made, 'requested', { requester, owner }));
  await single(server, owner, 'PATCH', `Task/${id}`, [{ op: 'replace', path: '/status', value: 'rejected' }]);
  return made;
}

let named = 0;

function buildTask(
  { patient, request }: Order,
  status: string,
  { requester, owner }: Pick<Seat, 'requester' | 'owner'>,
  more: object = {},
): Resource {
  const parties = { requester: `PractitionerRole/${requester}`, owner: `PractitionerRole/${owner}` };
  const identifier = [{ system: NAME_SYSTEM, value: `created-${(named += 1)}` }];
  return make.task({ focus: request, for: patient, ...parties }, { status, identifier, ...more });
}

type Create = (who: Who, task: Resource) => Promise<Written>;

// prettier-ignore
const WAYS: readonly (readonly [name: string, create: Create])[] = [
  ['POST', (who, task) => single(server, who, 'POST', 'Task', task)],
  ['PUT by a condition that finds nothing', (who, task) => single(server, who, 'PUT', conditionOf(task), task)],
  ['POST in a transaction', (who, task) => inBundle(server, who, { method: 'POST', url: 'Task', resource: task })],
  ['PUT in a transaction, by a condition that finds nothing', (who, task) =>
    inBundle(server, who, { method: 'PUT', url: conditionOf(task), resource: task })],
];

const conditionOf = (task: Resource): string => {
  const [identifier] = task['identifier'] as readonly { system: string; value: string }[]; // built so
  return `Task?identifier=${identifier?.system}|${identifier?.value}`;
};

/** PUT to an unused id is an administrator's (rules 2.7). */
const putAnew: Create = (who, task) => {
  const id = `unused-${(named += 1)}`;
  return single(server, who, 'PUT', `Task/${id}`, { ...task, id });
};

/**
 * @param imports an administrator who acts for nobody brings a referral in (rules 1.16), and is refused for what its file
 *   must say besides
 */
async function tryAll(create: Create, seat: Seat, imports = false): Promise<[object, object]> {
  const [got, expected]: [Record<string, string>, Record<string, string>] = [{}, {}];
  const cells = cellsFor(seat.is);
  for (const to of SHORT) {
    const order = await makeOrder(seat);
    const before = await server.read('administrator', order.request);
    const { status, businessStatus, statusReason } = writing(to);
    const more = { ...(businessStatus && { businessStatus }), ...(statusReason && { statusReason }) };
    const written = await create(seat.who, buildTask(order, status, seat, more));
    const cell = seat.is.length === 0 ? 'unseen' : (cells.get(`dr>${to}`) ?? '');
    const told = `${written.status} ${written.code ?? ''}`;
    if (written.version === 0) {
      const made = await server.search('administrator', `Task?focus=${order.request}&status:not=rejected`);
      got[to] = `${told}, ${made.length} Tasks`;
    } else {
      const referral = { ...order, task: `Task/${written.task?.id}` as const, name: '' };
      got[to] = `${told}· ${await doneLine(server, referral, written)}`;
    }
    const was = { state: 'draft', request: String(before['status']) };
    expected[to] = (imports ? UNNAMED : REFUSED[cell]) ?? `201 · ${expectedLine(cell, 'dr', was, seat)}`;
  }
  return [got, expected];
}

const UNNAMED = '422 field-missing, 0 Tasks';

const REFUSED: Readonly<Record<string, string>> = {
  x: '422 transition-not-allowed, 0 Tasks',
  Y: '403 not-your-move, 0 Tasks',
  unseen: '422 reference-not-found, 0 Tasks',
};

describe.each(WAYS)('%s', (name, create) => {
  test.each(SEATS)('by $name', async (seat) => {
    const imports = name.includes('transaction') && seat.who === 'administrator';
    const [got, expected] = await tryAll(create, seat, imports);
    expect(got).toEqual(expected);
  });
});

describe('PUT to an unused id', () => {
  test.each(SEATS.filter(({ is }) => is.includes('A')))('by $name', async (seat) => {
    const [got, expected] = await tryAll(putAnew, seat);
    expect(got).toEqual(expected);
  });
});
