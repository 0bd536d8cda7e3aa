/** A TLS handshake in one version alone, as an old peer would try it. */
import { connect, type ConnectionOptions, type SecureVersion } from 'node:tls';

/** The version that was agreed, or `refused`. @param to where, or a socket at which the handshake begins */
export const shakeHands = (to: ConnectionOptions, version: SecureVersion): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect({
      ...to,
      rejectUnauthorized: false,
      minVersion: version,
      maxVersion: version,
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    socket.once('secureConnect', () => {
      resolve(socket.getProtocol() ?? 'none');
      socket.destroy();
    });
    socket.once('error', () => resolve('refused'));
    socket.once('close', () => resolve('refused'));
  });
