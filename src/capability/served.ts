/** What the capability documents are derived from: the registries, and the few facts that only the roof knows. */
import type { Operation } from '../operations/extended/operation.ts';
import type { Interaction } from '../operations/request.ts';
import type { ResourceType } from '../resources/resource.ts';
import type { SearchParameter } from '../resources/search-parameters.ts';

export interface ServedHouse {
  readonly types: ReadonlyMap<string, ResourceType>;
  /** Those that the desk performs. */
  readonly interactions: ReadonlySet<Interaction>;
  /** By their codes; `_id` and `_lastUpdated` are of every type and not among them. */
  readonly parametersOf: (type: string) => ReadonlyMap<string, SearchParameter>;
  /** Whether the store keeps full text. */
  readonly fullText: boolean;
  /** By the ids of their definitions. */
  readonly operations: ReadonlyMap<string, Operation>;
  readonly version: string;
  /** Instant at which this description became true: the start of the server. */
  readonly date: string;
  /** The base URL. */
  readonly base: string;
  /** Whether browsers of some other origin may call. */
  readonly cors: boolean;
  /** A PUT to an unused id creates, for everyone. */
  readonly updateCreate: boolean;
  readonly issuer: IssuerFacts;
}

/** What we know of the issuer, as it was configured. */
export interface IssuerFacts {
  readonly issuer: string;
  readonly jwksUri?: string | undefined;
  readonly authorizationEndpoint?: string | undefined;
  readonly tokenEndpoint?: string | undefined;
}
