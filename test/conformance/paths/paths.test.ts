/**
 * The paths of ARCHITECTURE.md hold: a real request of each kind is traced, and the files whose functions ran are those of
 * its table, both ways. What else ran stands in leaves.ts with its reason (house-2 5).
 *
 * To add a path: write its table below "The paths" of ARCHITECTURE.md, under a heading of its own (`### …`, one file of
 * `src` in the second column of each row), and add a case to PATHS with that heading, the number of files the path may
 * have at most, and a function that prepares the server and gives the request. The request runs once untraced, so that
 * caches are full, and once traced; it is prepared for each. A leaf that the path does go through (`inbound/` for a
 * message) stands in `owned`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref } from '../../../src/fhir/types.ts';
import type { Commit } from '../../../src/ports/store.ts';
import { answer, openReceiver } from '../../contract/receiver.ts';
import { patient, serviceRequest } from '../../resources.ts';
import type { TestServer } from '../../server.ts';
import type { Stored } from '../../world.ts';
import { openLinked, openWire, order, saysOf, type Linked } from '../hl7v2-mllp/linked.ts';
import { leafOf, reaching } from './leaves.ts';
import { traceOf, type Trace } from './trace.ts';

interface Path {
  /** The heading of its table in ARCHITECTURE.md. */
  readonly heading: string;
  /** Files at most. */
  readonly most: number;
  /** Leaves of leaves.ts that are none on this path, as `rails/` for a delivery. */
  readonly owned?: readonly string[];
  /** The path that this one joins: it runs files of that table too, and they count there. */
  readonly joins?: string;
  readonly prepare: (server: Linked) => Promise<() => Promise<void>>;
}

const PATHS: readonly Path[] = [
  {
    heading: 'A read: `GET Task/[id]`',
    most: 6,
    async prepare(server) {
      const { id } = await sentReferral(server);
      return async () => expect((await server.ask('recipient', 'GET', `Task/${id}`)).status).toBe(200);
    },
  },
  {
    heading: 'A write: `PUT Task/[id]`',
    most: 19,
    async prepare(server) {
      const task = await sentReferral(server);
      const accepted = { ...task, status: 'accepted' };
      return async () =>
        expect((await server.ask('recipient', 'PUT', `Task/${task.id}`, accepted)).status).toBe(200);
    },
  },
  {
    heading: 'A message: `OMG^O19`',
    most: 17,
    owned: ['inbound/', 'rails/'],
    joins: 'A write: `PUT Task/[id]`',
    async prepare({ ports: [port = 0] }) {
      const wire = await openWire(port);
      const id = `PATH-${(orders += 1)}`;
      return async () => {
        expect(saysOf(await wire.ask(order({ id })))).toBe(`AA ${id}`);
        wire.close();
      };
    },
  },
  {
    heading: 'A delivery: a Task to a Subscription',
    most: 10,
    owned: [
      'delivery/dispatch.ts',
      'delivery/deliver-entry.ts',
      'delivery/gates.ts',
      'delivery/disclosure.ts',
      'delivery/consents.ts',
      'resources/party-world.ts',
      'policies/',
      'rails/',
    ],
    async prepare(server) {
      const { id } = await sentReferral(server);
      const receiver = await openReceiver([answer(200)]);
      const { store } = server.running;
      const subscription = await server.create('recipient', {
        resourceType: 'Subscription',
        status: 'requested',
        reason: 'path',
        criteria: `Task?_id=${id}`,
        channel: {
          type: 'rest-hook',
          endpoint: `http://127.0.0.1:${receiver.port}/hook`,
          payload: 'application/fhir+json',
        },
      });
      const open = () => store.outbox({ open: true, count: 1 });
      while ((await open()).length > 0) await pause(5);
      return async () => {
        // The commit of a write would wake the dispatcher, and run its own path; this one waits for the dispatcher's look.
        await store.commit(tellOf(`Task/${id}`, `Subscription/${subscription.id}`));
        while ((await open()).length > 0) await pause(5);
        expect(receiver.received).toMatchObject([{ method: 'PUT', path: `/hook/Task/${id}` }]);
        await receiver.close();
      };
    },
  },
];

/** Orders sent so far: each is a referral of its own. */
let orders = 0;

/** A commit of an outbox entry, and of the audit row that every commit has. */
const tellOf = (task: Ref, receiver: Ref): Commit => ({
  writes: [],
  preconditions: [],
  expects: [],
  audit: [
    {
      event: 'update',
      action: 'U',
      outcome: '0',
      agent: { organization: 'Organization/initiator', client: 'test', subject: '' },
      requestId: 'test',
      entities: [task],
      patients: [],
      viewers: [],
    },
  ],
  outbox: [
    {
      rail: 'rest-hook',
      receiver,
      orderingKey: task,
      subject: task,
      event: 'update',
      sight: { everything: false, organization: 'Organization/recipient' },
    },
  ],
  deliveryOutcomes: [],
});

/** The Task of a referral that its recipient has not answered, as the recipient reads it. */
async function sentReferral(server: TestServer): Promise<Stored> {
  const subject = await server.create('initiator', patient());
  const order = await server.create(
    'initiator',
    serviceRequest({
      subject: `Patient/${subject.id}`,
      requester: 'PractitionerRole/initiator',
      performer: 'PractitionerRole/recipient',
    }),
  );
  const [task] = await server.search('recipient', `Task?focus=ServiceRequest/${order.id}`);
  if (task === undefined) throw new Error('an active order opens its Task');
  return task;
}

const PAGE = readFileSync(join(import.meta.dirname, '../../../ARCHITECTURE.md'), 'utf8');

/** The files of a table, in its order. */
function listed(heading: string): readonly string[] {
  const [, section = ''] = PAGE.split(`\n### ${heading}\n`);
  const [table = ''] = section.split('\n#');
  return [...table.matchAll(/^\| *\d+ *\| *`([\w/.-]+)` *\|/gm)].map(([, file = '']) => file);
}

let server: Linked;
beforeAll(async () => {
  server = await openLinked(undefined, '--subscription-allow-list', '127.0.0.1:*');
});
afterAll(() => server.close());

async function traced(prepare: Path['prepare']): Promise<Trace> {
  const warm = await prepare(server);
  await warm();
  return traceOf(await prepare(server));
}

describe.each(PATHS)('(house-2 5) $heading', ({ heading, most, prepare, owned, joins }) => {
  const own = listed(heading);
  const files = new Set([...own, ...(joins === undefined ? [] : listed(joins))]);
  let trace: Trace;
  beforeAll(async () => {
    trace = await traced(prepare);
  });

  test('runs no file that is neither in its table nor a leaf', () => {
    expect([...trace.keys()].filter((file) => !files.has(file) && leafOf(file, owned) === undefined)).toEqual(
      [],
    );
  });

  test('runs every file of its table', () => {
    expect(own.filter((file) => !trace.has(file))).toEqual([]);
  });

  test('runs no leaf that refuses or calls a port', () => {
    const leaves = [...trace].filter(([file]) => !files.has(file));
    expect(leaves.flatMap(([file, ran]) => reaching(file, ran))).toEqual([]);
  });

  test(`has ${most} files at most, each once`, () => {
    expect(own.length).toBeGreaterThan(0);
    expect(own.length).toBeLessThanOrEqual(most);
    expect(new Set(own).size).toBe(own.length);
  });
});
