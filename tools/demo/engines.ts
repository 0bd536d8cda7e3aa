/** The HL7 v2 engines of both sides: they listen where the demonstration's Endpoints say, answer AA, and remember. */
import { decodeMessage, first, parseMessage } from '../../src/hl7v2/message.ts';
import { readMsh } from '../../src/hl7v2/segments/msh.ts';
import { readOrc } from '../../src/hl7v2/segments/orc.ts';
import { listenAsEngine } from '../hl7/client.ts';
import type { Side, World } from './world.ts';

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
  /** Resolves when this side has received so many messages of this name. */
  wait(side: Side, message: string, count: number): Promise<void>;
  close(): void;
}

const RECEIVED_WITHIN_MS = 10_000;

export async function openEngines({ receivingPorts }: World): Promise<Engines> {
  const log: Received[] = [];
  const sides = Object.entries(receivingPorts) as [Side, number][]; // the keys are the sides
  const listening = await Promise.all(
    sides.map(([side, port]) =>
      listenAsEngine('127.0.0.1', port, (bytes) => log.push(describe(side, bytes))),
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

function describe(side: Side, bytes: Uint8Array): Received {
  const message = parseMessage(decodeMessage(bytes).text);
  const [segment] = message.segments;
  const msh = segment === undefined ? undefined : readMsh(segment);
  const orc = first(message, 'ORC');
  const { orderControl = '', orderStatus = '' } = orc === undefined ? {} : readOrc(orc);
  const { messageCode = '', triggerEvent = '' } = msh?.messageType ?? {};
  return {
    side,
    message: `${messageCode}^${triggerEvent}`,
    order: [orderControl, orderStatus].filter((code) => code !== '').join('/'),
    controlId: msh?.messageControlId ?? '',
  };
}
