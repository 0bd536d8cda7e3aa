/** When a thread gives memory back: after work, when it is idle, and once. */
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, test } from '@jest/globals';
import { releasePages } from '../../../src/stores/embedded/folder/connection.ts';
import { watchIdleness, type IdleWatch, type LoopWork } from '../../../src/stores/embedded/idle-memory.ts';

describe('memory that an idle thread gives back', () => {
  let watch: IdleWatch | undefined;
  afterEach(() => watch?.close());

  /** A watch whose looks see this work, one after the other, and what it has done. */
  function watching(...seen: readonly LoopWork[]): {
    readonly looks: readonly boolean[];
    readonly done: string[];
  } {
    const done: string[] = [];
    const next = seen.values();
    watch = watchIdleness(
      () => done.push('released'),
      () => next.next().value ?? { active: 0, utilization: 0 },
      () => done.push('collected'),
    );
    return { looks: seen.map(() => watch?.look() ?? false), done };
  }

  const busy: LoopWork = { active: 8000, utilization: 0.8 };
  const idle: LoopWork = { active: 10, utilization: 0.002 };

  test('releases its pages and then collects when it is idle after work', () => {
    const { looks, done } = watching(busy, idle);
    expect(looks).toEqual([false, true]);
    expect(done).toEqual(['released', 'collected']);
  });

  test('does nothing while it works', () => {
    expect(watching(busy, busy, busy).done).toEqual([]);
  });

  test('does it once for one spell of work, and again after the next', () => {
    const { looks } = watching(busy, idle, idle, idle, busy, idle);
    expect(looks).toEqual([false, true, false, false, false, true]);
  });

  test('does nothing where it has hardly worked, until that has come together', () => {
    const little: LoopWork = { active: 2000, utilization: 0.01 };
    expect(watching(little, little, little).looks).toEqual([false, false, true]);
  });

  test('collects garbage of its own where nothing else is handed in', () => {
    const seen = [busy, idle].values();
    watch = watchIdleness(
      () => undefined,
      () => seen.next().value ?? idle,
    );
    expect([watch.look(), watch.look()]).toEqual([false, true]);
  });

  test('leaves a connection and its statements as they were', () => {
    const db = new DatabaseSync(':memory:');
    db.exec('CREATE TABLE numbers (n INTEGER); INSERT INTO numbers VALUES (1), (2), (3)');
    const rows = db.prepare('SELECT n FROM numbers ORDER BY n').iterate();
    rows.next();
    releasePages(db);
    expect([...rows].map(({ n }) => n)).toEqual([2, 3]);
    db.close();
  });
});
