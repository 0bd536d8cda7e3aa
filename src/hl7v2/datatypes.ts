/**
 * The datatypes that segments share (HL7 v2.5.1, chapter 2A). Each table is the wire layout; the names are the
 * standard's. Times stay text here (`datetime.ts` reads them), and numbers keep their digits.
 */
import { CODE, composite, FORMATTED, TEXT, type FieldValue } from './layout.ts';

/** Coded values (ID, IS), set ids (SI), numbers (NM), and time stamps (DTM, and the time of a TS). */
export const ID = CODE;
export const IS = CODE;
export const SI = CODE;
export const NM = CODE;
export const DTM = CODE;
/** Text: ST string, TX text, and FT, the only one with formatting commands (2.7.6). */
export const ST = TEXT;
export const TX = TEXT;
export const FT = FORMATTED;

/** HD, hierarchic designator (2.A.33): `LFM^2.999.10.1^ISO`. */
export const HD = composite({ namespaceId: [1, IS], universalId: [2, ST], universalIdType: [3, ID] });
export type Hd = FieldValue<typeof HD>;

/** EI, entity identifier (2.A.28): `R-2025-00731^^2.999.10.1.15^ISO`. */
export const EI = composite({
  entityIdentifier: [1, ST],
  namespaceId: [2, IS],
  universalId: [3, ST],
  universalIdType: [4, ID],
});
export type Ei = FieldValue<typeof EI>;

/** CX, extended composite id with check digit (2.A.14): `MQ-40417^^^&2.999.10.1.5&ISO^MR`. */
export const CX = composite({
  idNumber: [1, ST],
  checkDigit: [2, ST],
  checkDigitScheme: [3, ID],
  assigningAuthority: [4, HD],
  identifierTypeCode: [5, ID],
  assigningFacility: [6, HD],
  effectiveDate: [7, DTM],
  expirationDate: [8, DTM],
});
export type Cx = FieldValue<typeof CX>;

/** CWE, coded with exceptions (2.A.13); CE, CF and CNE begin with the same components: `57133-1^Referral note^LN`. */
export const CWE = composite({
  identifier: [1, ST],
  text: [2, ST],
  nameOfCodingSystem: [3, ID],
  alternateIdentifier: [4, ST],
  alternateText: [5, ST],
  nameOfAlternateCodingSystem: [6, ID],
  codingSystemVersionId: [7, ST],
  alternateCodingSystemVersionId: [8, ST],
  originalText: [9, ST],
});
export type Cwe = FieldValue<typeof CWE>;

/** FN, family name (2.A.30): `van Beek&van&Beek`. */
const FN = composite({
  surname: [1, ST],
  ownSurnamePrefix: [2, ST],
  ownSurname: [3, ST],
  surnamePrefixFromPartner: [4, ST],
  surnameFromPartner: [5, ST],
});

/** XPN, extended person name (2.A.88): `Quintero^Marisol^J^^^^L`. */
export const XPN = composite({
  familyName: [1, FN],
  givenName: [2, ST],
  secondAndFurtherGivenNames: [3, ST],
  suffix: [4, ST],
  prefix: [5, ST],
  degree: [6, IS],
  nameTypeCode: [7, ID],
});
export type Xpn = FieldValue<typeof XPN>;

/** XCN, extended composite id and name for persons (2.A.86): `1999999984^Okafor^Ngozi^R^^^MD^^&2.16…&ISO^L^^^NPI`. */
export const XCN = composite({
  idNumber: [1, ST],
  familyName: [2, FN],
  givenName: [3, ST],
  secondAndFurtherGivenNames: [4, ST],
  suffix: [5, ST],
  prefix: [6, ST],
  degree: [7, IS],
  sourceTable: [8, IS],
  assigningAuthority: [9, HD],
  nameTypeCode: [10, ID],
  checkDigit: [11, ST],
  checkDigitScheme: [12, ID],
  identifierTypeCode: [13, ID],
  assigningFacility: [14, HD],
});
export type Xcn = FieldValue<typeof XCN>;

