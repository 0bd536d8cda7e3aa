/**
 * Sensitivity by code (compliance S3): which codes of a record say that it tells of something that the law or the patient
 * may want told to few. Codes are facts; the labels are those of HL7's ActCode. A substance use code never says that a
 * record is one of 42 CFR Part 2: that follows from who wrote it (42 CFR 2.12(d)(2)(ii)).
 */

interface SensitivityRow {
  readonly labels: readonly string[];
  /** Of each code system: codes, prefixes and ranges of prefixes as below. */
  readonly codes: Readonly<Partial<Record<CodeSystemName, string>>>;
  /** Codes of ICD-10 of which one must stand beside it in the same resource. */
  readonly beside?: string;
}

type CodeSystemName = 'icd10' | 'snomed' | 'rxnorm' | 'loinc' | 'cpt';

/** The code systems of the table, by each name under which they come. */
export const CODE_SYSTEMS: ReadonlyMap<string, CodeSystemName> = new Map([
  ['http://hl7.org/fhir/sid/icd-10-cm', 'icd10'],
  ['urn:oid:2.16.840.1.113883.6.90', 'icd10'],
  ['http://hl7.org/fhir/sid/icd-10', 'icd10'],
  ['urn:oid:2.16.840.1.113883.6.3', 'icd10'],
  ['http://snomed.info/sct', 'snomed'],
  ['urn:oid:2.16.840.1.113883.6.96', 'snomed'],
  ['http://www.nlm.nih.gov/research/umls/rxnorm', 'rxnorm'],
  ['urn:oid:2.16.840.1.113883.6.88', 'rxnorm'],
  ['http://loinc.org', 'loinc'],
  ['urn:oid:2.16.840.1.113883.6.1', 'loinc'],
  ['http://www.ama-assn.org/go/cpt', 'cpt'],
  ['urn:oid:2.16.840.1.113883.6.12', 'cpt'],
]);

/** The version of the table, which every label derived from it names. A changed row has another version. */
export const SENSITIVITY_VERSION = '2026-11-30';

/**
 * ICD-10: prefixes of codes without their dot (`F10`), and ranges of prefixes of one length (`F20-F48`). CPT: the same. The
 * others: whole codes.
 */
// prettier-ignore
export const SENSITIVITY: readonly SensitivityRow[] = [
  // — substance use (not tobacco, F17); poisoning by opioids and cocaine, not their adverse effects
  { labels: ['SUD', 'ETH'],
    codes: {
      icd10: `F10-F16 F18-F19 O9931-O9932 Z7141 Z7151 T400X1-T400X4 T401X1-T401X4 T402X1-T402X4 T403X1-T403X4 T404X1-T404X4
        T40411-T40414 T40421-T40424 T40491-T40494 T405X1-T405X4 T40601-T40604 T40691-T40694`,
      // opioid abuse; rehabilitation and detoxification; counseling; detoxification; therapy; dependence
      snomed: '5602001 56876005 60112009 61480009 266707007 6525002',
      // naltrexone, disulfiram, acamprosate; buprenorphine and methadone are given for pain as well
      rxnorm: '7243 3554 82819',
    } },
  { labels: ['ETHUD'],    codes: { icd10: 'F10' } },
  { labels: ['OPIOIDUD'], codes: { icd10: 'F11', snomed: '5602001' } },
  // buprenorphine and methadone, for substance use
  { labels: ['SUD', 'ETH'], codes: { rxnorm: '1819 6813' }, beside: 'F10-F16 F18-F19' },
  // — mental health (not dementia, F01-F09)
  { labels: ['MH', 'PSY'],
    codes: {
      icd10: 'F20-F48 F50-F53 F60-F69 F90-F98 R45851 T1491 X71-X83',
      loinc: '44249-1', // PHQ-9
      snomed: '310496002', // recurrent major depression, moderate
      cpt: '90791-90899',
    } },
  // — developmental disability
  { labels: ['DVD'], codes: { icd10: 'F70-F89' } },
  // — HIV
  { labels: ['HIV'],
    codes: {
      icd10: 'B20 Z21 R75 Z206 Z717 Z114 O987 B9735',
      // antibodies, antigen, RNA
      loinc: '80203-3 7917-8 7918-6 7919-4 5220-9 5221-7 5222-5 5223-3 5224-1 5225-8 56888-1 75622-1 75666-8 89374-3',
      // abacavir, atazanavir, darunavir, dolutegravir, efavirenz, emtricitabine, lamivudine, nevirapine, raltegravir,
      // tenofovir, zidovudine; ritonavir alone is given against other viruses
      rxnorm: '190521 343047 460132 1433868 195085 276237 68244 53654 719872 117466 11413',
    } },
  // — sexually transmitted disease
  { labels: ['STD'],
    codes: {
      icd10: 'A50-A64 Z202 Z113',
      snomed: '428015005',
      loinc: '92684-0', // chlamydia, gonorrhoea and trichomonas in urine
    } },
  // — sexuality and reproduction; the care of a pregnancy as such is none
  { labels: ['SEX'],
    codes: {
      icd10: 'Z30-Z33 O04 O07 Z640 Z793 F64 Z87890',
      rxnorm: '6916 6373 14584', // mifepristone, levonorgestrel, etonogestrel
    } },
  { labels: ['SEX'], codes: { rxnorm: '42331' }, beside: 'O00-O9A' }, // misoprostol, for a pregnancy
  // — violence
  { labels: ['SDV'],
    codes: {
      icd10: 'T74 T76 Y07 Z044 Z047 Z69 Z6281 Z9141',
      snomed: '706893006 713834002',
    } },
  // — genetics; of the family history, what is inherited
  { labels: ['GDIS'],   codes: { icd10: 'Z137 Z14-Z15 Z827 Z8481 Q90-Q99' } },
  { labels: ['SICKLE'], codes: { icd10: 'D57' } },
];

/**
 * Labels by the flag of its author, an extension on the resource or on a section. A psychotherapy note is one because its
 * author keeps it apart from the record (45 CFR 164.501), never by its type or code; a minor's own consent is known to whom
 * the minor gave it (45 CFR 164.502(g)(3)).
 */
export const FLAGS: ReadonlyMap<string, string> = new Map([
  ['https://closeloop.dev/fhir/StructureDefinition/psychotherapy-note', 'PSYTHPN'],
  ['https://closeloop.dev/fhir/StructureDefinition/minor-consented', 'ADOL'],
]);
