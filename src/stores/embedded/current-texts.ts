/** The current texts of a type, read from a folder; also beside a live server. */
import { openDatabase, prepare } from './folder/connection.ts';
import { pathsOf } from './folder/folder.ts';
import { FOREVER } from './folder/schema.ts';

/** The first so many current versions of a type, in the order in which they were written. */
export function readCurrentTexts(folder: string, type: string, count: number): readonly string[] {
  const db = openDatabase(pathsOf(folder).database, { readOnly: true, cacheKib: 1024 });
  try {
    const texts = prepare<[string]>(
      db,
      `SELECT v.text FROM version v WHERE v.type = (SELECT nid FROM name WHERE name = ?) AND v.ended = ?
       AND v.text IS NOT NULL ORDER BY v.vid LIMIT ? + 0`,
    );
    return texts.all(type, FOREVER, count).map(([text]) => text);
  } finally {
    db.close();
  }
}
