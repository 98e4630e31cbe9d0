import { create } from '@bufbuild/protobuf';

import type { Tensor } from '../tensor/tensor';
import {
  AttributeProto_AttributeType as Kind,
  type AttributeProto,
  AttributeProtoSchema,
  type NodeProto,
} from './proto/onnx_pb';
import { decodeTensor, encodeTensor } from './tensor-proto';

/** Value of an attribute; `floats` below tells integers from floats, since JavaScript has one number type. */
export type AttributeValue = number | bigint | string | readonly number[] | Tensor;

const find = (node: NodeProto, name: string) => node.attribute.find((attribute) => attribute.name === name);
const text = new TextDecoder();

/** Reads an integer attribute, or `fallback` if the node does not set it. */
export const intOf = (node: NodeProto, name: string, fallback: number): number => {
  const value = find(node, name)?.i;
  return value === undefined ? fallback : Number(value);
};

/** Reads a list of integers, or undefined if the node does not set it. */
export const intsOf = (node: NodeProto, name: string): number[] | undefined =>
  find(node, name)?.ints.map(Number);

/** Reads a float attribute, or `fallback` if the node does not set it. */
export const floatOf = (node: NodeProto, name: string, fallback: number): number =>
  find(node, name)?.f ?? fallback;

/** Reads a string attribute, or `fallback` if the node does not set it. */
export const stringOf = (node: NodeProto, name: string, fallback: string): string => {
  const value = find(node, name)?.s;
  return value === undefined ? fallback : text.decode(value);
};

/** Reads a tensor attribute, or undefined if the node does not set it or Slimflow does not read its type. */
export const tensorOf = (node: NodeProto, name: string): Tensor | undefined => {
  const value = find(node, name)?.t;
  return value && decodeTensor(value);
};

/** Attributes that hold floats; every other number is an integer. */
const floatNames = new Set(['alpha', 'beta', 'epsilon', 'momentum', 'value_float', 'gamma', 'ratio', 'seed']);

/** Builds an attribute; numbers become floats only under the names that ONNX gives floats (alpha, epsilon, …). */
export function attribute(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, { name, type: Kind.STRING, s: new TextEncoder().encode(value) });
  }
  if (typeof value === 'object' && 'dims' in value) {
    return create(AttributeProtoSchema, { name, type: Kind.TENSOR, t: encodeTensor('', value) });
  }
  if (typeof value === 'object') {
    return create(AttributeProtoSchema, { name, type: Kind.INTS, ints: value.map(BigInt) });
  }
  if (floatNames.has(name)) return create(AttributeProtoSchema, { name, type: Kind.FLOAT, f: Number(value) });
  return create(AttributeProtoSchema, { name, type: Kind.INT, i: BigInt(value) });
}

/** Sets an attribute of `node`, replacing one of the same name. */
export function setAttribute(node: NodeProto, name: string, value: AttributeValue): void {
  node.attribute = [...node.attribute.filter((other) => other.name !== name), attribute(name, value)];
}
