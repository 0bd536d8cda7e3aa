/** The FHIR engine, put together: what the roof makes once and every door speaks to. */
import type { AdmitAddress } from '../ports/outgoing.ts';
import type { Store } from '../ports/store.ts';
import type { Clock, NewId } from '../ports/clock.ts';
import type { Heavy } from '../operations/heavy.ts';
import { createInPlace } from './heavy-tasks.ts';
import { scanTold } from '../operations/attachments/scan-told.ts';
import { settleScans } from '../operations/attachments/settle-scans.ts';
import { findPackaged } from '../operations/packaged.ts';
import { rememberPatients } from '../operations/patients.ts';
import { settleMessage } from '../operations/messages/settle-message.ts';
import { createPerform } from '../operations/perform.ts';
import type { Perform } from '../operations/request.ts';
import { createPayloads, type Payloads } from '../delivery/payloads.ts';
import type { ScanTold } from '../delivery/scanned-view.ts';
import type { SelectRecipients } from '../delivery/recipients.ts';
import type { MessageDoor, ReceiveParts } from '../inbound/hl7v2/door.ts';
import { createMessageDoor } from '../inbound/hl7v2/create-door.ts';
import { PACKAGE_LIMITS } from '../direct/xdm/read-package.ts';
import { createDirectDoor } from '../inbound/direct/create-direct-door.ts';
import type { DirectDoor } from '../inbound/direct/door.ts';
import type { OperationSettings, OperationContext } from '../operations/context.ts';

export type { OperationSettings } from '../operations/context.ts';
export type { Perform } from '../operations/request.ts';

export interface FhirEngineParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly settings: OperationSettings;
  readonly selectRecipients: SelectRecipients;
  readonly admitAddress: AdmitAddress;
  readonly committed: OperationContext['committed'];
  readonly lacks?: OperationContext['lacks'];
  readonly findWays?: OperationContext['findWays'];
  readonly accounts?: OperationContext['accounts'];
  readonly packages?: OperationContext['packages'];
  readonly clients?: OperationContext['clients'];
  readonly providers?: OperationContext['providers'];
  readonly policyParts?: OperationContext['policyParts'];
  readonly scanner?: OperationContext['scanner'];
  /** How messages are received; without it there are no links. */
  readonly messages?: ReceiveParts;
  /** Where large bodies and messages are worked on; here, when it is not said. */
  readonly heavy?: Heavy;
  /** Told of commits here; delivery asks the same. */
  readonly payloads?: Payloads;
}

export interface FhirEngine {
  readonly perform: Perform;
  /** The door for messages. */
  readonly messages: MessageDoor;
  /** The door for Direct mail. */
  readonly direct: DirectDoor;
  /** Scans files again that are pending, and looks after those in quarantine. */
  readonly settleScans: (signal: AbortSignal) => Promise<void>;
  /** Scans what a rail is about to tell. */
  readonly scanTold: ScanTold;
}

const NO_LINKS: ReceiveParts = {
  settings: { duplicateWindowMs: 0, pairWithinMs: 0, parkMs: 0 },
  links: () => [],
  log: () => undefined,
};

export function createFhirEngine({ messages: given = NO_LINKS, ...parts }: FhirEngineParts): FhirEngine {
  const { links } = given;
  const payloads = parts.payloads ?? createPayloads(parts.store, parts.clock);
  const context: OperationContext = {
    ...parts,
    payloads,
    committed: (refs) => {
      payloads.touched(refs);
      parts.committed(refs);
    },
    links,
    heavy: parts.heavy ?? createInPlace(parts.newId),
    patientsOf: rememberPatients(),
    packaged: findPackaged,
    filesSettled: (message, states) => settleMessage(context, message, states),
  };
  const messages = createMessageDoor(context, given);
  const direct = createDirectDoor(context, { ...given, limits: PACKAGE_LIMITS }, messages.waiting);
  const actions = { ...messages.actions, bring: direct.bring };
  return {
    perform: createPerform(context, actions),
    messages,
    direct,
    settleScans: (signal) => settleScans(context, signal),
    scanTold: (version) => scanTold(context, version),
  };
}
