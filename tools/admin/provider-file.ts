/** A file with a provider of logins: its members are those of docs/reference/sign-on.md, and each has its shape. */
import type { ProviderAsked } from '../../src/ports/sign-on.ts';
import { Trouble } from '../command.ts';
import { jsonObjectIn } from './words.ts';

/** What a file may leave out. */
const DEFAULTS = {
  credential: 'private_key_jwt',
  scopes: ['openid', 'profile', 'email'],
  rules: [],
  proof: { kind: 'none' },
  justInTime: false,
  emailDomains: [],
  endsSessionThere: false,
  status: 'active',
} as const;

type Members = Readonly<Record<string, unknown>>;
type Shape = readonly [is: (value: unknown) => boolean, words: string];

const isText = (value: unknown): boolean => typeof value === 'string';
const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isListOf = (value: unknown, is: (one: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(is);
const isTest = (value: unknown): boolean => isMembers(value) && isText(value['claim']) && isText(value['is']);
const isRule = (value: unknown): boolean =>
  isMembers(value) &&
  isListOf(value['when'], isTest) &&
  isText(value['organization']) &&
  isListOf(value['roles'], isText);
const isProof = (value: unknown): boolean =>
  isMembers(value) &&
  (value['kind'] === 'none' ||
    ((value['kind'] === 'methods' || value['kind'] === 'level') && isListOf(value['any'], isText)));

const isUser = (value: unknown): boolean =>
  isMembers(value) && isText(value['user']) && isText(value['account']);
const isEhr = (value: unknown): boolean =>
  isMembers(value) &&
  isListOf(value['patientSystems'], isText) &&
  isListOf(value['users'], isUser) &&
  isListOf(value['embeddingOrigins'], isText);

const TEXT: Shape = [isText, 'a text'];
const TEXTS: Shape = [(value) => isListOf(value, isText), 'a list of texts'];
const YES_OR_NO: Shape = [(value) => typeof value === 'boolean', 'true or false'];

const SHAPES: Readonly<Record<keyof ProviderAsked, Shape>> = {
  key: TEXT,
  name: TEXT,
  issuer: TEXT,
  organizations: TEXTS,
  clientId: TEXT,
  credential: TEXT,
  secret: TEXT,
  scopes: TEXTS,
  rules: [
    (value) => isListOf(value, isRule),
    'a list of {"when": [{"claim": …, "is": …}], "organization": …, "roles": […]}',
  ],
  proof: [isProof, '{"kind": "none"}, or {"kind": "methods" or "level", "any": […]}'],
  justInTime: YES_OR_NO,
  emailDomains: TEXTS,
  endsSessionThere: YES_OR_NO,
  emergencyAccount: TEXT,
  ehr: [isEhr, '{"patientSystems": […], "users": [{"user": …, "account": …}], "embeddingOrigins": […]}'],
  status: [(value) => value === 'active' || value === 'suspended', 'active or suspended'],
};

const OPTIONAL: ReadonlySet<string> = new Set(['secret', 'emergencyAccount', 'ehr']);

/** @throws Trouble with a sentence for each member that is missing, unknown or of another shape */
export function readProviderFile(file: string): ProviderAsked {
  const told = jsonObjectIn(file, 'a provider of logins (docs/reference/sign-on.md)');
  const asked: Members = { ...DEFAULTS, ...told };
  const faults = [
    ...Object.keys(asked).flatMap((name) =>
      Object.hasOwn(SHAPES, name) ? [] : [`It has ${name}, which is no member of a provider.`],
    ),
    ...Object.entries(SHAPES).flatMap(([name, [is, words]]) => {
      if (!Object.hasOwn(asked, name))
        return OPTIONAL.has(name) ? [] : [`It lacks ${name}, which is ${words}.`];
      return is(asked[name]) ? [] : [`Its ${name} must be ${words}.`];
    }),
  ];
  if (faults.length > 0) throw new Trouble([`${file}:`, ...faults].join(' '));
  return asked as unknown as ProviderAsked; // its shape is that; `put` says what its values may be
}
