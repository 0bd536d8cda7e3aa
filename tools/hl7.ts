/**
 * Tries an HL7 v2 link by hand.
 *
 *     npm run hl7 -- send FILE [--host H] --port P     sends the messages of a file, prints each acknowledgment
 *     npm run hl7 -- listen [--host H] --port P        prints the messages that arrive, and answers AA
 *     npm run hl7 -- replay FILE [--host H] --port P   sends them under new control ids, as new messages
 *
 * FILE holds one or more messages, one segment on each line; a line that begins with MSH begins the next message.
 */
import { readFileSync } from 'node:fs';
import { onEndSignal } from '../src/server/signals.ts';
import { EXIT, need, runCommand, Trouble, UsageError, wholeNumber } from './command.ts';
import { listenAsEngine } from './hl7/client.ts';
import { connectOutside } from './hl7/outside.ts';

const FLAGS = { host: { type: 'string', default: '127.0.0.1' }, port: { type: 'string' } } as const;
const PORT_MAX = 65_535;

interface Peer {
  readonly host: string;
  readonly port: number;
}

await runCommand(import.meta.filename, {
  flags: FLAGS,
  operandsMax: 2,
  run: ({ values, operands: [name = '', file] }) => {
    const peer = { host: values.host, port: wholeNumber('--port', need(values.port, '--port'), 0, PORT_MAX) };
    if (name === 'listen' && file === undefined) return listen(peer);
    if (name !== 'send' && name !== 'replay')
      throw new UsageError('send FILE, listen or replay FILE is expected.');
    return send(peer, need(file, 'FILE'), name === 'replay');
  },
});

async function send({ host, port }: Peer, file: string, anew: boolean): Promise<number> {
  const messages = readMessages(file, readFileSync(file, 'utf8'));
  const engine = await connectOutside(host, port);
  let refused = 0;
  try {
    for (const message of messages) {
      const sent = anew ? withNewControlId(message) : message;
      const answer = await engine.send(sent);
      console.log(`${answer.replaceAll('\r', '\n').trim()}\n`);
      if (!/\rMSA\|[AC]A\|/.test(answer)) refused += 1;
    }
  } finally {
    engine.close();
  }
  return refused > 0 ? EXIT.trouble : EXIT.done;
}

/** Listens until it is told to end. */
async function listen({ host, port }: Peer): Promise<number> {
  const engine = await listenAsEngine(host, port, (message) => {
    console.log(`${Buffer.from(message).toString().replaceAll('\r', '\n').trim()}\n`);
  });
  onEndSignal(() => process.exit(EXIT.done));
  console.error(`listening on ${host}:${engine.port}; Ctrl-C ends it`);
  return EXIT.done;
}

/** Lines end as the standard wants them: with CR. */
function readMessages(file: string, text: string): readonly string[] {
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line !== '');
  const messages: string[][] = [];
  for (const line of lines) {
    if (line.startsWith('MSH')) messages.push([]);
    messages.at(-1)?.push(line);
  }
  if (messages.length === 0) throw new Trouble(`${file} holds no message: no line begins with MSH.`);
  return messages.map((segments) => `${segments.join('\r')}\r`);
}

/** MSH-10 with the time of sending after it, at most twenty characters. */
function withNewControlId(message: string): string {
  const fields = message.split(message.charAt(3));
  fields[9] = `${(fields[9] ?? '').slice(0, 10)}R${Date.now().toString(36)}`.slice(0, 20);
  return fields.join(message.charAt(3));
}
