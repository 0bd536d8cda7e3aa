/** What every operation works with: the roof hands it in, the same for every request. */
import type { Payloads } from '../delivery/payloads.ts';
import type { SelectRecipients } from '../delivery/recipients.ts';
import type { FindWays } from '../delivery/ways.ts';
import type { Carriers } from '../delivery/outreach/gate.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import type { Link } from '../hl7v2/link.ts';
import type { PartyKindDefault } from '../policies/party-kind.ts';
import type { ClientAdministration } from '../ports/clients.ts';
import type { AccountAdministration } from '../ports/accounts.ts';
import type { AuditPackages } from '../ports/audit-packages.ts';
import type { ProviderAdministration } from '../ports/sign-on.ts';
import type { NewId, Clock } from '../ports/clock.ts';
import type { AdmitAddress } from '../ports/outgoing.ts';
import type { EntryPreview, CommitView } from '../ports/rail.ts';
import type { MalwareScanner } from '../ports/scanner.ts';
import type { Store } from '../ports/store.ts';
import type { RuleSettings } from '../resources/rules.ts';
import type { FileState } from './attachments/records.ts';
import type { Heavy } from './heavy.ts';
import type { PatientsOf } from './patients.ts';
import type { PolicyParts } from './policy-record.ts';

export interface OperationSettings extends RuleSettings {
  /** Absolute base of this server's addresses, without a trailing slash: how it recognises its own references. */
  readonly publicBase: string;
  /** Path of the authorization server, below the origin. */
  readonly issuerPath: string;
  readonly pageSizeDefault: number;
  readonly pageSizeMax: number;
  /** What an organization without a kind counts as. */
  readonly partyKindDefault: PartyKindDefault;
  /** Whether the store keeps full text. */
  readonly fullText: boolean;
  /** Who may PUT to an id that nobody has used (rules 2.7). */
  readonly putToUnusedId: 'administrator' | 'everyone';
  /** Whether an update that changes nothing makes no version. */
  readonly skipUnchanged: boolean;
  /** How much is asked of what is written: rows of `resources/validation-level.ts`. */
  readonly validation: readonly string[];
  readonly unknownModifierExtensions: 'refuse' | 'accept';
  readonly bundleEntriesMax: number;
  /** Bytes of a body; what a patch makes of a resource is bounded likewise. */
  readonly bodyBytesMax: number;
  /** Characters of what a page includes, and of the answers of a Bundle. */
  readonly answerBytesMax: number;
  /** Nesting of JSON. */
  readonly jsonDepthMax: number;
  /** Systems whose identifiers say who an organization is, beside those of the table. */
  readonly identitySystems: readonly string[];
  /** Whether a community organization is told with the patient's authorization alone (compliance B03). */
  readonly communityNeedsAuthorization: boolean;
  /** Private records of others that one organization keeps, at most (directory DR35). */
  readonly privatePartiesMax: number;
  /** Whether OIDs of the arc for examples may stand for somebody: in a demonstration. */
  readonly exampleOids: boolean;
  /** The longest grant of emergency access, and how many one person may have in a day alone (compliance E1, E8). */
  readonly breakGlassMaxMs: number;
  readonly breakGlassPerDay: number;
  /** Who operates this server, and what happens without an agreement with it (baa-messaging BA17). */
  readonly operatorOrganization?: string | undefined;
  readonly operatorAgreement?: 'require' | 'warn' | 'off-for-demo' | undefined;
  /** Whether messages may carry images in DICOM. */
  readonly dicomAttachments?: boolean | undefined;
  /** Whether patients may write to organizations here. */
  readonly patientInbox: 'open' | 'closed';
  /** The ways by which texts leave for patients, and who runs each. */
  readonly outreach: Carriers;
  /** Where patients sign in; undefined: at this server. */
  readonly patientPortalUrl?: string | undefined;
  /** Off only for measurement. */
  readonly auditReads: boolean;
  /** How this server names itself as the source of AuditEvents. */
  readonly sourceName: string;
  /** The OID of this server; without it one is made of `publicBase`. */
  readonly serverOid?: string | undefined;
  /** Included resources of one page at most. */
  readonly includesMax: number;
}

/** A definition that comes with this server; undefined where nothing of that name is packaged. */
export type Packaged = (ref: Ref) => Resource | undefined;

/** What the message of an entry would lack that its receiver requires. */
type Lacks = (entry: EntryPreview, asOf: CommitView) => Promise<readonly string[]>;

export interface OperationContext {
  /** The links of messages: they name organizations by their facilities. */
  readonly links: () => readonly Link[];
  readonly store: Store;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly settings: OperationSettings;
  readonly patientsOf: PatientsOf;
  /** What is read here without having been written. */
  readonly packaged: Packaged;
  /** By which rows of the payload table organizations are told. */
  readonly payloads: Payloads;
  readonly selectRecipients: SelectRecipients;
  /** The ways to a recipient, for whoever asks beforehand; without it none is named. */
  readonly findWays?: FindWays | undefined;
  /** By the name of a rail; undefined where the rail requires nothing. Without it nothing is asked. */
  readonly lacks?: ((rail: string) => Lacks | undefined) | undefined;
  /** Asked about every address that is written and that this server will connect to. */
  readonly admitAddress: AdmitAddress;
  /** Administers clients and signing keys; without it there are none. */
  readonly clients?: ClientAdministration | undefined;
  /** Administers accounts; without it there are none. */
  readonly accounts?: AccountAdministration | undefined;
  /** Administers providers of logins; without it there are none. */
  readonly providers?: ProviderAdministration | undefined;
  /** Makes packages for auditors; without it there are none. */
  readonly packages?: AuditPackages | undefined;
  /** The rules by which this server works; without them, those on record alone are known. */
  readonly policyParts?: (() => PolicyParts) | undefined;
  /** The malware scanner; without it nothing is scanned. */
  readonly scanner?: MalwareScanner | undefined;
  /**
   * Told when no file of a message is pending any more; it sends the message, or ends it. False: there is no such message yet,
   * and it is told again. Done twice it does nothing more.
   */
  readonly filesSettled?: ((message: Ref, states: readonly FileState[]) => Promise<boolean>) | undefined;
  /** Does what is too much for a turn. */
  readonly heavy: Heavy;
  /** Called after each commit that wrote something, so that delivery starts at once. */
  readonly committed: (refs: readonly Ref[]) => void;
}
