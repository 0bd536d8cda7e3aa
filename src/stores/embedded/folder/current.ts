/** Reads the current content of a folder for a command of the operator, beside a live server or without one. */
import type { Resource } from '../../../fhir/types.ts';
import { parseStored } from '../../../ports/stored-resource.ts';
import { openDatabase, prepare } from './connection.ts';
import { pathsOf } from './folder.ts';
import { FOREVER } from './schema.ts';

/** The number of resources of one type that a command reads. */
const READ_MAX = 10_000;

/** The current resources of a type, oldest version first, up to 10,000. */
export function readCurrentOfType(folder: string, type: string): readonly Resource[] {
  const db = openDatabase(pathsOf(folder).database, { readOnly: true, cacheKib: 1024 });
  try {
    const rows = prepare<[text: string]>(
      db,
      `SELECT text FROM version WHERE type = (SELECT nid FROM name WHERE name = ?) AND ended = ${FOREVER}
       AND text IS NOT NULL ORDER BY vid LIMIT ${READ_MAX}`,
    ).all(type);
    return rows.map(([text]) => parseStored(text));
  } finally {
    db.close();
  }
}
