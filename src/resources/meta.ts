/**
 * Profiles, tags and security labels (http://hl7.org/fhir/R4/resource.html#Meta) as the sets that the $meta operations
 * work on: "the identity of a tag or security label is the system+code"; "for profiles, matching is based on the full
 * URL".
 */
import type { Coding, Meta } from '../fhir/types.ts';

const keyOf = ({ system = '', code = '' }: Coding): string => `${system}|${code}`;

/** The meta with the members of `more` that it lacks. Returns the same value when it lacks none. */
export function addMeta(meta: Meta, more: Meta): Meta {
  return merge(meta, more, (own, given, key) => {
    const known = new Set(own.map(key));
    const added = given.filter((one) => !known.has(key(one)) && known.add(key(one)));
    return added.length === 0 ? own : [...own, ...added];
  });
}

/** The meta without the members of `less`. Returns the same value when it has none of them. */
export function deleteMeta(meta: Meta, less: Meta): Meta {
  return merge(meta, less, (own, given, key) => {
    const gone = new Set(given.map(key));
    const left = own.filter((one) => !gone.has(key(one)));
    return left.length === own.length ? own : left;
  });
}

/** All profiles, tags and labels of many, each once. */
export const gatherMeta = (metas: Iterable<Meta>): Meta => {
  let gathered: Meta = {};
  for (const meta of metas) gathered = addMeta(gathered, meta);
  return gathered;
};

type Combine = <T>(own: readonly T[], given: readonly T[], key: (one: T) => string) => readonly T[];

function merge(meta: Meta, other: Meta, combine: Combine): Meta {
  const own = { profile: meta.profile ?? [], tag: meta.tag ?? [], security: meta.security ?? [] };
  const profile = combine(own.profile, other.profile ?? [], (url) => url);
  const tag = combine(own.tag, other.tag ?? [], keyOf);
  const security = combine(own.security, other.security ?? [], keyOf);
  if (profile === own.profile && tag === own.tag && security === own.security) return meta;
  const { profile: _p, tag: _t, security: _s, ...rest } = meta;
  return {
    ...rest,
    ...(profile.length > 0 && { profile: [...profile] }),
    ...(security.length > 0 && { security: [...security] }),
    ...(tag.length > 0 && { tag: [...tag] }),
  };
}
