/** The documents by which this server describes itself, as texts made once. */
import { encodeJson } from '../fhir/json.ts';
import { buildCapabilityStatement } from './capability-statement.ts';
import { buildOpenApi } from './openapi/document.ts';
import type { ServedHouse } from './served.ts';
import { buildSmartConfiguration } from './smart-configuration.ts';
import { buildTerminologyCapabilities } from './terminology-capabilities.ts';

export type { IssuerFacts, ServedHouse } from './served.ts';

interface CapabilityDocuments {
  /** http://hl7.org/fhir/R4/http.html#capabilities; undefined when there is no such mode. */
  readonly metadata: (mode: string | undefined) => string | undefined;
  readonly smartConfiguration: string;
  /** Large, and asked for by few: made when it is first asked for. */
  readonly openApi: () => string;
}

export function createCapabilityDocuments(house: ServedHouse): CapabilityDocuments {
  const statement = encodeJson(buildCapabilityStatement(house));
  const terminology = encodeJson(buildTerminologyCapabilities(house));
  // Everything here is of R4 as published, so that leaving out what is not normative would be a guess at what is asked.
  const modes = new Map([
    ['full', statement],
    ['normative', statement],
    ['terminology', terminology],
  ]);
  let openApi: string | undefined;
  return {
    metadata: (mode = 'full') => modes.get(mode),
    smartConfiguration: encodeJson(buildSmartConfiguration(house)),
    openApi: () => (openApi ??= encodeJson(buildOpenApi(house))),
  };
}
