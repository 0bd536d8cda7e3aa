/** The demonstration on MongoDB: the same two referrals, in a database of its own that is gone afterwards. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { childEnv } from '../../child-env.ts';
import { describeJudged } from '../../judges.ts';

const TOP = join(import.meta.dirname, '../../..');

describeJudged('mongodb', 'the demonstration on MongoDB', (uri) => {
  const databases = async (): Promise<readonly string[]> => {
    const client = new MongoClient(uri);
    const { databases: found } = await client.db().admin().listDatabases({ nameOnly: true });
    await client.close();
    return found.map(({ name }) => name).filter((name) => name.startsWith('closeloop_demo_'));
  };

  test('plays to the end and leaves nothing', async () => {
    const before = await databases();
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['tools/demo.ts', '--once', '--store', uri],
      { cwd: TOP, env: childEnv(), encoding: 'utf8' },
    );
    expect([status, stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'))]).toEqual([
      0,
      [],
    ]);
    expect(stdout.match(/TID 16 send-referral-outcome/g)).toHaveLength(4);
    expect(await databases()).toEqual(before);
  }, 60_000);

  test('that cannot begin says in one line why', () => {
    const argv = ['tools/demo.ts', '--once', '--store', 'mongodb://u:open-sesame@127.0.0.1:1/'];
    const { status, stderr } = spawnSync(process.execPath, argv, {
      cwd: TOP,
      env: childEnv(),
      encoding: 'utf8',
    });
    const said = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
    expect([status, said]).toEqual([1, [expect.stringMatching(/^No primary of the database answers/)]]);
    expect(stderr).not.toContain('open-sesame');
  }, 60_000);
});
