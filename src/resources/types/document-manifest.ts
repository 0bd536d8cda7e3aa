/** DocumentManifest: a set of documents sent together (IHE XDM); it hangs on the referral by related. */
import type { ResourceType } from '../resource.ts';

export const documentManifest: ResourceType = {
  type: 'DocumentManifest',
  carries: ['subject', 'author', 'recipient', 'content'],
  follows: ['related.ref'],
};
