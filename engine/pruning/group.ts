import type { Layer } from '../onnx/layers';

/** A layer that reads channels of a group, and the indices of each of them on its weight's input axis. */
export interface GroupConsumer {
  readonly layer: Layer;
  /** The weight's axis of input channels: 1 for a Conv, 0 for a MatMul. */
  readonly axis: number;
  readonly positions: readonly (readonly number[])[];
}

/** Channels that are tied to each other in the same way, so that any of them can be removed and the rest kept. */
export interface ChannelGroup {
  /** Name of its first consumer, or `name[from-to]` if that reads other input channels too. */
  readonly name: string;
  readonly channels: number;
  /** Layers that output the channels. */
  readonly producers: readonly Layer[];
  /** Layers that read the channels, in execution order. */
  readonly consumers: readonly GroupConsumer[];
  /** True if AIMET could prune it: it goes from one convolution to the next without a branch. */
  readonly aimet: boolean;
}
