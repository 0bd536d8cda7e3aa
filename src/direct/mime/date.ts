/** The time of a mail (RFC 5322, 3.3, and the zones of its obsolete syntax). */

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

const DATE =
  /^(?:[A-Za-z]{3},)?\s*(\d{1,2})\s+([A-Za-z]{3})\s+(\d{4})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s+([+-]\d{4}|[A-Za-z]{1,5})/;

/** Minutes of a zone by name, east of Greenwich. */
const ZONES: Readonly<Record<string, number>> = {
  ut: 0,
  gmt: 0,
  utc: 0,
  z: 0,
  est: -300,
  edt: -240,
  cst: -360,
  cdt: -300,
  mst: -420,
  mdt: -360,
  pst: -480,
  pdt: -420,
};

/** Milliseconds since 1970; undefined when it cannot be read. */
export function readDate(text: string): number | undefined {
  const [, day, monthName = '', year, hour, minute, second = '0', zone = ''] = DATE.exec(text) ?? [];
  const month = MONTHS.indexOf(monthName.toLowerCase());
  const minutes = /^[+-]/.test(zone)
    ? (zone.startsWith('-') ? -1 : 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3)))
    : ZONES[zone.toLowerCase()];
  if (month === -1 || minutes === undefined) return undefined;
  return (
    Date.UTC(Number(year), month, Number(day), Number(hour), Number(minute), Number(second)) -
    minutes * 60_000
  );
}

/** `Tue, 01 Dec 2026 02:30:00 +0000`. */
export function writeDate(at: number): string {
  const date = new Date(at);
  const [day, month, year, time] = date.toUTCString().slice(5, 25).split(' ');
  return `${DAYS[date.getUTCDay()] ?? ''}, ${day ?? ''} ${month ?? ''} ${year ?? ''} ${time ?? ''} +0000`;
}
