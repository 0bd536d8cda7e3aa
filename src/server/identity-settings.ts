/** The settings of identity: who signs in, by what, and where its secrets are sealed. Rows of `settings.ts`. */
import { DEFAULT_ROLES, isDefaultRole, parseRoleRow } from '../identity/granted.ts';
import { allowedPlace, path } from './setting-shapes.ts';
import { choice, integer, list, onOff, text } from './setting.ts';

const MINUTE = 60_000;

export const IDENTITY_SETTINGS = {
  authorizationServer: choice(
    ['on', 'off'],
    'Whether this server signs users and machines in by itself (docs/how-to/register-an-app.md), beside the issuers outside.',
  ),
  issuerPath: text(
    '/auth',
    'Path of the authorization server, below the origin of publicBaseUrl. It is part of its name (iss).',
    { shape: path },
  ),
  accessTokenMs: integer(
    15 * MINUTE,
    [MINUTE, 24 * 60 * MINUTE],
    'How long an access token of an app counts.',
    {
      unsafe: (ms) =>
        ms > 60 * MINUTE ? 'SMART App Launch asks for access tokens of an hour at most' : undefined,
    },
  ),
  issuersFile: text(
    undefined,
    'JSON file with further issuers outside, each with its keys and the organizations that it may speak for.',
  ),
  registration: choice(
    ['off', 'initial-token', 'open-pending'],
    'Whether clients may register themselves (RFC 7591): not, with a one-time token of an administrator, or anybody, and an administrator approves each.',
  ),
  clientKeysAllowList: list(
    [],
    'Places from which the server may fetch the keys of clients (jwks_uri) and which it may tell of log-offs (backchannel_logout_uri), besides https at public addresses: host, host:port, 10.0.0.0/8:port or http://host:port.',
    { shape: allowedPlace },
  ),
  signOnAllowList: list(
    [],
    'Places where providers of logins and EHRs may be, besides https at public addresses: host, host:port, 10.0.0.0/8:port or http://host:port.',
    { shape: allowedPlace },
  ),
  defaultRole: text(
    undefined,
    'What a user of an outside issuer is here, whose token names no role of ours (rolesClaim, roleTable): a role, none (403 role-missing), or unrestricted, which allows what the scopes and the organization allow. Default: none; unrestricted in an installation that had an issuer before there were roles, until this is set.',
    { shape: [DEFAULT_ROLES.join(', '), isDefaultRole] },
  ),
  roleTable: list(
    [],
    'What the words of rolesClaim mean here: rows word=role, as in nurse=coordinator. A code of a role means that role without a row. Nobody becomes a sys-admin so.',
    { shape: ['rows word=role', (row: string) => parseRoleRow(row) !== undefined] },
  ),
  keyFile: text(
    undefined,
    'File with the key (32 bytes, or their base64) that opens the secrets in the store. Nobody but its owner may read it, and it belongs on another disk than the data. Default: a file that the server makes below $XDG_STATE_HOME or ~/.local/state; with MongoDB there is no default.',
  ),
  soleAdministrator: onOff(
    false,
    'The installation has one administrator, who changes the own roles without a second person.',
    {
      unsafe: (value) => (value ? 'one administrator decides alone, also about the own rights' : undefined),
    },
  ),
  sessionIdleMs: integer(
    15 * MINUTE,
    [MINUTE, 30 * MINUTE],
    'Time without a request of its person after which a session locks; at a shared device 5 minutes at most.',
  ),
  passwordLengthMin: integer(
    12,
    [8, 64],
    'Characters of a password at least. A second factor is needed always, which is why 8 are allowed.',
  ),
  breachedPasswordsFile: text(
    undefined,
    'File of passwords found in breaches: SHA-1 in hexadecimal, one a line, sorted, as published by Have I Been Pwned. Without it the built-in list of common passwords alone is asked.',
  ),
  passkeyDomain: text(
    undefined,
    'Domain of passkeys (rpID): the host of the public base, or a domain above it. A passkey works for the domain alone that it was made for. Default: the host of the public base.',
    {
      shape: [
        'a host name such as clinic.example',
        (given) => /^[a-z\d]([a-z\d.-]{0,250}[a-z\d])?$/.test(given),
      ],
    },
  ),
};
