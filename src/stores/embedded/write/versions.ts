/** Versions: the writer adds one, ends the one before it, and writes what a search finds it by. */
import type { DatabaseSync } from 'node:sqlite';
import { digestVersion, type Digest } from '../../log/chain.ts';
import { isDeletion, type DecidedWrite } from '../../log/log-entry.ts';
import { prepare } from '../folder/connection.ts';
import { FOREVER } from '../folder/schema.ts';
import type { NoteAbout } from './about.ts';
import type { NoteMarks } from './marks.ts';
import type { Heads } from './heads.ts';
import { typeOfRef, type Identities } from './identities.ts';
import { prepareValues } from './values.ts';
import type { LogPlace } from './verdict.ts';

/** Writes a version, and gives its digest. Adds to `moved` what has other patients or marks than before. */
type WriteVersion = (one: DecidedWrite, place: LogPlace, moved: number[]) => Digest;

interface VersionTools {
  readonly identities: Identities;
  readonly about: NoteAbout;
  readonly marks: NoteMarks;
}

export function prepareVersions(
  db: DatabaseSync,
  { identities, about, marks }: VersionTools,
  headOf: Heads['headOf'],
): WriteVersion {
  const showTo = prepare(db, 'UPDATE resource SET everyone = ? WHERE rid = ?');
  const endVersion = prepare(db, 'UPDATE version SET ended = ? WHERE vid = ?');
  const addVersion = prepare(
    db,
    'INSERT INTO version (rid, type, seq, ended, at, method, text) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const values = prepareValues(db, identities);

  return write;

  function write(one: DecidedWrite, { seq, at }: LogPlace, moved: number[]): Digest {
    const { ref, custodian, text, vanished } = one;
    const method = isDeletion(one) ? 'DELETE' : one.method;
    const type = identities.intern(typeOfRef(ref));
    const head = headOf(ref);
    const vidBefore = head?.[2] ?? null;
    const everyone = one.reach.everyone ? 1 : 0;
    const keeper = custodian === '' ? 0 : identities.intern(custodian);
    const rid =
      vidBefore === null
        ? identities.claim(ref, { custodian: keeper, everyone, isUnknown: head === undefined })
        : identities.ridOf(ref);
    if (vidBefore !== null && one.base !== 0) endVersion.run(seq, vidBefore);
    if (vidBefore !== null && method !== 'DELETE' && head?.[5] !== everyone) showTo.run(everyone, rid);
    const ended = method === 'DELETE' ? seq : FOREVER;
    const vid = addVersion.insert(rid, type, seq, ended, at, method, text);
    if (method !== 'DELETE') {
      values.write(typeOfRef(ref), one.values, vid);
      const isNew = vidBefore === null;
      const isMarked = marks(rid, one.marks ?? [], isNew);
      if (about(rid, one.values, isNew) || isMarked) moved.push(rid);
    }
    return [ref, vanished ?? digestVersion(ref, method, custodian, text)];
  }
}
