/**
 * Every way out, by every pair of states: what stood when something was told, and what stands when it is looked at or leaves
 * (baa-messaging BA12, BA13, MK1 to MK5). Only an agreement in force lets health information pass; what needs none always passes.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AGREEMENT_STATES, type AgreementState } from '../../../src/agreements/state.ts';
import { createGates } from '../../../src/delivery/gates.ts';
import { asTold, createPayloads } from '../../../src/delivery/payloads.ts';
import { createPolicyGate } from '../../../src/delivery/policy-gate.ts';
import { shownSnapshot } from '../../../src/delivery/shown-view.ts';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { EVERYTHING } from '../../../src/ports/query.ts';
import { buildClaimed, buildEntry } from '../../contract/delivery-world.ts';
import { proofOf, someOf } from '../../proof.ts';
import * as make from '../../resources.ts';
import { keep, keepAgreement } from '../../stored-agreement.ts';
import { BASE, callerOf, openWorld, refOf, type World, type WorldReply } from '../../world.ts';
import { setKinds } from '../gates/put-contract.ts';

const run = proofOf('agreements');
const A: Ref = 'Organization/elm';
const V: Ref = 'Organization/billing';
const [elm, billing] = [callerOf('elm'), callerOf('billing')];
const clock = { now: () => Date.now() };
const SECRET = 'Zoster since March';
const CONTENT = 'https://closeloop.dev/fhir/CodeSystem/message-content';

const DIRECTIONS = [
  { says: 'to the associate', from: A, to: V, by: elm },
  { says: 'by the associate', from: V, to: A, by: billing },
] as const;
type Direction = (typeof DIRECTIONS)[number];

let world: World;
let agreement = 0;

beforeAll(async () => {
  world = await openWorld({ store: { pragmas: ['synchronous=OFF'] } });
  await world.seedDirectory('elm', 'billing');
  await setKinds(world, V, 'business-associate');
});
afterAll(() => world.close());

/** The agreement comes into a state; from the offer on its associate is shown it. */
async function bring(state: AgreementState): Promise<void> {
  const parties = { principal: A, associate: V, isShown: state !== 'staging', base: agreement };
  agreement = await keepAgreement(world.store, state, parties);
}

const referTo = (reference: Ref) => ({ reference });

/** A message of one to the other, about nothing that it does not have to be about. */
function message({ from, to }: Direction, content: string, more: object = {}): Resource {
  const about = content === 'agreement' ? { about: [referTo('Contract/baa-elm-billing')] } : {};
  const text = content === 'phi' ? SECRET : 'Please sign it.';
  return {
    resourceType: 'Communication',
    status: 'in-progress',
    category: [{ coding: [{ system: CONTENT, code: content }] }],
    sender: referTo(from),
    recipient: [referTo(to)],
    payload: [{ contentString: text }],
    ...about,
    ...more,
  } as unknown as Resource; // with its category
}

const order = async ({ from, to, by }: Direction): Promise<WorldReply> => {
  const subject = refOf(await world.create(by, make.patient()));
  const parties = { subject, requester: from, performer: to };
  return world.ask(by, 'POST', 'ServiceRequest', make.serviceRequest(parties));
};

/** What the two told each other while the agreement was in force. */
interface Told {
  readonly order: Ref;
  readonly task: Ref;
  readonly patient: Ref;
  readonly observation: Ref;
  readonly file: Ref;
  readonly message: Ref;
}

async function tell(direction: Direction): Promise<Told> {
  const { by } = direction;
  const patient = refOf(await world.create(by, make.patient()));
  const observation = refOf(await world.create(by, make.observation(patient)));
  const parties = { subject: patient, requester: direction.from, performer: direction.to };
  const request = make.serviceRequest(parties, { supportingInfo: [referTo(observation)] });
  const made = await world.create(by, request);
  const { entry = [] } = await world.bundle(by, `Task?focus=${refOf(made)}`);
  const file = refOf(
    await world.create(by, { resourceType: 'Binary', contentType: 'text/plain', data: 'WW9zdGVy' }),
  );
  const sent = await world.create(by, message(direction, 'phi'));
  await keepCarrier(direction, file, sent);
  const task: Ref = `Task/${entry[0]?.resource?.id ?? ''}`;
  return { order: refOf(made), task, patient, observation, file, message: refOf(sent) };
}

