/** What the Direct rail is made of: its settings, what the roof hands it, and the desk behind it. */
import type { DirectTrust } from '../../delivery/direct-trust.ts';
import type { Ref } from '../../fhir/types.ts';
import type { Clock, Timers } from '../../ports/clock.ts';
import type { NoteEvidence } from '../../ports/delivered.ts';
import type { DirectAddress, ReceiveDirect } from '../../ports/direct.ts';
import type { Rail, Receipt } from '../../ports/rail.ts';
import type { Store } from '../../ports/store.ts';
import type { DirectDeliverParts } from './deliver.ts';
import type { Discovery } from './discovery/index.ts';
import type { Account, LocalDomain } from './domains.ts';
import type { ExpectedTimes } from './expect.ts';
import type { DirectLog } from './owed.ts';
import type { GuardedConnect } from './relay.ts';
import type { SentMail } from './sent.ts';
import type { SmtpPortSettings } from './smtp-port.ts';

/** The settings, by the names of the table without `direct`. */
export interface DirectRailSettings extends SmtpPortSettings, ExpectedTimes {
  readonly listen: { readonly host: string; readonly port: number } | undefined;
  /** The folder of keys of the own security agent. */
  readonly keys: string | undefined;
  /** Files, PEM, for STARTTLS. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** Of the own security agent; `own-port`: its mail goes to its own SMTP port (a demonstration). */
  readonly relay: Account | 'own-port' | undefined;
  readonly mailBytesMax: number;
  readonly pollMs: number;
}

export interface DirectRailParts extends Pick<DirectDeliverParts, 'build' | 'application' | 'messageKey'> {
  readonly domains: readonly LocalDomain[];
  readonly settings: DirectRailSettings;
  readonly connect: GuardedConnect;
  /** Undefined where only the settings are examined, or no domain has a security agent here. */
  readonly trust: DirectTrust | undefined;
  readonly discovery: Discovery | undefined;
  readonly lacks?: Rail['lacks'];
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: (bytes: number) => Uint8Array;
  readonly log: DirectLog;
}

/** What the rail hands to the desk, once there is one. */
export interface DirectDesk {
  readonly store: Store;
  /** The member whose own verified address it is; undefined: it is not kept here. */
  readonly memberOf: (address: DirectAddress) => Promise<Ref | undefined>;
  readonly receive: ReceiveDirect;
  readonly noteEvidence: NoteEvidence;
  /** Mails the package of an entry once more, where the policies still let it. */
  readonly resend: (sent: SentMail, signal: AbortSignal) => Promise<Receipt | undefined>;
}
