/** Places of hosts: how many deliveries go to one host at a time. Who finds none waits in line for the next. */

export interface HostPlaces {
  /** Resolves with what gives the place back; undefined when `signal` aborts first. */
  enter(host: string, signal: AbortSignal): Promise<(() => void) | undefined>;
}

/** @param max places of each host */
export function createHostPlaces(max: number): HostPlaces {
  const hosts = new Map<string, { taken: number; readonly waiting: Set<() => void> }>();
  return {
    enter(host, signal) {
      const places = hosts.get(host) ?? { taken: 0, waiting: new Set<() => void>() };
      hosts.set(host, places);
      const leave = (): void => {
        places.taken -= 1;
        const [next] = places.waiting;
        if (next !== undefined) next();
        else if (places.taken === 0) hosts.delete(host);
      };
      return new Promise((resolve) => {
        const take = (): void => {
          places.waiting.delete(take);
          signal.removeEventListener('abort', giveUp);
          places.taken += 1;
          resolve(leave);
        };
        const giveUp = (): void => {
          places.waiting.delete(take);
          resolve(undefined);
        };
        if (signal.aborted) return giveUp();
        if (!(places.taken >= max)) return take();
        places.waiting.add(take);
        signal.addEventListener('abort', giveUp, { once: true });
      });
    },
  };
}
