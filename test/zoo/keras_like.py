"""A graph as converters from Keras write it: NHWC outside, Transposes around each Conv, bias by Add, MatMul + Add, ReduceMean."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Writer:
    """Collects nodes and initializers under Keras-like names."""

    def __init__(self, seed):
        self.nodes, self.initializers = [], []
        self.random = np.random.RandomState(seed)

    def node(self, op, inputs, name, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [f"{name}:0"], name, **attributes))
        return f"{name}:0"

    def constant(self, name, value):
        self.initializers.append(numpy_helper.from_array(value, name))
        return name

    def weight(self, name, *dims):
        """He's variance, decaying rank (see seeded.py)."""
        rows, columns = dims[0], int(np.prod(dims[1:]))
        rank = max(1, min(rows, columns) // 4)
        thin = self.random.randn(rows, rank) @ self.random.randn(rank, columns) * np.sqrt(8 / 9 / rank)
        matrix = (thin + self.random.randn(rows, columns) / 3) * np.sqrt(2 / columns)
        return self.constant(name, matrix.reshape(dims).astype("f4"))

    def small(self, name, *dims):
        return self.constant(name, (0.1 * self.random.randn(*dims)).astype("f4"))

    def conv(self, x, name, cin, cout, kernel=(3, 3), **attributes):
        """Transpose to NCHW, Conv without bias, Transpose back, bias by Add, Relu."""
        groups = attributes.get("group", 1)
        y = self.node("Transpose", [x], f"{name}/to_nchw", perm=[0, 3, 1, 2])
        weight = self.weight(f"{name}/kernel", cout, cin // groups, *kernel)
        y = self.node("Conv", [y, weight], name, kernel_shape=list(kernel), **attributes)
        y = self.node("Transpose", [y], f"{name}/to_nhwc", perm=[0, 2, 3, 1])
        return self.node("Relu", [self.node("Add", [y, self.small(f"{name}/bias", cout)], f"{name}/BiasAdd")], f"{name}/Relu")

    def dense(self, x, name, cin, cout):
        y = self.node("MatMul", [x, self.weight(f"{name}/kernel", cin, cout)], f"{name}/MatMul")
        return self.node("Add", [y, self.small(f"{name}/bias", cout)], f"{name}/BiasAdd")


def keras_like(width, size, classes, seed):
    """A residual network [N, size, size, 3] -> [N, classes]."""
    w, a = Writer(seed), width
    x = w.conv("input", "stem", 3, a, strides=[2, 2], auto_pad="SAME_UPPER")
    y = w.conv(x, "block1/a", a, a, pads=[1, 1, 1, 1])
    y = w.conv(y, "block1/b", a, a, (1, 3), pads=[0, 1, 0, 1])
    y = w.conv(y, "block1/c", a, a, (3, 1), pads=[1, 0, 1, 0])
    x = w.node("Add", [x, y], "block1/add")
    x = w.conv(x, "expand", a, 4 * a, (1, 1))
    x = w.conv(x, "depthwise", 4 * a, 4 * a, strides=[2, 2], auto_pad="SAME_UPPER", group=4 * a)
    x = w.conv(x, "project", 4 * a, 2 * a, (1, 1))
    scale = w.constant("norm/scale", (0.5 + w.random.rand(2 * a)).astype("f4"))
    x = w.node("Add", [w.node("Mul", [x, scale], "norm/mul"), w.small("norm/shift", 2 * a)], "norm/add")
    x = w.node("Pad", [x, w.constant("pad/sizes", np.array([0, 1, 1, 0, 0, 1, 1, 0], "i8"))], "pad")
    x = w.conv(x, "conv2", 2 * a, 4 * a)
    pooled = w.node("ReduceMean", [x], "pool", axes=[1, 2], keepdims=0)
    hidden = w.node("Relu", [w.dense(pooled, "dense1", 4 * a, 4 * a)], "dense1/Relu")
    w.nodes.append(helper.make_node("Identity", [w.dense(hidden, "dense2", 4 * a, classes)], ["output"], "output"))
    graph = helper.make_graph(
        w.nodes,
        "keras_like",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", size, size, 3])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["N", classes])],
        w.initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model
