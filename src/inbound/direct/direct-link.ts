/**
 * The link that stands for Direct mail. It names no facilities: address and certificate say who sends, and nothing in MSH
 * does.
 */
import { LINK_DEFAULTS, type Link } from '../../hl7v2/link.ts';

/** Its name in work items. No configured link has this name, because it has a space. */
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
