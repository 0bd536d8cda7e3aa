/** The course of a problem or an allergy: the concern around it, and whether the matter is over. */
import type { XmlElement } from '../../../xml/tree.ts';
import { at, attributeOf, nullFlavorOf } from '../../element.ts';

/** The concern around an observation. */
export interface Concern {
  readonly status: string;
  readonly act: XmlElement;
}

/** Whether the matter is over, as the times say: an end, even an unknown one. */
export const hasEnded = (observation: XmlElement): boolean => {
  const high = at(observation, 'effectiveTime', 'high');
  return high !== undefined && (attributeOf(high, 'value') !== undefined || nullFlavorOf(high) === 'UNK');
};

/** The clinical status that a concern's own status amounts to, where no status observation says it. */
export const statusOfConcern = (status: string): 'active' | 'inactive' =>
  status === '' || status === 'active' ? 'active' : 'inactive';
