/** The US Realm Header of a document: patient, author, custodian, recipients. */
import type {
  CodeableConcept,
  Coding,
  Extension,
  HumanName,
  Identifier,
  Reference,
  Resource,
} from '../../fhir/types.ts';
import { GENDERS } from '../concepts.ts';
import {
  addresses,
  assigned,
  isKnown,
  organizationName,
  organizationOf,
  patientName,
  personName,
  telecoms,
  type Party,
} from './party.ts';
import { consentOf, PRIVACY_TEMPLATES, type PrivacyNotice } from './privacy.ts';
import { numbersOf } from './entries/order.ts';
import { DOCUMENTS, template, templateIds, UNSTRUCTURED, type DocumentKind } from './templates.ts';
import { code, concept, idsOf, interval, nullFlavorOf, point, rootOf, tsOf } from './values.ts';
import { element, nothing, text, texted, type Attributes, type Xml } from '../../xml/elements.ts';
import { lose, loseOthers, type Writing } from './writing.ts';

/** What the header is made of. */
export interface HeaderContent {
  readonly kind: DocumentKind;
  /** What it is, where that is not what its kind is. */
  readonly type?: { readonly code: string; readonly display: string } | undefined;
  /** UUID of this very document. */
  readonly id: string;
  /** UUID that all its versions share. */
  readonly setId: string;
  readonly version: number;
  /** The id of the version that it replaces. */
  readonly replaces?: string | undefined;
  readonly title?: string | undefined;
  /** A dateTime with seconds and a zone. */
  readonly time: string;
  readonly confidentiality: string;
  readonly patient: Resource;
  readonly author: Party;
  readonly custodian: Resource;
  readonly recipients: readonly Party[];
  /** The order that the document asks for, or answers. */
  readonly order?: Resource | undefined;
  /** The visit that it tells of: an Encounter or an Appointment. */
  readonly visit?: Resource | undefined;
  /** What it owes as content of 42 CFR Part 2. */
  readonly notice?: PrivacyNotice | undefined;
  /** The body where it is a file, and no sections: its media type, and its bytes in base64. */
  readonly file?: { readonly mediaType: string; readonly data: string } | undefined;
  /** When the care began that a CCD sums up. */
  readonly careSince?: string | undefined;
}

const LOINC = '2.16.840.1.113883.6.1';
const HL7 = '2.16.840.1.113883';

/** Everything before the body, in the order of the schema. */
export function writeHeader(writing: Writing, content: HeaderContent): readonly (Xml | undefined)[] {
  const { kind, id, setId, version, title, time, confidentiality, patient, custodian, notice } = content;
  const row = DOCUMENTS[kind];
  return [
    element('realmCode', { code: 'US' }),
    element('typeId', { root: `${HL7}.1.3`, extension: 'POCD_HD000040' }),
    ...templateIds(template('1.1', '2015-08-01'), content.file === undefined ? row.template : UNSTRUCTURED),
    ...templateIds(...(notice === undefined ? [] : [PRIVACY_TEMPLATES.document])),
    element('id', { root: id.toUpperCase() }),
    code('code', (content.type ?? row).code, LOINC, (content.type ?? row).display),
    element('title', {}, text(title ?? row.title)),
    element('effectiveTime', { value: tsOf(time) }),
    code('confidentialityCode', atLeast(confidentiality, notice), `${HL7}.5.25`),
    element('languageCode', { code: 'en-US' }),
    element('setId', { root: setId.toUpperCase() }),
    element('versionNumber', { value: version }),
    recordTarget(writing, patient, custodian),
    element(
      'author',
      {},
      ...templateIds(...(notice === undefined ? [] : [PRIVACY_TEMPLATES.author])),
      point('time', time),
      assigned(
        writing,
        'assignedAuthor',
        authorWith(content),
        ...(notice === undefined ? [] : [PRIVACY_TEMPLATES.assignedAuthor]),
      ),
    ),
    element('custodian', {}, element('assignedCustodian', {}, custodianOf(writing, custodian))),
    ...recipientsOf(writing, content),
    kind === 'consultation-note' ? fulfilled(writing, content.order) : undefined,
    documentationOf(writing, content),
    content.replaces === undefined
      ? undefined
      : element(
          'relatedDocument',
          { typeCode: 'RPLC' },
          element('parentDocument', {}, element('id', { root: content.replaces.toUpperCase() })),
        ),
    notice && consentOf(writing, notice),
    kind === 'consultation-note' ? visitOf(writing, content) : undefined,
  ];
}

/** Content of 42 CFR Part 2 is restricted, if it is not more. */
const atLeast = (confidentiality: string, notice: PrivacyNotice | undefined): string =>
  notice === undefined || confidentiality === 'V' ? confidentiality : 'R';

