import {
  type Logger,
  type LogLevel,
  makeTelemetryFilterString,
  type MetricsExporterConfig,
  Runtime,
} from '@temporalio/worker';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { destination, type Level, type Logger as PinoLogger, pino } from 'pino';

import { visibleLines } from '../engine/visible';
import { rationed } from './rationed';

const levels: Record<LogLevel, Level> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
};

/**
 * Sends the log of Temporal's runtime to a file, or an open file descriptor, and leaves Ctrl-C to the command.
 * @param metrics where its metrics and ours go
 * @returns the log, for the command's own messages
 */
export function logTo(file: string | number, metrics?: MetricsExporterConfig): PinoLogger {
  if (typeof file === 'string') mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const lines = destination({ dest: file, sync: true });
  // In JSON an escape is the character that it stands for: what reads the log reads the same.
  const log = pino({ base: null }, { write: (line) => lines.write(visibleLines(line)) });
  const write = rationed((level, message, meta) => {
    // Whoever has an activity's token can complete it.
    const { taskToken: _token, ...rest } = (meta ?? {}) as { taskToken?: unknown };
    log[levels[level]](rest, message);
  });
  const logger: Logger = {
    log: write,
    trace: (message, meta) => write('TRACE', message, meta),
    debug: (message, meta) => write('DEBUG', message, meta),
    info: (message, meta) => write('INFO', message, meta),
    warn: (message, meta) => write('WARN', message, meta),
    error: (message, meta) => write('ERROR', message, meta),
  };
  Runtime.install({
    logger,
    shutdownSignals: [],
    telemetryOptions: {
      ...(metrics && { metrics }),
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
    },
  });
  return log;
}
