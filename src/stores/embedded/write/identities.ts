/** Names and resources as small numbers: interned once, never forgotten. */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../../fhir/types.ts';
import { prepare } from '../folder/connection.ts';

export interface Identities {
  /** The number of a name (a type, a parameter, an organization). */
  readonly intern: (name: string) => number;
  /** The number of a name that is known. */
  readonly find: (name: string) => number | undefined;
  /** The number of a resource; one that does not exist yet gets an identity without a version. */
  readonly ridOf: (ref: Ref) => number;
  /** The number of a resource that nothing has written before; it is kept by `custodian` from now on. */
  readonly claim: (ref: Ref, claimed: Claimed) => number;
  /** Whether a resource got its number after the last call of {@link Identities.age}: no reach that was stored before names it. */
  readonly isFresh: (rid: number) => boolean;
  /** Nothing is fresh any more. */
  readonly age: () => void;
  /** What was learnt inside a transaction that was undone is forgotten. */
  readonly forget: () => void;
}

interface Claimed {
  /** The name of an organization, 0 for the server. */
  readonly custodian: number;
  readonly everyone: number;
  /** Nothing had its ref before this commit: only what is fresh may have it now. */
  readonly isUnknown: boolean;
}

/** Numbers of names, and of resources, that are remembered: a commit asks for that of a resource five times. */
const KEPT = 20_000;

export function prepareIdentities(db: DatabaseSync): Identities {
  const names = new Map<string, number>();
  const resources = new Map<string, number>();
  const fresh = new Set<number>();
  const freshRefs = new Map<Ref, number>();
  const findName = prepare<[number]>(db, 'SELECT nid FROM name WHERE name = ?');
  const addName = prepare(db, 'INSERT INTO name (name) VALUES (?)');
  const findResource = prepare<[number]>(db, 'SELECT rid FROM resource WHERE ref = ?');
  const addResource = prepare(
    db,
    'INSERT INTO resource (ref, type, custodian, everyone) VALUES (?, ?, ?, ?)',
  );
  const claimResource = prepare(db, 'UPDATE resource SET custodian = ?, everyone = ? WHERE rid = ?');

  function find(name: string): number | undefined {
    const known = names.get(name);
    if (known !== undefined) return known;
    const row = findName.get(name);
    return row && keep(names, name, row[0]);
  }

  function intern(name: string): number {
    return find(name) ?? keep(names, name, addName.insert(name));
  }

  function ridOf(ref: Ref): number {
    const known = resources.get(ref);
    if (known !== undefined) return known;
    return keep(resources, ref, findResource.get(ref)?.[0] ?? add(ref, 0, 0));
  }

  function add(ref: Ref, custodian: number, everyone: number): number {
    const rid = addResource.insert(ref, intern(typeOfRef(ref)), custodian, everyone);
    fresh.add(rid);
    freshRefs.set(ref, rid);
    return rid;
  }

  function claim(ref: Ref, { custodian, everyone, isUnknown }: Claimed): number {
    const rid =
      resources.get(ref) ?? freshRefs.get(ref) ?? (isUnknown ? undefined : findResource.get(ref)?.[0]);
    if (rid !== undefined) claimResource.run(custodian, everyone, rid);
    return keep(resources, ref, rid ?? add(ref, custodian, everyone));
  }

  function forget(): void {
    names.clear();
    resources.clear();
    age();
  }

  function age(): void {
    fresh.clear();
    freshRefs.clear();
  }

  return { intern, find, ridOf, claim, isFresh: (rid) => fresh.has(rid), age, forget };
}

function keep(kept: Map<string, number>, key: string, number: number): number {
  if (kept.size >= KEPT) kept.clear();
  kept.set(key, number);
  return number;
}

/** The type of a reference: what stands before its slash. */
export function typeOfRef(ref: Ref): string {
  return ref.slice(0, ref.indexOf('/'));
}
