import type { Builder } from './builder';

/** Returns arithmetic functions on values and numbers, each of which emits a node; numbers become float32 scalars. */
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
    /** `a` if `condition` holds, else `b`, element by element. */
    where: (condition: string, a: Term, b: Term) => builder.op('Where', [condition, value(a), value(b)]),
    /** 1 if `condition` holds, else 0. ONNX Runtime's Where branches on each element; a product is many times faster. */
    indicator: (condition: string) => builder.op('Cast', [condition], { to: 1 }),
  };
}
