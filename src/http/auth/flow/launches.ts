/**
 * Launches (smart SM-7 to SM-11): somebody who works opens an app about a referral. The handle is known to the app alone, lives
 * five minutes, works once, and only for that client in the session of that user.
 */
import { randomBytes } from 'node:crypto';
import type { Ref } from '../../../fhir/types.ts';
import type { Clock } from '../../../ports/clock.ts';
import { keyOfSecret } from '../records.ts';
import type { Unit, UnitStore } from '../unit.ts';

/** What an app is opened about, and for whom. */
export interface Launch {
  /** For the audit, and the place of work that the app is (smart SM-77). */
  readonly id: string;
  readonly client: string;
  readonly account: string;
  /** The public id of the session in which it was made. */
  readonly session: string;
  readonly organization?: Ref | undefined;
  readonly patient?: Ref | undefined;
  readonly encounter?: Ref | undefined;
  readonly fhirContext: readonly { readonly reference: string }[];
  readonly intent?: string | undefined;
  readonly needPatientBanner: boolean;
}

/** A launch with the version of its record, on which its use relies. */
export interface KnownLaunch {
  readonly launch: Launch;
  readonly version: number;
}

export interface Launches {
  /** Keeps a launch in the unit. @returns the handle, which is shown once */
  readonly make: (unit: Unit, launch: Omit<Launch, 'id'>) => string;
  /** Undefined: it is unknown, used, or over. */
  readonly find: (handle: string) => Promise<KnownLaunch | undefined>;
  /** Uses it up, in the unit. */
  readonly use: (unit: Unit, handle: string, known: KnownLaunch) => void;
}

const KIND = 'launch';
export const LAUNCH_MS = 5 * 60_000;
const HANDLE_BYTES = 32;
const ID_BYTES = 12;

export function createLaunches({
  store,
  clock,
}: {
  readonly store: UnitStore;
  readonly clock: Clock;
}): Launches {
  return {
    make(unit, asked) {
      const handle = randomBytes(HANDLE_BYTES).toString('base64url');
      const launch: Launch = { ...asked, id: randomBytes(ID_BYTES).toString('base64url') };
      const { account, session, client, organization, patient } = launch;
      unit.note('launch', {
        account,
        client,
        session,
        detail: { launch: launch.id },
        actor: { subject: account, session, ...(organization !== undefined && { organization }) },
        ...(patient !== undefined && { patients: [patient] }),
      });
      unit.hold(
        {
          kind: KIND,
          key: keyOfSecret(handle),
          expect: 'absent',
          body: launch,
          expiresAt: clock.now() + LAUNCH_MS,
          index: [
            ['account', account],
            ['session', session],
            ['client', client],
          ],
        },
        'issue',
      );
      return handle;
    },
    async find(handle) {
      const found = await store.snapshot().record(KIND, keyOfSecret(handle));
      return found && { launch: found.body as Launch, version: found.version }; // of this kind, written above
    },
    use(unit, handle, { version }) {
      unit.hold({ kind: KIND, key: keyOfSecret(handle), expect: version, body: undefined }, 'issue');
    },
  };
}
