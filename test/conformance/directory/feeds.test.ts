/** Clinicians of a feed are found again (docs/directory.md): a sender's hundredth order names nobody new. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openExchange, request, type Exchange } from '../hl7v2/exchange.ts';

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
