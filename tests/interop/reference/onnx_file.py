# SPDX-License-Identifier: MIT
"""ONNX models in Python and NumPy: a parser of Protocol Buffers, as strict as the format, and the
operators of the models that quant writes, after the text of the ONNX specification."""
import numpy as np

# TensorProto.DataType, with the bits of an element and NumPy's type of it as it is stored.
TYPES = {1: (32, "<f4"), 2: (8, "u1"), 3: (8, "i1"), 4: (16, "<u2"), 5: (16, "<i2"), 6: (32, "<i4"),
         7: (64, "<i8"), 9: (8, "u1"), 10: (16, "<f2"), 11: (64, "<f8"), 12: (32, "<u4"),
         13: (64, "<u8"), 16: (16, "<u2"), 17: (8, "u1"), 19: (8, "u1"), 21: (4, "u1"), 22: (4, "i1")}
FLOAT, FLOAT16, BFLOAT16, E4M3FN, E5M2, UINT4, INT4 = 1, 10, 16, 17, 19, 21, 22


# ---- Messages ----

def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        shift += 7
        assert shift <= 70, "a varint of more than ten bytes"
        if byte < 0x80:
            return value, at


def fields(data):
    """{number: [value, ...]}: integers, and bytes."""
    found, at = {}, 0
    while at < len(data):
        key, at = varint(data, at)
        number, wire = key >> 3, key & 7
        assert number > 0 and wire in (0, 2), f"field {number} has wire type {wire}"
        value, at = varint(data, at)
        if wire == 2:
            assert at + value <= len(data), f"field {number} is longer than its message"
            value, at = data[at:at + value], at + value
        found.setdefault(number, []).append(value)
    return found


def take(message, number):
    (value,) = message.pop(number)
    return value


def text(message, number):
    return take(message, number).decode()


def done(message):
    assert not message, f"unknown fields: {sorted(message)}"


# ---- A model ----

def pairs(found):
    result = {}
    for data in found:
        pair = fields(data)
        key = text(pair, 1)
        assert key not in result
        result[key] = text(pair, 2)
        done(pair)
    return result


def read_initializer(data, directory):
    """(name, type, the bytes as an array of elements)"""
    message = fields(data)
    dims, kind, name = message.pop(1, []), take(message, 2), text(message, 8)
    bits, stored = TYPES[kind]
    nbytes = (int(np.prod(dims, dtype=object)) * bits + 7) // 8
    if 14 in message:
        assert take(message, 14) == 1, "data_location"
        place = pairs(message.pop(13))
        assert set(place) == {"location", "offset", "length"}, place
        location = place["location"]
        assert not location.startswith("/") and ".." not in location.split("/"), location
        with open(directory / location, "rb") as file:
            file.seek(int(place["offset"]))
            content = file.read(int(place["length"]))
    else:
        content = take(message, 9)
    done(message)
    assert len(content) == nbytes, f"{name}: {len(content)} bytes, not {nbytes}"
    elements = np.frombuffer(content, stored)
    if bits == 4:
        halves = np.frombuffer(content, np.uint8)
        elements = np.stack([halves & 15, halves >> 4], -1).reshape(-1)[:int(np.prod(dims))]
        if kind == INT4:
            elements = (elements ^ 8).astype("i1") - 8
    return name, kind, elements.reshape(dims)


def read_node(data):
    message = fields(data)
    attributes = {}
    for found in message.pop(5, []):
        own = fields(found)
        assert take(own, 20) == 2, "an attribute that is not an integer"
        attributes[text(own, 1)] = take(own, 3)
        done(own)
    node = (text(message, 4), [name.decode() for name in message.pop(1)], text(message, 2), attributes)
    done(message)
    return node


def read_output(data):
    message = fields(data)
    name, kind = text(message, 1), fields(take(message, 2))
    tensor = fields(take(kind, 1))
    kind_of_elements, shape = take(tensor, 1), fields(take(tensor, 2))
    dims = []
    for found in shape.pop(1, []):
        dimension = fields(found)
        dims.append(take(dimension, 1))
        done(dimension)
    for rest in (message, kind, tensor, shape):
        done(rest)
    return name, kind_of_elements, dims


