/**
 * What a rail reads for a receiver that is told by a row of the payload table: a message is made of what the receiver would
 * be shown, and of nothing else (compliance M2); likewise for one that works for others (baa-messaging BA13).
 */
import type { Ref, Resource } from '../fhir/types.ts';
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

type Reading = Pick<Snapshot, 'read' | 'search'>;

/** The text of a version as the receiver may read it; undefined where the receiver may read none of it. */
async function toldOf<T extends Shown>(
  view: Reading,
  version: T | undefined,
  sight: Sight,
): Promise<T | undefined> {
  if (version?.text === undefined || sight.everything || !isLimited(sight)) return version;
  const { ref, custodian } = version;
  const isOthers = custodian !== sight.organization && custodian !== '';
  if (isOthers && !isOfRow(ref, sight) && !(await isAddressed(view, ref, sight))) return undefined;
  const associate = lookingAssociate(sight);
  const contract = typeOf(ref) === 'Contract' ? resourceOf({ text: version.text }) : undefined;
  if (associate !== undefined && !isOpenTo(associate, typeOf(ref), custodian, contract)) return undefined;
  // The rail adds the notice of 42 CFR Part 2, by the labels that stand in it.
  const { text, file } = placeFile(version.text);
  const shown = present({ ...version, text, notice: 'none' }, sight);
  return { ...version, text: file === undefined ? shown : replaceFile(shown, file) };
}

type Limited = Extract<Sight, { everything: false }>;

/** Whether the row by which the receiver is told names the type as a part of referrals. */
const isOfRow = (ref: Ref, { payload }: Limited): boolean =>
  payload === undefined ||
  isDirectory(typeOf(ref)) ||
  payloadTypes(payload, 'referral').includes(typeOf(ref));

/** Whether the row tells of what is addressed to the receiver, and this is: then it sees it. */
const isAddressed = async (view: Reading, ref: Ref, sight: Limited): Promise<boolean> =>
  sight.payload !== undefined &&
  payloadTypes(sight.payload, 'addressed').includes(typeOf(ref)) &&
  (await view.read(ref, sight)) !== undefined;

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

function shownReads(view: Reading, sight: Sight): Reading {
  return {
    read: async (ref, as) => toldOf(view, await view.read(ref, as), sight),
    async search(query, signal) {
      const page = await view.search(query, signal);
      const told = await Promise.all(page.matches.map((match) => toldOf(view, match, sight)));
      return { ...page, matches: told.filter((match) => match !== undefined) };
    },
  };
}
