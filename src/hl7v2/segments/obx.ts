/**
 * OBX, observation/result (HL7 v2.5.1, 7.4.2; OBX-29 of v2.8.2):
 *
 *     1 set ID SI · 2 value type ID 0125 · 3 observation identifier CE · 4 observation sub-ID ST ·
 *     5 observation value, of the type in OBX-2* · 6 units CE · 7 references range ST · 8 abnormal flags IS* ·
 *     9 probability NM · 10 nature of abnormal test ID* · 11 observation result status ID 0085 ·
 *     12 effective date of reference range TS · 13 user defined access checks ST · 14 date/time of the observation TS ·
 *     15 producer's ID CE · 16 responsible observer XCN* · 17 observation method CE* · 18 equipment instance EI* ·
 *     19 date/time of the analysis TS · … · 29 observation type ID 0936
 */
import type { RepetitionValue, SegmentValues } from '../build.ts';
import { CWE, DTM, ED, ID, SI, ST, XCN, type Cwe, type Ed } from '../datatypes.ts';
import { segment, TEXT, type SegmentDraft, type SegmentOf } from '../layout.ts';
import { repetitions, type Composite, type Segment } from '../message.ts';

const LAYOUT = {
  setId: [1, SI],
  valueType: [2, ID],
  observationIdentifier: [3, CWE],
  observationSubId: [4, ST],
  units: [6, CWE],
  referencesRange: [7, ST],
  observationResultStatus: [11, ID],
  dateTimeOfTheObservation: [14, DTM],
  responsibleObserver: [16, XCN, '*'],
  observationType: [29, ID],
} as const;

/** OBX-5 by OBX-2: a code, encapsulated data, or else the text with its delimiters. */
type ObservationValue =
  | { readonly kind: 'code'; readonly code: Cwe }
  | { readonly kind: 'document'; readonly document: Ed }
  | { readonly kind: 'text'; readonly text: string };

export interface Obx extends SegmentOf<typeof LAYOUT> {
  readonly observationValue: readonly ObservationValue[];
}

const rest = segment('OBX', LAYOUT);

/** One OBX. */
export function readObx(from: Segment): Obx {
  const whole = rest.read(from);
  const read = READERS.get(whole.valueType ?? '') ?? readText;
  return { ...whole, observationValue: repetitions(from, 5).flatMap((value) => read(value) ?? []) };
}

/** Builds an OBX with values of one kind; `valueType` must name that kind. */
export function buildObx(draft: SegmentDraft<Obx>): SegmentValues {
  const { observationValue = [], ...others } = draft;
  const isFormatted = others.valueType === 'FT';
  return {
    name: 'OBX',
    draft,
    get fields() {
      const { fields } = rest.build(others);
      return { ...fields, 5: observationValue.map((value) => buildValue(value, isFormatted)) };
    },
  };
}

const readCode = (from: Composite): ObservationValue | undefined => {
  const code = CWE.read(from);
  return code && { kind: 'code', code };
};

const readDocument = (from: Composite): ObservationValue | undefined => {
  const document = ED.read(from);
  return document && { kind: 'document', document };
};

const readText = (from: Composite): ObservationValue | undefined => {
  const text = TEXT.read(from);
  return text === undefined ? undefined : { kind: 'text', text };
};

/** The readers by OBX-2. A sender may write anything there. */
const READERS: ReadonlyMap<string, typeof readText> = new Map([
  ['CE', readCode],
  ['CNE', readCode],
  ['CWE', readCode],
  ['ED', readDocument],
]);

function buildValue(value: ObservationValue, isFormatted: boolean): RepetitionValue {
  if (value.kind === 'text') return isFormatted ? { formatted: value.text } : value.text;
  return value.kind === 'code' ? CWE.build(value.code) : ED.build(value.document);
}
