/**
 * An organization that works for others, by brute force (baa-messaging BA13, MK1): the world from which everything was removed
 * that is kept by somebody with whom it has no agreement in force; of messages their content. Shares nothing with the server.
 */
import type { Ref } from '../../../src/fhir/types.ts';
import { RESOURCE_TYPES } from '../../../src/resources/index.ts';
import { refOf, type Stored } from '../../world.ts';
import type { Seeing } from './narrowed-oracle.ts';
import { typeOf, type SightOracle, type Version } from './sight-oracle.ts';

/** What an associate sees. @param open with whom its agreements are in force */
export function closedTo(oracle: SightOracle, associate: Ref, open: ReadonlySet<Ref>): Seeing {
  const isTold = (ref: Ref): boolean => {
    const keeper = oracle.custodianOf(ref);
    return keeper === undefined || keeper === associate || open.has(keeper);
  };
  const isLeft = (ref: Ref): boolean =>
    isTold(ref) || typeOf(ref) === 'Communication' || RESOURCE_TYPES.get(typeOf(ref))?.directory === true;
  const shown = (version: Version | undefined): Version | undefined =>
    version?.json === undefined || typeOf(version.ref) !== 'Communication' || isTold(version.ref)
      ? version
      : { ...version, json: withoutContent(version.json) };
  const sees = (org: Ref, ref: Ref): boolean => oracle.sees(org, ref) && isLeft(ref);
  return {
    refs: oracle.refs,
    versions: oracle.versions,
    custodianOf: (ref) => oracle.custodianOf(ref),
    leavesOut: (org, ref) => oracle.leavesOut(org, ref),
    newest: (ref) => shown(oracle.newest(ref)),
    reaches: (org, ref) => oracle.reaches(org, ref) && isLeft(ref),
    // Of what a referral reaches it is said that no agreement is in force, as of a denial that it is one.
    tellsOf: (org, ref) => oracle.tellsOf(org, ref),
    tellsOfVersion: (org, version) => oracle.tellsOfVersion(org, version),
    sees,
    seesVersion: (org, version) => oracle.seesVersion(org, version) && isLeft(version.ref),
    received: (org, ref) => (isLeft(ref) ? shown(oracle.received(org, ref)) : undefined),
    worldOf: (org) => oracle.worldOf(org).filter((one) => isLeft(refOf(one))),
  };
}

/** The messages of these worlds have a text or a reference, and nothing else that somebody could write. */
function withoutContent({ payload, ...message }: Stored): Stored {
  const { meta } = message;
  return {
    ...message,
    meta: {
      ...meta,
      security: [
        ...(meta?.security ?? []),
        { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'MASKED' },
      ],
    },
    ...(Array.isArray(payload) && {
      payload: payload.map(() => ({ contentString: 'Content withheld: no agreement in force.' })),
    }),
  } as unknown as Stored; // it keeps its type
}
