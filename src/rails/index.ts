/** The registry of rails: one line each. The composition of the server makes them; outbox entries name them. */
import type { Rail } from '../ports/rail.ts';
import { type CaptureRail, createCaptureRail, type CaptureParts } from './capture/index.ts';
import { createMllpRail, type MllpParts, type MllpRail } from './hl7v2-mllp/index.ts';
import { createRestHookRail, type RestHookParts } from './rest-hook/index.ts';

interface RailParts extends RestHookParts, CaptureParts {
  readonly mllp: MllpParts;
}

export interface Rails {
  /** Rails by the FHIR code that selects them. */
  readonly byName: ReadonlyMap<string, Rail>;
  /** The rail into which the demonstration and tests look. */
  readonly capture: CaptureRail;
  /** The rail through which messages also arrive. */
  readonly mllp: MllpRail;
  close(): Promise<void>;
}

export function createRails(parts: RailParts): Rails {
  const capture = createCaptureRail(parts);
  const mllp = createMllpRail(parts.mllp);
  const rails: readonly Rail[] = [createRestHookRail(parts), mllp, capture];
  return {
    byName: new Map(rails.map((rail) => [rail.name, rail])),
    capture,
    mllp,
    close: async () => {
      await Promise.all(rails.map((rail) => rail.close()));
    },
  };
}
