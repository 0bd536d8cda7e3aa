/**
 * Deliveries as parameters (routing RL3). Each side sees what concerns it: who tells sees every way and why it failed, who
 * is told sees what reached it. No address of anybody is among them (directory DR48).
 */
import { asksPerson, endingOf } from '../../delivery/delivered/advance.ts';
import { awaitedBy, evidenceRowOf } from '../../delivery/delivered/evidence-table.ts';
import { DELIVERY_STATES, deliveryRank, isDelivered } from '../../delivery/delivered/states.ts';
import type { Ref } from '../../fhir/types.ts';
import {
  HELD_BACK,
  type DeliveryEvidence,
  type DeliveryRecord,
  type DeliveryState,
} from '../../ports/delivered.ts';
import { typeOf } from '../../resources/element.ts';
import type { Out } from '../extended/output.ts';
import { stateOfWays, type EventDelivery, type WayTaken } from './ways.ts';

export interface DeliveryViewer {
  /** Undefined: an administrator, who sees everything. */
  readonly organization: Ref | undefined;
  /** Sees of its own organization also what did not reach it (compliance S4). */
  readonly compliance: boolean;
}

/** The part of a delivery that the viewer sees; undefined: none of it. */
export function shownTo(delivery: EventDelivery, viewer: DeliveryViewer): EventDelivery | undefined {
  const { event, to, ways } = delivery;
  const { organization, compliance } = viewer;
  if (organization === undefined) return delivery;
  if (organization === to) {
    const reached = ways.filter(
      ({ record: { state } }) => state !== 'withheld' && (compliance || isDelivered(state)),
    );
    if (reached.length === 0) return undefined;
    const state = stateOfWays(reached.map(({ record }) => record.state));
    return { ...delivery, event: { ...event, held: undefined }, ways: reached, state };
  }
  const { initiator, recipient } = event.parties;
  return organization === initiator || organization === recipient ? delivery : undefined;
}

export function renderDelivery({ event, to, ways, state }: EventDelivery, viewer: DeliveryViewer): Out {
  return {
    name: 'delivery',
    part: [
      { name: 'event', valueCode: event.event },
      { name: 'committed', valueInstant: event.at },
      { name: 'task', valueReference: { reference: event.task } },
      ...(to === undefined ? [] : [{ name: 'counterparty', valueReference: { reference: to } }]),
      ...stateParts(state),
      ...(event.held === undefined ? [] : [{ name: 'held', valueString: event.held }]),
      ...ways.map((way) => renderWay(way, viewer)),
    ],
  };
}

const stateParts = (state: DeliveryState): readonly Out[] => {
  const rank = deliveryRank(state);
  return [
    { name: 'state', valueCode: state },
    ...(rank === undefined ? [] : [{ name: 'rank', valueInteger: rank }]),
    { name: 'words', valueString: DELIVERY_STATES[state] },
  ];
};

function renderWay({ record, outcome, nextTry }: WayTaken, viewer: DeliveryViewer): Out {
  const { rail, state, attempts, evidence } = record;
  const why = seesReasons(record, viewer) ? whyOf(record) : undefined;
  return {
    name: 'way',
    part: [
      { name: 'rail', valueCode: rail },
      ...stateParts(state),
      ...(attempts > 0 ? [{ name: 'attempts', valuePositiveInt: attempts }] : []),
      ...(outcome === undefined
        ? []
        : [{ name: 'outcome', valueCode: outcome === 'leased' ? 'waiting' : outcome }]),
      ...reasonParts(why),
      ...(seesReasons(record, viewer) ? (record.notTaken ?? []) : []).map((one) => ({
        name: 'notTaken',
        part: [
          { name: 'rail', valueCode: one.rail },
          { name: 'why', valueString: one.why },
        ],
      })),
      ...evidence.map((piece) => renderEvidence(rail, piece)),
      ...awaitedParts(record, nextTry),
    ],
  };
}

function reasonParts(why: string | undefined): readonly Out[] {
  if (why === undefined) return [];
  return why.startsWith(HELD_BACK)
    ? [{ name: 'held', valueString: why.slice(HELD_BACK.length) }]
    : [{ name: 'why', valueString: why }];
}

/**
 * Who learns why it failed: the keeper of the receiver, and of a delivery to an Endpoint also the organization that tells;
 * never the organization from which it is withheld.
 */
const seesReasons = ({ receiver, to }: DeliveryRecord, { organization }: DeliveryViewer): boolean =>
  organization === undefined || organization === to || typeOf(receiver) !== 'Subscription';

function whyOf(record: DeliveryRecord): string | undefined {
  const { state, rail, why } = record;
  if (state === 'queued') return why;
  const ending = endingOf(record);
  return ending === undefined ? undefined : (why ?? evidenceRowOf(rail, ending.kind)?.says);
}

const renderEvidence = (rail: string, { kind, at, source }: DeliveryEvidence): Out => {
  const row = evidenceRowOf(rail, kind);
  return {
    name: 'evidence',
    part: [
      { name: 'kind', valueCode: kind },
      ...(row === undefined
        ? []
        : [
            { name: 'words', valueString: row.says },
            { name: 'by', valueCode: row.by },
          ]),
      { name: 'at', valueInstant: at },
      { name: 'source', valueString: shownSource(source) },
    ],
  };
};

/** The id of a mail without its domain, which is the address of somebody's mail. */
const shownSource = (source: string): string => source.replace(/@.*$/s, '').replace(/^</, '');

/** What is waited for: the next try of what waits, else the evidence of the next rank, and until when. */
function awaitedParts(record: DeliveryRecord, nextTry: number | undefined): readonly Out[] {
  const { rail, state, dueBy } = record;
  const rank = deliveryRank(state);
  const next =
    nextTry === undefined ? [] : [{ name: 'nextTry', valueInstant: new Date(nextTry).toISOString() }];
  if (rank === undefined) return next;
  return [
    ...next,
    ...awaitedBy(rail, rank).map((kind) => ({ name: 'awaits', valueCode: kind })),
    ...(dueBy === undefined ? [] : [{ name: 'until', valueInstant: dueBy }]),
    ...(asksPerson(record) === 'unconfirmed'
      ? [{ name: state === 'received' ? 'contradicted' : 'overdue', valueBoolean: true }]
      : []),
  ];
}