def read(path):
    """(initializers {name: (type, elements)}, nodes [(operator, inputs, output, attributes)],
    outputs {name: (type, dims)})"""
    model = fields(path.read_bytes())
    assert take(model, 1) == 10, "ir_version"
    assert text(model, 2) == "quant" and text(model, 3), "producer"
    opset = fields(take(model, 8))
    assert take(opset, 2) == 21
    done(opset)
    graph = fields(take(model, 7))
    assert text(graph, 2), "the graph needs a name"
    initializers, outputs = {}, {}
    for data in graph.pop(5):
        name, kind, elements = read_initializer(data, path.parent)
        assert name and name not in initializers, name
        initializers[name] = (kind, elements)
    nodes = [read_node(data) for data in graph.pop(1)]
    for data in graph.pop(12):
        name, kind, dims = read_output(data)
        assert name and name not in outputs, name
        outputs[name] = (kind, dims)
    for message in (opset, graph, model):
        done(message)
    return initializers, nodes, outputs


# ---- What it computes ----

def small_float(bits, exponent_bits, fraction_bits, has_infinity):
    """The value of a pattern of 8 bits."""
    bias = (1 << (exponent_bits - 1)) - 1
    fraction = bits & ((1 << fraction_bits) - 1)
    exponent = bits >> fraction_bits & ((1 << exponent_bits) - 1)
    sign = -1.0 if bits & 0x80 else 1.0
    if has_infinity and exponent == (1 << exponent_bits) - 1:
        return sign * np.inf if fraction == 0 else np.nan
    if not has_infinity and bits & 0x7f == 0x7f:
        return np.nan
    if exponent == 0:
        return sign * fraction * 2.0 ** (1 - bias - fraction_bits)
    return sign * (1 + fraction / (1 << fraction_bits)) * 2.0 ** (exponent - bias)


SMALL = {E4M3FN: np.array([small_float(i, 4, 3, False) for i in range(256)], "<f4"),
         E5M2: np.array([small_float(i, 5, 2, True) for i in range(256)], "<f4")}


def to_float(kind, elements):
    if kind == BFLOAT16:
        return (np.atleast_1d(elements).astype("<u4") << 16).view("<f4").reshape(elements.shape)
    return SMALL[kind][elements] if kind in SMALL else elements.astype("<f4")


def spread(values, x, attributes):
    """Scales or zero points, one for each element of x."""
    axis, block = attributes.get("axis", 1), attributes.get("block_size", 0)
    if values.ndim == 0:
        return values
    if block == 0:
        assert values.shape == (x.shape[axis],), "one for each index of the axis"
        return values.reshape([-1 if i == axis else 1 for i in range(x.ndim)])
    assert values.ndim == x.ndim and values.shape[axis] == -(-x.shape[axis] // block)
    assert values.size != 1, "ONNX Runtime takes one scale for that of the tensor, without blocks"
    return np.take(np.repeat(values, block, axis), range(x.shape[axis]), axis)


def dequantize(inputs, attributes):
    (kind, x), (scale_kind, scale) = inputs[:2]
    assert scale_kind == FLOAT
    scale = spread(scale, x, attributes)
    if kind in SMALL:
        return SMALL[kind][x] * scale
    difference = x.astype("<i8")
    if len(inputs) > 2:
        zero_kind, zero_points = inputs[2]
        assert zero_kind == kind, "zero points are of the elements' type"
        difference = difference - spread(zero_points, x, attributes)
    return difference.astype("<f4") * scale


def evaluate(path):
    """{name: (type, elements)} of the outputs, in their order."""
    values, nodes, outputs = read(path)
    for operator, names, output, attributes in nodes:
        inputs = [values[name] for name in names]
        assert output not in values, f"{output!r} is two values"
        if operator == "DequantizeLinear":
            values[output] = (FLOAT, dequantize(inputs, attributes))
        elif operator == "Cast":
            assert attributes == {"to": FLOAT}
            values[output] = (FLOAT, to_float(*inputs[0]))
        elif operator == "Transpose":
            values[output] = (inputs[0][0], inputs[0][1].T)
        else:
            assert operator == "Identity", operator
            values[output] = inputs[0]
    for name, (kind, dims) in outputs.items():
        assert values[name][0] == kind and list(values[name][1].shape) == dims, name
    return {name: values[name] for name in outputs}
