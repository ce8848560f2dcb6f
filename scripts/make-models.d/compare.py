"""Compares an ONNX network with the TensorFlow Lite network it was made from."""

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from onnx.reference import ReferenceEvaluator

# The two add up in different orders, so they differ by rounding: some 1e-6 of the largest value of an output.
# A wrong stride, padding or axis differs by 1e-1 and more.
TOLERANCE = 1e-3


def largest_difference(tflite: bytes, onnx: bytes, inputs: list[np.ndarray]) -> float:
    """The largest difference in any output for any input, as a share of TensorFlow Lite's largest value there."""
    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(model_content=tflite, num_threads=1, experimental_op_resolver_type=plain)
    interpreter.allocate_tensors()
    (source,) = interpreter.get_input_details()
    evaluator = ReferenceEvaluator(onnx)
    (name,) = evaluator.input_names

    worst = 0.0
    for value in inputs:
        interpreter.set_tensor(source["index"], value)
        interpreter.invoke()
        expected = [interpreter.get_tensor(output["index"]) for output in interpreter.get_output_details()]
        found = evaluator.run(None, {name: value})
        for e, f in zip(expected, found, strict=True):
            worst = max(worst, float(np.abs(e.ravel() - f.ravel()).max() / np.abs(e).max()))
    return worst


def random_inputs(shape: list[int], low: float, high: float, count: int = 3) -> list[np.ndarray]:
    """Noise in `low..high`, the same on every call."""
    random = np.random.default_rng(1)
    return [random.uniform(low, high, shape).astype(np.float32) for _ in range(count)]
