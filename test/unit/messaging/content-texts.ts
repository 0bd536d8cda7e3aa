/** Texts with what the server makes of them, and the patient whom some of them tell of. */
import type { Resource } from '../../../src/fhir/types.ts';
import type { ContentDecision } from '../../../src/messaging/content.ts';

export const JANE: Resource = {
  resourceType: 'Patient',
  id: 'jane',
  name: [{ given: ['Jané', 'Q'], family: "O'Connor-Roe" }],
  birthDate: '1970-01-02',
  identifier: [
    { system: 'https://elm.example/mrn', value: 'MR-004711' },
    { system: 'https://elm.example/short', value: '9042' },
  ],
};

export type Told = ContentDecision['by'];

/** Texts that were declared administrative, and by what they are decided. */
// prettier-ignore
export const TEXTS: readonly (readonly [text: string, by: Told])[] = [
  // — stays administrative
  ['The invoice of November is late. Please send it by Friday, 12/04/2026.', 'declared'],
  ['Call our front desk at (503) 555-0142 or write to office@elm.example.', 'declared'],
  ['Invoice 2026-10443 over 12,500.00 USD, purchase order 7781-2, contract no. 33-1044.', 'declared'],
  ['We meet on 2026-12-14 at 10:30 in room B12, building A1.', 'declared'],
  ['Please read sections 3.2, 7.1.4 and A.3 of the statement of work.', 'declared'],
  ['Jane will be on vacation from January 2 on.', 'declared'],
  ['Ms. O\'Connor-Roe asked for another projector.', 'declared'],
  ['The MRN field of the interface must be ten characters long; the DOB column is missing.', 'declared'],
  ['Our NPI is 1881710079 and our tax number 93-1234567.', 'declared'],
  ['Version v1.2.3 of the ICD interface goes live at 8:00; SNOMED licenses are renewed.', 'declared'],
  ['Ticket 123456789012 is closed, tracking number 1Z999AA10123456784.', 'declared'],
  ['', 'declared'],
  // — a known patient
  ['Jane O\'Connor-Roe, born 1970-01-02, did not come.', 'name-and-identifier'],
  ['O\'CONNOR-ROE, JANE (01/02/1970)', 'name-and-identifier'],
  ['jane q. o\'connor roe, 2 January 1970', 'name-and-identifier'],
  ['Jane O\'Connor Roe, Jan 2nd, 1970', 'name-and-identifier'],
  ['Jané O’Connor‑Roe nació el 2 de enero de 1970', 'name-and-identifier'],
  ['Jane O\'Connor Roe 1/2/70', 'name-and-identifier'],
  ['J. O\'Connor-Roe, 01/02/1970', 'name-and-identifier'],
  ['Ms. O\'Connor Roe of 2 Jan 1970', 'name-and-identifier'],
  ['J.a.n.e O.C.o.n.n.o.r.R.o.e 1.9.7.0.0.1.0.2', 'name-and-identifier'],
  ['Ja\u200Bne O\u200D\'Con\u00ADnor-Roe 1970\u200B-01-02', 'name-and-identifier'],
  ['Jаne O\'Cоnnor-Roe 1970-01-02', 'name-and-identifier'], // а and о of Cyrillic
  ['Ｊａｎｅ Ｏ＇Ｃｏｎｎｏｒ－Ｒｏｅ １９７０－０１－０２', 'name-and-identifier'],
  ['Jane O\'Connor Roe, chart 9042', 'name-and-identifier'],
  ['chart MR 004711 please', 'identifier'],
  ['chart m.r.0.0.4.7.1.1', 'identifier'],
  ['Jane O\'Connor Roe can be reached at 503-555-0142.', 'phone-and-name'],
  // — anybody, by a number of one person
  ['The number is 123-45-6789.', 'ssn'],
  ['The number is 123‑45‑6789.', 'ssn'],
  ['The number is 123 45 6789.', 'ssn'],
  ['The number is 000-45-6789, or 666-45-6789, or 923-45-6789.', 'declared'],
  ['1EG4-TE5-MK73', 'mbi'],
  ['member 1eg4te5mk73', 'mbi'],
  ['member 1EG4 TE5 MK73', 'mbi'],
  ['SSN 123456789', 'labelled'],
  ['MRN: 0047-11', 'labelled'],
  ['patient DOB 1/2/1970', 'labelled'],
  ['fecha de nacimiento: 2/1/1970', 'labelled'],
  // — codes
  ['please bill E11.9 with it', 'coded'],
  ['please bill F10.20 with it', 'coded'],
  ['ICD-10 code F1020', 'coded'],
  ['LOINC 2345-7', 'coded'],
  ['RxNorm: 1049502', 'coded'],
  ['SNOMED CT 44054006', 'coded'],
  ['it is 44054006', 'coded'],
  ['it is 44054007', 'declared'], // no check digit of SNOMED
  ['it is 2345-7', 'coded'],
  ['it is 2345-6', 'declared'], // no check digit of LOINC
  // — encoded
  ['Jane O&#39;Connor&#x2d;Roe 1970&#45;01&#45;02', 'name-and-identifier'],
  ['Jane%20O%27Connor%2DRoe%201970%2D01%2D02', 'name-and-identifier'],
  [Buffer.from("Jane O'Connor-Roe 1970-01-02").toString('base64'), 'name-and-identifier'],
  [Buffer.from("Jane O'Connor-Roe 1970-01-02").toString('base64url'), 'name-and-identifier'],
  [Buffer.from(Buffer.from("Jane O'Connor-Roe 1970-01-02").toString('base64')).toString('base64'), 'name-and-identifier'],
  [Buffer.from("Jane O'Connor-Roe 1970-01-02", 'utf16le').toString('base64'), 'name-and-identifier'],
];

const SAID = "Jane O'Connor-Roe 1970-01-02";

/** Where the words stand when a message is written to hide them. */
export const PLACES: readonly (readonly [place: string, message: Readonly<Record<string, unknown>>])[] = [
  ['two payloads', { payload: [{ contentString: "Jane O'Connor-Roe" }, { contentString: '1970-01-02' }] }],
  ['topic', { topic: { text: SAID } }],
  ['a note', { note: [{ text: SAID }] }],
  ['a reason', { reasonCode: [{ text: SAID }] }],
  ['a status reason', { statusReason: { text: SAID } }],
  ['the display of the sender', { sender: { reference: 'Practitioner/p', display: SAID } }],
  ['the display of a coding', { category: [{ coding: [{ system: 'urn:x', code: 'x', display: SAID }] }] }],
  [
    'an extension',
    { extension: [{ url: 'https://elm.example/x', extension: [{ url: 'y', valueString: SAID }] }] },
  ],
  [
    'the URL of an extension',
    { extension: [{ url: `https://elm.example/${encodeURIComponent(SAID)}`, valueBoolean: true }] },
  ],
  [
    'an extension of a primitive',
    { _sent: { extension: [{ url: 'https://elm.example/x', valueString: SAID }] } },
  ],
  [
    'the narrative',
    {
      text: {
        status: 'generated',
        div: "<div><p>J<b>a</b>ne</p><p>O'Connor-Roe</p> <i>1970-01-02</i></div>",
      },
    },
  ],
  [
    'a contained Practitioner',
    { contained: [{ resourceType: 'Practitioner', id: 'p', name: [{ text: SAID }] }] },
  ],
  ['an identifier', { identifier: [{ system: 'urn:x', value: SAID }] }],
  ['a tag', { meta: { tag: [{ system: 'urn:x', code: 'x', display: SAID }] } }],
];
