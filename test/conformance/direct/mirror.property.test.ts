/**
 * Whatever one server mails, another of its kind applies: random referrals between two real servers over SMTP, both ways,
 * every transaction of 360X, to the outcome and to each other end. (direct-xdm 8, 14)
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readXdm } from '../../../src/direct/xdm/read-package.ts';
import { openLetter } from '../../../tools/direct/correspondent.ts';
import * as fc from '../../chance.ts';
import { proofOf } from '../../proof.ts';
import { lives, makeMove, refer, standingsOf, WHOLE } from './life.ts';
import { openDirectPair, type DirectPair } from './pair.ts';

const { runs, seed, within } = proofOf('direct');

let pair: DirectPair;
beforeAll(async () => {
  pair = await openDirectPair();
}, 60_000);
afterAll(() => pair.close());

/** Work items on both sides that say that something did not go through. */
async function complaints(): Promise<readonly string[]> {
  const found = await Promise.all(
    [pair.alder, pair.tarn].map(({ server }) =>
      server.search(
        'administrator',
        'Task?code=https://closeloop.dev/fhir/CodeSystem/work-item|&status=requested',
      ),
    ),
  );
  return found.flat().map(({ id, code, description }) => {
    const { coding = [] } = code as { readonly coding?: readonly { readonly code: string }[] };
    return `${String(coding[0]?.code)} ${id}: ${String(description)}`;
  });
}

describe('(direct-xdm 8) what one server mails', () => {
  test(
    'another applies',
    async () => {
      await fc.assert(
        fc.asyncProperty(lives, async (life) => {
          const before = new Set(await complaints());
          const number = await refer(pair, life);
          await pair.settle();
          for (const step of life.moves) {
            await makeMove(pair, life, number, step);
            await pair.settle();
          }
          const [one, other] = await standingsOf(pair, number);
          expect(one).toBeDefined();
          const isSuperState = one?.code === '' || other?.code === '';
          expect({ ...other, ...(isSuperState && { code: one?.code }) }).toEqual(one);
          expect((await complaints()).filter((each) => !before.has(each))).toEqual([]);
        }),
        { numRuns: runs, seed, examples: WHOLE.map((life) => [life]) },
      );
    },
    within(6000),
  );

  test('is every transaction of 360X, each way, with its notifications', async () => {
    const kinds: Record<string, Set<string>> = {};
    for (const { to, bytes } of pair.office.carried) {
      const party = to === pair.world.initiator.address ? pair.world.initiator : pair.world.recipient;
      const { mail, dispositions } = await openLetter(party, bytes);
      const told = (kinds[to] ??= new Set());
      for (const { outcome } of dispositions) told.add(outcome);
      for (const { contentType, bytes: zip } of mail.parts) {
        if (contentType !== 'application/zip') continue;
        const reading = await readXdm(zip);
        if (reading.kind !== 'package') throw new Error(reading.fault.code);
        told.add(reading.submission.documents[0]?.formatCode?.code ?? '');
      }
    }
    const formats = ['OMG:O19', 'OSU:O51', 'SIU:S12', 'SIU:S13', 'SIU:S15', 'SIU:S26'].map(
      (message) => `urn:ihe:pcc:360x:hl7:${message}:2017`,
    );
    for (const told of Object.values(kinds))
      expect([...told]).toEqual(expect.arrayContaining([...formats, 'processed', 'dispatched']));
    expect(Object.keys(kinds)).toHaveLength(2);
  });
});
