/** Clinicians of a feed are found again (docs/directory.md): a sender's hundredth order names nobody new. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { accept, book, openExchange, request, type Exchange } from '../hl7v2/exchange.ts';

let exchange: Exchange;
beforeAll(async () => {
  exchange = await openExchange();
});
afterAll(() => exchange.close());

const ORDERER = /\|1999999984\^Okafor\^Ngozi\^R\^\^\^MD\^[^|]*/g;
let sent = 0;

/** Three orders that name the orderer so; how many persons and roles they add. */
async function added(...orderers: readonly string[]): Promise<readonly number[]> {
  const count = async () => [
    (await exchange.all('Practitioner')).length,
    (await exchange.all('PractitionerRole')).length,
  ];
  const before = await count();
  for (const orderer of orderers) {
    sent += 1;
    const message = request({ at: sent, id: `F-${sent}`, referral: `R-F-${sent}` });
    expect(message).toMatch(ORDERER);
    expect(
      (
        await exchange.say(
          (orderer === '' ? message.replace('|360X', '|') : message).replaceAll(ORDERER, `|${orderer}`),
        )
      ).code,
    ).toBe('AA');
  }
  return (await count()).map((now, at) => now - (before[at] ?? 0));
}

test.each([
  [
    'a number',
    [
      '1999999984^Okafor^Ngozi^^^^MD^^&2.16.840.1.113883.4.6&ISO',
      '1999999984^Okafor^N^^^^MD^^&2.16.840.1.113883.4.6&ISO',
    ],
    [1, 1],
  ],
  ['a name alone', ['^Öztürk^Ayşe', '^OZTURK^AYSE', '^Öztürk^Ayşe'], [1, 1]],
  ['another name', ['^Öztürk^Deniz', '^Öztürk^Deniz'], [1, 1]],
  ['a number without an authority', ['D-1^Smith^Jo', 'D-1^Smith^Jo', 'D-2^Smith^Jo'], [2, 2]],
  ['nobody', ['', '', ''], [0, 1]],
])('(directory DR32) by %s', async (_by, orderers, expected) => {
  expect(await added(...orderers)).toEqual(expected);
});

test('(directory DR32) a hundred orders of one sender make one person, one role, and no organization or place', async () => {
  const types = ['Practitioner', 'PractitionerRole', 'Organization', 'Location'];
  const count = () => Promise.all(types.map(async (type) => (await exchange.all(type)).length));
  const before = await count();
  const sentBefore = sent;
  for (let at = 1; at <= 100; at += 1) {
    sent += 1;
    const message = request({ at: sent, id: `H-${at}`, referral: `R-H-${at}` });
    const orderer = '1245319599^Hundred^Hana^^^^MD^^&2.16.840.1.113883.4.6&ISO';
    expect((await exchange.say(message.replaceAll(ORDERER, `|${orderer}`))).code).toBe('AA');
  }
  expect(sent - sentBefore).toBe(100);
  expect((await count()).map((now, at) => now - (before[at] ?? 0))).toEqual([1, 1, 0, 0]);
});

test('(directory DR32) visits name their places in words, and make no Location', async () => {
  const referral = 'R-F-PLACE';
  sent += 1;
  await exchange.say(request({ at: sent, id: 'P-1', referral }));
  await exchange.say(accept({ at: sent + 1, id: 'P-2', referral }));
  const visit = book({ at: sent + 2, id: 'P-3', referral }) + '\nAIL|1|A|^^^^^^^^Fairmont Clinic';
  expect((await exchange.say(visit)).code).toBe('AA');
  const [appointment] = await exchange.all('Appointment');
  expect(JSON.stringify(appointment)).toContain('Fairmont Clinic');
  expect(await exchange.all('Location')).toEqual([]);
});
