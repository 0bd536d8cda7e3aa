/** The memory of callers: what a commit concerns is forgotten, also where it comes while the caller is being found. */
import { describe, expect, test } from '@jest/globals';
import { createKnownCallers } from '../../../../src/http/auth/known-callers.ts';
import type { Commit, Snapshot, StoreFollower } from '../../../../src/ports/store.ts';

const SNAPSHOT = {
  record: async () => undefined,
  read: async () => undefined,
  records: async () => [],
} as unknown as Snapshot; // what is asked here

const commit = (given: Partial<Commit>): Commit => ({
  writes: [],
  preconditions: [],
  expects: [],
  audit: [],
  outbox: [],
  deliveryOutcomes: [],
  ...given,
});
const wrote = (kind: string, key: string) =>
  commit({ records: [{ kind, key, expect: 'any', body: undefined }] });

const WRITE: Commit['writes'][number] = {
  ref: 'Organization/a',
  method: 'PUT',
  base: 1,
  text: undefined,
  custodian: '',
  values: [],
  reach: { reaches: [], parties: [] } as unknown as Commit['writes'][number]['reach'], // not looked at
};

function open(max = 10) {
  const followers: StoreFollower[] = [];
  const known = createKnownCallers<string>((told) => void followers.push(told), max);
  const tell: StoreFollower = (commits) => {
    for (const told of followers) told(commits);
  };
  /** Found by its session and by the records of token and account. */
  async function find(key: string, meanwhile = (): void => undefined): Promise<void> {
    const finding = known.find(SNAPSHOT);
    await finding.snapshot.record('access-token', key);
    finding.noteRecord('session', 's');
    await finding.snapshot.read('Organization/a', { everything: true });
    meanwhile();
    finding.keep(key, `caller of ${key}`, 1000);
    finding.end();
  }
  return { known, tell, find };
}

describe('(smart SM-63) what is known of a token', () => {
  test.each<[string, readonly Commit[] | undefined, boolean]>([
    ['its own record', [wrote('access-token', 'k')], false],
    ['a record noted beside', [wrote('session', 's')], false],
    ['a resource that was read', [commit({ writes: [WRITE] })], false],
    ['a kind of party', [commit({ kinds: [{} as NonNullable<Commit['kinds']>[number]] })], false],
    ['the register of identifiers', [wrote('register', 'x')], false],
    ['anything, as another node may', undefined, false],
    ['another token', [wrote('access-token', 'other')], true],
    ['another kind with the same key', [wrote('tab', 's')], true],
  ])('after a commit of %s', async (_what, told, stays) => {
    const { known, tell, find } = open();
    await find('k');
    expect(known.get('k', 0)).toBe('caller of k');
    tell(told);
    expect(known.get('k', 0)).toBe(stays ? 'caller of k' : undefined);
    await find('m', () => tell(told));
    expect(known.get('m', 0)).toBe(stays || told?.[0]?.records?.[0]?.key === 'k' ? 'caller of m' : undefined);
  });

  test('lasts no longer than it may, and no more than so many', async () => {
    const { known, find } = open(2);
    for (const key of ['a', 'b', 'c']) await find(key);
    expect(['a', 'b', 'c'].map((key) => known.get(key, 999) !== undefined)).toEqual([false, true, true]);
    expect(known.get('c', 1000)).toBeUndefined();
    const { known: none, find: findNone } = open(0);
    await findNone('a');
    expect(none.get('a', 0)).toBeUndefined();
  });

  test('is nothing where it was found by searching', async () => {
    const { known } = open();
    const finding = known.find(SNAPSHOT);
    await finding.snapshot.records('account', 'link', 'Patient/1');
    finding.keep('k', 'caller', 1000);
    expect(known.get('k', 0)).toBeUndefined();
  });
});
