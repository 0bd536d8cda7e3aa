/** A message that comes with a notice of 42 CFR 2.32, or from a program without one (compliance P5, P33). */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { administrator } from '../../world.ts';
import { LARKSPUR, openExchange, request, tidewater, type Exchange } from '../hl7v2/exchange.ts';

let exchange: Exchange;
beforeEach(async () => {
  exchange = await openExchange();
});
afterEach(() => exchange.close());

const LABEL = '42CFRPart2';

const EDITIONS: readonly (readonly [string, string])[] = [
  [
    '2024 (1)',
    'This record which has been disclosed to you is protected by Federal confidentiality rules (42 CFR part 2). These rules prohibit you from using',
  ],
  [
    '2018 (1)',
    'This information has been disclosed to you from records protected by federal confidentiality rules (42 CFR part 2). The federal rules',
  ],
  ['2020 (2)', '42 CFR part 2 prohibits unauthorized disclosure of these records.'],
];

/** The order with notes right after its header. */
const noticed = (...notes: readonly string[]): string =>
  request({ at: 1, id: 'M-1' }).replace(
    '\nPID',
    `\n${notes.map((note, at) => `NTE|${at + 1}|O|${note}|RE^Remark^HL70364`).join('\n')}\nPID`,
  );

const labels = ({ meta }: Resource): readonly (string | undefined)[] =>
  (meta?.security ?? []).map(({ code }) => code);

const items = (): Promise<readonly Resource[]> =>
  exchange.all('Task', 'code=https://closeloop.dev/fhir/CodeSystem/work-item|part2-notice-missing');

describe('(compliance P33) an order with the notice', () => {
  test.each(EDITIONS)('of %s: what it tells is labelled, and nothing is untaken', async (_edition, words) => {
    const answer = await exchange.say(
      noticed(words.replaceAll(' (42', '\\.br\\(42'), 'Consent of 2026-03-01: …'),
    );
    expect(answer.code).toBe('AA');
    expect(JSON.stringify(answer)).not.toContain('NTE');
    for (const type of ['ServiceRequest', 'Task', 'Patient'] as const) {
      const [stored] = await exchange.all(type, type === 'Task' ? 'code=fulfill' : '');
      expect([type, labels(stored as Resource).includes(LABEL)]).toEqual([type, true]);
    }
    expect(await items()).toEqual([]);
    // It was received: its sender has disclosed it (compliance L5, P5).
    for (const type of ['ServiceRequest', 'Task', 'Patient'] as const) {
      const [stored] = await exchange.all(type, type === 'Task' ? 'code=fulfill' : '');
      const shown = await exchange.ask(tidewater, 'GET', `${type}/${stored?.id ?? ''}`);
      expect([type, shown.status]).toEqual([type, 200]);
      expect(shown.text).toContain('This record which has been disclosed to you is protected');
    }
  });

  test('an order without it is as before', async () => {
    await exchange.say(request({ at: 1, id: 'M-1' }));
    const [order] = await exchange.all('ServiceRequest', '');
    expect(labels(order as Resource)).not.toContain(LABEL);
  });
});

test('(compliance P5) an outside program’s order without the notice is applied and labelled, and a person is asked', async () => {
  const program = (await exchange.ask(administrator, 'GET', `Organization/${LARKSPUR.id}`)).json;
  const kind = {
    coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/party-kind', code: 'part2-program' }],
  };
  await exchange.ask(administrator, 'PUT', `Organization/${LARKSPUR.id}`, { ...program, type: [kind] });
  const answer = await exchange.say(request({ at: 1, id: 'M-1' }));
  expect(answer.code).toBe('AA');
  expect(JSON.stringify(answer)).toContain('part2-notice-missing');
  const [order] = await exchange.all('ServiceRequest', '');
  expect(labels(order as Resource)).toContain(LABEL);
  const [item] = await items();
  expect(item).toMatchObject({ owner: { reference: tidewater.organization }, status: 'requested' });
});