/** XON, extended composite name and id for organizations (2.A.87). */
export const XON = composite({
  organizationName: [1, ST],
  organizationNameTypeCode: [2, IS],
  idNumber: [3, NM],
  checkDigit: [4, NM],
  checkDigitScheme: [5, ID],
  assigningAuthority: [6, HD],
  identifierTypeCode: [7, ID],
  assigningFacility: [8, HD],
  nameRepresentationCode: [9, ID],
  organizationIdentifier: [10, ST],
});

/** SAD, street address (2.A.65). */
const SAD = composite({
  streetOrMailingAddress: [1, ST],
  streetName: [2, ST],
  dwellingNumber: [3, ST],
});

/** XAD, extended address (2.A.84): `12 Alder Way^^Fairmont^OR^97999^US^H`. */
export const XAD = composite({
  streetAddress: [1, SAD],
  otherDesignation: [2, ST],
  city: [3, ST],
  stateOrProvince: [4, ST],
  zipOrPostalCode: [5, ST],
  country: [6, ID],
  addressType: [7, ID],
  otherGeographicDesignation: [8, ST],
  countyParishCode: [9, IS],
  censusTract: [10, IS],
});
export type Xad = FieldValue<typeof XAD>;

/** XTN, extended telecommunication number (2.A.89): `^PRN^PH^^1^541^5550100`. */
export const XTN = composite({
  telephoneNumber: [1, ST],
  telecommunicationUseCode: [2, ID],
  telecommunicationEquipmentType: [3, ID],
  emailAddress: [4, ST],
  countryCode: [5, NM],
  areaCityCode: [6, NM],
  localNumber: [7, NM],
  extension: [8, NM],
  anyText: [9, ST],
  extensionPrefix: [10, ST],
  speedDialCode: [11, ST],
  unformattedTelephoneNumber: [12, ST],
});
export type Xtn = FieldValue<typeof XTN>;

/** PL, person location (2.A.53). */
export const PL = composite({
  pointOfCare: [1, IS],
  context: [2, IS],
  bed: [3, IS],
  facility: [4, HD],
  locationStatus: [5, IS],
  personLocationType: [6, IS],
  building: [7, IS],
  floor: [8, IS],
  locationDescription: [9, ST],
  comprehensiveLocationIdentifier: [10, EI],
  assigningAuthority: [11, HD],
});
export type Pl = FieldValue<typeof PL>;

/** PLN, practitioner license or other ID number (2.A.55): `1999999984^NPI`. */
export const PLN = composite({
  idNumber: [1, ST],
  typeOfIdNumber: [2, IS],
  qualifier: [3, ST],
  expirationDate: [4, DTM],
});

/** CQ, composite quantity with units (2.A.10): `90^d`. */
export const CQ = composite({ quantity: [1, NM], units: [2, CWE] });
export type Cq = FieldValue<typeof CQ>;

/** TQ, timing quantity (2.A.81). SCH-11 has the slot in it: start and end. */
export const TQ = composite({
  quantity: [1, CQ],
  startDateTime: [4, DTM],
  endDateTime: [5, DTM],
  priority: [6, ST],
});

/** ED, encapsulated data (2.A.24): `^application^pdf^Base64^JVBERi…`. */
export const ED = composite({
  sourceApplication: [1, HD],
  typeOfData: [2, ID],
  dataSubtype: [3, ID],
  encoding: [4, ID],
  content: [5, TX],
});
export type Ed = FieldValue<typeof ED>;

/** MSG, message type (2.A.45): `OMG^O19^OMG_O19`. */
export const MSG = composite({ messageCode: [1, ID], triggerEvent: [2, ID], messageStructure: [3, ID] });

/** PT, processing type (2.A.57): `P`. */
export const PT = composite({ processingId: [1, ID], processingMode: [2, ID] });

/** VID, version identifier (2.A.83): `2.5.1^USA`. */
export const VID = composite({
  versionId: [1, ID],
  internationalizationCode: [2, CWE],
  internationalVersionId: [3, CWE],
});

/** ERL, error location (2.A.29): `PID^1^3^1^4`. Numbers from 1. */
export const ERL = composite({
  segmentId: [1, ST],
  segmentSequence: [2, NM],
  fieldPosition: [3, NM],
  fieldRepetition: [4, NM],
  componentNumber: [5, NM],
  subComponentNumber: [6, NM],
});
export type Erl = FieldValue<typeof ERL>;