/** A device writes for an organization: for the one that keeps the document, where it has none. */
const authorWith = ({ author, custodian }: HeaderContent): Party =>
  author.device === undefined ? author : { ...author, organization: author.organization ?? custodian };

/** A Referral Note is for exactly one reader. */
function recipientsOf(writing: Writing, { kind, recipients }: HeaderContent): readonly Xml[] {
  const { losses } = writing;
  if (kind !== 'referral-note') return recipients.map((party) => recipientOf(writing, party));
  const [first = {}, ...others] = recipients;
  if (!isKnown(first))
    losses.add('defaulted', 'ServiceRequest.performer', 'a Referral Note has a reader: the intake');
  if (others.length > 0)
    losses.add('unmapped', 'ServiceRequest.performer', 'a Referral Note is for one reader: the first');
  return [recipientOf(writing, first)];
}

const US_CORE = 'http://hl7.org/fhir/us/core/StructureDefinition';

function recordTarget(writing: Writing, patient: Resource, custodian: Resource): Xml {
  const organization = writing.lookUp(patient['managingOrganization'] as Reference | undefined) ?? custodian;
  const marital = patient['maritalStatus'] as CodeableConcept | undefined;
  const names = (patient['name'] ?? []) as readonly HumanName[];
  const inUse = names.filter(({ use }) => use !== 'old' && use !== 'maiden' && use !== 'temp');
  for (const name of names)
    if (!inUse.includes(name))
      lose(writing, 'unmapped', patient, 'name', 'a name that is not in use any more');
  for (const name of [
    'photo',
    'link',
    'generalPractitioner',
    'multipleBirthBoolean',
    'multipleBirthInteger',
    'contact',
  ])
    if (patient[name] !== undefined) lose(writing, 'unmapped', patient, name, 'has no place in the header');
  return element(
    'recordTarget',
    {},
    element(
      'patientRole',
      {},
      idsOf(writing, patient),
      addresses(patient),
      telecoms(patient),
      element(
        'patient',
        {},
        inUse.length === 0 ? nothing('name', 'UNK') : inUse.map(patientName),
        genderOf(patient),
        birthOf(patient),
        ...deathOf(patient),
        marital === undefined
          ? undefined
          : concept(writing, 'maritalStatusCode', marital, { prefers: MARITAL }),
        ...raceOf(patient, 'race', 'raceCode'),
        ...raceOf(patient, 'ethnicity', 'ethnicGroupCode'),
        languagesOf(writing, patient),
      ),
      organizationOf(writing, 'providerOrganization', organization),
    ),
  );
}

const MARITAL = 'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus';

function genderOf(patient: Resource): Xml {
  const found = Object.entries(GENDERS).find(([, known]) => known === patient['gender'])?.[0];
  return found === undefined
    ? nothing('administrativeGenderCode', 'UNK')
    : code('administrativeGenderCode', found, `${HL7}.5.1`);
}

function birthOf(patient: Resource): Xml {
  const beside = patient['_birthDate'] as { extension?: Extension[] } | undefined;
  const time = beside?.extension?.find(({ url }) => url.endsWith('/patient-birthTime'))?.valueDateTime;
  const date = time ?? (patient['birthDate'] as string | undefined);
  return date === undefined
    ? nothing('birthTime', nullFlavorOf(beside) ?? 'UNK')
    : element('birthTime', { value: tsOf(date) });
}

function deathOf(patient: Resource): readonly Xml[] {
  const time = patient['deceasedDateTime'] as string | undefined;
  const is = time !== undefined || patient['deceasedBoolean'] === true;
  return is
    ? [
        element('sdtc:deceasedInd', { value: 'true' }),
        ...(time === undefined ? [] : [element('sdtc:deceasedTime', { value: tsOf(time) })]),
      ]
    : [];
}

const CDC = `${HL7}.6.238`;

/** Race or ethnicity from US Core's extension: the first as itself, the others as extensions of Structured Documents. */
function raceOf(patient: Resource, kind: string, name: string): readonly Xml[] {
  const extensions = (patient['extension'] ?? []) as readonly Extension[];
  const parts = extensions.find(({ url }) => url === `${US_CORE}/us-core-${kind}`)?.extension ?? [];
  const codings = parts.flatMap(({ valueCoding }) => valueCoding ?? []);
  const known = codings.filter(({ system }) => system === `urn:oid:${CDC}`);
  const [first, ...others] = known.map((coding): Attributes => ({
    code: coding.code,
    codeSystem: CDC,
    displayName: coding.display,
  }));
  if (first === undefined) {
    const nullFlavor = codings.find(({ code: one }) => one === 'ASKU' || one === 'UNK')?.code ?? 'UNK';
    return [nothing(name, nullFlavor)];
  }
  return [element(name, first), ...others.map((other) => element(`sdtc:${name}`, other))];
}

const LANGUAGE = /^[a-z]{2,8}(?:-[a-z0-9]{1,8})*$/i;

