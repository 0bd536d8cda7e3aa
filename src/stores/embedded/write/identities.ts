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
  /** The number of a resource that nothing has written before; it is kept by `custodian`, 0 for the server, from now on. */
  readonly claim: (ref: Ref, custodian: number, everyone: number) => number;
  /** What was learnt inside a transaction that was undone is forgotten. */
  readonly forget: () => void;
}

/** Numbers of names, and of resources, that are remembered: a commit asks for that of a resource five times. */
const KEPT = 20_000;

export function prepareIdentities(db: DatabaseSync): Identities {
  const names = new Map<string, number>();
  const resources = new Map<string, number>();
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

  const add = (ref: Ref, custodian: number, everyone: number): number =>
    addResource.insert(ref, intern(typeOfRef(ref)), custodian, everyone);

  function claim(ref: Ref, custodian: number, everyone: number): number {
    const rid = resources.get(ref) ?? findResource.get(ref)?.[0];
    if (rid !== undefined) claimResource.run(custodian, everyone, rid);
    return keep(resources, ref, rid ?? add(ref, custodian, everyone));
  }

  function forget(): void {
    names.clear();
    resources.clear();
  }

  return { intern, find, ridOf, claim, forget };
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
