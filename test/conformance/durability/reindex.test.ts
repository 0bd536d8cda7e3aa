/** Search values taken anew from what is stored: `npm run admin -- reindex`, after an upgrade that finds by other values. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { valuesOf } from '../../../src/operations/values.ts';
import { hasCurrentValues, reindexFolder } from '../../../src/stores/embedded/folder/reindex.ts';
import { startServer } from '../../../tools/durability/server-process.ts';
import { pathsOf } from '../../../src/stores/embedded/folder/folder.ts';
import { childEnv } from '../../child-env.ts';

const TOOLS = join(import.meta.dirname, '../../../tools');
const OBSERVATIONS = 700;

let folder: string;
let written: readonly unknown[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'closeloop-reindex-'));
  const file = join(folder, 'first.json');
  writeFileSync(file, JSON.stringify(resources()));
  const { code, err } = await run('admin', 'import', file, '--custodian', 'Organization/clinic');
  if (code !== 0) throw new Error(err);
  written = rowsOf();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function resources(): readonly object[] {
  const observation = (value: number): object => ({
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '39156-5' }] },
    valueQuantity: { value, unit: 'kg/m2', system: 'http://unitsofmeasure.org', code: 'kg/m2' },
  });
  return [
    { resourceType: 'Organization', id: 'clinic', name: 'Clinic' },
    { resourceType: 'Patient', id: 'ana', name: [{ family: 'Ångström', given: ['Ana'] }] },
    ...Array.from({ length: OBSERVATIONS }, (_, i) => observation(i)),
  ];
}

function run(tool: 'admin' | 'doctor' | 'audit', ...argv: readonly string[]) {
  const where = tool === 'audit' ? ['--data', folder] : ['--data-dir', folder];
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(
      process.execPath,
      [join(TOOLS, `${tool}.ts`), ...argv, ...where],
      { env: childEnv() },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

function inStore<T>(work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(pathsOf(folder).database);
  try {
    return work(db);
  } finally {
    db.close();
  }
}

const rowsOf = (): readonly unknown[] =>
  inStore((db) =>
    db
      .prepare('SELECT name, vid, low, high FROM value JOIN name ON nid = pid ORDER BY name, vid, low, high')
      .all(),
  );

/** As an earlier version left it, that knew no quantities and called something by a name that is gone. */
const age = (): void =>
  inStore((db) => {
    db.exec(`DELETE FROM value WHERE pid IN (SELECT nid FROM name WHERE name LIKE '%quantity%');
      INSERT OR IGNORE INTO name (name) VALUES ('Observation.gone');
      INSERT INTO value SELECT (SELECT nid FROM name WHERE name = 'Observation.gone'), 'x', vid, '' FROM version
        WHERE text IS NOT NULL;
      UPDATE meta SET value = 1 WHERE key = 'values'`);
  });

test('what is new is current', async () => {
  expect(written.length).toBeGreaterThan(OBSERVATIONS * 5);
  expect(hasCurrentValues(folder)).toBe(true);
  expect((await run('doctor')).out).toContain('✓ store     searches find all that is stored');
});

test('doctor says what to do; afterwards the values are what a new folder has, and the chain is sound', async () => {
  age();
  expect(rowsOf()).not.toEqual(written);
  const server = startServer({ folder, settings: ['--demo'] });
  await server.ready;
  await server.end('SIGTERM');
  expect(server.said()).toContain('searches do not find all that was written by an earlier version');
  expect((await run('doctor')).out).toMatch(/✗ store {5}searches do not find all .*npm run admin -- reindex/);
  const { code, out } = await run('admin', 'reindex');
  expect([code, out]).toEqual([0, `${OBSERVATIONS + 2} versions reindexed\n`]);
  expect(rowsOf()).toEqual(written);
  expect(hasCurrentValues(folder)).toBe(true);
  expect((await run('audit', 'verify')).code).toBe(0);
});

test('stopped in the middle it is not current, and begun again it is done', () => {
  age();
  const stop = (): never => {
    throw new Error('stopped');
  };
  expect(() => reindexFolder({ folder, valuesOf, onStep: stop })).toThrow('stopped');
  expect(hasCurrentValues(folder)).toBe(false);
  expect(rowsOf()).not.toEqual(written);
  const steps: number[] = [];
  reindexFolder({ folder, valuesOf, onStep: (versions) => steps.push(versions) });
  expect(steps).toEqual([500, OBSERVATIONS + 2]);
  expect(rowsOf()).toEqual(written);
  expect(hasCurrentValues(folder)).toBe(true);
});

test('a folder in use is refused by name, and other words of the command are explained', async () => {
  const holder = new DatabaseSync(pathsOf(folder).lock);
  holder.exec('BEGIN EXCLUSIVE');
  expect(await run('admin', 'reindex')).toMatchObject({
    code: 1,
    err: expect.stringMatching(/is in use by/),
  });
  holder.close();
  expect(await run('admin', 'reorder')).toMatchObject({
    code: 2,
    err: expect.stringMatching(/reindex, relabel, move, member, register, .*sign-on is expected/),
  });
});
