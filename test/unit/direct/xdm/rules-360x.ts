/**
 * What 360X requires of the metadata of a package, in our words: the rules by which systems are tested at the Connectathon
 * (sections 3.55.4.1.2, 3.55.4.2.2, 3.55.4.3.2, 3.57.4.1.2 of the supplement; 360x 5.1 to 5.3, 9), as a table over the XML.
 */
import { XmlDocument, type XmlElement } from 'libxml2-wasm';

const NAMESPACES = {
  lcm: 'urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0',
  rim: 'urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0',
};

const OID = '[0-2](\\.(0|[1-9]\\d*))+';
const LOINC = '2.16.840.1.113883.6.1';

const slot = (name: string): string => `rim:Slot[@name="${name}"]/rim:ValueList/rim:Value`;
const scheme = (id: string): string => `rim:Classification[@classificationScheme="urn:uuid:${id}"]`;
const identifier = (id: string): string =>
  `rim:ExternalIdentifier[@identificationScheme="urn:uuid:${id}"]/@value`;
const SYSTEM = slot('codingScheme');
const REFERENCES = slot('urn:ihe:iti:xds:2013:referenceIdList');

/** What must stand at a place, once, or as often as is said. */
interface Rule {
  readonly id: string;
  readonly at: string;
  readonly is: RegExp;
  readonly isRepeated?: true;
  readonly isOptional?: true;
}

const CX = `^[^^]+\\^\\^\\^&${OID}&ISO$`;
const CXI = new RegExp(`^[^^]+\\^\\^\\^&${OID}&ISO\\^urn:ihe:iti:xds:2013:referral$`);
const XTN = /^\^\^Internet\^[^@^]+@[^@^]+$/;
const UUID = /^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const DTM14 = /^\d{14}$/;
const CONTENT = 'aa543740-bdda-424e-8c96-df4873be8500';

// prettier-ignore
const SET_RULES: readonly Rule[] = [
  { id: 'author.authorTelecommunication', at: `${scheme('a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d')}/${slot('authorTelecommunication')}`, is: XTN },
  { id: 'contentTypeCode', at: `${scheme(CONTENT)}/@nodeRepresentation`, is: /^57133-1$/ },
  { id: 'contentTypeCode, its system', at: `${scheme(CONTENT)}/${SYSTEM}`, is: exactly(LOINC) },
  { id: 'entryUUID', at: '@id', is: UUID },
  { id: 'availabilityStatus', at: '@status', is: /:StatusType:Approved$/ },
  { id: 'objectType', at: '@objectType', is: /:RegistryObject:RegistryPackage$/ },
  { id: 'intendedRecipient', at: slot('intendedRecipient'), is: /^[^|]*\|[^|]*\|\^\^Internet\^[^@|]+@[^@|]+$/ },
  { id: 'sourceId', at: identifier('554ac39e-e3fe-47fe-b233-965d2a147832'), is: new RegExp(`^${OID}$`) },
  { id: 'submissionTime', at: slot('submissionTime'), is: DTM14 },
  { id: 'uniqueId', at: identifier('96fdda7c-d067-4183-912e-bf5ee74998a8'), is: new RegExp(`^(?=.{1,64}$)${OID}$`) },
  { id: 'referenceIdList', at: REFERENCES, is: CXI },
  { id: 'patientId', at: identifier('6b5aea1a-874d-4603-a4bc-96a0a7b38446'), is: new RegExp(CX), isOptional: true },
  { id: 'it is a submission set', at: '../rim:Classification[@classificationNode="urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"]/@classifiedObject', is: UUID },
];

const coded = (
  name: string,
  id: string,
  is: RegExp,
  system: RegExp,
  more: Partial<Rule> = {},
): readonly Rule[] => [
  { id: name, at: `${scheme(id)}/@nodeRepresentation`, is, ...more },
  { id: `${name}, its system`, at: `${scheme(id)}/${SYSTEM}`, is: system, ...more },
];

const CLASS = '41a5887f-8865-4c09-adf7-e362475b143a';
const TYPE = 'f0306f51-975f-434e-a61c-c59651d33983';
const FORMAT = 'a09d5840-386c-46f2-b5ad-9c3699a4309d';
const FORMATS = exactly('1.3.6.1.4.1.19376.1.2.3');

// prettier-ignore
const ENTRY_RULES: readonly Rule[] = [
  ...coded('confidentialityCode', 'f4f85eac-e6cb-4883-b524-f2705394840f', /^[NRV]$/, exactly('2.16.840.1.113883.5.25'), { isRepeated: true }),
  ...coded('healthcareFacilityTypeCode', 'f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1', /./, /./),
  ...coded('practiceSettingCode', 'cccf5598-8b07-4b77-a05e-ae952c785ead', /./, /./),
  { id: 'creationTime', at: slot('creationTime'), is: DTM14 },
  { id: 'entryUUID', at: '@id', is: UUID },
  { id: 'hash', at: slot('hash'), is: /^[0-9a-f]{40}$/ },
  { id: 'languageCode', at: slot('languageCode'), is: /^[a-z]{2}(-[A-Z]{2})?$/ },
  { id: 'objectType', at: '@objectType', is: exactly('urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1') },
  { id: 'availabilityStatus', at: '@status', is: /:StatusType:Approved$/ },
  { id: 'patientId', at: identifier('58a6f841-87b3-4a3e-92fd-a8ffeff98427'), is: new RegExp(CX), isOptional: true },
  { id: 'referenceIdList', at: REFERENCES, is: CXI },
  { id: 'size', at: slot('size'), is: /^\d+$/ },
  { id: 'sourcePatientId', at: slot('sourcePatientId'), is: new RegExp(CX) },
  { id: 'sourcePatientInfo', at: slot('sourcePatientInfo'), is: /^PID-(3|5|7|8|11)\|/, isRepeated: true },
  { id: 'uniqueId', at: identifier('2e82c1f6-a085-4c72-9da3-8640a32e42ab'), is: new RegExp(`^${OID}(\\^.{1,16})?$`) },
  { id: 'URI', at: slot('URI'), is: /^DOC\d{5}\.[A-Z]{3}$/ },
];

