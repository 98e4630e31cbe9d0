import type { MetricsExporterConfig } from '@temporalio/worker';

import { metricNames } from '../contract/metrics';
import { BadInput } from './exit-status';
import { loopback } from './health';

/** Upper bounds of the histograms' buckets, in seconds: work takes from tenths of a second to days. */
const buckets = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400, 86_400];

/**
 * Returns where metrics go: to be fetched at a port, or by OpenTelemetry's protocol to OTEL_EXPORTER_OTLP_ENDPOINT (or
 * OTEL_EXPORTER_OTLP_METRICS_ENDPOINT); undefined if neither is asked for.
 * @throws BadInput if both are
 */
export function metricsExporter(
  port: number | undefined,
  host = loopback,
  environment: NodeJS.ProcessEnv = process.env,
): MetricsExporterConfig | undefined {
  const {
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: own,
    OTEL_EXPORTER_OTLP_ENDPOINT: common,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol = 'grpc',
    OTEL_METRICS_EXPORTER: exporter,
    OTEL_SDK_DISABLED: isDisabled,
  } = environment;
  const histogramBucketOverrides = {
    [metricNames.jobSeconds]: buckets,
    [metricNames.waitSeconds]: buckets,
  };
  const settings = { useSecondsForDurations: true, histogramBucketOverrides };
  const url = isDisabled === 'true' || exporter === 'none' ? undefined : own || common;
  if (port !== undefined && own)
    throw new BadInput('metrics go to --metrics-port or to OTEL_EXPORTER_OTLP_METRICS_ENDPOINT, not to both');
  if (port !== undefined)
    return {
      prometheus: {
        bindAddress: `${host.includes(':') ? `[${host}]` : host}:${port}`,
        countersTotalSuffix: true,
        unitSuffix: true,
        ...settings,
      },
    };
  if (!url) return undefined;
  const isHttp = protocol.startsWith('http');
  return {
    otel: { url: isHttp && !own ? `${url.replace(/\/$/, '')}/v1/metrics` : url, http: isHttp, ...settings },
  };
}
