/** The link that stands for Direct mail: whoever sends is known by address and certificate, and by nothing in MSH. */
import { LINK_DEFAULTS, type Link } from '../../hl7v2/link.ts';

/** Under which work items name it. No configured link has this name: it has a space. */
export const DIRECT_LINK = 'Direct mail';

/** @param authorities the authority of the patient's number at the initiator, by which the package names the patient */
export const directLink = (authorities: readonly string[]): Link => ({
  ...LINK_DEFAULTS,
  name: DIRECT_LINK,
  senders: [],
  receivers: [],
  authorities,
  ignore: [],
});
