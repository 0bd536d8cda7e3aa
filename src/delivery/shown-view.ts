/**
 * What a rail reads for a receiver that is told by a row of the payload table: a message is made of what the receiver would
 * be shown, and of nothing else (compliance M2); likewise for one that works for others (baa-messaging BA13).
 */
import type { Resource } from '../fhir/types.ts';
import { payloadTypes } from '../policies/payload/index.ts';
import type { CommitView } from '../ports/rail.ts';
import { EVERYTHING, type Sight } from '../ports/query.ts';
import type { Snapshot, Version } from '../ports/store.ts';
import { resourceOf } from '../ports/stored-resource.ts';
import { placeFile, replaceFile } from '../ports/stored-file.ts';
import { typeOf } from '../resources/element.ts';
import { isDirectory } from '../resources/index.ts';
import { isOpenTo, lookingAssociate } from './agreement-sight.ts';
import { withBytes } from './binary-bytes.ts';
import { present } from './subject.ts';

type Shown = Pick<Version, 'ref' | 'custodian' | 'text'>;

/** The text of a version as the receiver may read it; undefined where the receiver may read none of it. */
function toldOf<T extends Shown>(version: T | undefined, sight: Sight): T | undefined {
  if (version?.text === undefined || sight.everything || !isLimited(sight)) return version;
  const { ref, custodian } = version;
  const { payload } = sight;
  const isTold =
    payload === undefined || isDirectory(typeOf(ref)) || payloadTypes(payload).includes(typeOf(ref));
  if (custodian !== sight.organization && custodian !== '' && !isTold) return undefined;
  const associate = lookingAssociate(sight);
  if (associate !== undefined && !isOpenTo(associate, typeOf(ref), custodian)) return undefined;
  // The rail adds the notice of 42 CFR Part 2, by the labels that stand in it.
  const { text, file } = placeFile(version.text);
  const shown = present({ ...version, text, notice: 'none' }, sight);
  return { ...version, text: file === undefined ? shown : replaceFile(shown, file) };
}

/** Whether the receiver is told less than what its referrals reach. */
const isLimited = (sight: Sight): boolean =>
  !sight.everything && (sight.payload !== undefined || sight.agreements !== undefined);

/** A snapshot that shows each version as one receiver may read it. */
export function shownSnapshot(snapshot: Snapshot, sight: Sight): Snapshot {
  if (!isLimited(sight)) return snapshot;
  return { ...snapshot, ...shownReads(snapshot, sight) };
}

/** The reads of a rail as a receiver is told of them. */
export function shownView(view: CommitView, sight: Sight): CommitView {
  if (!isLimited(sight)) return view;
  const { read, search } = shownReads(view, sight);
  return {
    ...view,
    read,
    search,
    async resource(ref): Promise<Resource | undefined> {
      const resource = resourceOf(await read(ref, EVERYTHING));
      return resource && withBytes(view, resource);
    },
  };
}

function shownReads(
  view: Pick<Snapshot, 'read' | 'search'>,
  sight: Sight,
): Pick<Snapshot, 'read' | 'search'> {
  return {
    read: async (ref, as) => toldOf(await view.read(ref, as), sight),
    async search(query, signal) {
      const page = await view.search(query, signal);
      return { ...page, matches: page.matches.flatMap((match) => toldOf(match, sight) ?? []) };
    },
  };
}
