"""Reads TensorFlow Lite files and cuts pieces out of them."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import flexbuffers

FLOAT32, FLOAT16, INT32 = schema.TensorType.FLOAT32, schema.TensorType.FLOAT16, schema.TensorType.INT32
NUMPY_TYPE = {FLOAT32: np.float32, FLOAT16: np.float16, INT32: np.int32}
OPERATOR_NAME = {number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)}


class Network:
    """A TensorFlow Lite file with one graph; tensors are numbered as in the file."""

    def __init__(self, data: bytes):
        self.data = data
        self.model = _unpack(data)
        (self.graph,) = self.model.subgraphs
        self._index = {t.name.decode(): i for i, t in enumerate(self.graph.tensors)}
        self._producer = {int(t): op for op in self.graph.operators for t in op.outputs}

    @property
    def inputs(self) -> list[int]:
        return [int(t) for t in self.graph.inputs]

    @property
    def outputs(self) -> list[int]:
        return [int(t) for t in self.graph.outputs]

    def shape(self, tensor: int) -> list[int]:
        return [int(n) for n in self.graph.tensors[tensor].shape]

    def kind(self, op) -> str:
        """The operator's name in the schema ("CONV_2D"); the custom ones by their own ("TransformTensorBilinear")."""
        code = self.model.operatorCodes[op.opcodeIndex]
        if code.customCode:
            return code.customCode.decode()
        # Old files keep the number in one field, new ones in the other; the unused one is 0.
        return OPERATOR_NAME[max(code.builtinCode, code.deprecatedBuiltinCode)]

    def constant(self, tensor: int) -> np.ndarray:
        """The value of a constant tensor; half floats behind a DEQUANTIZE come out as the same numbers in float32."""
        producer = self._producer.get(tensor)
        if producer is not None:
            if self.kind(producer) != "DEQUANTIZE":
                raise ValueError(f"tensor {tensor} is computed by {self.kind(producer)}, not constant")
            half = self.constant(int(producer.inputs[0]))
            if half.dtype != np.float16:
                raise ValueError(f"tensor {tensor}: only half floats are expected here, found {half.dtype}")
            return half.astype(np.float32)
        stored = self.graph.tensors[tensor]
        data = self.model.buffers[stored.buffer].data
        if data is None:
            raise ValueError(f"tensor {tensor} holds no data")
        return np.frombuffer(bytes(data), NUMPY_TYPE[stored.type]).reshape(self.shape(tensor))

    def corners(self, crop: str) -> tuple[int, int]:
        """The two mesh points that set the rotation of a crop made by TransformTensorBilinear."""
        transform = self._producer[self._index[crop]]
        matrix = self._producer[int(transform.inputs[1])]
        options = flexbuffers.Loads(bytes(matrix.customOptions))
        return options["left_rotation_idx"], options["right_rotation_idx"]

    def cut(self, start: str, ends: list[str]) -> bytes:
        """A file of the operators that compute the tensors `ends` from the tensor `start`, and no others."""
        start, ends = self._index[start], [self._index[name] for name in ends]

        needed, open_ends = set(), list(ends)
        while open_ends:
            tensor = open_ends.pop()
            producer = self._producer.get(tensor)
            if tensor == start or producer is None or id(producer) in needed:
                continue
            needed.add(id(producer))
            open_ends += [int(t) for t in producer.inputs if t >= 0]

        piece = _unpack(self.data)
        (graph,) = piece.subgraphs
        graph.operators = [copy for copy, op in zip(graph.operators, self.graph.operators) if id(op) in needed]
        graph.inputs, graph.outputs = [start], ends
        # Tensors and operator codes that nothing refers to any more are legal and harmless; signatures would not be.
        piece.signatureDefs = piece.metadata = None
        builder = flatbuffers.Builder()
        builder.Finish(piece.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def _unpack(data: bytes):
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
