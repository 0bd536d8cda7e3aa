/**
 * Two servers of this kind, each with one party of a referral that speaks FHIR to it, and a link between them: what the
 * one sends, the other receives, byte for byte. Larkspur's server and Tidewater's; either may refer to the other.
 */
import { createRecipientSelection } from '../../../src/delivery/recipients.ts';
import { EVERYTHING } from '../../../src/ports/query.ts';
import { outcomeCommit } from '../../../src/delivery/outcome.ts';
import { createSubscriptionCache } from '../../../src/delivery/subscriptions.ts';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import type { Link } from '../../../src/hl7v2/link.ts';
import type { Acknowledgment } from '../../../src/hl7v2/received.ts';
import { writeDeliveryFailed } from '../../../src/operations/work-item.ts';
import { createEndpoints } from '../../../src/server/organizations.ts';
import type { FhirEngineParts } from '../../../src/server/fhir-engine.ts';
import { lacksOfMessages } from '../../../src/operations/referral-messages/prepare-messages.ts';
import { deliverMessages } from '../../../src/rails/hl7v2-mllp/deliver.ts';
import type { Peers } from '../../../src/rails/hl7v2-mllp/peer.ts';
import { endpoint } from '../../resources.ts';
import { administrator, BASE } from '../../world.ts';
import {
  FROM_LARKSPUR,
  FROM_TIDEWATER,
  LARKSPUR,
  openExchange,
  TIDEWATER,
  type Exchange,
} from './exchange.ts';

/** One message that went from one server to the other, and what the other said. */
export interface Sent {
  readonly from: string;
  readonly text: string;
  readonly answer: Acknowledgment;
}

export interface Pair {
  readonly larkspur: Exchange;
  readonly tidewater: Exchange;
  /** All that was sent so far. */
  readonly sent: readonly Sent[];
  /** Delivers until nothing is due on either side. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

const RAIL = 'hl7v2-mllp';
const SIDES = {
  larkspur: { own: LARKSPUR, other: TIDEWATER, link: FROM_TIDEWATER },
  tidewater: {
    own: TIDEWATER,
    other: LARKSPUR,
    link: { ...FROM_LARKSPUR, receivers: FROM_TIDEWATER.senders },
  },
} as const satisfies Readonly<
  Record<string, { readonly own: object; readonly other: object; readonly link: Link }>
>;
type Side = keyof typeof SIDES;

export async function openPair(): Promise<Pair> {
  const sent: Sent[] = [];
  const [larkspur, tidewater] = [await openSide('larkspur'), await openSide('tidewater')];
  const sides: Readonly<Record<Side, Exchange>> = { larkspur, tidewater };

  const peersOf = (from: Side, to: Side): Peers => ({
    async send({ bytes }) {
      const receiver = sides[to];
      receiver.clock.now = Math.max(receiver.clock.now, sides[from].clock.now) + 1000;
      const { signal } = new AbortController();
      const { link } = SIDES[to];
      const answer = await receiver.engine.messages.receive({ link, bytes, address: undefined, signal });
      sent.push({ from, text: Buffer.from(bytes).toString(), answer });
      return { code: answer.code, says: undefined, hash: '' };
    },
    close: () => undefined,
  });

  /** Whether anything was due. */
  async function pump(from: Side, to: Side): Promise<boolean> {
    const { store, clock } = sides[from];
    const { signal } = new AbortController();
    clock.now += 1000;
    const entries = await store.claim(10, 60_000);
    for (const entry of entries) {
      const parts = { peers: peersOf(from, to), links: [SIDES[from].link], clock: { now: () => clock.now } };
      const receipt = await deliverMessages(
        parts,
        entry,
        store.snapshot(entry.seq),
        store.snapshot(),
        signal,
      );
      if (receipt.outcome === 'retry') throw new Error(receipt.why);
      const why = receipt.outcome === 'accepted' ? receipt.says : receipt.why;
      const subject = await store.snapshot(entry.seq).read(entry.subject, EVERYTHING);
      const item =
        receipt.outcome === 'refused'
          ? await writeDeliveryFailed({ store, clock: { now: () => clock.now }, newId }, entry, why ?? '')
          : undefined;
      await store.commit(
        outcomeCommit(
          { entry, fate: receipt.outcome, why, policy: 'test' },
          subject,
          item && { write: item },
        ),
      );
    }
    return entries.length > 0;
  }

  return {
    larkspur,
    tidewater,
    sent,
    async settle() {
      for (let due = true; due;) {
        const [one, other] = [await pump('larkspur', 'tidewater'), await pump('tidewater', 'larkspur')];
        due = one || other;
      }
    },
    close: async () => {
      await larkspur.close();
      await tidewater.close();
    },
  };
}

let made = 0;
const newId = (): string => `work-${(made += 1)}`;

/** A server where the other party is an Endpoint. */
async function openSide(side: Side): Promise<Exchange> {
  const { own, other, link } = SIDES[side];
  let ready: FhirEngineParts['selectRecipients'] = async () => [];
  const exchange = await openExchange({
    links: [link],
    engine: {
      selectRecipients: (changes, moves, at) => ready(changes, moves, at),
      lacks: (rail) => (rail === RAIL ? (entry, asOf) => lacksOfMessages([link], entry, asOf) : undefined),
    },
  });
  const { store } = exchange;
  ready = createRecipientSelection({
    subscriptions: createSubscriptionCache({
      store,
      criteria: () => ({ base: BASE, now: exchange.clock.now }),
      unreadable: () => undefined,
    }),
    endpointsOf: (organization) => createEndpoints(store).of(organization),
    direct: { cameBy: async () => undefined, isMember: async () => true, isVerified: async () => false },
    rails: new Set([RAIL]),
    activePerOrganizationMax: 10,
    activeMax: 10,
  });
  const connectionType = {
    system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type',
    code: RAIL,
  };
  const at = endpoint(other.id, { connectionType, address: 'mllp://other.example.org:2575' });
  const answer = await exchange.ask(administrator, 'PUT', `Endpoint/${other.id}`, at);
  if (answer.status >= 300) throw new Error(answer.text);
  void own;
  return exchange;
}

/** The order on one side, and its Task, by the number that both know. */
export async function referralOn(
  exchange: Exchange,
  number: string,
): Promise<{ readonly task: Resource; readonly order: Ref } | undefined> {
  const [task] = await exchange.all('Task', `focus:ServiceRequest.identifier=${encodeURIComponent(number)}`);
  const { focus } = (task ?? {}) as { readonly focus?: { readonly reference: Ref } };
  return task === undefined || focus === undefined ? undefined : { task, order: focus.reference };
}
