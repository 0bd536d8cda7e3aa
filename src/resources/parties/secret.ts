/**
 * Numbers of a party that only the party and administrators see: a sole proprietor's tax number may be a social
 * security number.
 */
import type { Identifier, Resource } from '../../fhir/types.ts';
import { isSecret } from './identity-systems.ts';

/** The resource as anybody else sees and finds it. */
export function withoutSecretNumbers<T extends Resource>(resource: T): T {
  const { identifier } = resource as { readonly identifier?: unknown };
  if (!Array.isArray(identifier) || !(identifier as readonly Identifier[]).some(isSecret)) return resource;
  const left = (identifier as readonly Identifier[]).filter((one) => !isSecret(one));
  const { identifier: _all, ...rest } = resource as T & { readonly identifier?: unknown };
  return { ...rest, ...(left.length > 0 && { identifier: left }) } as T; // the same type, with fewer members of a list
}
