import { type Client, isGrpcServiceError } from '@temporalio/client';
import type { Payload } from '@temporalio/common';

import { type ArtifactRef, artifactsIn } from '../store/artifact';

/** Something of Temporal that may need artifacts, and can't be read. */
export interface Unread {
  /** A workflow, a schedule, or a namespace. */
  readonly what: string;
  readonly why: string;
}

/** Everything that Temporal's workflows and schedules name, and what of them can't be read. */
export interface Roots {
  readonly artifacts: readonly ArtifactRef[];
  /** Their needs are unknown. */
  readonly unread: readonly Unread[];
  /** Namespaces that were looked at. */
  readonly namespaces: readonly string[];
}

/** Temporal's own namespace, without anybody's workflows. */
const systemNamespace = 'temporal-system';
/** gRPC's PERMISSION_DENIED, UNIMPLEMENTED, UNAUTHENTICATED: the server does not list its namespaces to this client. */
const refusals = [7, 12, 16];
/** gRPC's NOT_FOUND. */
const gone = [5];

/**
 * Collects every artifact that Temporal's workflows and schedules name, in all namespaces that the server lists: running
 * workflows, ended ones that are still kept, and schedules, whether they have run or not. All of the histories count, so
 * that a run can be reset to any point and find what it had.
 *
 * @param more namespaces to look at beside those that the server lists, as where it lists none (Temporal Cloud)
 * @throws ServiceError if the server can't be reached, or the client's own namespace can't be read
 */
export async function workflowRoots(client: Client, more: readonly string[] = []): Promise<Roots> {
  const own = client.options.namespace;
  const namespaces = [...new Set([own, ...more, ...(await listedNamespaces(client))])];
  const found = new Map<string, ArtifactRef>();
  const unread: Unread[] = [];
  for (const namespace of namespaces) {
    const reader = new Reader(client, namespace, found, unread);
    try {
      await reader.workflows();
      await reader.schedules();
    } catch (error) {
      const { message, cause } = error as Error;
      if (namespace === own) throw error;
      const { details } = (cause ?? error) as { details?: string };
      unread.push({ what: `namespace ${namespace}`, why: details ?? message });
    }
  }
  return { artifacts: [...found.values()], unread, namespaces };
}

/** Lists the namespaces of a server; none if it does not say. */
async function listedNamespaces({ workflowService }: Client): Promise<string[]> {
  const names: string[] = [];
  let nextPageToken: Uint8Array | null | undefined;
  try {
    do {
      const page = await workflowService.listNamespaces({ pageSize: 100, nextPageToken });
      names.push(...(page.namespaces ?? []).flatMap(({ namespaceInfo }) => namespaceInfo?.name ?? []));
      nextPageToken = page.nextPageToken;
    } while (nextPageToken?.length);
  } catch (error) {
    if (isGrpcServiceError(error) && refusals.includes(error.code)) return [];
    throw error;
  }
  return names.filter((name) => name !== systemNamespace);
}

/** Reads one namespace by the raw service, which does not decode what it lists. */
class Reader {
  constructor(
    private readonly client: Client,
    private readonly namespace: string,
    private readonly found: Map<string, ArtifactRef>,
    private readonly unread: Unread[],
  ) {}

  async workflows(): Promise<void> {
    const { namespace, service } = this;
    let nextPageToken: Uint8Array | null | undefined;
    do {
      const page = await service.listWorkflowExecutions({ namespace, pageSize: 200, nextPageToken });
      for (const { execution } of page.executions ?? [])
        await this.take(`workflow ${execution?.workflowId}`, async () => [
          ...(await this.history(execution ?? {})),
          // Heartbeats name checkpoints.
          (await service.describeWorkflowExecution({ namespace, execution })).pendingActivities,
        ]);
      nextPageToken = page.nextPageToken;
    } while (nextPageToken?.length);
  }

  async schedules(): Promise<void> {
    const { namespace, service } = this;
    let nextPageToken: Uint8Array | null | undefined;
    do {
      const page = await service.listSchedules({ namespace, maximumPageSize: 100, nextPageToken });
      for (const { scheduleId } of page.schedules ?? [])
        await this.take(`schedule ${scheduleId}`, async () => [
          (await service.describeSchedule({ namespace, scheduleId })).schedule,
        ]);
      nextPageToken = page.nextPageToken;
    } while (nextPageToken?.length);
  }

  private get service() {
    return this.client.workflowService;
  }

  private async history(execution: object): Promise<unknown[]> {
    const { namespace } = this;
    const pages: unknown[] = [];
    let nextPageToken: Uint8Array | null | undefined;
    do {
      const page = await this.service.getWorkflowExecutionHistory({ namespace, execution, nextPageToken });
      pages.push(page.history);
      nextPageToken = page.nextPageToken;
    } while (nextPageToken?.length);
    return pages;
  }

  /** Notes the artifacts in messages of something of this namespace, or that it can't be read. */
  private async take(what: string, messages: () => Promise<unknown[]>): Promise<void> {
    try {
      for (const value of await decoded(this.client, (await messages()).flatMap(payloadsIn)))
        for (const ref of artifactsIn(value)) this.found.set(`${ref.uri} ${ref.work}`, ref);
    } catch (error) {
      // One that its retention has just ended needs nothing any more.
      if (isGrpcServiceError(error) && gone.includes(error.code)) return;
      if (isGrpcServiceError(error)) throw error;
      this.unread.push({ what: `${what} in namespace ${this.namespace}`, why: (error as Error).message });
    }
  }
}

/** Collects every payload in a Temporal message, at any depth. */
function payloadsIn(message: unknown): Payload[] {
  if (typeof message !== 'object' || message === null || ArrayBuffer.isView(message)) return [];
  if (isPayload(message)) return [message];
  return Object.values(message).flatMap(payloadsIn);
}

const isPayload = (value: object): value is Payload =>
  'data' in value && ArrayBuffer.isView(value.data) && 'metadata' in value;

/** @throws Error if a payload can't be read, since what it names would be taken for garbage */
async function decoded(client: Client, payloads: Payload[]): Promise<unknown[]> {
  let plain = payloads;
  for (const codec of client.options.loadedDataConverter.payloadCodecs) plain = await codec.decode(plain);
  return plain.map(({ metadata, data }) => {
    const encoding = Buffer.from(metadata?.encoding ?? []).toString();
    if (/^json\/(plain|protobuf)$/.test(encoding))
      return JSON.parse(Buffer.from(data!).toString()) as unknown;
    if (/^binary\/(null|plain|protobuf)$/.test(encoding)) return undefined;
    throw new Error(`its data is in the encoding "${encoding}", for which a codec is missing (--codec)`);
  });
}
