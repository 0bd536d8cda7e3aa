/** What is wrong with a mail, and what is only odd about it. */

/** Why a mail cannot be read; nothing of it is used. */
export type MailFault =
  | 'too-long'
  | 'header-too-long'
  | 'too-many-parts'
  | 'too-deep'
  | 'header-broken'
  | 'header-twice' // two programs could read it differently
  | 'no-sender';

/** What is odd about a mail that can be read, for the person who looks at it. */
export type MailRemark =
  | 'winmail' // a file of Outlook (TNEF), whose content is not taken apart
  | 'charset-unknown' // read as Windows-1252
  | 'text-broken' // bytes that are no text in their character set
  | 'transfer-broken' // bytes that are not in their transfer encoding
  | 'line-ends' // a bare CR or LF
  | 'cut-off'; // a multipart without its end
