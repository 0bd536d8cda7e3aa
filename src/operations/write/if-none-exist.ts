/**
 * The condition of a create, in the header If-None-Exist and in a Bundle's `ifNoneExist` alike: a query, with or without
 * the address that is searched (http://hl7.org/fhir/R4/http.html#ccreate).
 */
import { parseQuery } from '../../fhir/query.ts';
import { FORMAT_PARAMETERS } from '../../resources/search/result.ts';
import { relativeUrl } from '../bundle/bundle-route.ts';

type IfNoneExist = { readonly query: string } /** What it must be instead. */ | { readonly wanted: string };

/**
 * @param type what is created
 * @param base our own
 * @throws OperationOutcomeError `search-value-invalid` for what is not percent-encoded UTF-8
 */
export function readIfNoneExist(text: string, type: string, base: string): IfNoneExist {
  const given = text.trim();
  const [address, query] = apart(given);
  if (address !== '' && relativeUrl(base, address) !== type) return { wanted: `a search of ${type} here` };
  const asks = parseQuery(query).some(([name]) => !FORMAT_PARAMETERS.has(name));
  return asks && query.includes('=') ? { query } : { wanted: 'a search, as in identifier=system|value' };
}

/** A question mark within a value parts nothing. */
function apart(text: string): readonly [address: string, query: string] {
  const at = text.indexOf('?');
  const address = text.slice(0, Math.max(0, at));
  return at < 0 || address.includes('=') ? ['', text] : [address, text.slice(at + 1)];
}
