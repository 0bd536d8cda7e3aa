/** The server whose log is in MongoDB, and the database with it, killed again and again under load (ADR 0028). */
import { expect, test } from '@jest/globals';
import { killWithDatabase } from '../../../tools/durability/mongodb-kill.ts';
import { describeJudged } from '../../judges.ts';
import { proofOf } from '../../proof.ts';

const proof = proofOf('mongodb');
const { runs: kills, seed, within } = proof;

describeJudged(
  'mongodb_program',
  'a server and its database, killed',
  (program) =>
    test(
      'nothing acknowledged is lost, doubled or renumbered, and the log alone holds all of it',
      async () => {
        const report = await killWithDatabase({ kills, clients: 6, seed, program });
        expect(report).toMatchObject({ faults: [], kills });
        // A run that did nothing would find nothing.
        expect(report.acknowledged).toBeGreaterThan(kills * 3);
        expect(report.reads).toBeGreaterThan(kills * 3);
        expect(report.deliveries).toBeGreaterThan(0);
        expect(report.emptied).toBeGreaterThan(0);
        expect(report.killsOfDatabase).toBeGreaterThan(0);
      },
      within(40_000),
    ),
  proof,
);
