/** How an organization is called where a text names it. */
import type { Ref, Resource } from '../../fhir/types.ts';

type Read = (ref: Ref) => Promise<Resource | undefined>;

/** The name of an organization as its resource has it; else its reference. */
export async function readPartyName(party: Ref, read: Read): Promise<string> {
  const name = (await read(party))?.['name'];
  return typeof name === 'string' ? name : party;
}

/** The names of several, each read once. */
export async function readPartyNames(
  parties: Iterable<Ref | undefined>,
  read: Read,
): Promise<ReadonlyMap<Ref, string>> {
  const names = new Map<Ref, string>();
  for (const party of parties)
    if (party !== undefined && !names.has(party)) names.set(party, await readPartyName(party, read));
  return names;
}
