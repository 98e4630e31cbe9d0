import { create } from '@bufbuild/protobuf';

import type { Tensor } from '../tensor/tensor';
import {
  AttributeProto_AttributeType as Kind,
  type AttributeProto,
  AttributeProtoSchema,
  type NodeProto,
} from './proto/onnx_pb';
import { decodeTensor, encodeTensor } from './tensor-proto';

/** What an attribute can be given as: an integer or float is told by `floats` below, since JavaScript has one number. */
export type AttributeValue = number | bigint | string | readonly number[] | Tensor;

const find = (node: NodeProto, name: string) => node.attribute.find((attribute) => attribute.name === name);
const text = new TextDecoder();

/** An integer attribute, or `fallback` where the node does not set it. */
export const intOf = (node: NodeProto, name: string, fallback: number): number => {
  const value = find(node, name)?.i;
  return value === undefined ? fallback : Number(value);
};

/** A list of integers, or undefined where the node does not set it. */
export const intsOf = (node: NodeProto, name: string): number[] | undefined =>
  find(node, name)?.ints.map(Number);

/** A float attribute, or `fallback` where the node does not set it. */
export const floatOf = (node: NodeProto, name: string, fallback: number): number =>
  find(node, name)?.f ?? fallback;

/** A string attribute, or `fallback` where the node does not set it. */
export const stringOf = (node: NodeProto, name: string, fallback: string): string => {
  const value = find(node, name)?.s;
  return value === undefined ? fallback : text.decode(value);
};

/** A tensor attribute, or undefined where the node does not set it or it is of a type that we do not read. */
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

/** Sets an attribute of `node`, in place of one of the same name. */
export function setAttribute(node: NodeProto, name: string, value: AttributeValue): void {
  node.attribute = [...node.attribute.filter((other) => other.name !== name), attribute(name, value)];
}
