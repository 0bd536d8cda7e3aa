/** One step of a delivery reads each version once, in the server's own sight alone. */
import { expect, test } from '@jest/globals';
import { readOnce } from '../../../src/delivery/read-once.ts';
import { EVERYTHING } from '../../../src/ports/query.ts';
import { resourceOf } from '../../../src/ports/stored-resource.ts';
import { openWorld, SUBSCRIBER } from '../../contract/delivery-world.ts';

test('the same version of the same snapshot is read once, and parsed once', async () => {
  const world = await openWorld();
  const seq = await world.put({ resourceType: 'Task', id: 't', status: 'requested' });
  await world.put({ resourceType: 'Task', id: 't', status: 'accepted' });
  const asked: string[] = [];
  const snapshot = world.store.snapshot(seq);
  const counted = {
    ...snapshot,
    read: (...[ref, sight]: Parameters<typeof snapshot.read>) => {
      asked.push(ref);
      return snapshot.read(ref, sight);
    },
  };
  const once = readOnce(counted);
  const first = await once.read('Task/t', EVERYTHING);
  expect(await once.read('Task/t', EVERYTHING)).toBe(first);
  expect(asked).toEqual(['Task/t']);
  expect(resourceOf(first)).toBe(resourceOf(first));
  expect(resourceOf(first)).toMatchObject({ status: 'requested' });
  expect(await once.read('Task/none', EVERYTHING)).toBeUndefined();
  const sight = { everything: false, organization: SUBSCRIBER } as const;
  await once.read('Task/t', sight);
  await once.read('Task/t', sight);
  expect(asked).toEqual(['Task/t', 'Task/none', 'Task/t', 'Task/t']);
  await world.close();
});
