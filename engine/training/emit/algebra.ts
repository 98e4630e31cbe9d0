import type { Builder } from './builder';

/** Arithmetic on values and numbers as one writes it, a node an operation; numbers become float32 scalars. */
export function algebra(builder: Builder) {
  type Term = string | number;
  const value = (term: Term) => (typeof term === 'number' ? builder.scalar(term) : term);
  const unary = (op: string) => (x: Term) => builder.op(op, [value(x)]);
  const binary = (op: string) => (a: Term, b: Term) => builder.op(op, [value(a), value(b)]);
  return {
    add: binary('Add'),
    sub: binary('Sub'),
    mul: binary('Mul'),
    div: binary('Div'),
    pow: binary('Pow'),
    max: binary('Max'),
    equal: binary('Equal'),
    greater: binary('Greater'),
    less: binary('Less'),
    abs: unary('Abs'),
    cos: unary('Cos'),
    erf: unary('Erf'),
    exp: unary('Exp'),
    log: unary('Log'),
    neg: unary('Neg'),
    sigmoid: unary('Sigmoid'),
    sign: unary('Sign'),
    sin: unary('Sin'),
    softplus: unary('Softplus'),
    sqrt: unary('Sqrt'),
    tanh: unary('Tanh'),
    /** `a` where `condition` holds, else `b`. */
    where: (condition: string, a: Term, b: Term) => builder.op('Where', [condition, value(a), value(b)]),
    /** 1 where `condition` holds, else 0. ONNX Runtime's Where branches on each element; a product is many times faster. */
    indicator: (condition: string) => builder.op('Cast', [condition], { to: 1 }),
  };
}
