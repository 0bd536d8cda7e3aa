/** The marks of content (policies/guards/marks.ts) as rows, of the newest version; of what was deleted, of the last. */
import type { DatabaseSync } from 'node:sqlite';
import { isAlwaysGuarded, readMarks } from '../../../policies/guards/marks.ts';
import { prepare } from '../folder/connection.ts';

/** Notes the marks of a new version. Whether they are others than before. */
export type NoteMarks = (rid: number, marks: readonly string[], isNew: boolean) => boolean;

export function prepareMarks(db: DatabaseSync): NoteMarks {
  const marksOfOne = prepare<[string]>(db, 'SELECT mark FROM mark WHERE rid = ? ORDER BY mark');
  const drop = prepare(db, 'DELETE FROM mark WHERE rid = ?');
  const add = prepare(db, 'INSERT INTO mark (rid, mark, always) VALUES (?, ?, ?)');
  return (rid, marks, isNew) => {
    const before = isNew ? [] : marksOfOne.all(rid).map(([mark]) => mark);
    if (marks.length === before.length && marks.every((mark) => before.includes(mark))) return false;
    if (before.length > 0) drop.run(rid);
    const always = marks.length > 0 && isAlwaysGuarded(readMarks(marks).facts) ? 1 : 0;
    for (const mark of marks) add.run(rid, mark, always);
    return true;
  };
}
