/**
 * Judges the scopes that a client asks for (smart SM-16, SM-40): what cannot be granted as it is written is refused by name,
 * and never granted as less or as nothing.
 */
import { parseScope, RIGHTS } from '../smart/scopes.ts';
import { isServerScope } from '../smart/server-scopes.ts';
import { RESOURCE_TYPES } from './index.ts';
import { queryFault } from './scope-query.ts';
import { R4_TYPES } from './search-parameters.ts';

/** A word that a request may not have, and why. */
interface ScopeFault {
  /** The word as it was asked for, at most {@link SHOWN_MAX} characters of it. */
  readonly scope: string;
  readonly why: string;
}

const SCOPES_MAX = 100;
const LENGTH_MAX = 16 * 1024;
const SHOWN_MAX = 200;

/** Words that are no resource scopes: of OpenID Connect, of a launch, and of how long a grant lasts. */
const OTHERS: ReadonlySet<string> = new Set([
  'openid',
  'fhirUser',
  'profile',
  'launch',
  'online_access',
  'offline_access',
]);

/** `launch/patient`, `launch/encounter`: the type in small letters. */
const LAUNCHED: ReadonlySet<string> = new Set(R4_TYPES.map((type) => `launch/${type.toLowerCase()}`));

/**
 * The first word of a `scope` parameter that cannot be granted; undefined where all can.
 *
 * @param text words with spaces between them (RFC 6749, 3.3)
 * @param base the server's own base, without a trailing slash
 * @param administratorScope the word that makes an administrator (setting `administratorScope`)
 */
export function faultOfScopes(
  text: string,
  base: string,
  administratorScope?: string,
): ScopeFault | undefined {
  if (text.length > LENGTH_MAX) return { scope: '', why: `all scopes have at most ${LENGTH_MAX} characters` };
  const words = text.split(' ').filter((word) => word !== '');
  if (words.length > SCOPES_MAX) return { scope: '', why: `at most ${SCOPES_MAX} scopes` };
  for (const word of words) {
    const why = word === administratorScope ? undefined : faultOfWord(word, base);
    if (why !== undefined) return { scope: word.slice(0, SHOWN_MAX), why };
  }
  return undefined;
}

function faultOfWord(word: string, base: string): string | undefined {
  if (!/^[\x21\x23-\x5B\x5D-\x7E]+$/.test(word)) return 'has a character that no scope may have';
  if (OTHERS.has(word) || LAUNCHED.has(word) || isServerScope(word)) return undefined;
  const scope = parseScope(word);
  if (scope === undefined) return whyNoScope(word);
  if (scope.type !== '*' && !RESOURCE_TYPES.has(scope.type)) return `${scope.type} is not served here`;
  if (scope.query !== undefined && !isDecodable(word)) return 'its query is not well-formed percent-encoding';
  return queryFault(scope, base);
}

/** What the grammar finds wrong with a word, as far as it can be told. */
function whyNoScope(word: string): string {
  const [, rights = '', query] =
    /^(?:patient|user|system)\/(?:\*|[A-Z][A-Za-z]+)\.(\w*)(\?.*)?$/.exec(word) ?? [];
  if (rights === '') return 'is no scope that this server knows';
  if (/^(?:read|write)$/.test(rights) && query !== undefined) return 'a scope of version 1 takes no query';
  if (/^[cruds]+$/.test(rights) && query !== '?')
    return `the rights stand in the order ${RIGHTS.join('')}, each once`;
  return query === '?' ? 'its query is empty' : `the rights are some of ${RIGHTS.join('')}`;
}

function isDecodable(word: string): boolean {
  try {
    decodeURIComponent(word);
    return true;
  } catch {
    return false;
  }
}
