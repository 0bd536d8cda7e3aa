/**
 * The input of the capability documents: the registries, and the few facts that only the composition of the server
 * knows.
 */
import type { Operation } from '../operations/extended/operation.ts';
import type { Interaction } from '../operations/request.ts';
import type { ResourceType } from '../resources/resource.ts';
import type { OwnIssuer } from './authorization-server.ts';
import type { SearchParameter } from '../resources/search-parameters.ts';

export interface ServedHouse {
  readonly types: ReadonlyMap<string, ResourceType>;
  /** The interactions that the server performs. */
  readonly interactions: ReadonlySet<Interaction>;
  /** The search parameters of a type by their codes, without `_id` and `_lastUpdated`, which every type has. */
  readonly parametersOf: (type: string) => ReadonlyMap<string, SearchParameter>;
  /** Whether the store keeps full text. */
  readonly fullText: boolean;
  /** The operations by the ids of their definitions. */
  readonly operations: ReadonlyMap<string, Operation>;
  readonly version: string;
  /** The start of the server (instant): the moment since when the description is true. */
  readonly date: string;
  /** The base URL. */
  readonly base: string;
  /** Whether browsers may call from another origin. */
  readonly cors: boolean;
  /** Whether every client may create by PUT to an unused id. */
  readonly updateCreate: boolean;
  readonly issuer: IssuerFacts;
}

/** The issuer as the settings describe it. */
export interface IssuerFacts {
  /** The issuer outside whose tokens are taken; undefined: there is none. */
  readonly issuer?: string | undefined;
  /** The authorization server of this server; undefined: it is switched off. */
  readonly own?: OwnIssuer | undefined;
  readonly jwksUri?: string | undefined;
  readonly authorizationEndpoint?: string | undefined;
  readonly tokenEndpoint?: string | undefined;
}
