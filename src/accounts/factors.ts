/** Factors, put together: what pages ask to prove who somebody is, and to enrol. */
import type { FactorParts } from './factor-parts.ts';
import { credentialsOf, ofKind } from './credentials.ts';
import {
  askNewPasskey,
  beginTotp,
  confirmTotp,
  isFactorRemovable,
  keepPasskey,
  makeRecoveryCodes,
  removeFactor,
  renameFactor,
  setPassword,
} from './enrolling.ts';
import { authenticationOptions } from './passkeys.ts';
import { provePasskey, provePassword, proveRecoveryCode, proveTotp } from './proving.ts';

/** What an account has, as its person sees it. */
interface HeldFactors {
  readonly password: boolean;
  readonly totp: boolean;
  readonly passkeys: number;
  /** Recovery codes that are left. */
  readonly recoveryCodes: number;
  readonly list: readonly HeldFactor[];
}

interface HeldFactor {
  readonly id: string;
  readonly kind: 'password' | 'totp' | 'passkey';
  readonly label?: string | undefined;
  /** Milliseconds since 1970. */
  readonly addedAt: number;
  /** Whether enough is left without it. */
  readonly removable: boolean;
  /** A passkey that does not work any more: its counter went back, or it was made for another domain. */
  readonly suspended: boolean;
}

export type Factors = ReturnType<typeof createFactors>;

/** Factors over a store. A browser is named by the value of a cookie: what it was asked is answered from it alone. */
export function createFactors(parts: FactorParts) {
  const bind =
    <Given extends readonly unknown[], Answer>(work: (parts: FactorParts, ...given: Given) => Answer) =>
    (...given: Given): Answer =>
      work(parts, ...given);
  return {
    passwordLengthMin: parts.passwordLengthMin,
    password: bind(provePassword),
    totp: bind(proveTotp),
    recoveryCode: bind(proveRecoveryCode),
    passkey: bind(provePasskey),
    askPasskey: async (browser: string): Promise<object> =>
      authenticationOptions(parts.site, await parts.challenges.ask(browser, 'login')),
    held: (account: string): Promise<HeldFactors> => heldBy(parts, account),
    setPassword: bind(setPassword),
    beginTotp: bind(beginTotp),
    confirmTotp: bind(confirmTotp),
    askNewPasskey: bind(askNewPasskey),
    keepPasskey: bind(keepPasskey),
    makeRecoveryCodes: bind(makeRecoveryCodes),
    remove: bind(removeFactor),
    rename: bind(renameFactor),
  };
}

async function heldBy({ store, site }: FactorParts, account: string): Promise<HeldFactors> {
  const all = await credentialsOf(store.snapshot(), account);
  const [codes] = ofKind(all, 'recovery-codes');
  const list = all.flatMap((one): readonly HeldFactor[] => {
    if (one.kind === 'recovery-codes') return [];
    const { key: id, kind, label, addedAt } = one;
    const suspended = one.kind === 'passkey' && (one.suspended === true || one.domain !== site.domain);
    return [{ id, kind, label, addedAt, removable: isFactorRemovable(all, one), suspended }];
  });
  const works = (kind: HeldFactor['kind']): number =>
    list.filter((one) => one.kind === kind && !one.suspended).length;
  return {
    password: works('password') > 0,
    totp: works('totp') > 0,
    passkeys: works('passkey'),
    recoveryCodes: codes?.hashes.length ?? 0,
    list,
  };
}