/** A message as another that was sent, with a file: no scanner is here to let one pass. */
async function keepCarrier({ from, to }: Direction, file: Ref, sent: Resource): Promise<void> {
  const contentAttachment = { contentType: 'text/plain', url: file, title: SECRET };
  await keep(world.store, {
    resource: { ...sent, id: file.slice('Binary/'.length), payload: [{ contentAttachment }] } as Resource,
    custodian: from,
    reach: { parties: [from, to], outward: [file] },
  });
}

/** Whether a delivery would leave now, and what of its subject would. */
async function leaves(rail: string, receiver: Ref, to: Ref, subject: Ref): Promise<string | undefined> {
  const policies = createPolicyGate({
    clock,
    partyKindDefault: 'provider',
    communityNeedsAuthorization: false,
  });
  const gates = createGates({ criteria: () => ({ base: BASE, now: clock.now() }), policies, clock });
  const now = world.store.snapshot();
  const sight = await asTold(createPayloads(world.store, clock), { everything: false, organization: to });
  const entry = { ...buildClaimed(buildEntry(rail, receiver, subject), now.seq), sight };
  const { permitted } = await gates(entry, now, now);
  return permitted ? (await shownSnapshot(now, sight).read(subject, EVERYTHING))?.text : undefined;
}

const RAILS = ['rest-hook', 'hl7v2-mllp', 'direct-project'];

/** In an order in which any few of them hold every state on both sides. */
const PAIRS = AGREEMENT_STATES.flatMap((_, apart) =>
  AGREEMENT_STATES.map((told, at) => ({
    told,
    now: AGREEMENT_STATES[(at + apart) % AGREEMENT_STATES.length] ?? told,
  })),
);

