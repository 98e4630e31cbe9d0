import type { History } from '@temporalio/common/lib/proto-utils';
import { createRequire } from 'node:module';

/**
 * Histories as protobuf's JSON, which Temporal's CLI and UI write as well. The SDK has the same in historyToJSON, which
 * fails where npm has installed copies of protobufjs for @temporalio/common and @temporalio/proto each; these functions
 * take that of the latter, whose types the messages are.
 */
const ofWorker = createRequire(require.resolve('@temporalio/worker'));
const ofProto = createRequire(ofWorker.resolve('@temporalio/proto'));
const { patchProtobufRoot } = ofWorker('@temporalio/proto/lib/patch-protobuf-root') as {
  patchProtobufRoot: (root: unknown) => { lookupType(name: string): unknown };
};
const { toJson, fromJson } = ofProto('protobufjs/ext/protojson') as {
  toJson: (type: unknown, message: unknown) => object;
  fromJson: (type: unknown, json: unknown, options: { ignoreUnknownFields: boolean }) => History;
};
const type = patchProtobufRoot(ofWorker('@temporalio/proto')).lookupType('temporal.api.history.v1.History');

export const jsonOf = (history: History): object => toJson(type, history);
export const historyOf = (json: unknown): History => fromJson(type, json, { ignoreUnknownFields: true });
