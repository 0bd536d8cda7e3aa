/** How much of a mail is read. Whatever goes beyond is refused before it costs memory or time. */

/** Bounds of one mail. A mail within them is read in time that is linear in its bytes. */
export interface MailLimits {
  /** Bytes of the whole, as they came. */
  readonly bytesMax: number;
  /** Bytes of the header block of one entity, and how many fields stand in it. */
  readonly headerBytesMax: number;
  readonly headerFieldsMax: number;
  /** Entities in all, leaves and what holds them. */
  readonly partsMax: number;
  /** How deep entities stand in each other; a forwarded message is one of them. */
  readonly depthMax: number;
  /** Nodes of the ASN.1 of one CMS structure, and how deep they stand. */
  readonly nodesMax: number;
  readonly nodeDepthMax: number;
  /** Recipients of one envelope, and signers and certificates of one signature. */
  readonly recipientsMax: number;
  readonly signersMax: number;
  readonly certificatesMax: number;
}

/**
 * What the server takes; where mail comes in, `directReceivedBytesMax` replaces `bytesMax`. A mail may have 20 MB of MIME
 * (direct-xdm 2); encrypting it and writing it in base64 again makes it longer by a third and its line ends. A sender that
 * writes CMS in pieces (BER) makes pieces of 1000 bytes.
 */
export const MAIL_LIMITS: MailLimits = {
  bytesMax: 30_000_000,
  headerBytesMax: 65_536,
  headerFieldsMax: 500,
  partsMax: 200,
  depthMax: 10,
  nodesMax: 65_536,
  nodeDepthMax: 32,
  recipientsMax: 100,
  signersMax: 4,
  certificatesMax: 32,
};
