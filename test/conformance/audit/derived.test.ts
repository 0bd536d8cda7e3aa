/**
 * Edits of what is derived from the log (rules 4.1): who sees what, what searches find, where deliveries go. No digest covers
 * these rows; they are computed again and compared.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DERIVATION } from '../../../src/operations/values.ts';
import { verifyChain } from '../../../src/stores/embedded/verify/audit-chain.ts';
import { describeDerived, verifyDerived } from '../../../src/stores/embedded/verify/derived-proof.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';

let server: TestServer;
let folder: string;
const root = mkdtempSync(join(tmpdir(), 'closeloop-derived-'));

beforeAll(async () => {
  server = await openServer(['initiator', 'recipient', 'stranger']);
  const patient = await server.create('initiator', make.patient());
  const subject = `Patient/${patient.id}` as const;
  const order = make.serviceRequest({
    subject,
    requester: 'Organization/initiator',
    performer: 'Organization/recipient',
  });
  const { id } = await server.create('initiator', order);
  const [task] = await server.search('recipient', `Task?focus=ServiceRequest/${id}`);
  const accept = [{ op: 'replace', path: '/status', value: 'accepted' }];
  await server.ask('recipient', 'PATCH', `Task/${task?.id}`, accept);
  await server.create('initiator', make.observation(subject));
  const stray = await server.create('initiator', make.patient({ name: [{ family: 'Unreached' }] }));
  await server.ask('initiator', 'DELETE', `Patient/${stray.id}`);
  await server.create('stranger', make.patient({ name: [{ family: 'Secret' }] }));
  await server.search('initiator', 'Patient?_content=secret');
  const denying = {
    provision: {
      type: 'deny',
      period: { start: '2020-01-01' },
      actor: [{ role: { text: 'recipient' }, reference: make.to('PractitionerRole/recipient') }],
    },
  };
  await server.create('initiator', make.consent(subject, denying));
  await server.search('recipient', 'Task');
  await server.running.stop();
  folder = join(root, 'sound');
  cpSync((server.running.store as unknown as { folder: string }).folder, folder, { recursive: true });
}, 60_000);
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

let copies = 0;

function faultsAfter(
  tamper: string,
  file = 'store.db',
): { readonly folder: string; readonly faults: readonly string[] } {
  const copy = join(root, `copy-${(copies += 1)}`);
  cpSync(folder, copy, { recursive: true });
  const db = new DatabaseSync(join(copy, file));
  db.exec(tamper);
  db.close();
  const report = verifyDerived(copy, DERIVATION);
  return { folder: copy, faults: report.faults.map(({ says }) => says) };
}

test('(rules 4.1) an untouched store has no fault', async () => {
  expect(describeDerived(verifyDerived(folder, DERIVATION))).toEqual([
    { ok: true, says: expect.stringMatching(/^derived tables are as \d+ versions give them$/) },
  ]);
  expect((await verifyChain(folder)).faultCount).toBe(0);
});

const STRANGER = `(SELECT nid FROM name WHERE name = 'Organization/stranger')`;
const RECIPIENT = `(SELECT nid FROM name WHERE name = 'Organization/recipient')`;

describe('(rules 4.1) found is, and the chain alone does not tell it', () => {
  test.each<[what: string, tamper: string, table: string]>([
    [
      'sight given to a stranger',
      `INSERT INTO sight SELECT ${STRANGER}, rid, root, since, ended FROM sight WHERE org = ${RECIPIENT}`,
      'sight: no commit gives a row',
    ],
    ['sight taken away', `DELETE FROM sight WHERE org = ${RECIPIENT}`, 'sight: a row is missing'],
    [
      'sight that ended',
      `UPDATE sight SET ended = since WHERE org = ${RECIPIENT}`,
      'sight: a row is missing',
    ],
    [
      'a party added',
      `INSERT INTO party SELECT root, ${STRANGER} FROM party LIMIT 1`,
      'party: no commit gives a row',
    ],
    ['a party taken away', `DELETE FROM party WHERE org = ${RECIPIENT}`, 'party: a row is missing'],
    [
      'an edge to what is not reached',
      `INSERT INTO edge SELECT r.rid, s.rid, r.rid FROM resource r, resource s WHERE r.ref LIKE 'Task/%' AND s.ref LIKE 'Observation/%' LIMIT 1`,
      'edge: no commit gives a row',
    ],
    ['an edge taken away', 'DELETE FROM edge', 'edge: a row is missing'],
    [
      'a resource that everybody sees',
      `UPDATE resource SET everyone = 1 WHERE ref LIKE 'Patient/%'`,
      'resource: no commit gives a row',
    ],
    [
      'a resource of another type',
      `UPDATE version SET type = (SELECT nid FROM name WHERE name = 'Task') WHERE rid IN (SELECT rid FROM resource WHERE ref LIKE 'Patient/%')`,
      'is kept as a Task',
    ],
    [
      'a search value changed',
      `UPDATE OR IGNORE value SET low = 'sick', high = 'sick' WHERE low = 'secret'`,
      'is not found by',
    ],
    [
      'search values taken away',
      `DELETE FROM value WHERE vid IN (SELECT vid FROM version WHERE rid IN (SELECT rid FROM resource WHERE ref LIKE 'Task/%'))`,
      'is not found by',
    ],
    [
      'a search value added',
      `INSERT INTO value SELECT pid, 'other', vid, 'other' FROM value LIMIT 1`,
      'is found by',
    ],
    [
      'search values of a version that is not there',
      `INSERT INTO value SELECT pid, low, 999999, high FROM value LIMIT 1`,
      'rows of versions that are not there',
    ],
    [
      "names in each other's place",
      `UPDATE name SET name = 'x' WHERE nid = ${STRANGER}; UPDATE name SET name = 'Organization/stranger' WHERE nid = ${RECIPIENT}; UPDATE name SET name = 'Organization/recipient' WHERE name = 'x'`,
      'party: ',
    ],
    ['an entry told to another', `UPDATE outbox SET receiver = 'Endpoint/stranger'`, 'outbox: the entry'],
    ['an entry in another lane', `UPDATE outbox SET lane = 'capture|x|y'`, 'outbox: the entry'],
    ['an entry about another', `UPDATE outbox SET subject = 'Task/other'`, 'outbox: the entry'],
    [
      'an entry that is never due',
      `UPDATE outbox SET state = 0, due = ${Number.MAX_SAFE_INTEGER}`,
      'outbox: the entry',
    ],
    ['a denial taken away', 'DELETE FROM denial', 'denial: a row is missing'],
    ['a denial that denies others', `UPDATE denial SET keeper = ${STRANGER}`, 'denial: a row is missing'],
    ['sight of the denied', 'DELETE FROM denied', 'denied: a row is missing'],
    ['a denial that ends', 'UPDATE denied SET until = since + 1', 'denied: a row is missing'],
    ['a patient taken from what is about it', 'DELETE FROM about', 'about: a row is missing'],
    [
      'what was never received',
      `INSERT OR IGNORE INTO received SELECT ${RECIPIENT}, rid, 1 FROM resource WHERE ref LIKE 'Patient/%'`,
      'received: nothing gives a row',
    ],
    ['what was received taken away', 'DELETE FROM received', 'received: a row is missing'],
    ['words taken from the text index', 'DELETE FROM words', 'text index: the words of'],
    [
      'words added to the text index',
      `INSERT OR REPLACE INTO words (rowid, type, narrative, content) SELECT 1, 'patient', '', 'planted'`,
      'text index: the words of',
    ],
  ])('%s', (_what, tamper, says) => {
    const file = says.startsWith('text index') ? 'store-text.db' : 'store.db';
    expect(faultsAfter(tamper, file).faults).toContainEqual(expect.stringContaining(says));
  });
});

test('(rules 4.1) a folder of an earlier program is compared as far as its log goes, and says so', () => {
  const members = `UPDATE log SET members = json_remove(members, '$.p')`;
  const { folder: copy, faults } = faultsAfter(members);
  expect(faults).toEqual([]);
  expect(verifyDerived(copy, DERIVATION).notes).toEqual([expect.stringContaining('of an earlier program')]);
  const given = `INSERT INTO sight SELECT ${STRANGER}, rid, root, since, ended FROM sight WHERE org = ${RECIPIENT}`;
  expect(faultsAfter(`${members}; ${given}`).faults).toContainEqual(
    expect.stringContaining('sight: no commit gives a row'),
  );
});
