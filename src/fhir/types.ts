/** The FHIR R4 types of this server, from the published type package, and the few shapes that every floor shares. */
import type * as r4 from 'fhir/r4.js';

export type * from 'fhir/r4.js';

/** Any resource as a plain tree: the result of `JSON.parse`, before anything is known about its type. */
export interface Resource {
  readonly resourceType: string;
  readonly id?: string;
  readonly meta?: r4.Meta;
  readonly [element: string]: unknown;
}

/** A local literal reference without a version: `Type/id`. The store uses it as the name of a resource. */
export type Ref = `${string}/${string}`;
