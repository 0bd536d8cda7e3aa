/**
 * What reads by id were answered lately, and in which sight. Whether a resource is seen changes by commits alone, or by the
 * clock where something is denied: so while nothing but read-audit rows is written, and nothing of a resource is ever denied
 * to an organization, the same read has the same answer, and needs no query.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../fhir/types.ts';
import type { Sight } from '../../ports/query.ts';
import type { Version } from '../../ports/store.ts';
import { prepare } from './folder/connection.ts';

/** Versions that are remembered, in all sights together. */
const ANSWERS_MAX = 5000;
/** Characters of their texts together. */
const CHARACTERS_MAX = 8 * 1024 * 1024;
/** Characters of one. */
const LENGTH_MAX = 64 * 1024;

export interface AnsweredReads {
  /** The newest version as of `seq`, where it is known that the sight has it. */
  find(sight: Sight, ref: Ref, seq: number): Version | undefined;
  /** Remembers the newest version as of `seq`, unless something was acknowledged since, or a clock may take it from the sight. */
  keep(sight: Sight, version: Version, seq: number): void;
  /** More than read-audit rows was written, and is acknowledged next: by us up to {@link head}, or by others. */
  forget(): void;
}

/**
 * @param head the seq up to which everything is acknowledged
 * @param isDeniedEver whether something of a resource is denied to an organization, now or at an instant to come
 */
export function createAnswers(
  head: () => number,
  isDeniedEver: (organization: Ref, ref: Ref) => boolean,
): AnsweredReads {
  const known = new Map<string, Map<Ref, Version>>();
  let answers = 0;
  let characters = 0;
  /** As of an earlier seq there may have been others. */
  let since = 0;

  function forget(): void {
    known.clear();
    answers = 0;
    characters = 0;
  }

  return {
    find(sight, ref, seq) {
      if (answers === 0 || seq < since) return undefined;
      const name = nameOf(sight);
      return name === undefined ? undefined : known.get(name)?.get(ref);
    },
    keep(sight, version, seq) {
      const { ref, text = '' } = version;
      if (sight.everything || seq !== head() || text.length > LENGTH_MAX) return;
      const name = nameOf(sight);
      if (name === undefined || isDeniedEver(sight.organization, ref)) return;
      if (answers >= ANSWERS_MAX || characters + text.length > CHARACTERS_MAX) forget();
      if (answers === 0) since = seq;
      const seen = known.get(name) ?? new Map<Ref, Version>();
      if (seen.has(ref)) return;
      known.set(name, seen.set(ref, version));
      answers += 1;
      characters += text.length;
    },
    forget,
  };
}

/**
 * What a sight asks the store: its narrowing, its roles and its agreements are asked of the version that was found. Undefined
 * for sights that look at denials in a way of their own, or at everything.
 */
function nameOf(sight: Sight): string | undefined {
  if (sight.everything || sight.denied !== undefined || sight.lifted !== undefined) return undefined;
  const { organization, patient, payload, hidden = [] } = sight;
  if (patient === undefined && payload === undefined) return organization;
  return JSON.stringify([organization, patient, payload, hidden]);
}

/** Whether something of a resource is denied to an organization, now or at an instant to come. */
export function prepareDeniedEver(db: DatabaseSync): (organization: Ref, ref: Ref) => boolean {
  const denied = prepare<[number]>(
    db,
    `SELECT 1 FROM denied WHERE org = (SELECT nid FROM name WHERE name = ?)
       AND rid = (SELECT rid FROM resource WHERE ref = ?) LIMIT 1`,
  );
  return (organization, ref) => denied.get(organization, ref) !== undefined;
}
