/** A search that the store ended is 503, whichever part of a request had searched (rules 3.4). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { SearchRefused, type Store } from '../../../src/ports/store.ts';
import { openDoor } from '../fhir-http/door.ts';
import * as make from '../../resources.ts';
import { administratorFor, initiator, openWorld, type World } from '../../world.ts';

let world: World;
/** Its FHIR engine asks the store of the other, whose searches are all ended. */
let deaf: World;
beforeAll(async () => {
  world = await openWorld();
  await world.seedDirectory('initiator', 'recipient');
  await world.ask(administratorFor('initiator'), 'PUT', 'Patient/p', { ...make.patient(), id: 'p' });
  deaf = await openWorld({ engine: { store: ending(world.store, 'too-costly') } });
});
afterAll(() => Promise.all([deaf.close(), world.close()]));

/** The store, with every search ended. */
function ending(store: Store, reason: SearchRefused['reason']): Store {
  const search = (): Promise<never> => Promise.reject(new SearchRefused(reason));
  return {
    ...store,
    snapshot: (seq) => ({ ...store.snapshot(seq), search }),
    commitExclusively: (plan) => store.commitExclusively((latest) => plan({ ...latest, search })),
  };
}

test.each([
  ['a search', 'GET', 'Task?status=requested', undefined, {}],
  ['a conditional create', 'POST', 'Patient', make.patient(), { ifNoneExist: 'identifier=a|b' }],
  ['a conditional update', 'PUT', 'Patient?identifier=a|b', make.patient(), {}],
  ['a conditional delete', 'DELETE', 'Patient?identifier=a|b', undefined, {}],
  ['everything of a patient', 'GET', 'Patient/p/$everything', undefined, {}],
  ['the profiles in use', 'GET', '$meta', undefined, {}],
] as const)('(rules 3.4) %s', async (_what, method, url, body, headers) => {
  const { status, code } = await deaf.ask(initiator, method, url, body, headers);
  expect([status, code]).toEqual([503, 'search-too-costly']);
});

test('(rules 3.4) a search at the door, for the organization of a token', async () => {
  const door = await openDoor({
    bearer: { findOrganization: () => Promise.reject(new SearchRefused('too-costly')) },
  });
  const response = await door.fetch('/Task');
  expect(response.status).toBe(503);
  expect(await response.text()).toContain('search-too-costly');
  await door.close();
});
