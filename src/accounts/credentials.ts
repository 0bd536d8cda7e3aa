/** Factors as records of kind `credential`: what each holds, how they are found, and the writes that a commit takes. */
import { allRecords, type RecordWrite, type StoredRecord } from '../ports/record.ts';
import type { Snapshot } from '../ports/store.ts';
import { bearerHash } from './changes.ts';

interface Added {
  /** The id of the account. */
  readonly account: string;
  /** What its person calls it. */
  readonly label?: string;
  /** Milliseconds since 1970. */
  readonly addedAt: number;
}

export interface PasswordCredential extends Added {
  readonly kind: 'password';
  /** A PHC string of argon2id. */
  readonly phc: string;
  /** It is changed at the next login: an administrator says so, or it was found in a breach (identity ID-24). */
  readonly mustChange?: 'compromised' | 'breached';
}

interface TotpCredential extends Added {
  readonly kind: 'totp';
  /** Sealed. */
  readonly secret: string;
  /** The step of the last code that was taken: this one and those before it do not count any more. */
  readonly lastStep: number;
}

export interface PasskeyCredential extends Added {
  readonly kind: 'passkey';
  /** base64url, as the browser says it. */
  readonly id: string;
  /** COSE, in base64url. */
  readonly publicKey: string;
  /** 0 for ever, where the authenticator does not count. */
  readonly counter: number;
  readonly transports: readonly string[];
  /** The domain that it was made for, and the only one where it works. */
  readonly domain: string;
  /** Whether it is copied between devices. */
  readonly synced: boolean;
  /** Its counter went back: there may be a copy of it (identity ID-29). */
  readonly suspended?: true;
}

interface RecoveryCodesCredential extends Added {
  readonly kind: 'recovery-codes';
  /** Hashes of the codes that are left. */
  readonly hashes: readonly string[];
}

export type Credential = PasswordCredential | TotpCredential | PasskeyCredential | RecoveryCodesCredential;

/** A credential with the name and the version of its record. */
export type KnownCredential<C extends Credential = Credential> = C & {
  readonly key: string;
  readonly version: number;
};

const KIND = 'credential';

/** All factors of an account. */
export async function credentialsOf(
  snapshot: Pick<Snapshot, 'records'>,
  account: string,
): Promise<readonly KnownCredential[]> {
  return (await allRecords(snapshot, KIND, 'account', account)).map(credentialIn);
}

/** The passkey that a browser names. */
export async function findPasskey(
  snapshot: Pick<Snapshot, 'records'>,
  id: string,
): Promise<KnownCredential<PasskeyCredential> | undefined> {
  const [record] = await snapshot.records(KIND, 'passkey', bearerHash(id));
  const found = record && credentialIn(record);
  return found?.kind === 'passkey' ? found : undefined;
}

/** How many passkeys were made for another domain than this one, and work no more (identity ID-29). */
export async function passkeysElsewhere(
  snapshot: Pick<Snapshot, 'records'>,
  domain: string,
): Promise<number> {
  const all = (await allRecords(snapshot, KIND, 'is', 'passkey')).map(credentialIn);
  return all.filter((one) => one.kind === 'passkey' && one.domain !== domain).length;
}

/** Those of one kind. */
export const ofKind = <K extends Credential['kind']>(
  credentials: readonly KnownCredential[],
  kind: K,
): readonly KnownCredential<Extract<Credential, { kind: K }>>[] =>
  credentials.filter((one): one is KnownCredential<Extract<Credential, { kind: K }>> => one.kind === kind);

/** Whether a person with these factors can prove who they are by two of them (identity ID-27). */
export const areComplete = (credentials: readonly Credential[]): boolean => {
  const has = (kind: Credential['kind']): boolean =>
    credentials.some((one) => one.kind === kind && !(one.kind === 'passkey' && one.suspended));
  return has('passkey') || (has('password') && has('totp'));
};

/** The write of a credential. `expect`: `absent`, or the version that it replaces. */
export const credentialWrite = (
  key: string,
  body: Credential,
  expect: RecordWrite['expect'],
): RecordWrite => ({
  kind: KIND,
  key,
  expect,
  body,
  index: [
    ['account', body.account],
    ...(body.kind === 'passkey'
      ? ([
          ['passkey', bearerHash(body.id)],
          ['is', 'passkey'],
        ] as const)
      : []),
  ],
});

/** The write that replaces a known one. */
export function replacedCredential(known: KnownCredential, changed: Credential): RecordWrite {
  return credentialWrite(known.key, changed, known.version);
}

/** Takes a credential away, unless it changed. */
export const credentialRemoved = ({ key, version }: KnownCredential): RecordWrite => ({
  kind: KIND,
  key,
  expect: version,
  body: undefined,
});

/** What a secret of a credential is sealed for. */
export const credentialPlace = (key: string): { readonly kind: string; readonly key: string } => ({
  kind: KIND,
  key,
});

/** A credential without the name of its record, to be written again. */
export function credentialBody<C extends Credential>({
  key: _key,
  version: _version,
  ...body
}: KnownCredential<C>): C {
  return body as unknown as C; // what is left of a KnownCredential<C>
}

const credentialIn = ({ key, version, body }: StoredRecord): KnownCredential => ({
  ...(body as Credential), // this file alone writes the kind
  key,
  version,
});
