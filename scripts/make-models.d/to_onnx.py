"""Writes a TensorFlow Lite network as ONNX.

TensorFlow Lite keeps images as batch, row, column, channel (NHWC); ONNX operators want batch, channel, row, column
(NCHW). The network's ends keep the TensorFlow Lite order, so a Transpose follows the input, and another one precedes
a result whose order differs. Everything between is NCHW.

Weights are copied, never computed, so the same file always gives the same bytes.
"""

from collections import Counter

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tflite import Network, schema

OPSET = 13
IR_VERSION = 7  # The format that came with opset 13.

NHWC_TO_NCHW = [0, 3, 1, 2]
NCHW_TO_NHWC = [0, 2, 3, 1]


def convert(network: Network, name: str, input_name: str, output_shapes: dict[str, list[int]]) -> bytes:
    """The keys of `output_shapes` name the outputs in the network's order; each is given the shape beside its name."""
    writer = _Writer(network)
    (source,) = network.inputs
    writer.add_input(source, input_name)
    for op in network.graph.operators:
        writer.add(op)
    for tensor, (output_name, shape) in zip(network.outputs, output_shapes.items(), strict=True):
        writer.add_output(tensor, output_name, shape)

    graph = helper.make_graph(writer.nodes, name, writer.inputs, writer.outputs, writer.weights)
    model = helper.make_model(graph, ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)])
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


class _Writer:
    """Collects the parts of an ONNX graph. A value is named by its operator and a running number, a weight by the value
    it serves: `conv_3`, `conv_3.weight`.
    """

    def __init__(self, network: Network):
        self.network = network
        self.nodes, self.weights, self.inputs, self.outputs = [], [], [], []
        self._value = {}  # The ONNX name of a TensorFlow Lite tensor; with four dimensions it is NCHW here.
        self._count = Counter()

    def add_input(self, tensor: int, name: str):
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, self.network.shape(tensor)))
        self._value[tensor] = self._node("Transpose", [name], f"{name}.nchw", perm=NHWC_TO_NCHW)

    def add_output(self, tensor: int, name: str, shape: list[int]):
        found = self.network.shape(tensor)
        if found == shape and len(shape) == 4:
            self._node("Transpose", [self._value[tensor]], name, perm=NCHW_TO_NHWC)
        elif found == shape:
            (node,) = (n for n in self.nodes if n.name == self._value[tensor])
            node.name = node.output[0] = name
        elif found == [1, 1, 1, shape[-1]] and len(shape) == 2:
            self._node("Flatten", [self._value[tensor]], name, axis=1)  # One pixel: the order of axes is the same.
        else:
            raise ValueError(f"{name} has the shape {found}, cannot make it {shape}")
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def add(self, op):
        kind = self.network.kind(op)
        if kind == "DEQUANTIZE":
            return  # Half-float weights: `Network.constant` reads through it.
        if getattr(op.builtinOptions, "fusedActivationFunction", 0) != schema.ActivationFunctionType.NONE:
            raise ValueError(f"{kind} with a fused activation: not written yet")
        write = getattr(self, f"_write_{kind.lower()}", None)
        if write is None:
            raise ValueError(f"{kind}: not written yet")
        (output,) = (int(t) for t in op.outputs)
        self._value[output] = write(op.builtinOptions, [int(t) for t in op.inputs], output)

    # One method for each TensorFlow Lite operator: options, inputs, output -> the ONNX name of the result.

    def _write_conv_2d(self, options, inputs, output):
        kernel = self.network.constant(inputs[1]).transpose(0, 3, 1, 2)  # To out, in, row, column.
        return self._convolution("conv", options, inputs, output, kernel, group=1)

    def _write_depthwise_conv_2d(self, options, inputs, output):
        kernel = self.network.constant(inputs[1]).transpose(3, 0, 1, 2)  # To out, 1, row, column.
        channels = self.network.shape(inputs[0])[3]
        return self._convolution("depthwise", options, inputs, output, kernel, group=channels)

    def _convolution(self, kind, options, inputs, output, kernel, group):
        if (options.dilationHFactor, options.dilationWFactor) != (1, 1):
            raise ValueError("a convolution with dilation: not written yet")
        name = self._next(kind)
        size = list(kernel.shape[2:])
        arguments = [
            self._value[inputs[0]],
            self._weight(f"{name}.weight", kernel),
            self._weight(f"{name}.bias", self.network.constant(inputs[2])),
        ]
        window = self._window(options, size, inputs[0], output)
        return self._node("Conv", arguments, name, group=group, kernel_shape=size, **window)

    def _write_max_pool_2d(self, options, inputs, output):
        size = [options.filterHeight, options.filterWidth]
        window = self._window(options, size, inputs[0], output)
        return self._node("MaxPool", [self._value[inputs[0]]], self._next("max_pool"), kernel_shape=size, **window)

    def _window(self, options, size, source, output):
        """Strides and padding of a sliding window. Where "same" padding is odd, the end gets the larger half."""
        strides = [options.strideH, options.strideW]
        before, after = [0, 0], [0, 0]
        if options.padding == schema.Padding.SAME:
            for axis in (0, 1):
                have, make = self.network.shape(source)[1 + axis], self.network.shape(output)[1 + axis]
                total = max((make - 1) * strides[axis] + size[axis] - have, 0)
                before[axis], after[axis] = total // 2, total - total // 2
        return {"strides": strides, "pads": before + after}

    def _write_relu(self, _options, inputs, _output):
        return self._node("Relu", [self._value[inputs[0]]], self._next("relu"))

    def _write_prelu(self, _options, inputs, _output):
        name = self._next("prelu")
        slope = self.network.constant(inputs[1])
        if slope.shape != (1, 1, self.network.shape(inputs[0])[3]):
            raise ValueError(f"PRELU with slopes of shape {slope.shape}: not written yet")
        slope = self._weight(f"{name}.slope", slope.reshape(1, -1, 1, 1))
        return self._node("PRelu", [self._value[inputs[0]], slope], name)

    def _write_add(self, _options, inputs, _output):
        if self.network.shape(inputs[0]) != self.network.shape(inputs[1]):
            raise ValueError("ADD of different shapes: not written yet")
        return self._node("Add", [self._value[t] for t in inputs], self._next("add"))

    def _write_pad(self, _options, inputs, _output):
        name = self._next("pad")
        before, after = self.network.constant(inputs[1])[NHWC_TO_NCHW].T
        amounts = self._weight(f"{name}.amounts", np.concatenate([before, after]).astype(np.int64))
        return self._node("Pad", [self._value[inputs[0]], amounts], name, mode="constant")

    def _write_reshape(self, _options, inputs, output):
        name = self._next("reshape")
        if len(self.network.shape(inputs[0])) != 4 or len(self.network.shape(output)) == 4:
            raise ValueError("RESHAPE other than from an image to a list: not written yet")
        value = self._node("Transpose", [self._value[inputs[0]]], f"{name}.nhwc", perm=NCHW_TO_NHWC)
        shape = self._weight(f"{name}.shape", np.array(self.network.shape(output), np.int64))
        return self._node("Reshape", [value, shape], name)

    def _write_concatenation(self, options, inputs, output):
        if len(self.network.shape(output)) == 4:
            raise ValueError("CONCATENATION of images: not written yet")
        return self._node("Concat", [self._value[t] for t in inputs], self._next("concat"), axis=options.axis)

    def _node(self, kind: str, inputs: list[str], output: str, **attributes) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def _weight(self, name: str, value: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def _next(self, kind: str) -> str:
        self._count[kind] += 1
        return f"{kind}_{self._count[kind]}"
