/** Time and randomness are arguments (floors 0–3 have neither of their own). */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
}

/** A source of new resource ids: unguessable, 1 to 64 characters of the FHIR id alphabet. */
export type NewId = () => string;
