/** Who a message says it is from and for, forged: MSH-4 and MSH-6 move nothing that is not the link's (docs/directory.md). */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Link } from '../../../src/hl7v2/link.ts';
import { administrator, refOf, type Stored } from '../../world.ts';
import {
  accept,
  adt,
  cancel,
  decline,
  FROM_LARKSPUR,
  FROM_OUTSIDER,
  FROM_TIDEWATER,
  LARKSPUR,
  openExchange,
  outsider,
  OUTSIDER,
  request,
  stateOf,
  TIDEWATER,
  type Exchange,
} from './exchange.ts';

let exchange: Exchange;
let number = 0;
let referral = '';
beforeAll(async () => {
  exchange = await openExchange();
});
afterAll(() => exchange.close());

/** Larkspur asks Tidewater: what the attacks are about. */
beforeEach(async () => {
  number += 1;
  referral = `R-FORGED-${number}`;
  const asked = await exchange.say(request({ at: number * 10, id: `A-${number}`, referral }));
  if (asked.code !== 'AA') throw new Error(`the order was answered ${asked.code}`);
});

const ELSEWHERE = { id: 'nowhere', facility: '2.999.99.9' } as const;
const said = () => ({ at: number * 10 + 1, id: `F-${number}`, referral });
const MSH4 = (message: string, facility: string) =>
  message.replace(/^(MSH\|[^|]*\|[^|]*\|)[^|]*/, `$1${facility}`);
const MSH6 = (message: string, facility: string) =>
  message.replace(/^((?:[^|]*\|){5})[^|]*/, `$1${facility}`);

/** Everything that somebody keeps of referrals and patients, as it stands. */
async function charts(): Promise<readonly string[]> {
  const types = [
    'Patient',
    'ServiceRequest',
    'Appointment',
    'Organization',
    'Practitioner',
    'PractitionerRole',
  ];
  const all = await Promise.all(types.map((type) => exchange.all(type)));
  const state = (one: Stored) => `${refOf(one)} ${one.meta?.versionId}`;
  return [...all.flat().map(state), stateOf(await exchange.referral(referral))];
}

type Forged = readonly [says: string, message: () => string, by: Link];

const AS_ANOTHER: readonly Forged[] = [
  ['the recipient’s acceptance, by a third', () => accept(said()), FROM_OUTSIDER],
  ['the recipient’s decline, by a third', () => decline(said()), FROM_OUTSIDER],
  ['the initiator’s cancellation, by a third', () => cancel(said()), FROM_OUTSIDER],
  ['the recipient’s acceptance, by the initiator', () => accept(said()), FROM_LARKSPUR],
  ['the initiator’s cancellation, by the recipient', () => cancel(said()), FROM_TIDEWATER],
  ['an order of another', () => request({ ...said(), referral: `${referral}-X` }), FROM_OUTSIDER],
  [
    'a correction of another’s patient',
    () => adt('A08', said(), { name: 'Quintero^Forged^J^^^^L||19710308|F' }),
    FROM_OUTSIDER,
  ],
  ['to a third that the link does not reach', () => accept({ ...said(), to: OUTSIDER }), FROM_TIDEWATER],
  ['to a facility of nobody', () => accept({ ...said(), to: ELSEWHERE }), FROM_TIDEWATER],
  ['from a facility of nobody', () => accept({ ...said(), from: ELSEWHERE }), FROM_TIDEWATER],
  [
    'to oneself, as if one had been asked',
    () => accept({ ...said(), from: LARKSPUR, to: LARKSPUR }),
    FROM_LARKSPUR,
  ],
  ['from and to changed places', () => accept({ ...said(), from: LARKSPUR, to: TIDEWATER }), FROM_TIDEWATER],
];

/** Another's facility, in the shapes that a careless reader might take for it beside one's own. */
const SHAPES: readonly string[] = [
  TIDEWATER.facility,
  `^${TIDEWATER.facility}`,
  `^${TIDEWATER.facility}^L`,
  `${OUTSIDER.facility}^${TIDEWATER.facility}^ISO`,
  `TIDEWATER^${TIDEWATER.facility}^ISO`,
  `^urn:oid:${TIDEWATER.facility}^ISO`,
  `^${OUTSIDER.facility}&${TIDEWATER.facility}^ISO`,
  `^${OUTSIDER.facility}^ISO~^${TIDEWATER.facility}^ISO`,
  `^${OUTSIDER.facility}^ISO^^${TIDEWATER.facility}^ISO`,
  `^ ${TIDEWATER.facility} ^ISO`,
  `^${TIDEWATER.facility}.^ISO`,
  `^0${TIDEWATER.facility}^ISO`,
  `\\T\\${TIDEWATER.facility}`,
  '',
];

describe('(directory DR10) a forged sender or receiver is kept apart, and changes no chart', () => {
  test.each(AS_ANOTHER)('%s', async (_says, message, by) => {
    const before = await charts();
    const answer = await exchange.say(message(), by);
    expect(answer).toMatchObject({ fate: 'quarantine', code: 'AE' });
    expect(await charts()).toEqual(before);
  });

  test.each(SHAPES)('MSH-4 as "%s" speaks for nobody else', async (facility) => {
    const before = await charts();
    const { fate } = await exchange.say(MSH4(accept(said()), facility), FROM_OUTSIDER);
    expect(fate).not.toBe('applied');
    expect(await charts()).toEqual(before);
  });

  test.each(SHAPES)('MSH-6 as "%s" brings no order to another than the link reaches', async (facility) => {
    const link: Link = {
      ...FROM_OUTSIDER,
      receivers: [{ facility: LARKSPUR.facility, organization: 'Organization/larkspur' }],
    };
    const forged = request({
      ...said(),
      from: OUTSIDER,
      referral: `${referral}-X`,
      authority: '2.999.66.1.15',
    });
    await exchange.say(MSH6(forged, facility), link);
    const owners = (await exchange.all('Task', `focus:ServiceRequest.identifier=${referral}-X`)).map(
      ({ owner }) => JSON.stringify(owner),
    );
    expect(owners.filter((owner) => owner.includes('tidewater'))).toEqual([]);
  });

  test('the same order to whom the link reaches is applied', async () => {
    const forged = request({
      ...said(),
      from: OUTSIDER,
      referral: `${referral}-X`,
      authority: '2.999.66.1.15',
    });
    const answer = await exchange.say(MSH6(forged, `^${LARKSPUR.facility}^ISO`), FROM_OUTSIDER);
    expect(answer.fate).toBe('applied');
    const [task] = await exchange.all('Task', `focus:ServiceRequest.identifier=${referral}-X`);
    expect(JSON.stringify(task?.['owner'])).toContain('larkspur');
  });

  test('one’s own sender about another’s referral is about no referral', async () => {
    const before = await charts();
    const answer = await exchange.say(accept({ ...said(), from: OUTSIDER }), FROM_OUTSIDER);
    expect(answer).toMatchObject({ fate: 'work-item' });
    expect(await charts()).toEqual(before);
  });

  test('nor does another’s OID in one’s own Organization make one the sender', async () => {
    const identifier = [{ system: 'urn:ietf:rfc:3986', value: `urn:oid:${TIDEWATER.facility}` }];
    const own = (await exchange.ask(administrator, 'GET', 'Organization/outsider')).json;
    const claimed = await exchange.ask(outsider, 'PUT', 'Organization/outsider', { ...own, identifier });
    expect(claimed.code).toBe('identifier-protected');
    const before = await charts();
    expect((await exchange.say(accept(said()), FROM_OUTSIDER)).fate).toBe('quarantine');
    expect(await charts()).toEqual(before);
  });
});
