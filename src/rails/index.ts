/** The registry of rails: one line each. The roof makes them; commits are addressed by their names. */
import type { Rail } from '../ports/rail.ts';
import { type CaptureRail, createCaptureRail, type CaptureParts } from './capture/index.ts';
import { createRestHookRail, type RestHookParts } from './rest-hook/index.ts';

export type RailParts = RestHookParts & CaptureParts;

export interface Rails {
  /** By the FHIR code that selects them. */
  readonly byName: ReadonlyMap<string, Rail>;
  /** What the demonstration and tests look into. */
  readonly capture: CaptureRail;
  close(): Promise<void>;
}

export function createRails(parts: RailParts): Rails {
  const capture = createCaptureRail(parts);
  const rails: readonly Rail[] = [createRestHookRail(parts), capture];
  return {
    byName: new Map(rails.map((rail) => [rail.name, rail])),
    capture,
    close: async () => {
      await Promise.all(rails.map((rail) => rail.close()));
    },
  };
}
