/** How long an SMTP connection may stay: places are few, and a peer could hold one with commands that lead to no mail. */
import type { SMTPServerSession } from 'smtp-server';
import type { CallOff, Timers } from '../../ports/clock.ts';

export interface StayBounds {
  /** Commands of a connection, beside one for each recipient of a mail. */
  readonly commandsMax: number;
  /** Time without a mail that was taken, beside that for a content. */
  readonly withoutMailMs: number;
}

/** A relay that has more to say connects again. */
export const STAY_BOUNDS: StayBounds = { commandsMax: 1000, withoutMailMs: 15 * 60_000 };

interface StayParts {
  readonly bounds: StayBounds;
  readonly timers: Timers;
  /** Ends a connection. */
  readonly end: (session: SMTPServerSession) => void;
}

interface Stay {
  enter(session: SMTPServerSession): void;
  leave(session: SMTPServerSession): void;
  /** False, and the connection is ended, when there were too many. */
  command(session: SMTPServerSession): boolean;
  /** The server is at work: it ends nothing until `answered`. */
  working(session: SMTPServerSession): void;
  answered(session: SMTPServerSession, isTaken: boolean): void;
}

interface Stayed {
  commands: number;
  isWorking: boolean;
  isOver: boolean;
  callOff: CallOff;
}

export function createStay({ bounds, timers, end }: StayParts): Stay {
  const staying = new Map<string, Stayed>();
  const startTimer = (session: SMTPServerSession): CallOff =>
    timers.after(bounds.withoutMailMs, () => {
      const one = staying.get(session.id);
      if (one === undefined) return;
      one.isOver = true;
      if (!one.isWorking) end(session);
    });
  return {
    enter: (session) =>
      void staying.set(session.id, {
        commands: 0,
        isWorking: false,
        isOver: false,
        callOff: startTimer(session),
      }),
    leave({ id }) {
      staying.get(id)?.callOff();
      staying.delete(id);
    },
    command(session) {
      const one = staying.get(session.id);
      if (one === undefined) return true; // it was refused
      one.commands += 1;
      if (one.commands <= bounds.commandsMax) return true;
      end(session);
      return false;
    },
    working({ id }) {
      const one = staying.get(id);
      if (one !== undefined) one.isWorking = true;
    },
    answered(session, isTaken) {
      const one = staying.get(session.id);
      if (one === undefined) return;
      one.isWorking = false;
      if (!isTaken) {
        if (one.isOver) end(session);
        return;
      }
      one.callOff();
      one.isOver = false;
      one.callOff = startTimer(session);
    },
  };
}
