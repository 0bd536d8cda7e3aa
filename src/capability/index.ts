/** The documents by which this server describes itself, made once and kept as texts. */
import { encodeJson } from '../fhir/json.ts';
import { buildCapabilityStatement } from './capability-statement.ts';
import { buildOpenApi } from './openapi/document.ts';
import type { ServedHouse } from './served.ts';
import { buildOpenIdConfiguration } from './authorization-server.ts';
import { buildSmartConfiguration, ownScopes } from './smart-configuration.ts';
import { buildTerminologyCapabilities } from './terminology-capabilities.ts';

export type { IssuerFacts, ServedHouse } from './served.ts';

interface CapabilityDocuments {
  /**
   * The document for a `mode` of http://hl7.org/fhir/R4/http.html#capabilities; undefined when there is no such mode.
   */
  readonly metadata: (mode: string | undefined) => string | undefined;
  readonly smartConfiguration: string;
  /** The document of the authorization server; undefined where there is none. */
  readonly openIdConfiguration: string | undefined;
  /** The OpenAPI document. It is large and few clients ask for it, so the server makes it at the first request. */
  readonly openApi: () => string;
}

export function createCapabilityDocuments(house: ServedHouse): CapabilityDocuments {
  const statement = encodeJson(buildCapabilityStatement(house));
  const terminology = encodeJson(buildTerminologyCapabilities(house));
  // All of it is R4 as published. The server cannot tell which parts `normative` would leave out, so it leaves out
  // none.
  const modes = new Map([
    ['full', statement],
    ['normative', statement],
    ['terminology', terminology],
  ]);
  const { own } = house.issuer;
  let openApi: string | undefined;
  return {
    metadata: (mode = 'full') => modes.get(mode),
    smartConfiguration: encodeJson(buildSmartConfiguration(house)),
    openIdConfiguration: own && encodeJson(buildOpenIdConfiguration(own, ownScopes(house))),
    openApi: () => (openApi ??= encodeJson(buildOpenApi(house))),
  };
}
