/** A disclosure that a person made outside this server, as the audit keeps it (compliance B35; 45 CFR 164.528(b)(2)). */
export interface Elsewhere {
  /** When: a FHIR dateTime, as it was entered. */
  readonly at: string;
  readonly recipient: string;
  readonly address?: string;
  readonly what: string;
  /** A code of `policies/elsewhere.ts`. */
  readonly basis: string;
  readonly law?: string;
  /** Who made it on the custodian's behalf, where that is somebody else. */
  readonly by?: string;
}
