/** Of each row of the sensitivity table: codes that have its labels, and codes beside them that do not. */

export const ICD10 = 'http://hl7.org/fhir/sid/icd-10-cm';
export const SNOMED = 'http://snomed.info/sct';
export const RXNORM = 'http://www.nlm.nih.gov/research/umls/rxnorm';
export const LOINC = 'http://loinc.org';
export const CPT = 'http://www.ama-assn.org/go/cpt';

/** `system code`; the labels in the order of the table. */
// prettier-ignore
export const CODE_ROWS: readonly (readonly [system: string, code: string, labels: string])[] = [
  // substance use
  [ICD10,  'F10.20',    'SUD ETH ETHUD'],
  [ICD10,  'F11.20',    'SUD ETH OPIOIDUD'],
  [ICD10,  'F14.10',    'SUD ETH'],
  [ICD10,  'F19.939',   'SUD ETH'],
  [ICD10,  'F17.210',   ''], // tobacco
  [ICD10,  'F09',       ''],
  [ICD10,  'O99.310',   'SUD ETH'],
  [ICD10,  'O99.330',   ''], // tobacco
  [ICD10,  'Z71.41',    'SUD ETH'],
  [ICD10,  'Z71.42',    ''], // family of an alcoholic
  [ICD10,  'T40.2X1A',  'SUD ETH'],
  [ICD10,  'T40.411A',  'SUD ETH'],
  [ICD10,  'T40.2X5A',  ''], // adverse effect of an opioid given for pain
  [ICD10,  'T40.7X1A',  ''], // cannabis
  [ICD10,  'Z79.891',   ''], // long-term use of an opioid analgesic
  [SNOMED, '5602001',   'SUD ETH OPIOIDUD'],
  [SNOMED, '56876005',  'SUD ETH'],
  [SNOMED, '56876006',  ''],
  [RXNORM, '7243',      'SUD ETH'], // naltrexone
  [RXNORM, '3554',      'SUD ETH'], // disulfiram
  [RXNORM, '7804',      ''], // oxycodone
  [RXNORM, '7242',      ''], // naloxone
  [RXNORM, '1819',      ''], // buprenorphine alone
  [RXNORM, '6813',      ''], // methadone alone
  // mental health and development
  [ICD10,  'F20.0',     'MH PSY'],
  [ICD10,  'F32.A',     'MH PSY'],
  [ICD10,  'R45.851',   'MH PSY'],
  [ICD10,  'X78.1XXA',  'MH PSY'],
  [ICD10,  'F03.90',    ''], // dementia
  [ICD10,  'F54',       ''],
  [ICD10,  'R45.850',   ''],
  [ICD10,  'X70',       ''],
  [LOINC,  '44249-1',   'MH PSY'],
  [LOINC,  '44250-9',   ''],
  [SNOMED, '310496002', 'MH PSY'],
  [CPT,    '90791',     'MH PSY'],
  [CPT,    '90837',     'MH PSY'],
  [CPT,    '90790',     ''],
  [CPT,    '90901',     ''],
  [ICD10,  'F84.0',     'DVD'],
  [ICD10,  'F70',       'DVD'],
  [ICD10,  'F99',       ''],
  [ICD10,  'G80.9',     ''],
  // HIV and sexually transmitted disease
  [ICD10,  'B20',       'HIV'],
  [ICD10,  'O98.711',   'HIV'],
  [ICD10,  'B19.10',    ''],
  [ICD10,  'Z20.5',     ''],
  [LOINC,  '80203-3',   'HIV'],
  [LOINC,  '5220-9',    'HIV'],
  [LOINC,  '5196-1',    ''], // hepatitis B
  [RXNORM, '195085',    'HIV'],
  [RXNORM, '1433868',   'HIV'],
  [RXNORM, '85762',     ''], // ritonavir alone
  [ICD10,  'A54.00',    'STD'],
  [ICD10,  'Z11.3',     'STD'],
  [ICD10,  'A49.9',     ''],
  [ICD10,  'Z11.59',    ''],
  [SNOMED, '428015005', 'STD'],
  [LOINC,  '92684-0',   'STD'],
  [RXNORM, '18631',     ''], // azithromycin
  // sexuality, violence, genetics
  [ICD10,  'Z30.011',   'SEX'],
  [ICD10,  'Z33.2',     'SEX'],
  [ICD10,  'F64.0',     'MH PSY SEX'],
  [ICD10,  'Z34.01',    ''],
  [ICD10,  'O09.90',    ''],
  [RXNORM, '6916',      'SEX'],
  [RXNORM, '6373',      'SEX'],
  [RXNORM, '42331',     ''], // misoprostol alone
  [ICD10,  'T74.11XA',  'SDV'],
  [ICD10,  'Z04.41',    'SDV'],
  [ICD10,  'T75.4XXA',  ''],
  [ICD10,  'Z04.1',     ''],
  [SNOMED, '706893006', 'SDV'],
  [ICD10,  'Z13.79',    'GDIS'],
  [ICD10,  'Q90.9',     'GDIS'],
  [ICD10,  'Z82.49',    ''], // heart disease in the family
  [ICD10,  'Q89.9',     ''],
  [ICD10,  'D57.1',     'SICKLE'],
  [ICD10,  'D57',       'SICKLE'],
  [ICD10,  'D56.1',     ''],
  [ICD10,  'D58.0',     ''],
  // the same code elsewhere, and the same system by its other names
  [LOINC,                            'F11.20', ''],
  ['http://example.org/codes',       'F11.20', ''],
  ['urn:oid:2.16.840.1.113883.6.90', 'F1120',  'SUD ETH OPIOIDUD'],
  ['http://hl7.org/fhir/sid/icd-10', 'f11.2',  'SUD ETH OPIOIDUD'],
];
