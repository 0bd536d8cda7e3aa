/** Messages in which every field of every segment is sent: what is mapped with a value that means something, else `X`. */
type Fields = Readonly<Record<number, string>>;
type Wire = readonly (readonly [segment: string, last: number, fields: Fields])[];

const NPI = '1999999984^Okafor^Ngozi^R^Jr^Dr^MD^^&2.16.840.1.113883.4.6&ISO^L^^^NPI';
const PLACER = 'R-1^^2.999.1.15^ISO';
const FILLER = 'T-1^^2.999.2.16^ISO';

const msh = (type: string): Wire[number] => [
  'MSH',
  21,
  {
    3: 'APP',
    4: '^2.999.1^ISO',
    6: '^2.999.2^ISO',
    7: '20250314090512-0500',
    9: type,
    10: 'C-1',
    11: 'P',
    12: '2.5.1',
    15: 'AL',
    16: 'NE',
    17: 'USA',
    18: 'UNICODE UTF-8',
    19: 'en',
    20: '2.3',
    21: '360X',
  },
];

const PID: Wire[number] = [
  'PID',
  39,
  {
    1: '1',
    3: 'MRN-1^C^M10^&2.999.1.5&ISO^MR^&2.999.1&ISO^20200101^20300101',
    5: 'Quintero&van&Quin&p&q^Marisol^J^Jr^Dr^MD^L',
    7: '19710308',
    8: 'F',
    10: '2106-3^White^HL70005^alt^Alt^L',
    11: '12 Alder Way&Alder&12^Unit 3^Fairmont^OR^97999^US^H^geo^Lane^tract',
    13: '^PRN^PH^^1^541^5550100^9',
    14: '^WPN^PH^^^^^^any^p^s^+1 541 555 0102',
    15: 'en^English^ISO639',
    22: 'N^Not Hispanic^HL70189',
  },
];

const ORC: Wire[number] = [
  'ORC',
  30,
  { 1: 'NW', 2: PLACER, 3: FILLER, 5: '', 9: '20250314090300-0500', 12: NPI, 16: 'capacity^Full^L', 28: 'R' },
];

const TQ1: Wire[number] = [
  'TQ1',
  14,
  { 1: '1', 6: '90^d', 7: '20250315', 8: '20250415', 9: 'S^Stat^HL70485', 14: '2' },
];

const OBR: Wire[number] = [
  'OBR',
  49,
  {
    1: '1',
    2: PLACER,
    3: FILLER,
    5: 'S',
    4: '57133-1^Referral note^LN^183545006^Orthopedics^SCT^1^2^words',
    16: NPI,
    31: '396275006^Osteoarthritis^SCT^M17.11^Knee^I10^2025^2025^Bad knee~^Stairs are hard',
  },
];

export const WIRES: Readonly<Record<string, Wire>> = {
  OMG: [
    msh('OMG^O19^OMG_O19'),
    PID,
    ORC,
    TQ1,
    OBR,
    ['NTE', 4, { 3: 'Please call first' }],
    ['DG1', 21, { 3: 'M17.11^Knee^I10' }],
    [
      'OBX',
      29,
      { 1: '1', 2: 'TX', 3: 'REFQ^Referral question^L', 5: 'Is injection advisable?', 11: 'O', 29: 'QST' },
    ],
  ],
  OSU: [msh('OSU^O51^OSU_O51'), PID, ['ORC', 30, { ...ORC[2], 1: 'UA', 5: 'CA' }]],
  SIU: [
    msh('SIU^S12^SIU_S12'),
    [
      'SCH',
      27,
      {
        2: 'A-1^^2.999.2.14^ISO',
        6: '22253000^Pain^SCT',
        7: '11429006^Consultation^SCT',
        11: '1^^^20250402140000-0500^20250402143000-0500^S',
        16: NPI,
        20: '1^Sato^Emi',
        25: 'Booked^^HL70278',
        26: PLACER,
        27: FILLER,
      },
    ],
    ['TQ1', 14, { 7: '20250402140000-0500', 8: '20250402143000-0500', 6: '', 9: '', 14: '' }],
    PID,
    ['RGS', 3, { 1: '1', 2: 'A' }],
    ['AIL', 12, { 3: 'P^R^B^F^S^T^B^1^East clinic^E^A' }],
    ['AIP', 12, { 3: NPI, 6: '20250402140000-0500', 9: '30', 10: 'min' }],
  ],
  MDM: [
    msh('MDM^T02^MDM_T02'),
    ['EVN', 7, { 1: 'T02' }],
    PID,
    ['PV1', 52, {}],
    ['ORC', 30, { ...ORC[2], 1: 'RE' }],
    OBR,
    [
      'TXA',
      25,
      {
        2: 'CN',
        4: '20250401',
        6: '20250407',
        12: 'D-1^^2.999.2.20^ISO',
        14: PLACER,
        15: FILLER,
        16: 'note.xml',
        17: 'AU',
        18: 'N',
        19: 'AV',
        25: 'Consultation',
      },
    ],
    [
      'OBX',
      29,
      {
        1: '1',
        2: 'ED',
        3: '11488-4^Consult note^LN',
        5: 'app^text^xml^Base64^PENsaW5pY2FsRG9jdW1lbnQvPg==',
        11: 'F',
        14: '20250407',
      },
    ],
  ],
  REF: [
    msh('REF^I12^REF_I12'),
    [
      'RF1',
      11,
      { 1: 'P', 2: 'S', 6: PLACER, 8: '20250615', 9: '20250314', 10: 'S^Second opinion^HL70336', 11: FILLER },
    ],
    ['PRD', 9, { 1: 'RP', 2: 'Okafor^Ngozi^R^Jr^Dr^MD', 7: '1999999984^NPI' }],
    ['PRD', 9, { 1: 'RT', 2: 'Lindqvist^Tor^R^Jr^Dr^MD', 7: '1888888884^NPI' }],
    PID,
    ['DG1', 21, { 3: 'M17.11^Knee^I10' }],
    OBR,
  ],
};

