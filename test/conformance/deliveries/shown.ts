/** `$deliveries` as a screen reads it. */
import type { Resource } from '../../../src/fhir/types.ts';

interface Part {
  readonly name: string;
  readonly part?: readonly Part[];
  readonly [value: `value${string}`]: unknown;
}

const valueOf = (parts: readonly Part[], name: string): unknown => {
  const found = parts.find((one) => one.name === name);
  const key = Object.keys(found ?? {}).find((each) => each.startsWith('value')) as
    | `value${string}`
    | undefined;
  const value = key && found?.[key];
  return (value as { reference?: string } | undefined)?.reference ?? value;
};

export interface ShownWay {
  readonly rail: unknown;
  readonly state: unknown;
  readonly outcome: unknown;
  readonly attempts: unknown;
  readonly why: unknown;
  readonly until: unknown;
  readonly evidence: readonly unknown[];
  readonly awaits: readonly unknown[];
}

export interface ShownDelivery {
  readonly event: unknown;
  readonly counterparty: unknown;
  readonly state: unknown;
  readonly rank: unknown;
  readonly words: unknown;
  readonly held: unknown;
  readonly ways: readonly ShownWay[];
}

export function shownIn(parameters: Resource): readonly ShownDelivery[] {
  const all = (parameters['parameter'] ?? []) as readonly Part[]; // Parameters
  return all
    .filter(({ name }) => name === 'delivery')
    .map(({ part = [] }) => ({
      event: valueOf(part, 'event'),
      counterparty: valueOf(part, 'counterparty'),
      state: valueOf(part, 'state'),
      rank: valueOf(part, 'rank'),
      words: valueOf(part, 'words'),
      held: valueOf(part, 'held'),
      ways: part.filter(({ name }) => name === 'way').map((way) => shownWay(way.part ?? [])),
    }));
}

const shownWay = (part: readonly Part[]): ShownWay => ({
  rail: valueOf(part, 'rail'),
  state: valueOf(part, 'state'),
  outcome: valueOf(part, 'outcome'),
  attempts: valueOf(part, 'attempts'),
  why: valueOf(part, 'why'),
  until: valueOf(part, 'until'),
  evidence: part.filter(({ name }) => name === 'evidence').map((one) => valueOf(one.part ?? [], 'kind')),
  awaits: part.filter(({ name }) => name === 'awaits').map((one) => valueOf([one], 'awaits')),
});

export const nextOf = (parameters: Resource): string | undefined =>
  ((parameters['parameter'] ?? []) as readonly Part[]).find(({ name }) => name === 'next')?.['valueUri'] as
    | string
    | undefined; // our own link

/** `inbox opened` for each way. */
export const waysOf = ({ ways }: ShownDelivery): readonly string[] =>
  ways.map(({ rail, state }) => `${String(rail)} ${String(state)}`);
