/**
 * `near` of a Location (http://hl7.org/fhir/R4/location.html#search): positions on the globe, and the distance between
 * them.
 */
import type { Clause } from '../../ports/query.ts';
import { splitEscaped, unescape } from './escape.ts';
import { invalid } from './refusal.ts';

/** Degrees, by WGS84. */
interface Position {
  readonly latitude: number;
  readonly longitude: number;
}

/** "If the distance is omitted, then the server can use its own discretion as to what distances should be considered near" */
const NEAR_KM = 50;

/** The mean radius of the Earth. */
const EARTH_KM = 6371.0088;

const RADIANS = Math.PI / 180;

/** The distance along a great circle, by the haversine formula. */
export function kilometresBetween(one: Position, other: Position): number {
  const [north, south] = [one.latitude * RADIANS, other.latitude * RADIANS];
  const half = Math.sin((south - north) / 2) ** 2;
  const across = Math.sin(((other.longitude - one.longitude) * RADIANS) / 2) ** 2;
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(half + Math.cos(north) * Math.cos(south) * across)));
}

/** "If the units are omitted, then kms should be assumed." UCUM's codes, and what people write. */
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  km: 1,
  m: 0.001,
  mi: 1.609344,
  '[mi_i]': 1.609344,
  '[mi_us]': 1.609347219,
  '[ft_i]': 0.0003048,
  '[nmi_i]': 1.852,
};

const NUMBER = /^[+-]?\d{1,6}(?:\.\d{1,20})?$/;

/** `latitude|longitude[|distance[|units]]` */
export function askNear(
  value: string,
  { name, param }: { readonly name: string; readonly param: string },
): Clause {
  const parts = splitEscaped(value, '|')?.map(unescape) ?? [];
  const [latitude = '', longitude = '', distance = '', unit = ''] = parts;
  const numbers = [latitude, longitude, ...(distance === '' ? [] : [distance])];
  const factor = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
  if (parts.length < 2 || parts.length > 4 || !numbers.every((text) => NUMBER.test(text)))
    throw invalid(name, 'latitude|longitude|distance|units, as decimals');
  if (factor === undefined) throw invalid(name, `units are ${Object.keys(UNITS).slice(1).join(', ')}`);
  const km = distance === '' ? NEAR_KM : Number(distance) * factor;
  const position = { latitude: Number(latitude), longitude: Number(longitude) };
  if (Math.abs(position.latitude) > 90 || Math.abs(position.longitude) > 180 || km < 0)
    throw invalid(name, 'a latitude within 90 degrees, a longitude within 180, a distance of 0 or more');
  return { kind: 'near', param, ...position, km };
}
