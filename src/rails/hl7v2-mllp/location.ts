/** `PID-3.1` as ERR-2 counts it; undefined for a remark about the whole message. */
import type { Location } from '../../hl7v2/fault.ts';

const PLACE = /^([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?(?:-(\d+)(?:\.(\d+))?(?:\.(\d+))?)?$/;

export function locationOf(text: string): Location | undefined {
  const [, segment, index, field, component, subcomponent] = PLACE.exec(text) ?? [];
  if (segment === undefined) return undefined;
  return {
    segment,
    segmentIndex: Number(index ?? 1),
    ...(field !== undefined && { field: Number(field) }),
    ...(component !== undefined && { component: Number(component) }),
    ...(subcomponent !== undefined && { subcomponent: Number(subcomponent) }),
  };
}
