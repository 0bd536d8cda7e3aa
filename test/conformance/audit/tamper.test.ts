/**
 * The tamper corpus (rules 4.1): everything that somebody with the database file in hands can do to the trail, and that the
 * verifier finds it. What it cannot find, a truncation behind the last anchor, it names.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describeReport, verifyChain } from '../../../src/stores/embedded/verify/audit-chain.ts';
import { chainHash, GENESIS } from '../../../src/stores/log/chain.ts';
import type { EmbeddedStore } from '../../../src/stores/embedded/open.ts';
import { createEmbeddedWorld } from '../../contract/embedded-world.ts';
import { audit, commitOf, remove, SOUTH, status, tell, write } from '../../contract/store-world.ts';

const world = createEmbeddedWorld({ writer: 'turn' });
let folder: string;
let live: EmbeddedStore;
/** The seq of the last anchor; two commits follow it. */
let anchored: number;

beforeAll(async () => {
  live = await world.open();
  const key = { scope: 's', id: 'k', fingerprint: 'f', reply: { pieces: ['201'], holes: [] } } as const;
  const first = await live.commit(
    commitOf([write('Task/a', { values: [status('x')] })], { key, outbox: [tell('Task/a')] }),
  );
  await live.commit(
    commitOf([write('Task/b'), write('Patient/p', { custodian: SOUTH })], { outbox: [tell('Task/b')] }),
  );
  const second = await live.commit(commitOf([write('Task/a', { base: first.seq, is: 'changed' })]));
  const [entry] = await live.claim(1, 1000);
  await live.commit(commitOf([], { deliveryOutcomes: [{ id: entry!.id, fate: 'refused', why: '404' }] }));
  await Promise.all([1, 2, 3].map((i) => live.record(audit({ event: 'read', entities: [`Task/${i}`] }))));
  const records = [
    { kind: 'account', key: 'north', expect: 'absent', body: { is: 'open' }, index: [['owner', 'x']] },
    { kind: 'account', key: 'south', expect: 'absent', body: { is: 'open' }, expiresAt: 4e12 },
  ] as const;
  await live.commit(commitOf([remove('Task/a', second.seq)], { records }));
  anchored = live.anchor()!.seq;
  await live.record(audit({ event: 'read', entities: ['Task/b'] }));
  await live.commit(commitOf([write('Task/late')]));
  folder = world.copy(live.folder);
});
afterAll(() => world.end());

/** What the verifier says of a copy that was changed so. */
async function faultsAfter(tamper: string | ((db: DatabaseSync) => void)): Promise<readonly string[]> {
  const copy = world.copy(folder);
  const db = new DatabaseSync(join(copy, 'store.db'));
  if (typeof tamper === 'string') db.exec(tamper);
  else tamper(db);
  db.close();
  const report = await verifyChain(copy);
  expect(report.faultCount).toBe(report.faults.length);
  return report.faults.map(({ seq, says }) => `${seq}: ${says}`);
}

/** Computes every hash anew, as somebody would who knows how: the rows are then consistent in themselves. */
function recompute(db: DatabaseSync, from: number): void {
  const rows = db.prepare('SELECT seq, at, members, hash FROM log ORDER BY seq').all();
  let previous = GENESIS;
  for (const { seq, at, members, hash: stored } of rows) {
    const computed = chainHash(previous, Number(seq), Number(at), String(members));
    previous = Number(seq) < from ? Buffer.from(stored as Uint8Array).toString('hex') : computed;
    db.prepare('UPDATE log SET hash = ? WHERE seq = ?').run(Buffer.from(previous, 'hex'), seq!);
  }
}

/** Replaces an audit text and everything that vouches for it inside the database. */
function forgeAudit(db: DatabaseSync, seq: number): void {
  const forged = JSON.stringify([audit({ requestId: 'forged' })]);
  const digest = hash('sha256', JSON.stringify([forged]), 'base64url');
  db.prepare(`UPDATE log SET audit = ?, members = json_set(members, '$.audit', ?) WHERE seq = ?`).run(
    forged,
    digest,
    seq,
  );
  db.prepare(`DELETE FROM audit_index WHERE seq = ? AND key LIKE 'n:%'`).run(seq);
}

test('an untouched store has no fault, and its unanchored tail is named', async () => {
  const report = await verifyChain(folder);
  expect(report).toMatchObject({ commits: anchored + 2, seq: anchored + 2, anchored, faultCount: 0 });
  expect(describeReport(report).map(({ says }) => says)).toEqual([
    `audit chain unbroken: ${anchored + 2} commits`,
    `unanchored tail: commits ${anchored + 1} to ${anchored + 2}, in which a truncation cannot be seen; anchor to end it`,
  ]);
});

