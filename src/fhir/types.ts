/** The FHIR R4 types we speak, from the published type package, and the few shapes every floor shares. */
import type * as r4 from 'fhir/r4.js';

export type * from 'fhir/r4.js';

/** Any resource as a plain tree: what `JSON.parse` gives, before anything is known about its type. */
export interface Resource {
  readonly resourceType: string;
  readonly id?: string;
  readonly meta?: r4.Meta;
  readonly [element: string]: unknown;
}

/** A local literal reference without a version: `Type/id`. The name by which the store knows a resource. */
export type Ref = `${string}/${string}`;
