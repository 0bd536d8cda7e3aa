/**
 * A fault of a message and its place: HL7 table 0357, message error condition codes (HL7 v2.5.1, 2.15.5.3), and the
 * error location of ERR-2 (ERL, 2.A.28).
 */

/** Table 0357, with the display that goes into ERR-3. */
export const CONDITIONS = {
  '0': 'Message accepted',
  '100': 'Segment sequence error',
  '101': 'Required field missing',
  '102': 'Data type error',
  '103': 'Table value not found',
  '104': 'Value too long',
  '200': 'Unsupported message type',
  '201': 'Unsupported event code',
  '202': 'Unsupported processing id',
  '203': 'Unsupported version id',
  '204': 'Unknown key identifier',
  '205': 'Duplicate key identifier',
  '206': 'Application record locked',
  '207': 'Application internal error',
} as const;

type ConditionCode = keyof typeof CONDITIONS;

/** The display of a code of table 0357; undefined for any other code. */
export const conditionNamed = (code: string): string | undefined =>
  Object.entries(CONDITIONS).find(([known]) => known === code)?.[1];

/** A place in a message, as ERL counts: everything from 1. */
export interface Location {
  /** `PID` */
  readonly segment: string;
  /** The number of the segment among those of its name. */
  readonly segmentIndex: number;
  readonly field?: number | undefined;
  readonly repetition?: number | undefined;
  readonly component?: number | undefined;
  readonly subcomponent?: number | undefined;
}

/** A place as people write it: `PID`, `PID-3`, `ORC-2.3`, `OBX[2]-5`, `PID-3[2].4`. Undefined for anything else. */
export function readLocation(place: string): Location | undefined {
  const [, segment, index = '1', field, repetition, component] = PLACE.exec(place) ?? [];
  if (segment === undefined) return undefined;
  const at = { segment, segmentIndex: Number(index), field: numbered(field), component: numbered(component) };
  return repetition === undefined ? at : { ...at, repetition: Number(repetition) };
}

const numbered = (digits: string | undefined) => (digits === undefined ? undefined : Number(digits));

const PLACE = /^([A-Z][A-Z0-9]{2})(?:\[(\d{1,6})\])?(?:-(\d{1,3})(?:\[(\d{1,6})\])?(?:\.(\d{1,3}))?)?$/;

/** The fault of a text that is no message. `says` never quotes the message, because values may name a patient. */
export class Hl7Fault extends Error implements Location {
  override readonly name = 'Hl7Fault';
  readonly code: ConditionCode;
  readonly segment: string;
  readonly segmentIndex: number;
  readonly field: number | undefined;
  readonly says: string;

  constructor(code: ConditionCode, says: string, at: Location = { segment: 'MSH', segmentIndex: 1 }) {
    super(`${at.segment}[${at.segmentIndex}]${at.field === undefined ? '' : `-${at.field}`}: ${says}`);
    this.code = code;
    this.says = says;
    this.segment = at.segment;
    this.segmentIndex = at.segmentIndex;
    this.field = at.field;
  }
}
