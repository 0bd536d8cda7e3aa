/** What operators see of each link: metrics by name, with nothing of any message in them. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually, initiatorLink, openLinked, openWire, order, type Linked } from './linked.ts';

let server: Linked;
beforeAll(async () => {
  server = await openLinked([{ links: [initiatorLink()] }, { links: [initiatorLink({ name: 'quiet' })] }]);
});
afterAll(() => server.close());

const readMetrics = async (): Promise<readonly string[]> => {
  const response = await fetch(`http://127.0.0.1:${server.running.port}/metrics`);
  return (await response.text()).split('\n').filter((line) => line.startsWith('closeloop_hl7'));
};

test('connections, messages by fate, faults and the last message, by link', async () => {
  const began = Date.now();
  const wire = await openWire(server.ports[0] ?? 0);
  await wire.ask(order({ id: 'M-1' }));
  await wire.ask(order({ id: 'M-1' }));
  await wire.ask(order({ id: 'M-2' }));
  await wire.ask(order({ id: 'M-3', from: '2.999.66.1' }));
  await wire.ask(order({ id: 'M-5' }).replace('OMG^O19^OMG_O19', 'ADT^A04^ADT_A01'));
  expect(await wire.ask(order({ id: 'M-6' }).replace('|P|', '|T|'))).toMatch(/\rMSA\|AR\|M-6\r/);
  await wire.ask(order({ id: 'M-7' }).replace('OMG^O19^OMG_O19', 'O"^x'));
  wire.write('garbage');
  await wire.ask(order({ id: 'M-4' }));
  // Asked twice: what is summed elsewhere is not summed again.
  await readMetrics();
  const lines = await readMetrics();
  const at = (name: string): number =>
    Number(
      lines
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')
        .at(-1) ?? Number.NaN,
    );
  expect(at('closeloop_hl7_connected{link="initiator-engine"}')).toBe(1);
  expect(at('closeloop_hl7_messages_total{link="initiator-engine",fate="applied"}')).toBe(3);
  expect(at('closeloop_hl7_messages_total{link="initiator-engine",fate="repeated"}')).toBe(1);
  expect(at('closeloop_hl7_messages_total{link="initiator-engine",fate="quarantine"}')).toBe(1);
  const notTaken = lines.filter((line) => line.startsWith('closeloop_hl7_messages_not_taken_total'));
  expect(notTaken).toEqual([
    'closeloop_hl7_messages_not_taken_total{link="initiator-engine",kind="ADT^A04",fate="ignored"} 1',
    'closeloop_hl7_messages_not_taken_total{link="initiator-engine",kind="OMG^O19",fate="rejected"} 1',
    'closeloop_hl7_messages_not_taken_total{link="initiator-engine",kind="other",fate="rejected"} 1',
  ]);
  expect(at('closeloop_hl7_frames_refused_total{link="initiator-engine"}')).toBe(1);
  const last = at('closeloop_hl7_last_message_timestamp_seconds{link="initiator-engine"}') * 1000;
  expect(last).toBeGreaterThanOrEqual(began);
  expect(last).toBeLessThanOrEqual(Date.now());
  expect(at('closeloop_hl7_connected{link="quiet"}')).toBe(0);
  expect(at('closeloop_hl7_last_message_timestamp_seconds{link="quiet"}')).toBe(0);
  expect(lines.join('\n')).not.toMatch(/Sample|P-M-1|M-1/);
  wire.close();
  const connected = async () =>
    (await readMetrics()).includes('closeloop_hl7_connected{link="initiator-engine"} 0');
  await eventually(connected, 'the connection is gone');
});
