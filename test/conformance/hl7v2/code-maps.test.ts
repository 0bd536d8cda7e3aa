/** Codes of a link that a ConceptMap translates (rules 7.8): the map is named, and what it lacks is asked for once. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Link } from '../../../src/hl7v2/link.ts';
import {
  FROM_LARKSPUR,
  larkspur,
  openExchange,
  outsider,
  request,
  tidewater,
  type Exchange,
} from './exchange.ts';

const MAP = 'https://tidewater.example/ConceptMap/reasons';
const ICD = 'http://hl7.org/fhir/sid/icd-10-cm';
const conceptMap = (code: string) => ({
  resourceType: 'ConceptMap',
  url: MAP,
  version: '3',
  status: 'active',
  group: [
    {
      target: ICD,
      element: [{ code: 'K12', target: [{ code, display: 'Pain in knee', equivalence: 'equivalent' }] }],
    },
  ],
});
const LINK: Link = { ...FROM_LARKSPUR, codeMaps: { 'OBR-31': MAP } };

let exchange: Exchange;
beforeAll(async () => {
  exchange = await openExchange({ links: [LINK] });
  await exchange.create(outsider, conceptMap('M99'));
  await exchange.create(tidewater, conceptMap('M25.56'));
  await exchange.create(outsider, conceptMap('M98'));
});
afterAll(() => exchange.close());

let count = 0;
async function reasonsOf(reason: string) {
  count += 1;
  const id = `L-${count}`;
  const answer = await exchange.say(request({ at: count, id, referral: `R-${count}` }, { reason }), LINK);
  const [order] = await exchange.all('ServiceRequest', `identifier=R-${count}`);
  const reasons = order?.['reasonCode'] as { text?: string; coding?: { code: string; system: string }[] }[];
  return { answer, order, reasons };
}
const asked = async () => (await exchange.workItems()).filter(({ kind }) => kind === 'code-unmapped');

describe('(rules 7.8) codes of a link', () => {
  test('are translated by the map that the receiver keeps, and the map is named with its version', async () => {
    const { answer, order, reasons } = await reasonsOf('K12^Sore knee^EPIC');
    expect(answer.fate).toBe('applied');
    expect(reasons).toMatchObject([{ text: 'Sore knee', coding: [{ system: ICD, code: 'M25.56' }] }]);
    const provenances = await exchange.all('Provenance', `target=ServiceRequest/${order?.id}`);
    expect(JSON.stringify(provenances[0]?.['entity'])).toContain(`${MAP}|3`);
  });

  test('of a system that is known need no row', async () => {
    await reasonsOf('M17.11^Osteoarthritis^I10');
    expect(await asked()).toEqual([]);
  });

  test('that the map lacks are kept as text, told, and asked for once', async () => {
    const { answer, reasons } = await reasonsOf('K77^Odd knee^EPIC');
    expect(reasons).toMatchObject([{ text: 'Odd knee (K77, EPIC)' }]);
    expect(answer.remarks).toContainEqual(
      expect.objectContaining({ location: 'OBR-31', code: '103', severity: 'W' }),
    );
    await reasonsOf('K77^Odd knee^EPIC~K77^Odd knee^EPIC');
    await reasonsOf('K78^Other knee^EPIC');
    const items = await asked();
    expect(items.map(({ owner }) => owner)).toEqual(['Organization/tidewater', 'Organization/tidewater']);
    expect(items.map(({ task }) => task['description']).join()).toMatch(/OBR-31: code K77 of EPIC/);
  });

  test('whoever says what a code means adds the row', async () => {
    const item = (await asked()).find(({ task }) => String(task['description']).includes('K77'));
    const row = {
      resourceType: 'Parameters',
      parameter: [
        { name: 'system', valueUri: ICD },
        { name: 'code', valueCode: 'M25.9' },
      ],
    };
    const path = `Task/${item?.task.id}/$map-code`;
    expect((await exchange.ask(larkspur, 'POST', path, row)).status).toBeGreaterThanOrEqual(400);
    expect((await exchange.ask(tidewater, 'POST', path, row)).status).toBe(200);
    expect(await asked()).toHaveLength(1);
    const { reasons } = await reasonsOf('K77^Odd knee^EPIC');
    expect(reasons).toMatchObject([{ text: 'Odd knee', coding: [{ system: ICD, code: 'M25.9' }] }]);
  });
});
