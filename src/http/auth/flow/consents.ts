/**
 * What people have allowed, remembered for the same user, client and scopes (smart 3), so that the same question is not asked
 * twice; and the grants that apps hold by it, which end when an app is removed (smart SM-62).
 */
import type { Ref } from '../../../fhir/types.ts';
import type { Clock } from '../../../ports/clock.ts';
import { allRecords } from '../../../ports/record.ts';
import { APP_GRANT, keyOfSecret, type GrantBody } from '../records.ts';
import { endGrant, type Unit, type UnitStore } from '../unit.ts';
import { OFFLINE } from './scope-words.ts';

/** An answer of a person to an app. */
interface RememberedConsent {
  readonly account: string;
  readonly client: string;
  readonly organization?: Ref | undefined;
  /** In its own order. */
  readonly asked: readonly string[];
  readonly granted: readonly string[];
  /** The patient in context when the app may come back while the person is away. */
  readonly patient?: Ref | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
}

type Asking = Pick<RememberedConsent, 'account' | 'client' | 'organization' | 'asked'>;

/** The kind whose records end with their account. */
const KIND = 'app-consent';
const KEPT_MS = 400 * 86_400_000;

/** The same scopes in another order are the same question. */
const keyOf = ({ account, client, organization, asked }: Asking): string =>
  keyOfSecret([account, client, organization ?? '', ...new Set(asked.toSorted())].join('\n'));

export function createConsents({ store, clock }: { readonly store: UnitStore; readonly clock: Clock }) {
  return {
    /** What was granted; undefined: the person has to be asked. */
    async recall(
      asking: Asking & { readonly patient: Ref | undefined },
    ): Promise<readonly string[] | undefined> {
      const found = await store.snapshot().record(KIND, keyOf(asking));
      if (found === undefined) return undefined;
      const consent = found.body as RememberedConsent; // of this kind, written below
      const isOfAnother = consent.granted.includes(OFFLINE) && consent.patient !== asking.patient;
      return isOfAnother ? undefined : consent.granted;
    },

    remember(unit: Unit, consent: Omit<RememberedConsent, 'at'>): void {
      const { account, client, organization } = consent;
      unit.note('app-allowed', {
        account,
        client,
        detail: { scope: consent.granted.join(' ') },
        actor: { subject: account, ...(organization !== undefined && { organization }) },
      });
      const at = clock.now();
      unit.hold(
        {
          kind: KIND,
          key: keyOf(consent),
          expect: 'any',
          body: { ...consent, at },
          expiresAt: at + KEPT_MS,
          index: [
            ['account', account],
            ['client', client],
          ],
        },
        'issue',
      );
    },

    /** What apps hold of a person, one entry for each grant. */
    grantsOf: (account: string) => grantsOf(store, account),

    /** Ends everything that an app holds of a person, and forgets what the person allowed it. */
    withdraw: (unit: Unit, account: string, client: string) => withdraw(store, unit, account, client),
  };
}

export type Consents = ReturnType<typeof createConsents>;

/** What an app holds of a person. */
export interface HeldGrant {
  readonly client: string;
  readonly organization: Ref | undefined;
  readonly offline: boolean;
  readonly scopes: readonly string[];
  readonly at: number;
  readonly lastUsedAt: number | undefined;
}

/** In the library's words: by resource. */
const scopesOf = (payload: GrantBody['payload']): readonly string[] => {
  const resources = (payload['resources'] ?? {}) as Readonly<Record<string, string>>; // of the library's Grant
  return Object.values(resources).flatMap((text) => text.split(' ').filter(Boolean));
};

async function grantsOf(store: UnitStore, account: string): Promise<readonly HeldGrant[]> {
  const snapshot = store.snapshot();
  const grants = await allRecords(snapshot, APP_GRANT, 'account', account);
  const tokens = await allRecords(snapshot, 'access-token', 'account', account);
  return grants.map(({ key, body }) => {
    const { client, context = {}, payload } = body as GrantBody; // of this kind
    const uses = tokens.flatMap((token) => {
      const { grant, payload: of } = token.body as { grant?: string; payload: { iat?: number } }; // of this kind
      return grant === key && of.iat !== undefined ? [of.iat * 1000] : [];
    });
    return {
      client,
      organization: context.organization,
      offline: context.online !== true,
      scopes: scopesOf(payload),
      at: Number(payload['iat'] ?? 0) * 1000,
      lastUsedAt: uses.length === 0 ? undefined : Math.max(...uses),
    };
  });
}

async function withdraw(store: UnitStore, unit: Unit, account: string, client: string): Promise<void> {
  const snapshot = store.snapshot();
  for (const { key, body } of await allRecords(snapshot, APP_GRANT, 'account', account))
    if ((body as GrantBody).client === client) await endGrant(unit, key); // of this kind
  for (const { key, body } of await allRecords(snapshot, KIND, 'account', account))
    if ((body as RememberedConsent).client === client)
      // of this kind
      unit.hold({ kind: KIND, key, expect: 'any', body: undefined }, 'end');
  unit.note('app-withdrawn', { account, client, actor: { subject: account } }, 'end');
}
