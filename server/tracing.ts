import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { ClientPlugin } from '@temporalio/client';
import type { WorkerPlugin } from '@temporalio/worker';

/** Traces of this process: a plugin for its client and its worker. */
export interface Tracing {
  readonly plugin: ClientPlugin & WorkerPlugin;
  /** Sends what was not sent yet. */
  flush(): Promise<void>;
}

/** Spans of a command that looks at a run several times a second: they would bury the run's own. */
const looks = /^(DescribeWorkflow|QueryWorkflow)/;

/** Packages that traces need, and that Slimflow does not bring. */
const packages =
  '@temporalio/interceptors-opentelemetry @opentelemetry/exporter-trace-otlp-http@0.57 @opentelemetry/sdk-trace-base@1 @opentelemetry/resources@1 @opentelemetry/context-async-hooks@1';

/**
 * Sets up OpenTelemetry traces, from the client through workflows to activities, if OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is
 * set or OTEL_TRACES_EXPORTER is `otlp`; undefined otherwise. The exporter reads the other OTEL_ variables itself.
 * @throws Error if a package is missing, which names the line that installs them
 */
export async function tracing(environment: NodeJS.ProcessEnv = process.env): Promise<Tracing | undefined> {
  const {
    OTEL_TRACES_EXPORTER: exporter,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint,
    OTEL_SDK_DISABLED: isDisabled,
    OTEL_SERVICE_NAME: service = 'slimflow',
  } = environment;
  if (isDisabled === 'true' || exporter === 'none' || !(endpoint || exporter === 'otlp')) return undefined;
  try {
    const { OpenTelemetryPlugin } = await import('@temporalio/interceptors-opentelemetry');
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
    const { BasicTracerProvider, BatchSpanProcessor } = await import('@opentelemetry/sdk-trace-base');
    const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks');
    const { Resource } = await import('@opentelemetry/resources');
    const resource = new Resource({ 'service.name': service });
    const batches = new BatchSpanProcessor(new OTLPTraceExporter());
    const spanProcessor: SpanProcessor = {
      onStart: (span, context) => batches.onStart(span, context),
      onEnd: (span) => {
        if (!looks.test(span.name)) batches.onEnd(span);
      },
      forceFlush: () => batches.forceFlush(),
      shutdown: () => batches.shutdown(),
    };
    new BasicTracerProvider({ resource, spanProcessors: [spanProcessor] }).register({
      contextManager: new AsyncLocalStorageContextManager().enable(),
    });
    return {
      plugin: new OpenTelemetryPlugin({ resource, spanProcessor }),
      // A collector that is away must not keep a command, or end it.
      flush: () => spanProcessor.forceFlush().catch(() => undefined),
    };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'MODULE_NOT_FOUND' && code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Error(`OpenTelemetry traces need further packages: npm install ${packages} (${message})`, {
      cause: error,
    });
  }
}
