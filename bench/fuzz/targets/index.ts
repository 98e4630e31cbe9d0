import type { Target, TargetName } from '../target';
import { bundle } from './bundle';
import { checkpoint } from './checkpoint';
import { dataTargets } from './data';
import { image } from './image';
import { inspect } from './inspect';
import { npy } from './npy';
import { onnx } from './onnx';
import { request } from './request';
import { safetensors } from './safetensors';
import { scoresFile } from './scores';
import { spec } from './spec';

/** All targets by name. */
export const targets = new Map<TargetName, Target>(
  [onnx, inspect, npy, safetensors, checkpoint, spec, scoresFile, bundle, request, image, ...dataTargets].map(
    (target) => [target.name, target],
  ),
);
