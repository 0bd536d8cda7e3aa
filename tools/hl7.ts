/**
 * Trying an HL7 v2 link by hand.
 *
 *     npm run hl7 -- send FILE [--host H] --port P     sends the messages of a file, prints each acknowledgment
 *     npm run hl7 -- listen [--host H] --port P        prints what comes in, and answers AA
 *     npm run hl7 -- replay FILE [--host H] --port P   sends them again under new control ids, as new messages
 *
 * FILE holds one message or several, one segment a line; a line that begins with MSH begins the next message.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { connectEngine, listenAsEngine } from './hl7/client.ts';

const USAGE = 'npm run hl7 -- send FILE | listen | replay FILE  [--host 127.0.0.1] --port PORT';

const { positionals, values: asked } = parseArgs({
  allowPositionals: true,
  options: { host: { type: 'string', default: '127.0.0.1' }, port: { type: 'string' } },
});
const [command, file] = positionals;
const port = Number(asked.port);

if (command === 'listen' && port >= 0) await listen();
else if ((command === 'send' || command === 'replay') && file !== undefined && port > 0) {
  process.exitCode = await send(file, command === 'replay');
} else {
  console.error(USAGE);
  process.exitCode = 2;
}

async function send(path: string, anew: boolean): Promise<number> {
  const engine = await connectEngine(asked.host, port);
  let refused = 0;
  try {
    for (const message of readMessages(readFileSync(path, 'utf8'))) {
      const sent = anew ? withNewControlId(message) : message;
      const answer = Buffer.from(await engine.send(Buffer.from(sent))).toString();
      console.log(`${answer.replaceAll('\r', '\n').trim()}\n`);
      if (!/\rMSA\|[AC]A\|/.test(answer)) refused += 1;
    }
  } finally {
    engine.close();
  }
  return refused > 0 ? 1 : 0;
}

async function listen(): Promise<void> {
  const engine = await listenAsEngine(asked.host, port, (message) => {
    console.log(`${Buffer.from(message).toString().replaceAll('\r', '\n').trim()}\n`);
  });
  console.error(`listening on ${asked.host}:${engine.port}; Ctrl-C ends it`);
}

/** Lines end as the standard wants them: with CR. */
function readMessages(text: string): readonly string[] {
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line !== '');
  const messages: string[][] = [];
  for (const line of lines) {
    if (line.startsWith('MSH')) messages.push([]);
    messages.at(-1)?.push(line);
  }
  if (messages.length === 0) throw new Error(`${file ?? ''} holds no message: no line begins with MSH`);
  return messages.map((segments) => `${segments.join('\r')}\r`);
}

/** MSH-10 with the time of sending after it, at most twenty characters. */
function withNewControlId(message: string): string {
  const fields = message.split(message.charAt(3));
  fields[9] = `${(fields[9] ?? '').slice(0, 10)}R${Date.now().toString(36)}`.slice(0, 20);
  return fields.join(message.charAt(3));
}
