/** Administration of clients and signing keys, as operations and commands ask for it (smart 8). `src/accounts` does it over the store. */
import type { Ref } from '../fhir/types.ts';
import type { Client } from '../identity/client.ts';
import type { AuditEntry } from './audit.ts';

/** Who asks for a change. */
export interface ClientActing {
  readonly agent: AuditEntry['agent'];
  readonly requestId: string;
  /** `installation`: every client. Else the organization whose clients it administers. */
  readonly over: Ref | 'installation';
}

export interface ClientRow {
  readonly id: string;
  readonly client: Client;
  /** When it last got a token, to the hour: milliseconds since 1970; 0: never. */
  readonly lastUsedAt: number;
}

/** What a registration became. */
export type RegistrationResult =
  | { readonly id: string; readonly client: Client; readonly secret: string | undefined }
  | { readonly error: string; readonly says: string };

export interface ClientAdministration {
  list(acting: ClientActing): Promise<readonly ClientRow[]>;
  /** @param metadata as RFC 7591 writes them */
  register(
    acting: ClientActing,
    metadata: Readonly<Record<string, unknown>>,
    organization: Ref | undefined,
  ): Promise<RegistrationResult>;
  /** Makes a one-time token by which one client can be registered, within these scopes. */
  invite(acting: ClientActing, scopes: readonly string[], organization: Ref | undefined): Promise<string>;
  /** @throws OperationOutcomeError `not-found` */
  setStatus(acting: ClientActing, id: string, status: 'active' | 'suspended'): Promise<Client>;
  /** Makes the next signing keys. @returns their ids */
  rotateKeys(acting: ClientActing): Promise<readonly string[]>;
}
