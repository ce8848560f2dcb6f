"""Makes the four ONNX networks of Blinkgate from the mediapipe wheel; see scripts/make-models --help."""

import argparse
import difflib
import hashlib
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from compare import TOLERANCE, largest_difference, random_inputs
from to_onnx import convert
from tflite import Network

WHEEL_SHA256 = "a807328339e7356fda0bb14df12fedbf1d33bdf81649c5f8666b0026b1cc30b4"
DETECTOR = "mediapipe/modules/face_detection/face_detection_short_range.tflite"
ATTENTION_MESH = "mediapipe/modules/face_landmark/face_landmark_with_attention.tflite"
SHA256 = {
    DETECTOR: "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    ATTENTION_MESH: "e06a804e0144f9929eda782122916b35d60c697c3c9344013ca2bbe76a6ce2b4",
}


@dataclass
class Part:
    """One of the networks: its file, the tensors where it starts and ends, and its form in ONNX."""

    name: str
    source: str
    start: str
    ends: list[str]
    input_shape: list[int]
    input_range: tuple[float, float]
    output_shapes: dict[str, list[int]]
    # The mesh points at the corners of the eye this network refines, to be found in the file.
    corners: tuple[int, int] | None = None


# The attention mesh holds three custom operators that have no ONNX form: they place a crop for each eye (and the lips)
# and move its points back. It is cut on both sides of them; the engine does those steps itself.
#
# The sides here are the subject's own. The file calls the eye with the corners 33 and 133 left, as a viewer would.
PARTS = [
    Part(
        name="face_detector",
        source=DETECTOR,
        start="input",
        ends=["regressors", "classificators"],
        input_shape=[1, 128, 128, 3],
        input_range=(-1, 1),
        output_shapes={"regressors": [1, 896, 16], "scores": [1, 896, 1]},
    ),
    Part(
        name="mesh_trunk",
        source=ATTENTION_MESH,
        start="input_1",
        ends=["p_re_lu_3", "output_mesh", "conv_faceflag"],
        input_shape=[1, 192, 192, 3],
        input_range=(0, 1),
        output_shapes={"features": [1, 48, 48, 32], "mesh": [1, 1404], "presence": [1, 1]},
    ),
    Part(
        name="eye_right",
        source=ATTENTION_MESH,
        start="transform_tensor_bilinear_v2_1",
        ends=["conv_left_eye"],
        input_shape=[1, 16, 16, 32],
        input_range=(-3, 5),  # Where nearly all of the trunk's features lie on real faces.
        output_shapes={"points": [1, 142]},
        corners=(33, 133),
    ),
    Part(
        name="eye_left",
        source=ATTENTION_MESH,
        start="transform_tensor_bilinear_v2_2",
        ends=["conv_right_eye"],
        input_shape=[1, 16, 16, 32],
        input_range=(-3, 5),
        output_shapes={"points": [1, 142]},
        corners=(362, 263),
    ),
]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--wheel", type=Path, required=True)
    parser.add_argument("--committed", type=Path, required=True, help="the SHA256SUMS to agree with")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()

    made = make(read_sources(arguments.wheel))
    sums = "".join(f"{sha256(data)}  {name}\n" for name, data in sorted(made.items()))

    committed = arguments.committed.read_text() if arguments.committed.exists() else sums
    if sums != committed:
        difference = difflib.unified_diff(committed.splitlines(), sums.splitlines(), "committed", "made", lineterm="")
        print("\n".join(difference))
        if not arguments.update:
            sys.exit("make-models: the result differs from models/SHA256SUMS, nothing was written; --update accepts it")

    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, data in made.items():
        (arguments.out / name).write_bytes(data)
    (arguments.out / "SHA256SUMS").write_text(sums)
    print(f"wrote {len(made)} networks and SHA256SUMS to {arguments.out}")


def read_sources(wheel: Path) -> dict[str, Network]:
    """The TensorFlow Lite files in the wheel, once their hashes are right."""
    if sha256(wheel.read_bytes()) != WHEEL_SHA256:
        sys.exit(f"make-models: {wheel} is not the wheel it should be; delete it and start again")
    sources = {}
    with zipfile.ZipFile(wheel) as archive:
        for path, expected in SHA256.items():
            data = archive.read(path)
            if sha256(data) != expected:
                sys.exit(f"make-models: {path} in the wheel has an unknown sha256: {sha256(data)}")
            sources[path] = Network(data)
    return sources


def make(sources: dict[str, Network]) -> dict[str, bytes]:
    """File names and contents of the networks, each compared with its TensorFlow Lite original."""
    made = {}
    for part in PARTS:
        source = sources[part.source]
        if part.corners is not None and source.corners(part.start) != part.corners:
            sys.exit(f"make-models: {part.start} has the corners {source.corners(part.start)}, not {part.corners}")
        tflite = source.cut(part.start, part.ends)
        onnx = convert(Network(tflite), part.name, "input", part.output_shapes)

        difference = largest_difference(tflite, onnx, random_inputs(part.input_shape, *part.input_range))
        print(f"{part.name}.onnx: {len(onnx):,} bytes, differs from TensorFlow Lite by {difference:.1e} of full scale")
        if not difference <= TOLERANCE:
            sys.exit(f"make-models: {part.name} differs by more than {TOLERANCE}")
        made[f"{part.name}.onnx"] = onnx
    return made


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    main()
