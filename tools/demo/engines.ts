/**
 * The HL7 v2 engines of both sides: they listen where the demonstration's Endpoints say, answer AA, and remember. They
 * unframe and read by node-hl7-client, so that a program of others understands what the server sends.
 */
import { Message } from 'node-hl7-client';
import { listenOutside } from '../hl7/outside.ts';
import type { Side } from './organizations.ts';
import type { World } from './world.ts';

/** A message as an engine received it, in few words. */
export interface Received {
  readonly side: Side;
  /** MSH-9.1 and MSH-9.2. */
  readonly message: string;
  /** ORC-1 and ORC-5, where there is an ORC. */
  readonly order: string;
  readonly controlId: string;
}

export interface Engines {
  received(): readonly Received[];
  clear(): void;
  /** Resolves when this side has received that many messages of this name. */
  wait(side: Side, message: string, count: number): Promise<void>;
  close(): void;
}

const RECEIVED_WITHIN_MS = 10_000;

export async function openEngines({ receivingPorts }: World): Promise<Engines> {
  const log: Received[] = [];
  const sides = Object.entries(receivingPorts) as [Side, number][]; // the keys are the sides
  const listening = await Promise.all(
    sides.map(([side, port]) =>
      listenOutside('127.0.0.1', port, (message) => log.push(describe(side, message))),
    ),
  );
  return {
    received: () => log,
    clear: () => log.splice(0),
    async wait(side, message, count) {
      const arrived = (): number => log.filter((one) => one.side === side && one.message === message).length;
      for (const end = Date.now() + RECEIVED_WITHIN_MS; arrived() < count;) {
        if (Date.now() > end)
          throw new Error(`the engine of the ${side} did not receive ${count} ${message} in time`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    close: () => listening.forEach((engine) => engine.close()),
  };
}

function describe(side: Side, text: string): Received {
  const message = new Message({ text });
  const read = (path: string): string => message.get(path).toString();
  return {
    side,
    message: `${read('MSH.9.1')}^${read('MSH.9.2')}`,
    order: [read('ORC.1'), read('ORC.5')].filter((code) => code !== '').join('/'),
    controlId: read('MSH.10'),
  };
}
