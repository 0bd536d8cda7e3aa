/** The settings of where the server listens, and how it is reached. */
import { choice, integer, list, text } from './setting.ts';
import { network, origin, path, url } from './setting-shapes.ts';

export const LISTEN_SETTINGS = {
  host: text('127.0.0.1', 'Address to listen on.'),
  port: integer(8080, [0, 65_535], 'Port to listen on; 0 takes a free one.'),
  publicBaseUrl: text(
    undefined,
    'Base URL that clients use, with the base path. The server writes it into links and recognises references to itself by it; it never uses the Host header. Default: host, port and basePath.',
    { shape: url },
  ),
  basePath: text('/fhir', 'Path of the FHIR base.', { shape: path }),
  tlsCert: text(undefined, 'File with the certificate chain (PEM). Read again on SIGHUP.'),
  tlsKey: text(undefined, 'File with the private key of the certificate (PEM). Read again on SIGHUP.'),
  tlsCa: text(undefined, 'File with the authorities (PEM) of which every client must hold a certificate.'),
  tlsMinVersion: choice(
    ['1.3', '1.2'],
    'The lowest version of TLS on the ports of this server: HTTP, HL7 v2 and SMTP. 1.2 is for peers that cannot speak 1.3.',
    {
      unsafe: (version) =>
        version === '1.2' ? 'peers may speak TLS 1.2, which is older than 1.3' : undefined,
    },
  ),
  trustedProxy: list([], 'Proxies that end TLS and whose X-Forwarded-For the server believes.', {
    shape: network,
  }),
  corsOrigins: list([], 'Origins whose browser applications may call this server.', {
    shape: origin,
    unsafe: (origins) => (origins.includes('*') ? 'any web page may call this server' : undefined),
  }),
};
