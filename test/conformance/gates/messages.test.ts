/** A message that tells what may not be told yet: it is kept, and waits for a consent (compliance K4, harmony Z44). */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import * as make from '../../resources.ts';
import { refOf, type Stored } from '../../world.ts';
import {
  LARKSPUR,
  larkspur,
  openExchange,
  request,
  TIDEWATER,
  tidewater,
  type Exchange,
} from '../hl7v2/exchange.ts';

let exchange: Exchange;
beforeEach(async () => {
  exchange = await openExchange();
});
afterEach(() => exchange.close());

const FIRST = request({ at: 0, id: 'L-0' });
const SECOND = request({ at: 5, id: 'L-5', referral: 'R-2' });

/** The patient of the first message denies the recipient of the next ones. */
async function deny(): Promise<Stored> {
  const [patient] = await exchange.all('Patient');
  if (patient === undefined) throw new Error('the message made a patient');
  return exchange.create(larkspur, make.consent(refOf(patient), { provision: { type: 'deny' } }));
}

test('is acknowledged with AA and a warning 207, is its sender’s alone, and asks its sender', async () => {
  await exchange.say(FIRST);
  await deny();
  const told = await exchange.say(SECOND);
  expect([told.fate, told.code]).toEqual(['work-item', 'AA']);
  expect(told.remarks.map(({ code, severity, issue }) => [code, severity, issue])).toEqual([
    ['207', 'W', 'consent-needed'],
  ]);
  const [item, ...others] = await exchange.workItems();
  expect([item?.kind, item?.owner, others]).toEqual(['consent-needed', `Organization/${LARKSPUR.id}`, []]);
  expect(await exchange.all('ServiceRequest', 'identifier=R-2')).toEqual([]);
  const { entry: seen = [] } = await exchange.bundle(tidewater, 'DocumentReference');
  expect(seen.map(({ resource }) => resource?.id)).not.toContain(String(item?.task['focus']).split('/')[1]);
  expect(await exchange.ask(tidewater, 'GET', refOf(item?.task as Stored))).toMatchObject({ status: 404 });
});

test('is applied when its sender ends what denies it, and the earlier one first', async () => {
  await exchange.say(FIRST);
  const consent = await deny();
  await exchange.say(request({ at: 9, id: 'L-9', referral: 'R-3' }));
  await exchange.say(SECOND);
  const ended = await exchange.ask(larkspur, 'PUT', refOf(consent), { ...consent, status: 'inactive' });
  expect(ended.status).toBe(200);
  await exchange.engine.messages.waiting.touched([refOf(consent)]);
  expect((await exchange.workItems()).map(({ kind }) => kind)).toEqual([]);
  const orders = await exchange.all('ServiceRequest');
  expect(orders).toHaveLength(3);
  expect(TIDEWATER.id).not.toBe('');
});

test('waits on where something else was captured', async () => {
  await exchange.say(FIRST);
  await deny();
  await exchange.say(SECOND);
  const [patient] = await exchange.all('Patient');
  const other = await exchange.create(
    larkspur,
    make.consent(refOf(patient as Stored), { status: 'inactive' }),
  );
  await exchange.engine.messages.waiting.touched([refOf(other)]);
  expect((await exchange.workItems()).map(({ kind }) => kind)).toEqual(['consent-needed']);
});
