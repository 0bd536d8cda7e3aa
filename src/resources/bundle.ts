/** Bundle: a document or message kept whole; its entries travel inside it. */
import type { ResourceType } from './resource.ts';

export const bundle: ResourceType = {
  type: 'Bundle',
};
