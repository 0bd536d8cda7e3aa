/** The guides' messages as the engines of the demonstration send them: some lives of a referral, and what is no part of one. */
import { readFileSync } from 'node:fs';
import { connectEngine, type Engine } from '../hl7/client.ts';
import type { Demonstration } from './demonstration.ts';
import type { Scribe } from './scribe.ts';

/** Lives of a referral, by the messages of each. */
const LIVES: readonly (readonly string[])[] = [
  ['55-request', '55-accept', '60-appointment-booked', '60-rescheduled', '59-interim-note', '57-outcome'],
  ['55-request', '55-decline', '55-accept'],
  ['55-request', '55-accept', '56-decline-after-accept'],
  ['55-request', '55-accept', '60-appointment-booked', '58-cancel-request', '58-cancel-confirmation'],
  ['55-request', '55-accept', '60-appointment-booked', '61-no-show', '60-appointment-cancelled'],
  ['57-outcome', '55-request', '55-request'],
  ['60-appointment-booked', '58-cancel-request'],
];

/** Changes to a request that it must answer for: the text that is replaced, and what stands there instead. */
const CHANGED: readonly (readonly [found: string | RegExp, put: string])[] = [
  ['|P|2.5.1', '|T|2.5.1'],
  ['|P|2.5.1', '|P|2.9.9'],
  ['OMG^O19^OMG_O19', 'ZZZ^Z99^ZZZ_Z99'],
  ['OMG^O19^OMG_O19', 'ADT^A04^ADT_A01'],
  [/\rPID[^\r]*/, ''],
  [/\rORC[^\r]*/, ''],
  ['ORC|NW', 'ORC|XX'],
  [/\|19710308\|/, '|19711399|'],
  ['2.999.20.1^ISO', '2.999.77^ISO'],
];

/** An acknowledgment that has not come by then does not come: it answers an acknowledgment, or says that none is wanted. */
const ANSWER_WITHIN_MS = 3_000;

export async function playMessages(demonstration: Demonstration, scribe: Scribe): Promise<void> {
  const { mllp } = demonstration.told;
  const engine = await connectEngine(mllp.host, mllp.port, ANSWER_WITHIN_MS);
  try {
    for (const [index, life] of LIVES.entries()) {
      scribe.chapter(`life ${index + 1}`);
      for (const name of life) await play(engine, scribe, name, ofLife(`pcc-${name}.hl7`, `${index + 1}`));
      scribe.received(await demonstration.received());
    }
    scribe.chapter('changed requests');
    for (const [index, [found, put]] of CHANGED.entries()) {
      const message = ofLife('pcc-55-request.hl7', `C${index}`, (text) => text.replace(found, put));
      await play(engine, scribe, `${String(found)} → ${put}`, message);
    }
    for (const name of ['ref-i12', 'rri-i12']) await play(engine, scribe, name, ofLife(`${name}.hl7`, 'R'));
    scribe.received(await demonstration.received());
  } finally {
    engine.close();
  }
}

async function play(engine: Engine, scribe: Scribe, title: string, message: string): Promise<void> {
  scribe.say(`> ${title}`);
  const answer = await engine.send(Buffer.from(message)).catch(() => 'no answer');
  scribe.answer(Buffer.from(answer).toString('utf8'));
}

/** A message of the guides between the demonstration's organizations, with numbers of its own life. */
function ofLife(file: string, life: string, change = (text: string): string => text): string {
  const text = readFileSync(new URL(`../../test/fixtures/hl7v2/${file}`, import.meta.url), 'utf8').trimEnd();
  return (
    change(text.replaceAll('\n', '\r'))
      // The engines want every acknowledgment (MSH-15, MSH-16).
      .replace(/\|(?:NE|AL)\|(?:NE|AL)/, '||')
      .replaceAll('2.999.10.1', '2.999.360.1')
      .replaceAll('2.999.20.1', '2.999.360.2')
      .replaceAll(/R-2025-(\d+)/g, `R-$1-${life}`)
      .replaceAll(/\b(A|T)-(\d{4})\b/g, `$1-$2-${life}`)
      .replaceAll(/\b(LFM|TRC)-(\d+)/g, `$1-$2-${life}`)
  );
}