const MESSAGE_RULES: readonly Rule[] = [
  ...coded('classCode', CLASS, /^(OMG|OSU|SIU)$/, exactly('2.16.840.1.113883.18.30')),
  ...coded('typeCode', TYPE, /^(OMG_O19|OSU_O51|SIU_S12)$/, exactly('2.16.840.1.113883.18.214')),
  ...coded('formatCode', FORMAT, /^urn:ihe:pcc:360x:hl7:(OMG:O19|OSU:O51|SIU:S(12|13|15|26)):2017$/, FORMATS),
];

const DOCUMENT_RULES: readonly Rule[] = [
  ...coded('classCode', CLASS, /^\d{1,5}-\d$/, exactly(LOINC)),
  ...coded('typeCode', TYPE, /^\d{1,5}-\d$/, exactly(LOINC)),
  ...coded(
    'formatCode',
    FORMAT,
    /^(urn:hl7-org:sdwg:ccda-(structuredBody|nonXMLBody):(1\.1|2\.1)|urn:ihe:pcc:xds-ms:2007)$/,
    FORMATS,
  ),
];

function exactly(text: string): RegExp {
  return new RegExp(`^${text.replaceAll('.', '\\.')}$`);
}

/** How many rules were asked, and a line for each that does not hold. */
export function judge360x(metadata: Uint8Array): {
  readonly asked: number;
  readonly broken: readonly string[];
} {
  const document = XmlDocument.fromBuffer(metadata);
  try {
    const find = (path: string): readonly XmlElement[] =>
      document.find(`/lcm:SubmitObjectsRequest/rim:RegistryObjectList/${path}`, NAMESPACES) as XmlElement[];
    const message = 'rim:ExtrinsicObject[@mimeType="x-application/hl7-v2+er7"]';
    const others = find('rim:ExtrinsicObject[@mimeType="text/xml"]');
    const groups: readonly (readonly [string, readonly XmlElement[], readonly Rule[]])[] = [
      ['set', find('rim:RegistryPackage'), SET_RULES],
      ['message', find(message), [...ENTRY_RULES, ...MESSAGE_RULES]],
      ...others.map((other) => ['document', [other], [...ENTRY_RULES, ...DOCUMENT_RULES]] as const),
    ];
    const counts = [find('rim:RegistryPackage'), find(message)].map(({ length }) => length);
    const one = counts.every((count) => count === 1) ? [] : ['one set and one message: not so'];
    const broken = groups.flatMap(([name, [element], rules]) =>
      element === undefined ? [`${name}: absent`] : rules.flatMap((rule) => brokenBy(element, name, rule)),
    );
    return {
      asked: 1 + groups.reduce((sum, [, , rules]) => sum + rules.length, 0),
      broken: [...one, ...broken, ...unlike(document), ...notMembers(document)],
    };
  } finally {
    document.dispose();
  }
}

function brokenBy(
  element: XmlElement,
  of: string,
  { id, at, is, isRepeated, isOptional }: Rule,
): readonly string[] {
  const values = element.find(at, NAMESPACES).map(({ content }) => content);
  if (values.length === 0) return isOptional === true ? [] : [`${of} ${id}: absent`];
  if (values.length > 1 && isRepeated !== true) return [`${of} ${id}: ${values.length} times`];
  return values.filter((value) => !is.test(value)).map((value) => `${of} ${id}: ${value}`);
}

/** What must be the same on the set and on each entry. */
function unlike(document: XmlDocument): readonly string[] {
  const values = (path: string): ReadonlySet<string> =>
    new Set(document.find(`//${path}`, NAMESPACES).map(({ content }) => content));
  const rows = {
    referenceIdList: values(REFERENCES),
    sourcePatientId: values(slot('sourcePatientId')),
    patientId: new Set([
      ...values(identifier('6b5aea1a-874d-4603-a4bc-96a0a7b38446')),
      ...values(identifier('58a6f841-87b3-4a3e-92fd-a8ffeff98427')),
    ]),
  };
  return Object.entries(rows).flatMap(([name, { size }]) => (size > 1 ? [`${name}: ${size} values`] : []));
}

/** Each entry is a member of the set, by an association of its own. */
function notMembers(document: XmlDocument): readonly string[] {
  const ids = (path: string): readonly string[] =>
    document.find(`//${path}`, NAMESPACES).map(({ content }) => content);
  const [set] = ids('rim:RegistryPackage/@id');
  const members = ids(
    `rim:Association[contains(@associationType, ":HasMember")][@sourceObject="${set}"]/@targetObject`,
  );
  return ids('rim:ExtrinsicObject/@id').flatMap((id) => (members.includes(id) ? [] : [`${id}: no member`]));
}