describe.each(someOf(PAIRS, run))('(baa-messaging BA12, BA13) told while $told, asked while $now', (pair) => {
  const isOpen = pair.now === 'active';
  const known = new Map<Direction, Told>();
  let subscription: Ref;
  const toldBy = (direction: Direction): Told => {
    const told = known.get(direction);
    if (told === undefined) throw new Error('it was told before');
    return told;
  };

  beforeAll(async () => {
    await bring('active');
    for (const direction of DIRECTIONS) known.set(direction, await tell(direction));
    const made = await world.create(billing, {
      resourceType: 'Subscription',
      status: 'requested',
      reason: 'test',
      criteria: 'Observation?',
      channel: { type: 'rest-hook', endpoint: 'https://hooks.example.org/' },
    });
    subscription = refOf(made);
    await bring(pair.told);
  });

  describe.each(DIRECTIONS)('$says', (direction) => {
    test.each(['phi', 'administrative', 'agreement'])('a message, %s, as it is sent', async (content) => {
      // Before the offer its associate has nothing to talk about.
      if (content === 'agreement' && pair.told === 'staging' && direction.by === billing) return;
      const { status, code } = await world.ask(
        direction.by,
        'POST',
        'Communication',
        message(direction, content),
      );
      const passes = content !== 'phi' || pair.told === 'active';
      expect([status, code]).toEqual(passes ? [201, undefined] : [403, 'agreement-not-active']);
    });

    test('an order, as it is written', async () => {
      const { status, code } = await order(direction);
      expect([status, code]).toEqual(
        pair.told === 'active' ? [201, undefined] : [403, 'agreement-not-active'],
      );
    });
  });

  describe('afterwards', () => {
    beforeAll(() => bring(pair.now));

    test.each(RAILS)('nothing leaves by %s but what is open', async (rail) => {
      for (const direction of DIRECTIONS) {
        const { task } = toldBy(direction);
        const receiver: Ref = `Endpoint/${direction.to.slice('Organization/'.length)}`;
        const left = await leaves(rail, receiver, direction.to, task);
        expect([direction.says, left !== undefined]).toEqual([direction.says, isOpen]);
      }
    });

    test('nor by a Subscription', async () => {
      const [direction] = DIRECTIONS;
      const { observation } = toldBy(direction);
      expect((await leaves('rest-hook', subscription, V, observation)) !== undefined).toBe(isOpen);
    });

    test.each(['', '/_history', '/$meta'])('a read of everything that a referral reaches%s', async (path) => {
      const { patient, observation, task, order: request } = toldBy(DIRECTIONS[0]);
      for (const one of [patient, observation, task, request]) {
        const { status, code } = await world.ask(billing, 'GET', `${one}${path}`);
        expect([one, status, code]).toEqual(
          isOpen ? [one, 200, undefined] : [one, 403, 'agreement-not-active'],
        );
      }
    });

    test.each(['$everything', '$timeline', '$evidence', '$ccda'])('an export, %s', async (operation) => {
      const { patient, order: request, observation } = toldBy(DIRECTIONS[0]);
      const whose = operation === '$everything' ? patient : request;
      const answer = await world.ask(billing, 'GET', `${whose}/${operation}`);
      const { status, code } = answer;
      expect([operation, status, code]).toEqual(
        isOpen ? [operation, 200, undefined] : [operation, 403, 'agreement-not-active'],
      );
      expect(isOpen || answer.text?.includes(observation) !== true).toBe(true);
    });

    test('searches, with totals, chains and includes', async () => {
      const { patient, observation, order: request, task } = toldBy(DIRECTIONS[0]);
      const [id, orderId] = [
        observation.slice('Observation/'.length),
        request.slice('ServiceRequest/'.length),
      ];
      for (const query of [
        `Observation?_id=${id}&_total=accurate`,
        `Observation?patient=${patient}&_total=accurate`,
        `ServiceRequest?_id=${orderId}&_total=accurate&_include=ServiceRequest:patient`,
        `Task?focus:ServiceRequest._id=${orderId}&_total=accurate`,
        `Patient?_has:Observation:subject:_id=${id}&_total=accurate`,
        `Task?_id=${task.slice('Task/'.length)}&_total=accurate`,
      ]) {
        const { total, entry = [] } = await world.bundle(billing, query);
        const found = entry.filter(({ search }) => search?.mode !== 'outcome').length;
        expect([query, total, found > 0]).toEqual([query, isOpen ? 1 : 0, isOpen]);
      }
    });

    test('messages are there, and their content where it is open', async () => {
      for (const direction of DIRECTIONS) {
        const { message: sent, file } = toldBy(direction);
        const theirs = await world.ask(billing, 'GET', sent);
        expect([direction.says, theirs.status, theirs.text?.includes(SECRET)]).toEqual([
          direction.says,
          200,
          isOpen,
        ]);
        const own = await world.ask(elm, 'GET', sent);
        expect([own.status, own.text?.includes(SECRET)]).toEqual([200, true]);
        const words = `Communication?_id=${sent.slice('Communication/'.length)}&_content=Zoster&_total=accurate`;
        expect((await world.bundle(billing, words)).total).toBe(isOpen ? 1 : 0);
        expect((await world.bundle(elm, words)).total).toBe(1);
        const attached = await world.ask(billing, 'GET', file);
        expect([attached.status, attached.code]).toEqual(
          isOpen ? [200, undefined] : [403, 'agreement-not-active'],
        );
        expect((await world.ask(elm, 'GET', file)).status).toBe(200);
      }
    });

    test('a message that waits leaves with its content where it is open', async () => {
      for (const direction of DIRECTIONS) {
        const { message: sent } = toldBy(direction);
        const receiver: Ref = `Endpoint/${direction.to.slice('Organization/'.length)}`;
        const left = await leaves('rest-hook', receiver, direction.to, sent);
        expect([direction.says, left?.includes(SECRET) === true]).toEqual([direction.says, isOpen]);
      }
    });

    test('nothing can refer to what is closed', async () => {
      const { patient } = toldBy(DIRECTIONS[0]);
      const { status } = await world.ask(billing, 'POST', 'Basic', {
        resourceType: 'Basic',
        code: { text: 'note' },
        subject: { reference: patient },
      });
      expect(status).toBe(isOpen ? 201 : 422);
    });
  });
});
