/** Schedules (PIVL_TS, EIVL_TS) as the repeat of a Timing. */
import { table } from '../../table.ts';
import type { TimingRepeat } from '../../../fhir/types.ts';
import type { XmlElement } from '../../../xml/tree.ts';
import { attributeOf, childOf, dataTypeOf } from '../../element.ts';
import { plainNumberOf } from '../../number.ts';
import { readNumber } from '../quantity.ts';
import { lose, type Reading } from '../reading.ts';

/** Units of time that FHIR and UCUM share. */
const UNITS: ReadonlySet<string> = new Set(['s', 'min', 'h', 'd', 'wk', 'mo', 'a']);

/** Events that FHIR's Timing.repeat.when has under the same code. */
const EVENTS: ReadonlySet<string> = new Set('HS WAKE C CM CD CV AC ACM ACD ACV PC PCM PCD PCV'.split(' '));

export function repeatOf(reading: Reading, schedule: XmlElement): TimingRepeat {
  return dataTypeOf(schedule) === 'EIVL_TS' ? eventOf(reading, schedule) : periodOf(reading, schedule);
}

/** Every so often: once in each period, or several times a day where the institution chooses the hours. */
function periodOf(reading: Reading, schedule: XmlElement): TimingRepeat {
  const period = childOf(schedule, 'period');
  const [low, high] = [childOf(period, 'low'), childOf(period, 'high')];
  const unit = attributeOf(period, 'unit') ?? attributeOf(low, 'unit') ?? attributeOf(high, 'unit');
  const value = readNumber(reading, period) ?? readNumber(reading, low);
  const max = readNumber(reading, high);
  if (value === undefined || unit === undefined || !UNITS.has(unit)) {
    if (period !== undefined)
      lose(reading, 'unmapped', period, 'the period of the schedule is in no unit of time');
    return {};
  }
  const periodUnit = unit as NonNullable<TimingRepeat['periodUnit']>;
  const perDay = 24 / plainNumberOf(value);
  const chosen = attributeOf(schedule, 'institutionSpecified') === 'true';
  if (chosen && unit === 'h' && max === undefined && Number.isInteger(perDay))
    return { frequency: perDay, period: 1, periodUnit: 'd' };
  return { frequency: 1, period: value, ...(max !== undefined && { periodMax: max }), periodUnit };
}

/** Minutes of the units of an offset. */
const MINUTES: Readonly<Record<string, number>> = table({ min: 1, h: 60, d: 1440 });

/** Before or after an event of the day. */
function eventOf(reading: Reading, schedule: XmlElement): TimingRepeat {
  const event = attributeOf(childOf(schedule, 'event'), 'code') ?? '';
  if (!EVENTS.has(event)) {
    lose(reading, 'unmapped', schedule, 'FHIR has no word for the event of the schedule');
    return {};
  }
  const offset = childOf(schedule, 'offset');
  const low = childOf(offset, 'low') ?? offset;
  const value = readNumber(reading, low);
  const minutes =
    value === undefined
      ? undefined
      : plainNumberOf(value) * (MINUTES[attributeOf(low, 'unit') ?? ''] ?? Number.NaN);
  if (minutes !== undefined && !(Number.isInteger(minutes) && minutes >= 0))
    lose(reading, 'unmapped', schedule, 'the offset from the event is no whole number of minutes');
  return {
    when: [event as NonNullable<TimingRepeat['when']>[number]],
    ...(minutes !== undefined &&
      Number.isInteger(minutes) &&
      minutes > 0 &&
      /^(?:[AP]C|HS|WAKE)/.test(event) && { offset: minutes }),
  };
}
