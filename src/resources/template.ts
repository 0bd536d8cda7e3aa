/**
 * The stored text of a resource before its commit is known: `meta.versionId` and `meta.lastUpdated` are gaps that the
 * engine fills (http://hl7.org/fhir/R4/resource.html#Meta: the server sets both). Everything else stays as the client
 * wrote it.
 */
import { encodedOf } from '../fhir/json-encode.ts';
import { encodeJson } from '../fhir/json.ts';
import type { Resource } from '../fhir/types.ts';
import type { StampTemplate } from '../ports/store.ts';

/**
 * The text of `storing` under `id`: resourceType, id and meta first, then the other elements in the client's order.
 *
 * @param data the element `data` of a large Binary, which comes last
 */
export function buildTemplate(storing: Resource, id: string, data?: Uint8Array): StampTemplate {
  const { resourceType, id: _, meta, ...elements } = storing;
  const rest = `"${continueObject(withoutStamp({ ...meta }))}${continueObject(elements)}`;
  const begun = [
    `{"resourceType":${encodeJson(resourceType)},"id":${encodeJson(id)},"meta":{"versionId":"`,
    '","lastUpdated":"',
  ];
  if (data === undefined) return { pieces: [...begun, rest], holes: ['seq', 'at'] };
  return { pieces: [...begun, `${rest.slice(0, -1)},"data":"`, '"}'], holes: ['seq', 'at', data] };
}

/** The members of `meta` that a client may write: profiles, tags, labels, source. */
function withoutStamp(meta: Readonly<Record<string, unknown>>): object {
  const { versionId: _v, _versionId, lastUpdated: _l, _lastUpdated, ...kept } = meta;
  return kept;
}

/** The rest of an object that is open and has members already: `,"a":1}` or `}`. */
function continueObject(members: object): string {
  if (Object.values(members).some((value) => isLong(value) || encodedOf(value) !== undefined))
    return `${Object.entries(members).map(continueMember).join('')}}`;
  const text = encodeJson(members);
  return text === '{}' ? '}' : `,${text.slice(1)}`;
}

const continueMember = ([name, value]: readonly [string, unknown]): string =>
  value === undefined
    ? ''
    : `,${encodeJson(name)}:${encodedOf(value) ?? (isLong(value) ? encodeLong(value) : encodeJson(value))}`;

/** The number of characters from which on looking costs less than encoding. */
const LONG = 65_536;

const isLong = (value: unknown): value is string => typeof value === 'string' && value.length > LONG;

/** Matches the base64 of a large Binary: none of its characters needs an escape. */
const encodeLong = (text: string): string => (/[^\w+/=]/.test(text) ? encodeJson(text) : `"${text}"`);