/** A message as text, every field filled. */
export const textOf = (wire: Wire): string => wire.map(lineOf).join('');

function lineOf([name, last, fields]: Wire[number]): string {
  const start = name === 'MSH' ? 3 : 1;
  const values = Array.from({ length: last - start + 1 }, (_, index) => fields[start + index] ?? 'X');
  const head = name === 'MSH' ? 'MSH|^~\\&' : name;
  return `${head}|${values.join('|')}\r`;
}

/** The message without these segments, fields and components: `TQ1`, `ORC-2`, `AIL-3.9`. */
export const emptied = (wire: Wire, places: readonly string[]): Wire =>
  wire
    .filter(([name]) => !places.includes(name))
    .map(([name, last, fields]): Wire[number] => {
      const mine = places.flatMap((place) => (place.startsWith(`${name}-`) ? [place.slice(4)] : []));
      const rest = mine.reduce<Fields>((left, place) => {
        const [field = '', part] = place.split('.');
        const parts = (left[Number(field)] ?? '').split('^');
        const value = part === undefined ? '' : parts.with(Number(part) - 1, '').join('^');
        return { ...left, [Number(field)]: value };
      }, fields);
      return [name, last, rest];
    });

/** One place of a message: `PID-3.4.2`, and the message with another value there. */
export interface Change {
  readonly at: string;
  readonly text: string;
}

/** The message with each of its values changed, one at a time. */
export function changesOf(wire: Wire): readonly Change[] {
  return wire.flatMap(([name, last, fields], index) => {
    const start = name === 'MSH' ? 3 : 1;
    return Array.from({ length: last - start + 1 }, (_, offset) => start + offset).flatMap((n) =>
      variants(fields[n] ?? 'X', `${name}-${n}`).map(({ at, value }) => ({
        at,
        text: textOf(wire.with(index, [name, last, { ...fields, [n]: value }])),
      })),
    );
  });
}

/** What stands for another value where appending a letter would not give one. */
const OTHER: Readonly<Record<string, string>> = {
  F: 'M',
  S: 'A',
  R: 'V',
  d: 'h',
  H: 'B',
  L: 'D',
  PRN: 'VHN',
  WPN: 'PRN',
  PH: 'FX',
  N: 'H',
  Booked: 'Cancelled',
  min: 'h',
  AU: 'IP',
  ISO: 'UUID',
};

function variants(value: string, at: string): readonly { readonly at: string; readonly value: string }[] {
  for (const separator of ['~', '^', '&']) {
    if (!value.includes(separator)) continue;
    const parts = value.split(separator);
    return parts.flatMap((part, index) => {
      if (part === '') return [];
      const deeper = separator === '~' ? at : `${at}.${index + 1}`;
      return variants(part, deeper).map((one) => ({
        at: one.at,
        value: parts.with(index, one.value).join(separator),
      }));
    });
  }
  if (value === '') return [];
  const date = /^(\d{4})(\d{4}.*)$/.exec(value);
  if (date !== null && value.length !== 10) return [{ at, value: `${Number(date[1]) + 1}${date[2]}` }];
  return [{ at, value: OTHER[value] ?? (/^\d+$/.test(value) ? `${value}1` : `${value}x`) }];
}
