import { type Logger, type LogLevel, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { destination, type Level, type Logger as PinoLogger, pino } from 'pino';

const levels: Record<LogLevel, Level> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
};

/**
 * Sends the log of Temporal's runtime to a file, or an open file descriptor, and leaves Ctrl-C to the command.
 * @returns the log, for the command's own messages
 */
export function logTo(file: string | number): PinoLogger {
  const log = pino({ base: null }, destination({ dest: file, mkdir: typeof file === 'string', sync: true }));
  const write = (level: LogLevel, message: string, meta?: object) => log[levels[level]](meta ?? {}, message);
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
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
    },
  });
  return log;
}