function languagesOf(writing: Writing, patient: Resource): readonly Xml[] {
  const spoken = (patient['communication'] ?? []) as readonly {
    language?: CodeableConcept;
    preferred?: boolean;
  }[];
  return spoken.flatMap(({ language, preferred }) => {
    const tag = language?.coding?.find((coding: Coding) => coding.code !== undefined)?.code;
    if (tag === undefined || !LANGUAGE.test(tag)) {
      lose(writing, 'unmapped', patient, 'communication.language', 'no tag of a language (BCP 47)');
      return [];
    }
    return [
      element(
        'languageCommunication',
        {},
        element('languageCode', { code: tag }),
        preferred === undefined ? undefined : element('preferenceInd', { value: String(preferred) }),
      ),
    ];
  });
}

/** The organization that keeps the document; its schema has one telecom and one address. */
function custodianOf(writing: Writing, organization: Resource): Xml {
  return element(
    'representedCustodianOrganization',
    {},
    idsOf(writing, organization),
    organizationName(organization),
    telecoms(organization)[0],
    addresses(organization)[0],
  );
}

/** Whom the document is for. A person is required: an organization alone has its intake. */
function recipientOf(writing: Writing, { person, organization, role }: Party): Xml {
  const named = person ?? organization;
  const organizationText = texted('name', organization?.['name'] as string | undefined);
  return element(
    'informationRecipient',
    {},
    element(
      'intendedRecipient',
      {},
      named === undefined ? undefined : idsOf(writing, named),
      addresses(person?.['address'] === undefined ? organization : person),
      telecoms(role, person, organization),
      element(
        'informationRecipient',
        {},
        person === undefined ? element('name', {}, text('Referral intake')) : personName(person),
      ),
      organizationText === undefined || organization === undefined
        ? undefined
        : element('receivedOrganization', {}, idsOf(writing, organization), organizationText),
    ),
  );
}

/** The order that is answered, by the number of the referral. */
const fulfilled = (writing: Writing, order: Resource | undefined): Xml =>
  element(
    'inFulfillmentOf',
    {},
    element('order', {}, order === undefined ? nothing('id', 'UNK') : numbersOf(writing, order)),
  );

/** The care that the document tells of; a CCD sums up a time. */
function documentationOf(
  writing: Writing,
  { kind, time, careSince, author, visit }: HeaderContent,
): Xml | undefined {
  const start =
    kind === 'ccd'
      ? careSince
      : ((visit?.['period'] as { start?: string } | undefined)?.start ??
        (visit?.['start'] as string | undefined));
  if (kind !== 'ccd' && start === undefined) return undefined;
  return element(
    'documentationOf',
    {},
    element(
      'serviceEvent',
      { classCode: 'PCPR' },
      element('effectiveTime', {}, point('low', start), kind === 'ccd' ? point('high', time) : undefined),
      author.person === undefined
        ? undefined
        : element('performer', { typeCode: 'PRF' }, assigned(writing, 'assignedEntity', author)),
    ),
  );
}

/** The kind of the visit: its type, and its class among the translations. */
function classOf(writing: Writing, visit: Resource): Xml | undefined {
  const [type] = (visit['type'] ?? []) as readonly CodeableConcept[];
  const coding = [visit['class'] as Coding | undefined, ...(type?.coding ?? [])].filter(
    (one) => one !== undefined,
  );
  loseOthers(writing, visit, ['identifier', 'class', 'type', 'period', 'start', 'end', 'status', 'subject']);
  return visit.resourceType === 'Encounter' ? concept(writing, 'code', { coding }) : undefined;
}

/** The time of a visit is known to the day. */
const isDay = (dateTime: string | undefined): dateTime is string =>
  dateTime !== undefined && dateTime.length >= '2025-01-01'.length;

/** The visit; without one, the day of the note stands for it. */
function visitOf(writing: Writing, { visit, time }: HeaderContent): Xml {
  const period = visit?.['period'] as { start?: string; end?: string } | undefined;
  const start = period?.start ?? (visit?.['start'] as string | undefined);
  const end = period?.end ?? (visit?.['end'] as string | undefined);
  const identifiers = ((visit?.['identifier'] ?? []) as readonly Identifier[])
    .map(rootOf)
    .filter((root) => root !== undefined);
  return element(
    'componentOf',
    {},
    element(
      'encompassingEncounter',
      {},
      visit === undefined
        ? nothing('id', 'NI')
        : identifiers.length > 0
          ? identifiers.map((root) => element('id', root))
          : idsOf(writing, visit),
      visit === undefined ? undefined : classOf(writing, visit),
      isDay(start)
        ? interval('effectiveTime', { start, ...(isDay(end) && { end }) })
        : element('effectiveTime', { value: tsOf(time.slice(0, 10)) }),
    ),
  );
}
