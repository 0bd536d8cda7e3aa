/** The registry of rails: one line each. The composition of the server makes them; outbox entries name them. */
import type { Rail } from '../ports/rail.ts';
import { type CaptureRail, createCaptureRail, type CaptureParts } from './capture/index.ts';
import type { DirectRail } from './direct/index.ts';
import { createMllpRail, type MllpParts, type MllpRail } from './hl7v2-mllp/index.ts';
import { createMailRail, type MailRailParts } from './mail/index.ts';
import { createRestHookRail, type RestHookParts } from './rest-hook/index.ts';
import { createSmsRail, type SmsRailParts } from './sms/index.ts';

interface RailParts extends RestHookParts, CaptureParts {
  readonly mllp: MllpParts;
  /** Where Direct mail is set up: it is made, and loaded, only then. */
  readonly direct?: DirectRail | undefined;
  /** Texts to patients, by each way that is set up. */
  readonly mail?: MailRailParts | undefined;
  readonly sms?: SmsRailParts | undefined;
}

export interface Rails {
  /** Rails by the FHIR code that selects them. */
  readonly byName: ReadonlyMap<string, Rail>;
  /** The rail into which the demonstration and tests look. */
  readonly capture: CaptureRail;
  /** The rail through which messages also arrive. */
  readonly mllp: MllpRail;
  /** The rail through which mails arrive; undefined where Direct mail is not set up. */
  readonly direct: DirectRail | undefined;
  close(): Promise<void>;
}

export function createRails(parts: RailParts): Rails {
  const { direct, mail, sms } = parts;
  const capture = createCaptureRail(parts);
  const mllp = createMllpRail(parts.mllp);
  const rails: readonly Rail[] = [
    createRestHookRail(parts),
    mllp,
    ...(direct === undefined ? [] : [direct]),
    ...(mail === undefined ? [] : [createMailRail(mail)]),
    ...(sms === undefined ? [] : [createSmsRail(sms)]),
    capture,
  ];
  return {
    byName: new Map(rails.map((rail) => [rail.name, rail])),
    capture,
    mllp,
    direct,
    close: async () => {
      await Promise.all(rails.map((rail) => rail.close()));
    },
  };
}