test('a live store is verified while it writes', async () => {
  const writing = Promise.all(Array.from({ length: 50 }, () => live.record(audit({ event: 'read' }))));
  expect((await verifyChain(live.folder)).faultCount).toBe(0);
  await writing;
  expect((await live.verify()).every(({ ok }) => ok)).toBe(true);
});

describe('found is', () => {
  test.each([
    // — records
    [
      'an edited record',
      `UPDATE record SET body = replace(body, 'open', 'shut') WHERE key = 'north'`,
      'the record account north was changed',
    ],
    [
      'a record that expires at another time',
      `UPDATE record SET expires = 1 WHERE key = 'south'`,
      'the record account south was changed',
    ],
    [
      'a record that is found by another name',
      `UPDATE record SET indexed = '[["owner","y"]]' WHERE key = 'north'`,
      'the record account north was changed',
    ],
    [
      'an edited index',
      `UPDATE record_index SET value = 'y' WHERE key = 'north'`,
      'the index of the records is not what the records say',
    ],
    [
      'a record taken away',
      `DELETE FROM record WHERE key = 'south'`,
      'the record ["account","south"] is missing',
    ],
    [
      'a record that no commit wrote',
      `INSERT INTO record SELECT kind, 'west', rev, body, expires, '[]' FROM record WHERE key = 'north'`,
      'there are records that no commit wrote',
    ],
    // — the log
    [
      'an edited audit row',
      `UPDATE log SET audit = replace(audit, 'somebody', 'nobody') WHERE seq = 2`,
      '2: its audit rows were changed',
    ],
    ['an edited time', 'UPDATE log SET at = at + 1 WHERE seq = 3', '3: its hash does not follow'],
    [
      'edited members',
      `UPDATE log SET members = replace(members, 'Task/b', 'Task/c') WHERE seq = 2`,
      '2: its hash does not follow',
    ],
    [
      'members that are no JSON',
      `UPDATE log SET members = '{' WHERE seq = 2`,
      '2: its members cannot be read',
    ],
    ['an edited hash', `UPDATE log SET hash = zeroblob(32) WHERE seq = 2`, '2: its hash does not follow'],
    ['a deleted commit', 'DELETE FROM log WHERE seq = 3', '3: commits up to 3 are missing'],
    ['a deleted first commit', 'DELETE FROM log WHERE seq = 1', '1: commits up to 1 are missing'],
    [
      'an inserted commit',
      `INSERT INTO log SELECT seq + 100, at, audit, members, hash FROM log WHERE seq = 1`,
      'are missing from the log',
    ],
    [
      "two commits in each other's place",
      'UPDATE log SET seq = -2 WHERE seq = 2; UPDATE log SET seq = 2 WHERE seq = 3; UPDATE log SET seq = 3 WHERE seq = -2',
      '2: its hash does not follow',
    ],
    ['a log cut off before its anchor', 'DELETE FROM log WHERE seq > 4', 'the log ends here'],
    ['a log emptied', 'DELETE FROM log', 'the log ends here'],
    // — versions
    [
      'an edited text',
      `UPDATE version SET text = replace(text, 'new', 'old') WHERE seq = 2`,
      '2: the version Task/b/_history/2 was changed',
    ],
    [
      'an edited method',
      `UPDATE version SET method = 'PATCH' WHERE seq = 3`,
      '3: the version Task/a/_history/3 was changed',
    ],
    [
      'an edited time of a version',
      'UPDATE version SET at = at - 1 WHERE seq = 3',
      '3: the time of Task/a/_history/3 was changed',
    ],
    [
      'a version made current again',
      `UPDATE version SET ended = 9007199254740991 WHERE seq = 1`,
      '1: the time until which Task/a/_history/1 was current',
    ],
    [
      'a version hidden from search',
      'UPDATE version SET ended = seq WHERE seq = 2',
      'was current was changed',
    ],
    [
      'another custodian',
      `UPDATE resource SET custodian = (SELECT nid FROM name WHERE name = 'Organization/north') WHERE ref = 'Patient/p'`,
      '2: the version Patient/p/_history/2 was changed',
    ],
    ['a deleted version', 'DELETE FROM version WHERE seq = 3', '3: the version Task/a/_history/3 is missing'],
    [
      'an inserted version',
      `INSERT INTO version SELECT NULL, rid, type, 4, ended, at, method, text FROM version WHERE seq = 2 LIMIT 1`,
      'no commit wrote the version Task/b/_history/4',
    ],
    [
      'a text that is gone without an expunge',
      `UPDATE version SET text = NULL WHERE seq = 3`,
      '3: the text of Task/a/_history/3 is gone',
    ],
    [
      "texts in each other's place",
      `UPDATE version SET text = (SELECT text FROM version v WHERE v.seq = 1) WHERE seq = 3`,
      '3: the version Task/a/_history/3 was changed',
    ],
    // — the audit index
    [
      'audit rows hidden from searches',
      `DELETE FROM audit_index WHERE key = 'n:Task/b' AND seq = 2;
       INSERT OR REPLACE INTO meta VALUES ('indexed', 2)`,
      '2: its audit rows are not found by n:Task/b',
    ],
    [
      'audit rows attributed to others',
      `INSERT INTO audit_index VALUES ('n:Patient/x', 2)`,
      'the audit index holds keys',
    ],
    // — the outbox
    [
      'an edited entry',
      `UPDATE outbox SET entry = replace(entry, 'Subscription/1', 'Subscription/2') WHERE seq = 2`,
      '2: the outbox entry 2-0 was changed',
    ],
    ['a deleted entry', 'DELETE FROM outbox WHERE seq = 2', '2: the outbox entry 2-0 is missing'],
    [
      'an inserted entry',
      `INSERT INTO outbox SELECT NULL, '3-0', 3, at, lane, entry, subject, receiver, 0, 0, due, '', '' FROM outbox WHERE seq = 2`,
      '3: no commit wrote the outbox entry 3-0',
    ],
    [
      'an entry that was never delivered, marked as accepted',
      `UPDATE outbox SET state = 2 WHERE seq = 2`,
      'the outbox holds entries that no commit settled',
    ],
    [
      'another end of an entry',
      `UPDATE outbox SET state = 2 WHERE seq = 1`,
      '4: how the outbox entry 1-0 ended was changed',
    ],
    [
      'a settled entry put back',
      `UPDATE outbox SET state = 0 WHERE seq = 1`,
      '4: how the outbox entry 1-0 ended was changed',
    ],
    // — the key
    ['an edited answer of a key', `UPDATE commit_key SET reply = '422'`, '1: the key s k was changed'],
  ])('%s', async (_, tamper, says) => {
    expect(await faultsAfter(tamper)).toContainEqual(expect.stringContaining(says));
  });

  test('a forged row with the whole chain computed anew, by the anchor', async () => {
    const faults = await faultsAfter((db) => {
      forgeAudit(db, 2);
      recompute(db, 2);
    });
    expect(faults).toContainEqual(
      `${anchored}: the anchor says another hash: the chain was computed anew up to here`,
    );
  });

  test('a truncation that takes everything along, by the anchor', async () => {
    const faults = await faultsAfter((db) => {
      for (const table of ['log', 'version', 'outbox', 'audit_index', 'commit_key'])
        db.exec(`DELETE FROM ${table} WHERE seq > 5`);
      db.exec('UPDATE version SET ended = 9007199254740991 WHERE seq = 3');
    });
    expect(faults).toContainEqual(expect.stringContaining(`commit ${anchored} was anchored: it was cut off`));
  });

  test('an anchor made unreadable', async () => {
    const copy = world.copy(folder);
    writeFileSync(join(copy, 'anchors.jsonl'), 'nothing to see\n');
    expect((await verifyChain(copy)).faults).toMatchObject([
      { says: '1 lines of the file of anchors cannot be read' },
    ]);
  });

  test('an edited anchor', async () => {
    const copy = world.copy(folder);
    const file = join(copy, 'anchors.jsonl');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"hash":"...../, '"hash":"00000'));
    expect((await verifyChain(copy)).faults).toMatchObject([{ seq: anchored }]);
  });
});

test('a last anchor that a crash cut off is taken away, and the next one stands on a line of its own', async () => {
  const store = await world.open();
  await store.commit(commitOf([write('Task/a')]));
  await store.close();
  const file = join(store.folder, 'anchors.jsonl');
  writeFileSync(file, '{"seq":2,"at', { flag: 'a' });
  const after = await world.open({ folder: store.folder });
  await after.commit(commitOf([write('Task/b')]));
  await after.close();
  expect(
    readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.slice(0, 9)),
  ).toEqual(['{"seq":1,', '{"seq":2,', '']);
  expect((await verifyChain(store.folder)).faultCount).toBe(0);
});

test('an expunge that the trail tells of is no fault', async () => {
  const store = await world.open();
  const { seq } = await store.commit(commitOf([write('Task/a')]));
  const version = `Task/a/_history/${seq}`;
  await store.commit(
    commitOf([], { audit: [audit({ event: 'expunge', action: 'D', entities: [version] })] }),
  );
  const copy = world.copy(store.folder);
  const db = new DatabaseSync(join(copy, 'store.db'));
  db.exec('UPDATE version SET text = NULL');
  db.close();
  expect((await verifyChain(copy)).faultCount).toBe(0);
});
