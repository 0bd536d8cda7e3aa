/**
 * What a package says, in our words (ITI TF-3 4.2.3; direct-xdm 7.1, 360x 5.1 to 5.3): who sends which documents about
 * which referral to whom. It is written as METADATA.XML and read from it.
 */
import type { DirectAddress } from '../../ports/direct.ts';

/** A number and who assigned it: CX, CXi and the identifier of an XCN. */
export interface AssignedId {
  readonly value: string;
  /** An OID; empty where a sender gives none. */
  readonly assigner: string;
}

/** A code with the OID of its system; a sender may give the name of the system instead. */
export interface XdmCode {
  readonly code: string;
  readonly system: string;
  readonly display?: string;
}

/** XCN: a clinician. */
export interface XdmPerson {
  readonly id?: AssignedId;
  /** XCN.13, the type of the number: `NPI`. */
  readonly idType?: string;
  readonly family?: string;
  readonly given?: string;
  readonly middle?: string;
  readonly suffix?: string;
  readonly prefix?: string;
  /** XCN.7: `MD`. */
  readonly degree?: string;
}

/** XON: an organization. */
export interface XdmInstitution {
  readonly name?: string;
  readonly id?: AssignedId;
}

/** Who sends, wrote or receives something. */
export interface XdmParty {
  readonly institution?: XdmInstitution;
  readonly person?: XdmPerson;
  /** XTN: the Direct address. */
  readonly telecom?: DirectAddress;
}

/** Lines of PID about the patient (sourcePatientInfo): the number of the field, and the field as HL7 v2 writes it. */
export type XdmPatientLine = readonly [field: `PID-${number}`, value: string];

/** The message of a 360X package, the clinical document beside it, a consent, or anything else. */
export type XdmKind = 'message' | 'clinical-document' | 'consent' | 'other';

/** A document as it was read: what the sender gave, and never more. */
export interface ReceivedDocument {
  readonly kind: XdmKind;
  /** The file as it stood in the package, whose hash and size are those of the metadata. */
  readonly bytes: Uint8Array;
  /** An OID, or `root^extension` of a clinical document. */
  readonly uniqueId: string;
  /** `urn:uuid:…`; a sender may use another word, such as `Document01`. */
  readonly entryUuid?: string;
  /** In lower case, without parameters. */
  readonly mimeType: string;
  readonly classCode?: XdmCode;
  readonly typeCode?: XdmCode;
  readonly formatCode?: XdmCode;
  readonly confidentiality: readonly XdmCode[];
  /** Milliseconds since 1970; a sender may give the day alone. */
  readonly creationTime?: number;
  readonly languageCode?: string;
  readonly facilityType?: XdmCode;
  readonly practiceSetting?: XdmCode;
  readonly eventCodes?: readonly XdmCode[];
  readonly title?: string;
  readonly author?: XdmParty;
  /** SHA-1 of the bytes, in hexadecimal and lower case. */
  readonly hash?: string;
}

/** A package as it was read. */
export interface ReceivedSubmission {
  /** An OID, mostly `2.25.…`: with the domain of the sender it is the key by which a repeat is known. */
  readonly uniqueId: string;
  readonly entryUuid?: string;
  /** OID of the system that sends. */
  readonly sourceId?: string;
  /** Milliseconds since 1970. */
  readonly submissionTime?: number;
  readonly author?: XdmParty;
  readonly intendedRecipient?: XdmParty;
  /** Further recipients; a package of 360X has none. */
  readonly otherRecipients?: readonly XdmParty[];
  /** What the package is: 57133-1 of LOINC for everything of a referral (360x 5.1). */
  readonly contentType?: XdmCode;
  /** The number of the referral, the same on the set and on every document. */
  readonly referralId?: AssignedId;
  /** The patient's number at the recipient, the same on the set and on every document. */
  readonly patientId?: AssignedId;
  /** The patient's number at the initiator, the same on every document. */
  readonly sourcePatientId?: AssignedId;
  readonly sourcePatientInfo?: readonly XdmPatientLine[];
  readonly title?: string;
  /** In the order of the metadata. */
  readonly documents: readonly ReceivedDocument[];
}

/** A document to send: what 360X requires of an entry is there (360x 5.2, 5.3). */
export interface SubmissionDocument extends ReceivedDocument {
  readonly classCode: XdmCode;
  readonly typeCode: XdmCode;
  readonly formatCode: XdmCode;
  readonly creationTime: number;
  readonly languageCode: string;
}

/**
 * A package to send: what 360X requires is there (360x 5.1). What is left out (the `entryUuid`s, the content type and the
 * hashes) is made from the rest, so that the same submission is the same bytes.
 */
export interface Submission extends ReceivedSubmission {
  readonly sourceId: string;
  readonly submissionTime: number;
  readonly author: XdmParty & { readonly telecom: DirectAddress };
  readonly intendedRecipient: XdmParty & { readonly telecom: DirectAddress };
  readonly referralId: AssignedId;
  readonly documents: readonly SubmissionDocument[];
}
