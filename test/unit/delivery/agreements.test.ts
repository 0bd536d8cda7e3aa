/** Which Contracts a policy is handed as the agreements of two organizations, on a real store. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { agreementsOf, contractsUnder } from '../../../src/delivery/agreements.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import { openWorld, type Stored, type World } from '../../contract/delivery-world.ts';

const A: Ref = 'Organization/a';
const B: Ref = 'Organization/b';
const C: Ref = 'Organization/c';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const contract = (id: string, authority: Ref, signer: Ref, status = 'executed'): Stored => ({
  resourceType: 'Contract',
  id,
  status,
  authority: [{ reference: authority }],
  signer: [{ type: { code: 'GRANTEE' }, party: { reference: signer }, signature: [] }],
});

test('(compliance L1) executed Contracts under the authority of either, that name the other', async () => {
  await world.put(contract('a-b', A, B));
  await world.put(contract('b-a', B, A));
  await world.put(contract('a-c', A, C));
  await world.put(contract('ended', A, B, 'terminated'));
  const { matches } = await world.store.snapshot().search(contractsUnder(A, B));
  expect(
    agreementsOf(matches, A, B)
      .map(({ id = '' }) => id)
      .toSorted(),
  ).toEqual(['a-b', 'b-a']);
});
