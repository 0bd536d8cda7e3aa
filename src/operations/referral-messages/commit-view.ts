/**
 * The reads of one delivery from a snapshot. Several questions ask for the same roles and organizations, so each is
 * read once.
 */
import { EVERYTHING } from '../../ports/query.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import type { CommitView as Source } from '../../ports/rail.ts';
import type { Snapshot } from '../../ports/store.ts';
import { resourceOf } from '../../ports/stored-resource.ts';
import { withBytes } from '../../delivery/binary-bytes.ts';
import type { PartyWorld } from '../../resources/party.ts';
import { partyWorldOf } from '../../resources/party-world.ts';

/** A snapshot that reads each resource once. */
export function commitViewOf(snapshot: Snapshot): Source {
  const known = new Map<Ref, Promise<Resource | undefined>>();
  const read = async (ref: Ref): Promise<Resource | undefined> => {
    const version = await snapshot.read(ref, EVERYTHING);
    const resource = resourceOf(version);
    return resource && withBytes(snapshot, resource);
  };
  return {
    ...snapshot,
    resource(ref) {
      const found = known.get(ref) ?? read(ref);
      known.set(ref, found);
      return found;
    },
  };
}

/** The party world over the same reads. */
export const partyWorldOfView = (source: Source): PartyWorld => ({
  ...partyWorldOf(source),
  read: source.resource,
});
