/** Reads a submission set and its documents from the objects of METADATA.XML (direct-xdm 7.1; 360x 5.1 to 5.3). */
import { oidOfUrl } from '../../fhir/identifier.ts';
import { kindOfEntry, REFERRAL_CONTENT } from './codes.ts';
import { ENTRY, REFERENCE_IDS, SET } from './ebrim.ts';
import { packageFault, type PackageFault } from './faults.ts';
import { withoutAbsent } from './present-members.ts';
import { codesUnder, valueOf, valuesIn, type RegistryObject, type RegistrySet } from './registry.ts';
import type {
  AssignedId,
  ReceivedDocument,
  ReceivedSubmission,
  XdmParty,
  XdmPatientLine,
} from './submission.ts';
import { readCx, readDtm, readRecipient, readReferralCx, readXcn, readXon, readXtn } from './values.ts';

/** A document's entry and its file. */
export interface FiledEntry {
  readonly entry: RegistryObject;
  readonly bytes: Uint8Array;
  readonly hash: string;
}

/** What was read, what is to be remarked, and what a person has to look at. */
interface MetadataReading {
  readonly submission: ReceivedSubmission;
  readonly remarks: readonly string[];
  readonly fault: PackageFault | undefined;
}

/** Whether the set says that it is about a referral (360x 5.1). */
export const isOfReferral = ({ set }: RegistrySet): boolean =>
  codesUnder(set, SET.contentType).some(({ code }) => code === REFERRAL_CONTENT.code);

/** The number by which the set is known; undefined where it has none. */
export const uniqueIdOf = ({ set }: RegistrySet): string | undefined => {
  const id = set.identifiers.get(SET.uniqueId);
  return id === '' ? undefined : id;
};

export function readSubmission(
  of: RegistrySet,
  uniqueId: string,
  files: readonly FiledEntry[],
): MetadataReading {
  const { set } = of;
  const objects = [set, ...files.map(({ entry }) => entry)];
  const referrals = distinct(objects.flatMap((object) => referralIdsOf(object).slice(0, 1)));
  const isOneOfMany = objects.some((object) => distinct(referralIdsOf(object)).length > 1);
  const patients = distinct(objects.flatMap(patientIdOf));
  const sources = distinct(files.flatMap(({ entry }) => sourcePatientIdOf(entry)));
  const differs =
    referrals.length > 1 || isOneOfMany
      ? 'referral-differs'
      : patients.length > 1 || sources.length > 1
        ? 'patient-differs'
        : undefined;
  return {
    submission: {
      ...readSet(set, uniqueId),
      ...withoutAbsent({ referralId: referrals[0], patientId: patients[0], sourcePatientId: sources[0] }),
      ...withoutAbsent({ sourcePatientInfo: patientLines(files) }),
      documents: files.map((file, index) => readEntry(file, `${uniqueId} ${index}`)),
    },
    remarks: remarksOn(of, files, referrals.length > 0),
    fault: differs === undefined ? undefined : packageFault(differs),
  };
}

function readSet(set: RegistryObject, uniqueId: string): Omit<ReceivedSubmission, 'documents'> {
  const recipients = valuesIn(set.slots, 'intendedRecipient').flatMap((value) => readRecipient(value) ?? []);
  const first = recipients.find(({ telecom }) => telecom !== undefined) ?? recipients[0];
  const others = recipients.filter((recipient) => recipient !== first);
  return {
    uniqueId,
    ...withoutAbsent({
      entryUuid: set.id,
      sourceId: set.identifiers.get(SET.sourceId),
      submissionTime: instantOf(set, 'submissionTime'),
      author: authorOf(set, SET.author),
      intendedRecipient: first,
      otherRecipients: others.length === 0 ? undefined : others,
      contentType: codesUnder(set, SET.contentType)[0],
      title: set.name,
    }),
  };
}

