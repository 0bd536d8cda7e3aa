/** Invariants of the datatypes (http://hl7.org/fhir/R4/datatypes.html, metadatatypes.html). */
import { isSurelyAfter } from '../moments.ts';
import {
  atLeastOne,
  has,
  listOf,
  notBoth,
  notNegative,
  oneOf,
  row,
  together,
  treeOf,
  UCUM,
  type Invariant,
  type Tree,
} from './row.ts';

const inUcum = ({ system }: Tree): boolean => system === undefined || system === UCUM;
const QUANTITY: readonly Invariant[] = [together('qty-3', 'code', 'system')];

export const DATATYPES: Readonly<Record<string, readonly Invariant[]>> = {
  Age: [
    ...QUANTITY,
    row(
      'age-1',
      'a value needs a code, of UCUM, and is positive',
      (age) => (has(age, 'code') || !has(age, 'value')) && inUcum(age) && !(Number(age['value']) <= 0),
    ),
  ],
  Attachment: [together('att-1', 'data', 'contentType')],
  ContactPoint: [together('cpt-2', 'value', 'system')],
  Count: [
    ...QUANTITY,
    row(
      'cnt-3',
      'a value needs the code 1 of UCUM and is a whole number',
      (count) =>
        (has(count, 'code') || !has(count, 'value')) &&
        inUcum(count) &&
        (count['code'] ?? '1') === '1' &&
        Number.isInteger(count['value'] ?? 0),
    ),
  ],
  'DataRequirement.codeFilter': [oneOf('drq-1', 'path', 'searchParam')],
  'DataRequirement.dateFilter': [oneOf('drq-2', 'path', 'searchParam')],
  Distance: [
    ...QUANTITY,
    row(
      'dis-1',
      'a value needs a code of UCUM',
      (distance) => (has(distance, 'code') || !has(distance, 'value')) && inUcum(distance),
    ),
  ],
  Duration: [
    ...QUANTITY,
    row(
      'drt-1',
      'a code is of UCUM and needs a value',
      (duration) => !has(duration, 'code') || (duration['system'] === UCUM && has(duration, 'value')),
    ),
  ],
  Expression: [atLeastOne('exp-1', 'expression', 'reference')],
  Extension: [oneOf('ext-1', 'value[x]', 'extension')],
  Period: [row('per-1', 'start must not be after end', ({ start, end }) => !isSurelyAfter(start, end))],
  Quantity: QUANTITY,
  Range: [
    row(
      'rng-2',
      'low must not be above high',
      (range) => !isAbove(treeOf(range, 'low'), treeOf(range, 'high')),
    ),
  ],
  Ratio: [
    row(
      'rat-1',
      'numerator and denominator come together; without them there is an extension',
      (ratio) =>
        has(ratio, 'numerator') === has(ratio, 'denominator') &&
        (has(ratio, 'numerator') || has(ratio, 'extension')),
    ),
  ],
  'Timing.repeat': [
    together('tim-1', 'duration', 'durationUnit'),
    together('tim-2', 'period', 'periodUnit'),
    notNegative('tim-4', 'duration'),
    notNegative('tim-5', 'period'),
    together('tim-6', 'periodMax', 'period'),
    together('tim-7', 'durationMax', 'duration'),
    together('tim-8', 'countMax', 'count'),
    row(
      'tim-9',
      'offset needs a when, other than C, CM, CD and CV',
      (repeat) =>
        !has(repeat, 'offset') ||
        (has(repeat, 'when') &&
          !['C', 'CM', 'CD', 'CV'].some((meal) => listOf(repeat, 'when').includes(meal))),
    ),
    notBoth('tim-10', 'timeOfDay', 'when'),
  ],
  TriggerDefinition: [
    notBoth('trd-1', 'data', 'timing[x]'),
    together('trd-2', 'condition', 'data'),
    row('trd-3', 'a named event needs a name, a periodic one timing, a data event data', (trigger) =>
      has(
        trigger,
        NEEDED[String(trigger['type'])] ?? (String(trigger['type']).startsWith('data-') ? 'data' : 'type'),
      ),
    ),
  ],
};

const NEEDED: Readonly<Record<string, string>> = { 'named-event': 'name', periodic: 'timing[x]' };

/** Whether both are numbers of the same unit, and the first is greater. */
function isAbove(low: Tree, high: Tree): boolean {
  const sameUnit =
    low['code'] === high['code'] && low['system'] === high['system'] && low['unit'] === high['unit'];
  return sameUnit && Number(low['value']) > Number(high['value']);
}
