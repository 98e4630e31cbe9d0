import type { LogLevel } from '@temporalio/worker';

/** A line of the SDK's log. */
export type WriteLine = (level: LogLevel, message: string, meta?: object) => void;

/** Time in ms in which a warning of the SDK's core is written once. */
const spanMs = 60_000;

/** Messages of the SDK that tell an operator nothing: queues for activities alone, and what our own line says better. */
const unneeded =
  /^(No workflows registered, not polling|No Nexus services registered|Activity failed|Activity completed as cancelled)/;

/**
 * Keeps the SDK's log readable: while a server is away, its core warns of every call that failed, hundreds in a minute. A
 * warning is written once a minute, with the number of those left out; expected ones are written at the level `DEBUG`.
 * @param now the time in ms
 */
export function rationed(write: WriteLine, now: () => number = Date.now): WriteLine {
  const kinds = new Map<string, { at: number; leftOut: number }>();
  return (level, message, meta) => {
    if (unneeded.test(message)) return write('DEBUG', message, meta);
    const { sdkComponent, target } = (meta ?? {}) as { sdkComponent?: string; target?: string };
    if (sdkComponent !== 'core' || (level !== 'WARN' && level !== 'ERROR'))
      return write(level, message, meta);
    const kind = `${level} ${target} ${message.replace(/\d+/g, '#').slice(0, 80)}`;
    const before = kinds.get(kind);
    if (before && now() - before.at < spanMs) {
      before.leftOut++;
      return;
    }
    kinds.set(kind, { at: now(), leftOut: 0 });
    write(level, message, before?.leftOut ? { ...meta, leftOut: before.leftOut } : meta);
  };
}