function readEntry({ entry, bytes, hash }: FiledEntry, place: string): ReceivedDocument {
  const coded = withoutAbsent({
    classCode: codesUnder(entry, ENTRY.classCode)[0],
    typeCode: codesUnder(entry, ENTRY.typeCode)[0],
    formatCode: codesUnder(entry, ENTRY.formatCode)[0],
    facilityType: codesUnder(entry, ENTRY.facilityType)[0],
    practiceSetting: codesUnder(entry, ENTRY.practiceSetting)[0],
  });
  const mimeType = entry.mimeType?.split(';')[0]?.trim().toLowerCase() || 'application/octet-stream';
  const events = codesUnder(entry, ENTRY.eventCode);
  return {
    kind: kindOfEntry({ mimeType, ...coded }),
    bytes,
    hash,
    mimeType,
    // Required, and left out all the same: then a number that a repeat has again.
    uniqueId: entry.identifiers.get(ENTRY.uniqueId) || oidOfUrl(`urn:x-closeloop:xdm ${place}`),
    ...coded,
    confidentiality: codesUnder(entry, ENTRY.confidentiality),
    ...withoutAbsent({
      entryUuid: entry.id,
      creationTime: instantOf(entry, 'creationTime'),
      languageCode: valueOf(entry, 'languageCode'),
      eventCodes: events.length === 0 ? undefined : events,
      title: entry.name,
      author: authorOf(entry, ENTRY.author),
    }),
  };
}

// — parts

const instantOf = (object: RegistryObject, slot: string): number | undefined =>
  readDtm(valueOf(object, slot) ?? '');

/** The first author with an address, or the first. */
function authorOf(object: RegistryObject, scheme: string): XdmParty | undefined {
  const authors = (object.classified.get(scheme) ?? []).map(({ slots }): XdmParty => {
    const [telecom] = valuesIn(slots, 'authorTelecommunication').flatMap((value) => readXtn(value) ?? []);
    const [person] = valuesIn(slots, 'authorPerson').flatMap((value) => readXcn(value) ?? []);
    const [institution] = valuesIn(slots, 'authorInstitution').flatMap((value) => readXon(value) ?? []);
    return withoutAbsent({ institution, person, telecom });
  });
  const some = authors.filter((author) => Object.keys(author).length > 0);
  return some.find(({ telecom }) => telecom !== undefined) ?? some[0];
}

const referralIdsOf = (object: RegistryObject): readonly AssignedId[] =>
  valuesIn(object.slots, REFERENCE_IDS).flatMap((value) => readReferralCx(value) ?? []);

/** The patient's number at the recipient, of a set or of an entry: the schemes differ. */
const patientIdOf = (object: RegistryObject): readonly AssignedId[] =>
  [SET.patientId, ENTRY.patientId].flatMap((scheme) => readCx(object.identifiers.get(scheme) ?? '') ?? []);

const sourcePatientIdOf = (entry: RegistryObject): readonly AssignedId[] => {
  const id = readCx(valueOf(entry, 'sourcePatientId') ?? '');
  return id === undefined ? [] : [id];
};

const distinct = (ids: readonly AssignedId[]): readonly AssignedId[] => [
  ...new Map(ids.map((id) => [JSON.stringify([id.value, id.assigner]), id])).values(),
];

const PATIENT_LINE = /^(PID-\d{1,2})\|(.*)$/s;

/** The lines of the first entry that has any. */
function patientLines(files: readonly FiledEntry[]): readonly XdmPatientLine[] | undefined {
  return files
    .map(({ entry }) =>
      valuesIn(entry.slots, 'sourcePatientInfo').flatMap((value): readonly XdmPatientLine[] => {
        const [, field, text] = PATIENT_LINE.exec(value) ?? [];
        return field === undefined || text === undefined || text === ''
          ? []
          : [[field as XdmPatientLine[0], text]];
      }),
    )
    .find((lines) => lines.length > 0);
}

// — what a sender could do better

function remarksOn(of: RegistrySet, files: readonly FiledEntry[], hasReferral: boolean): readonly string[] {
  const { set } = of;
  const lacks = (object: RegistryObject): boolean => hasReferral && referralIdsOf(object).length === 0;
  const badTime = (object: RegistryObject, slot: string): boolean =>
    valueOf(object, slot) !== undefined && instantOf(object, slot) === undefined;
  const rows: readonly (readonly [boolean, string])[] = [
    [!isOfReferral(of), 'the submission set does not say that it is about a referral (57133-1)'],
    [lacks(set), 'the submission set does not name the referral'],
    [files.some(({ entry }) => lacks(entry)), 'a document does not name the referral'],
    [badTime(set, 'submissionTime'), 'the time of the submission is no time'],
    [files.some(({ entry }) => badTime(entry, 'creationTime')), 'the time of a document is no time'],
    [
      files.some(({ entry }) => !entry.identifiers.has(ENTRY.uniqueId)),
      'a document has no number of its own',
    ],
    [authorOf(set, SET.author)?.telecom === undefined, 'the author of the submission has no Direct address'],
    [valuesIn(set.slots, 'intendedRecipient').length === 0, 'the submission names no recipient'],
  ];
  return rows.flatMap(([holds, says]) => (holds ? [says] : []));
}
