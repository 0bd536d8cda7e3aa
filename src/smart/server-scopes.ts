/**
 * Scopes of this server beside SMART's, for what an organization trusts few of its people with. The issuer grants them; the
 * demonstration's tokens have none.
 */
const SERVER_SCOPES = [
  'closeloop/break-glass',
  'closeloop/compliance',
  'closeloop/label-downgrade',
  'closeloop/org-admin',
  'closeloop/privacy',
] as const;

export type ServerScope = (typeof SERVER_SCOPES)[number];

/** Those among the words of a token's `scope` claim. */
export const readServerScopes = (words: readonly string[]): readonly ServerScope[] =>
  SERVER_SCOPES.filter((scope) => words.includes(scope));

/** Whether a word is one of them. */
export const isServerScope = (word: string): boolean => SERVER_SCOPES.some((scope) => scope === word);

/** What lets a machine ask about the tokens of its organization (RFC 7662; smart SM-58). No app has it. */
export const INTROSPECT_SCOPE = 'https://closeloop.dev/scopes/introspect';
