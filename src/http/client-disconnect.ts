/**
 * Tells exchanges that their client has gone. One listener for each connection, not for each request: a listener costs
 * a fifth of a small read.
 */
import type { Socket } from 'node:net';

interface ClientDisconnects {
  /** An exchange begins; its controller aborts when the connection closes before {@link ClientDisconnects.end}. */
  begin(socket: Socket): AbortController;
  end(socket: Socket, exchange: AbortController): void;
}

export function createClientDisconnects(): ClientDisconnects {
  const open = new WeakMap<Socket, Set<AbortController>>();

  function watch(socket: Socket): Set<AbortController> {
    const exchanges = new Set<AbortController>();
    open.set(socket, exchanges);
    socket.once('close', () => {
      for (const exchange of exchanges) exchange.abort();
    });
    return exchanges;
  }

  return {
    begin(socket) {
      const exchange = new AbortController();
      if (socket.destroyed) exchange.abort();
      else (open.get(socket) ?? watch(socket)).add(exchange);
      return exchange;
    },
    end(socket, exchange) {
      open.get(socket)?.delete(exchange);
    },
  };
}
