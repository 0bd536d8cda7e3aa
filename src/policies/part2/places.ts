/**
 * Where the notice of 42 CFR 2.32 stands on each way by which content leaves (compliance P30, P31). A way without a place
 * never carries content of Part 2. Rows of rails that do not exist yet say what they will have to do.
 */
interface Place {
  /** 42 CFR 2.32(a)(1) or (2). */
  readonly statement: 1 | 2;
  readonly statementAt: string;
  readonly consentAt: string;
}

// prettier-ignore
export const NOTICE_PLACES = {
  'rest-hook':  { statement: 1, statementAt: 'meta.extension of the resource (DS4P display); a notification without a payload holds no record', consentAt: 'below the statement' },
  'capture':    { statement: 1, statementAt: 'meta.extension of the resource in the Bundle (DS4P display)', consentAt: 'below the statement' },
  'hl7v2-mllp': { statement: 1, statementAt: 'NTE: right after MSH in OMG and OSU, after TQ1 in SIU, after OBX in MDM; ORC-28 or TXA-18 R', consentAt: 'a second NTE' },
  'xdm':        { statement: 1, statementAt: 'the first paragraph of INDEX.HTM, and README.TXT; DocumentEntry.confidentialityCode R alone', consentAt: 'a further document of classCode consent' },
  'direct':     { statement: 1, statementAt: 'the first paragraph of the text/plain part, inside what is signed and encrypted; the Subject is neutral', consentAt: 'in the XDM package' },
  'fax':        { statement: 1, statementAt: 'the page right behind the cover, which names no law; Statement 2 below every page of the record', consentAt: 'the page of the notice' },
  'link':       { statement: 1, statementAt: 'above the records, once the recipient was verified, and in what is printed; the message with the link holds neither', consentAt: 'a link beside it' },
  'export':     { statement: 2, statementAt: 'the first line of the file, and the manifest', consentAt: '–' },
  'mail':       false,
  'sms':        false,
} as const satisfies Record<string, Place | false>;
